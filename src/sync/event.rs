//! Events of a round, as plain values.

use jiff::Timestamp;

use crate::sync::round::RoundReport;

/// The beginning or the end of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoundEvent {
    /// A round that a user waits for has begun.
    Began,
    /// The round is complete.
    Ended(RoundReport),
    /// The round ended early.
    Failed {
        /// The reason.
        failure: RoundFailure,
        /// The time of the next try, if one is planned.
        next_try: Option<Timestamp>,
    },
}

/// The reason why a round ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoundFailure {
    /// The server could not be reached, or its answer was of no use.
    Unreachable {
        /// The cause.
        why: String,
    },
    /// Another process is syncing this account.
    Busy,
    /// No user is logged in.
    LoggedOut,
    /// The server or the disk refused; trying again does not help by itself.
    Rejected(String),
}
