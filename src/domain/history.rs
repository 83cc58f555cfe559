//! The history of actions on this device, and the outcome of undo and redo.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::change::{Act, Change};
use crate::domain::key::Key;
use crate::domain::todo::Todo;

/// The program run whose actions an undo is about: each undoes its own.
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
    /// What was done, as a participle: `completed`.
    pub verb: String,
    /// The number of todos.
    pub count: u64,
    /// The text of the first todo, as the action left or deleted it.
    pub text: String,
}

/// What an action did to one todo: the text shown before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// The todo's key at that time.
    pub todo: Key,
    /// The server's id, where it was known.
    pub id: Option<i64>,
    /// The change of the text shown.
    pub act: Act,
}

impl HistoryItem {
    /// The text as the action left or deleted it.
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
    pub past: HistoryEntry,
    /// The changes made.
    pub changes: Vec<Change>,
    /// The todos changed, as they are now; deleted ones as they were.
    pub todos: Vec<Todo>,
    /// Todos that were deleted since, as the action left them.
    pub gone: Vec<Todo>,
    /// What was left as it is, since it conflicts with a later change. This part
    /// of the action can be tried again.
    pub overlaps: Vec<Overlap>,
}

impl UndoReport {
    /// Returns whether any of the action was undone, or needed no undoing.
    #[must_use]
    pub fn undid_anything(&self) -> bool {
        let left = u64::try_from(self.gone.len() + self.overlaps.len());
        left.is_ok_and(|left| left < self.past.count)
    }
}

/// A todo whose later change conflicts with an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The todo as it is now.
    pub todo: Todo,
    /// What the action did to it.
    pub item: HistoryItem,
}
