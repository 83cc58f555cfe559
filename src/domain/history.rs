//! What commands did on this device, and what came of taking it back.

use jiff::Timestamp;

use crate::domain::change::{Act, Change};
use crate::domain::key::Key;
use crate::domain::todo::Todo;

/// One command's act: it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// What was done, as a participle: `completed`.
    pub verb: String,
    /// To how many todos.
    pub count: u64,
    /// The text of the first of them: as the act left it, or removed it.
    pub text: String,
}

/// What a command did to one todo: what was shown before, and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// The todo's key at that time.
    pub todo: Key,
    /// The server's id, where it was known.
    pub id: Option<i64>,
    /// What was done to the text shown.
    pub act: Act,
}

impl HistoryItem {
    /// The text as the act left it, or removed it.
    #[must_use]
    pub fn text(&self) -> &str {
        match &self.act {
            Act::Add { text } => text,
            Act::Edit { after, .. } => after,
            Act::Remove { before } => before,
        }
    }
}

/// What came of taking an act back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoReport {
    /// The act.
    pub past: HistoryEntry,
    /// The changes that took it back.
    pub changes: Vec<Change>,
    /// The todos changed, as they are now; removed ones as they were.
    pub todos: Vec<Todo>,
    /// Todos that were removed since, as the act left them.
    pub gone: Vec<Todo>,
    /// What was left as it is, for it was changed since. This much of the act
    /// can still be taken back.
    pub overlaps: Vec<Overlap>,
}

impl UndoReport {
    /// Whether any of the act was taken back, or was not there to be taken back.
    #[must_use]
    pub fn undid_anything(&self) -> bool {
        let left = u64::try_from(self.gone.len() + self.overlaps.len());
        left.is_ok_and(|left| left < self.past.count)
    }
}

/// A todo changed since in a way that does not go with taking an act back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The todo as it is now.
    pub todo: Todo,
    /// The act.
    pub item: HistoryItem,
}
