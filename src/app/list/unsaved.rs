//! Changes that are not saved yet, and how they change the rows.

use super::ListRow;
use crate::app::effect::CommitId;
use crate::domain::change::{Act, Change};
use crate::domain::key::Key;
use crate::domain::list::Window;
use crate::domain::todo::{SyncState, Todo};

/// The changes of one commit.
#[derive(Debug, Clone)]
pub(super) struct Unsaved {
    pub(super) id: CommitId,
    pub(super) changes: Vec<Change>,
}

/// Applies one change to `rows`. A new todo goes to the end, if the window has it.
pub(super) fn apply_to_rows(rows: &mut Vec<ListRow>, change: &Change, more_below: bool) {
    let at = rows.iter().position(|row| row.todo.key == change.todo);
    let text = match &change.act {
        Act::Remove { .. } => {
            rows.retain(|row| row.todo.key != change.todo);
            return;
        }
        Act::Add { text } => {
            if at.is_none() && !more_below {
                rows.push(ListRow {
                    todo: added(change.todo, text),
                    saving: true,
                });
            }
            text
        }
        Act::Edit { after, .. } => after,
    };
    if let Some(row) = at.and_then(|at| rows.get_mut(at)) {
        row.todo.text.clone_from(text);
        row.saving = true;
    }
}

/// Applies one saved change to the window.
pub(super) fn apply_to_window(window: &mut Window, change: &Change, todo: Option<&Todo>) {
    let at = window.rows.iter().position(|row| row.key == change.todo);
    match (&change.act, at, todo) {
        (Act::Remove { .. }, _, _) => window.rows.retain(|row| row.key != change.todo),
        (Act::Add { .. } | Act::Edit { .. }, Some(at), Some(todo)) => {
            if let Some(row) = window.rows.get_mut(at) {
                row.clone_from(todo);
            }
        }
        (Act::Add { .. }, None, Some(todo)) if !window.more_below => {
            window.rows.push(todo.clone());
        }
        (Act::Add { .. } | Act::Edit { .. }, _, _) => {}
    }
}

/// A todo that is not saved yet.
pub(super) fn added(key: Key, text: &str) -> Todo {
    Todo {
        key,
        id: None,
        local: None,
        text: text.to_owned(),
        state: SyncState::Pending,
        created_at: None,
        updated_at: None,
    }
}
