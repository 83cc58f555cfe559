//! The outbox as sync sees it, and what came of sending it.

use jiff::Timestamp;

use crate::domain::change::{Entry, Rejection};
use crate::domain::todo::Row;

/// An outbox entry with what the server last said of its todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The entry.
    pub entry: Entry,
    /// The todo's row, if the server has one.
    pub base: Option<Row>,
}

/// What came of sending one outbox entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// The server took it; what it said of the row.
    Applied {
        /// The row's id, where the answer told it.
        id: Option<i64>,
        /// The row's revision, where the answer told it.
        revision: Option<i64>,
    },
    /// A first and only try that certainly did not arrive, or a conditional
    /// edit that matched no row on its first try: waits again.
    NotApplied,
    /// The answer never came: it may or may not have arrived.
    Unknown,
    /// As [`PushOutcome::Unknown`], but the server said that it failed.
    Failed,
    /// The server refused it for good, or it lost a race.
    Rejected(Rejection),
}

/// A correction of an outbox entry before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrePushChange {
    /// The edit is now made on this text and revision.
    Rebase {
        /// Which entry.
        seq: i64,
        /// The text it is made on.
        before: String,
        /// The text wanted.
        after: String,
        /// The revision it is made on.
        revision: i64,
    },
    /// What came of it is known without sending.
    Resolve {
        /// Which entry.
        seq: i64,
        /// What came of it.
        outcome: PushOutcome,
    },
}

/// A pull under way: names the answered entries that may leave the outbox when
/// it is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Answered before the pull began.
    pub answered: Vec<i64>,
    /// When it began.
    pub began: Timestamp,
}
