//! The server's answers: rows of the change feed, the mark, the role's permissions.

use crate::domain::key::Key;
use crate::domain::todo::Row;

/// One todo in a page of the change feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedRow {
    /// A row that exists.
    Present(Row),
    /// A deleted row.
    Removed {
        /// The todo.
        key: Key,
        /// The revision of the deletion.
        revision: i64,
    },
}

impl FeedRow {
    /// The todo.
    #[must_use]
    pub const fn key(&self) -> Key {
        match self {
            Self::Present(row) => row.key,
            Self::Removed { key, .. } => *key,
        }
    }

    /// The revision of the change.
    #[must_use]
    pub const fn revision(&self) -> i64 {
        match self {
            Self::Present(row) => row.revision,
            Self::Removed { revision, .. } => *revision,
        }
    }
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

/// The permissions of the role on the server, found by introspection or by probing.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the permissions are independent"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Capabilities {
    /// Whether the backend is full (keys, revisions, change feed).
    pub full: bool,
    /// Whether todos may be added.
    pub insert: bool,
    /// Whether texts may be changed.
    pub update: bool,
    /// Whether todos may be deleted.
    pub delete: bool,
    /// Whether the server accepts only one operation per request.
    #[serde(default)]
    pub single_operations: bool,
}
