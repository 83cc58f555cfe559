//! Carries out the effects of the store.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other effects do not concern the store"
)]

use std::ops::ControlFlow;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use crate::app::counts::Uncounted;
use crate::app::details::Details;
use crate::app::tags::{Tag, TagCounts};
use crate::app::{Effect, Msg};
use crate::domain::change::{Act, Change};
use crate::domain::history::Session;
use crate::domain::key::{ChangeId, Key};
use crate::domain::query::{Query, Sort};
use crate::domain::successors::SuccessorReport;
use crate::os::fresh_id;
use crate::store::{RepeatingTodos, Store, StoreError};

/// The most projects and contexts that are listed and completed.
const MOST_TAGS: usize = 500;

/// How many rows are counted between checks for other requests.
const ROWS_BETWEEN_CHECKS: usize = 500;

/// Answers an effect that reads; `None` for all others.
///
/// # Errors
///
/// The store's.
pub fn read(store: &Store, effect: &Effect) -> Result<Option<Msg>, StoreError> {
    Ok(Some(match effect {
        Effect::Window {
            id,
            query,
            around,
            size,
        } => Msg::Windowed {
            id: *id,
            window: store.window(query, *around, *size)?,
            totals: store.totals()?,
            freshness: store.freshness()?,
            capabilities: store.capabilities()?,
        },
        Effect::Details { key } => {
            let mut changes = store.outbox()?;
            changes.retain(|queued| queued.entry.change.todo == *key);
            Msg::DetailsRead(Details { key: *key, changes })
        }
        Effect::Queue => Msg::QueueRead(store.outbox()?),
        Effect::Counts { calendar } => {
            let today = calendar.today;
            let upcoming_to = today.checked_add(6.days()).unwrap_or(today);
            Msg::Counted {
                views: store.view_counts(today, upcoming_to)?,
                due_groups: store.due_counts(*calendar)?,
            }
        }
        Effect::Tags { today } => Msg::TagsRead(TagCounts {
            projects: tags(store, '+', *today)?,
            contexts: tags(store, '@', *today)?,
        }),
        Effect::Count(uncounted) => return count(store, uncounted, &mut || false),
        Effect::ReadAll { query } => {
            let mut todos = Vec::new();
            store.each(query, |todo| {
                todos.push(todo.clone());
                ControlFlow::Continue(())
            })?;
            Msg::AllRead(todos)
        }
        _ => return Ok(None),
    }))
}

/// Counts rows until another request arrives; `None` then.
///
/// # Errors
///
/// What the store reports.
pub(super) fn count(
    store: &Store,
    uncounted: &Uncounted,
    is_overtaken: &mut dyn FnMut() -> bool,
) -> Result<Option<Msg>, StoreError> {
    let mut until_check = ROWS_BETWEEN_CHECKS;
    let counted = uncounted.count(|query, row| {
        let mut complete = true;
        // In this order words are found fastest.
        let unsorted = Query {
            sort: Sort::Server,
            reverse: false,
            ..query.clone()
        };
        store.each(&unsorted, |todo| {
            row(todo);
            until_check -= 1;
            if until_check > 0 {
                return ControlFlow::Continue(());
            }
            until_check = ROWS_BETWEEN_CHECKS;
            if is_overtaken() {
                complete = false;
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok::<_, StoreError>(complete)
    })?;
    Ok(counted.map(Msg::CountedRows))
}

fn tags(store: &Store, sign: char, today: Date) -> Result<Vec<Tag>, StoreError> {
    let counted = store.tags(sign, today, MOST_TAGS)?;
    let tags = counted.into_iter().map(|tag| Tag {
        name: tag.tag.strip_prefix(sign).unwrap_or(&tag.tag).to_owned(),
        open: tag.open,
    });
    Ok(tags.collect())
}

/// Carries out an effect that writes; `None` for all others.
///
/// # Errors
///
/// The store's; nothing is changed then.
pub fn write(
    store: &mut Store,
    effect: &Effect,
    session: Session,
) -> Result<Option<Msg>, StoreError> {
    let mut fresh = || fresh_id::fresh(Timestamp::now());
    Ok(Some(match effect {
        Effect::Commit { id, verb, changes } => {
            let repeating = store.repeating_todos(changes)?;
            Msg::Committed {
                id: *id,
                todos: store.commit_action(session, verb, changes)?,
                successors: successors(store, &repeating),
            }
        }
        Effect::Undo { at } => {
            let repeating = if store.has_successors()? {
                let expected = store.preview_undo(session, *at, &mut fresh)?;
                store.repeating_todos(expected.as_ref().map_or(&[], |it| &it.changes))?
            } else {
                RepeatingTodos::default()
            };
            Msg::Undone {
                redo: false,
                report: store.undo(session, *at, &mut fresh)?.map(Box::new),
                successors: successors(store, &repeating),
            }
        }
        Effect::Redo { at } => Msg::Undone {
            redo: true,
            report: store.redo(session, *at, &mut fresh)?.map(Box::new),
            successors: SuccessorReport::default(),
        },
        Effect::Retry { seqs } => {
            for seq in seqs {
                store.retry(*seq, Key::new(fresh()))?;
            }
            Msg::QueueChanged
        }
        Effect::Drop { seq } => {
            store.drop_entry(*seq)?;
            Msg::QueueChanged
        }
        Effect::AddAsNew { seq, text } => {
            let add = Change {
                id: ChangeId(fresh()),
                todo: Key::new(fresh()),
                act: Act::Add { text: text.clone() },
                at: Timestamp::now(),
            };
            store.add_as_new(session, *seq, &add)?;
            Msg::QueueChanged
        }
        _ => return Ok(None),
    }))
}

/// The change is on the disk already: a failure to read is none of its own.
fn successors(store: &Store, before: &RepeatingTodos) -> SuccessorReport {
    store.successor_report(before).unwrap_or_default()
}

/// Returns the message for an effect that failed.
pub(super) fn failed(effect: &Effect, reason: String) -> Msg {
    match effect {
        Effect::Window { id, .. } => Msg::WindowFailed { id: *id, reason },
        Effect::Commit { id, .. } => Msg::CommitFailed { id: *id, reason },
        _ => Msg::StoreFailed { reason },
    }
}
