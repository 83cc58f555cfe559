//! Details of one todo beyond its row.

use crate::domain::key::Key;
use crate::domain::push_outcome::Queued;

/// The changes of a todo that are not on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The todo.
    pub key: Key,
    /// Its changes, in order.
    pub changes: Vec<Queued>,
}

/// The pane that shows the details of the selected todo.
#[derive(Debug, Clone, Default)]
pub struct DetailsPane {
    /// Whether it is shown.
    pub open: bool,
    /// Index of its first line on the screen.
    pub top: usize,
    /// The todo whose changes were last requested.
    pub asked: Option<Key>,
    /// The changes that were last read.
    pub read: Option<Details>,
}
