//! What the server tells: its rows, its mark, what the role may do.

use crate::domain::key::Key;
use crate::domain::todo::Row;

/// What one page of the change feed says of one todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedRow {
    /// It is there, like this.
    Present(Row),
    /// It was removed.
    Removed {
        /// Its identity.
        key: Key,
        /// The revision of the removal.
        revision: i64,
    },
}

/// The server's view of the account, read with the first page of a pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// `users.id`.
    pub user_id: i64,
    /// `users.revision`.
    pub revision: i64,
    /// `users.purged_revision`: tombstones up to it are gone.
    pub purged_revision: i64,
}

/// What the role may do on the server, found out by asking.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts that hold independently of each other"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Capabilities {
    /// Whether it is the full backend (keys, revisions, change feed).
    pub full: bool,
    /// Whether todos may be added.
    pub insert: bool,
    /// Whether texts may be changed.
    pub update: bool,
    /// Whether todos may be removed.
    pub delete: bool,
}
