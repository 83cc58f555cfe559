//! The server's answers: rows of the change feed, its mark, the role's
//! capabilities.

use crate::domain::key::Key;
use crate::domain::todo::Row;

/// One todo in a page of the change feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedRow {
    /// Present, with this row.
    Present(Row),
    /// Deleted.
    Removed {
        /// Its identity.
        key: Key,
        /// The revision of the deletion.
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
    /// `users.purged_revision`: tombstones up to it have been purged.
    pub purged_revision: i64,
}

/// The permissions of the role on the server, found out by introspection or by
/// trying.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that hold independently of each other"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Capabilities {
    /// Whether it is the full backend (keys, revisions, change feed).
    pub full: bool,
    /// Whether todos may be added.
    pub insert: bool,
    /// Whether texts may be changed.
    pub update: bool,
    /// Whether todos may be deleted.
    pub delete: bool,
    /// Whether the server takes one operation a request only.
    #[serde(default)]
    pub single_operations: bool,
}
