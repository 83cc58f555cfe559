//! Undo: another change, the inverse of an earlier one.

use crate::domain::change::{Act, OutboxEntry, Progress};
use crate::domain::fold::FoldContext;
use crate::domain::merge::{Merged, merge};

/// Returns the inverse of `act` on a todo that has not changed since. The inverse of
/// a deletion is an add; it needs a new key if the deletion may have arrived, since
/// deletions are final.
#[must_use]
pub fn inverse(act: &Act) -> Act {
    match act {
        Act::Add { text } => Act::Remove {
            before: text.clone(),
        },
        Act::Edit { before, after } => Act::Edit {
            before: after.clone(),
            after: before.clone(),
        },
        Act::Remove { before } => Act::Add {
            text: before.clone(),
        },
    }
}

/// The way to undo an act, given the current state of its todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoAction {
    /// A change of the todo.
    Change(Act),
    /// A new todo with this text.
    AddNew {
        /// The text.
        text: String,
    },
    /// Nothing: the todo already is as it was before the act.
    Unchanged,
    /// The todo was deleted since; the act, if any, drops a change that was
    /// rejected for that reason.
    Deleted(Option<Act>),
    /// Undoing it would lose a later change.
    Overlap,
}

impl FoldContext<'_> {
    /// Returns the way to undo `act`. Later changes stay: an edit is undone by a merge,
    /// an add only while the todo has the added text.
    #[must_use]
    pub fn undo_action(self, act: &Act) -> UndoAction {
        match inverse(act) {
            Act::Remove { before } => match self.shown {
                None => UndoAction::Unchanged,
                Some(now) if now == before => UndoAction::Change(Act::Remove { before }),
                Some(_) => UndoAction::Overlap,
            },
            Act::Add { text } => match self.shown {
                None if self.removal_is_pending() => UndoAction::Change(Act::Add { text }),
                None => UndoAction::AddNew { text },
                Some(now) if self.was_rejected(act) => self.drop_rejected(now),
                Some(_) => UndoAction::Unchanged,
            },
            Act::Edit { before, after } => match self.shown {
                None => UndoAction::Deleted(None),
                Some(now) if self.was_rejected(act) => self.drop_rejected(now),
                Some(now) => merged(&before, &after, now),
            },
        }
    }

    /// Returns whether the todo's deletion is pending.
    fn removal_is_pending(self) -> bool {
        self.last().is_some_and(|last| {
            last.progress == Progress::Pending && matches!(last.change.act, Act::Remove { .. })
        })
    }

    /// Returns whether the edit or deletion is rejected.
    fn was_rejected(self, act: &Act) -> bool {
        let same = |entry: &OutboxEntry| match (act, &entry.change.act) {
            (
                Act::Edit { after, .. },
                Act::Edit {
                    after: rejected, ..
                },
            ) => after == rejected,
            (Act::Remove { .. }, Act::Remove { .. }) => true,
            _ => false,
        };
        let rejected = |entry: &OutboxEntry| matches!(entry.progress, Progress::Rejected(_));
        self.queue
            .iter()
            .any(|entry| rejected(entry) && same(entry))
    }

    /// Drops a rejected change: any new change replaces it. If the server has no row,
    /// only the rejected edit has the text.
    fn drop_rejected(self, now: &str) -> UndoAction {
        let is_add = |entry: &OutboxEntry| matches!(entry.change.act, Act::Add { .. });
        if self.base.is_none() && !self.queue.iter().any(is_add) {
            return UndoAction::Deleted(Some(Act::Remove {
                before: now.to_owned(),
            }));
        }
        UndoAction::Change(Act::Edit {
            before: now.to_owned(),
            after: now.to_owned(),
        })
    }
}

/// Merges the edit `before` → `after` into the current text.
fn merged(before: &str, after: &str, now: &str) -> UndoAction {
    match merge(before, after, now) {
        Merged::Text(after) if after == now => UndoAction::Unchanged,
        Merged::Text(after) => UndoAction::Change(Act::Edit {
            before: now.to_owned(),
            after,
        }),
        Merged::Overlap => UndoAction::Overlap,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::change::{Change, Rejection};
    use crate::domain::key::{ChangeId, Key};
    use crate::domain::todo::Row;

    const KEY: Key = Key::new(Uuid::from_u128(1));

    fn add(text: &str) -> Act {
        Act::Add { text: text.into() }
    }

    fn edit(before: &str, after: &str) -> Act {
        Act::Edit {
            before: before.into(),
            after: after.into(),
        }
    }

    fn remove(before: &str) -> Act {
        Act::Remove {
            before: before.into(),
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

    fn rejected(act: Act) -> OutboxEntry {
        entry(
            act,
            Progress::Rejected(Rejection {
                code: "conflict".into(),
                message: String::new(),
                theirs: None,
            }),
        )
    }

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

    /// Undoes `act` given the server's text, the outbox and the text shown.
    fn undo_action(
        act: &Act,
        base: Option<&str>,
        queue: &[OutboxEntry],
        shown: Option<&str>,
    ) -> UndoAction {
        let base = base.map(row);
        FoldContext {
            queue,
            base: base.as_ref(),
            shown,
            answered_revision: None,
            shared: false,
        }
        .undo_action(act)
    }

    /// Undoes `act` when the todo is synced with this text, or deleted.
    fn undo_synced(act: &Act, now: Option<&str>) -> UndoAction {
        undo_action(act, now, &[], now)
    }

    #[test]
    fn an_unchanged_todo_is_restored_by_the_inverse() {
        assert_eq!(
            undo_synced(&add("a"), Some("a")),
            UndoAction::Change(remove("a"))
        );
        assert_eq!(
            undo_synced(&edit("a", "b"), Some("b")),
            UndoAction::Change(edit("b", "a"))
        );
        let text = "a".to_owned();
        assert_eq!(undo_synced(&remove("a"), None), UndoAction::AddNew { text });
    }

    #[test]
    fn undoing_a_completion_keeps_later_words() {
        let done = edit("(A) milk", "x 2026-11-24 milk pri:A");
        let now = "x 2026-11-24 oat milk +home pri:A";
        let expected = edit(now, "(A) oat milk +home");
        assert_eq!(undo_synced(&done, Some(now)), UndoAction::Change(expected));
    }

    #[test]
    fn an_undo_that_would_lose_words_is_an_overlap() {
        let renamed = edit("buy milk", "buy oat milk");
        assert_eq!(
            undo_synced(&renamed, Some("buy soy milk")),
            UndoAction::Overlap
        );
        assert_eq!(
            undo_synced(&add("milk"), Some("x milk")),
            UndoAction::Overlap
        );
    }

    #[test]
    fn a_todo_that_already_is_as_before_needs_no_change() {
        assert_eq!(undo_synced(&add("a"), None), UndoAction::Unchanged);
        assert_eq!(
            undo_synced(&edit("a", "b"), Some("a")),
            UndoAction::Unchanged
        );
        assert_eq!(undo_synced(&remove("a"), Some("a")), UndoAction::Unchanged);
        let tagged = edit("a", "a +home");
        assert_eq!(
            undo_synced(&tagged, Some("b")),
            UndoAction::Unchanged,
            "untagged since"
        );
    }

    #[test]
    fn an_edit_of_a_deleted_todo_cannot_be_undone() {
        assert_eq!(
            undo_synced(&edit("a", "b"), None),
            UndoAction::Deleted(None)
        );
        let queue = [rejected(edit("a", "b"))];
        let found = undo_action(&edit("a", "b"), None, &queue, Some("b"));
        assert_eq!(
            found,
            UndoAction::Deleted(Some(remove("b"))),
            "and the rejected edit is dropped"
        );
    }

    #[test]
    fn undo_cancels_a_pending_deletion() {
        let waiting = [entry(remove("a"), Progress::Pending)];
        let found = undo_action(&remove("a"), Some("a"), &waiting, None);
        assert_eq!(found, UndoAction::Change(add("a")));

        let text = "a".to_owned();
        for progress in [Progress::Sent { tries: 1 }, Progress::Answered] {
            let left = [entry(remove("a"), progress)];
            let found = undo_action(&remove("a"), Some("a"), &left, None);
            assert_eq!(found, UndoAction::AddNew { text: text.clone() });
        }
    }

    #[test]
    fn undoing_a_rejected_change_drops_it() {
        let lost = edit("buy milk", "buy oat milk");
        let queue = [rejected(lost.clone())];
        let theirs = "buy soy milk";
        let found = undo_action(&lost, Some(theirs), &queue, Some(theirs));
        assert_eq!(found, UndoAction::Change(edit(theirs, theirs)));

        let queue = [rejected(remove("a"))];
        let found = undo_action(&remove("a"), Some("a"), &queue, Some("a"));
        assert_eq!(found, UndoAction::Change(edit("a", "a")));
    }
}
