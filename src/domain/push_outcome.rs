//! Outbox entries as sync sees them, and the outcome of sending them.

use jiff::Timestamp;

use crate::domain::change::{OutboxEntry, Rejection};
use crate::domain::feed::{FeedRow, Mark};
use crate::domain::todo::Row;

/// An outbox entry as sync plans it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The entry.
    pub entry: OutboxEntry,
    /// For an edit or a deletion, the server's last known row of the todo, if any.
    pub base: Option<Row>,
    /// Whether its todo is a successor that may not be sent yet, because the edit that
    /// completed the repeating todo is unanswered.
    pub waits: bool,
}

/// The outcome of sending one outbox entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// Accepted by the server.
    Applied {
        /// The row's id, if the answer contains it.
        id: Option<i64>,
        /// The row's revision, if the answer contains it.
        revision: Option<i64>,
    },
    /// Pending again: the first request certainly did not arrive, or was a conditional
    /// edit that matched no row.
    NotApplied,
    /// Unanswered: it may have arrived.
    Unknown,
    /// As [`PushOutcome::Unknown`], but the server answered with an error.
    Failed,
    /// Rejected by the server for good, or in conflict.
    Rejected(Rejection),
}

/// A correction of an outbox entry before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrePushChange {
    /// Bases the edit on this text and revision.
    Rebase {
        /// The entry's sequence number.
        seq: i64,
        /// The text it is based on.
        before: String,
        /// The new text.
        after: String,
        /// The revision it is based on.
        revision: i64,
    },
    /// Resolves the entry: its outcome is known without sending.
    Resolve {
        /// The entry's sequence number.
        seq: i64,
        /// The outcome.
        outcome: PushOutcome,
    },
}

/// The last page of the change feed, read after the changes of the same exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastPage<'a> {
    /// The changes after the cursor, in revision order.
    pub changes: &'a [FeedRow],
    /// The mark, read after them.
    pub mark: Mark,
    /// When the exchange began.
    pub began: Timestamp,
}

/// What became of an exchange that was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeEffect {
    /// The outcomes are recorded; the page is still to be applied.
    Recorded,
    /// The outcomes are recorded, and the pull starts again.
    Restarts,
    /// The outcomes and the page are applied: the pull is complete.
    Completed,
}

/// A pull in progress, with the answered entries that leave the outbox when it
/// is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Answered before the pull began.
    pub answered: Vec<i64>,
    /// When it began.
    pub began: Timestamp,
}
