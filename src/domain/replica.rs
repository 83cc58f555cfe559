//! The definition of *shown*: base with the outbox replayed on it.

use crate::domain::change::{Act, OutboxEntry, Progress};
use crate::domain::todo::{Row, SyncState, Todo};

/// Returns a todo as shown: the server's last known row with its outbox entries
/// replayed, oldest first; `None` if nothing is shown.
///
/// `entries` are this todo's, in outbox order. Rejected edits and deletions are left
/// out: the server's text is shown, marked rejected. A text that exists nowhere else
/// is still shown: that of a rejected add, and of an edit whose todo was deleted
/// elsewhere.
#[must_use]
pub fn shown(base: Option<&Row>, entries: &[OutboxEntry], local: Option<i64>) -> Option<Todo> {
    let key = base
        .map(|row| row.key)
        .or_else(|| entries.first().map(|entry| entry.change.todo))?;
    let text = replayed(base.map(|row| row.text.as_str()), entries)?;
    Some(Todo {
        key,
        id: base.map(|row| row.id),
        local,
        text: text.to_owned(),
        state: state(entries),
        created_at: base.and_then(|row| row.created_at),
        updated_at: base.and_then(|row| row.updated_at),
    })
}

fn replayed<'a>(base: Option<&'a str>, entries: &'a [OutboxEntry]) -> Option<&'a str> {
    let mut text = base;
    let mut removed = false;
    for OutboxEntry {
        change, progress, ..
    } in entries
    {
        let rejected = matches!(progress, Progress::Rejected(_));
        match &change.act {
            // An add that base contains may have been edited since.
            Act::Add { text: new } => text = text.or(Some(new)).filter(|_| !removed),
            Act::Edit { after, .. } if text.is_some() => {
                if !rejected {
                    text = Some(after);
                }
            }
            Act::Edit { after, .. } => {
                if !removed && *progress != Progress::Answered {
                    text = Some(after);
                }
            }
            Act::Remove { .. } => {
                if !rejected {
                    text = None;
                    removed = true;
                }
            }
        }
    }
    text
}

/// Returns the worst state of the entries: rejected, then sent, then pending.
fn state(entries: &[OutboxEntry]) -> SyncState {
    entries
        .iter()
        .map(|entry| match entry.progress {
            Progress::Pending => SyncState::Pending,
            Progress::Sent { .. } => SyncState::Sent,
            Progress::Answered => SyncState::Synced,
            Progress::Rejected(_) => SyncState::Rejected,
        })
        .max()
        .unwrap_or(SyncState::Synced)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::shown;
    use crate::domain::change::{Act, Change, OutboxEntry, Progress, Rejection};
    use crate::domain::key::{ChangeId, Key};
    use crate::domain::todo::{Row, SyncState};

    const KEY: Key = Key::new(Uuid::from_u128(1));

    fn row(text: &str) -> Row {
        Row {
            key: KEY,
            id: 7,
            text: text.into(),
            revision: 3,
            created_at: None,
            updated_at: None,
        }
    }

    fn entry(act: Act, progress: Progress) -> OutboxEntry {
        OutboxEntry {
            seq: 1,
            change: Change {
                id: ChangeId(Uuid::from_u128(2)),
                todo: KEY,
                act,
                at: Timestamp::UNIX_EPOCH,
            },
            revision: None,
            high_water: None,
            progress,
        }
    }

    fn edit(after: &str, progress: Progress) -> OutboxEntry {
        entry(
            Act::Edit {
                before: "before".into(),
                after: after.into(),
            },
            progress,
        )
    }

    fn remove(progress: Progress) -> OutboxEntry {
        entry(
            Act::Remove {
                before: "before".into(),
            },
            progress,
        )
    }

    fn add(progress: Progress) -> OutboxEntry {
        entry(Act::Add { text: "new".into() }, progress)
    }

    fn rejected() -> Progress {
        Progress::Rejected(Rejection {
            code: "conflict".into(),
            message: String::new(),
            theirs: None,
        })
    }

    fn seen(base: Option<&str>, entries: &[OutboxEntry]) -> Option<(String, SyncState)> {
        shown(base.map(row).as_ref(), entries, None).map(|todo| (todo.text, todo.state))
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "compared with what may be nothing"
    )]
    fn is(text: &str, state: SyncState) -> Option<(String, SyncState)> {
        Some((text.to_owned(), state))
    }

    #[test]
    fn edits_show_over_base_and_removals_hide_it() {
        let sent = Progress::Sent { tries: 1 };
        assert_eq!(seen(Some("a"), &[]), is("a", SyncState::Synced));
        assert_eq!(
            seen(
                Some("a"),
                &[edit("b", sent.clone()), edit("c", Progress::Pending)]
            ),
            is("c", SyncState::Sent)
        );
        assert_eq!(
            seen(Some("a"), &[edit("b", Progress::Answered)]),
            is("b", SyncState::Synced)
        );
        assert_eq!(seen(Some("a"), &[remove(sent)]), None);
        assert_eq!(seen(Some("a"), &[remove(Progress::Answered)]), None);
        assert_eq!(seen(None, &[]), None);
    }

    #[test]
    fn a_rejected_edit_or_deletion_is_left_out_but_marked() {
        assert_eq!(
            seen(Some("a"), &[edit("b", rejected())]),
            is("a", SyncState::Rejected)
        );
        assert_eq!(
            seen(Some("a"), &[remove(rejected())]),
            is("a", SyncState::Rejected)
        );
    }

    #[test]
    fn text_that_exists_nowhere_else_is_still_shown() {
        assert_eq!(
            seen(None, &[add(rejected())]),
            is("new", SyncState::Rejected)
        );
        assert_eq!(
            seen(None, &[edit("b", rejected())]),
            is("b", SyncState::Rejected)
        );
        assert_eq!(
            seen(None, &[edit("b", Progress::Pending)]),
            is("b", SyncState::Pending)
        );
        assert_eq!(seen(None, &[edit("b", Progress::Answered)]), None);
        assert_eq!(
            seen(
                Some("a"),
                &[remove(Progress::Answered), edit("b", Progress::Pending)]
            ),
            None
        );
    }

    #[test]
    fn an_add_that_is_in_base_does_not_hide_later_edits() {
        assert_eq!(
            seen(Some("newer"), &[add(Progress::Answered)]),
            is("newer", SyncState::Synced)
        );
    }
}
