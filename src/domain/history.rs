//! The history of actions on this device, and the outcome of undo and redo.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::change::{Act, Change, OutboxEntry, Progress, Rejection};
use crate::domain::key::Key;
use crate::domain::todo::Todo;

/// A source of actions with an undo history of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// The commands of the CLI, all together.
    Cli,
    /// One run of the TUI.
    Tui(Uuid),
}

/// One action that can be undone, or redone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The time.
    pub at: Timestamp,
    /// The action as a participle: `completed`.
    pub verb: String,
    /// The number of todos.
    pub count: u64,
    /// The text of the first todo after the action, or before a deletion.
    pub text: String,
}

/// The effect of an action on one todo: the text shown before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// The todo's key when the action was recorded.
    pub todo: Key,
    /// The server's id, if it was known.
    pub id: Option<i64>,
    /// The change of the text shown.
    pub act: Act,
    /// The rejected edits that it replaced, whose texts exist nowhere else.
    pub replaced: Vec<RejectedEdit>,
}

/// A rejected edit, as it was in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedEdit {
    /// The text shown when the edit was made.
    pub before: String,
    /// The rejected text.
    pub after: String,
    /// The time of the edit.
    pub at: Timestamp,
    /// The reason for the rejection.
    pub rejection: Rejection,
}

impl RejectedEdit {
    /// Returns the rejected edit in `entry`; `None` if it holds another change.
    #[must_use]
    pub fn of(entry: &OutboxEntry) -> Option<Self> {
        match (&entry.change.act, &entry.progress) {
            (Act::Edit { before, after }, Progress::Rejected(rejection)) => Some(Self {
                before: before.clone(),
                after: after.clone(),
                at: entry.change.at,
                rejection: rejection.clone(),
            }),
            _ => None,
        }
    }
}

impl HistoryItem {
    /// The text after the action, or before a deletion.
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.act {
            Act::Add { text } => text,
            Act::Edit { after, .. } => after,
            Act::Remove { before } => before,
        }
    }
}

/// The outcome of an undo or a redo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoReport {
    /// The action undone or redone.
    pub action: HistoryEntry,
    /// The changes made.
    pub changes: Vec<Change>,
    /// The todos changed, as they are now; deleted ones as they were.
    pub todos: Vec<Todo>,
    /// Rejected edits that the action had replaced and that are in the outbox again.
    pub restored: Vec<Change>,
    /// Todos that were deleted since, with their texts after the action.
    pub gone: Vec<Todo>,
    /// Todos left unchanged because of a conflict with a later change. This part of the
    /// action can be tried again.
    pub overlaps: Vec<Overlap>,
}

impl UndoReport {
    /// Returns whether it deletes this todo: undoing an addition does.
    #[must_use]
    pub fn deletes(&self, todo: Key) -> bool {
        self.changes
            .iter()
            .any(|change| change.todo == todo && matches!(change.act, Act::Remove { .. }))
    }

    /// Returns whether a part of the action was undone, or needed no undoing.
    #[must_use]
    pub fn undid_anything(&self) -> bool {
        let left = u64::try_from(self.gone.len() + self.overlaps.len());
        left.is_ok_and(|left| left < self.action.count)
    }
}

/// A todo whose later change conflicts with an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The todo as it is now.
    pub todo: Todo,
    /// The effect of the action on it.
    pub item: HistoryItem,
}
