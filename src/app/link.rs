//! How it stands with the server.

use jiff::Timestamp;

use crate::sync::round::Report;

/// How it stands with the server, as the status line tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody is logged in. Cached todos stay usable.
    LoggedOut,
    /// Working without the network was asked for.
    Off,
    /// No round has ended yet.
    Connecting,
    /// A round is under way that a user waits for.
    Syncing,
    /// The last round went well.
    Online,
    /// The server could not be reached, or answered nothing of use.
    Offline {
        /// What went wrong.
        why: String,
        /// When the next try is made.
        next_try: Option<Timestamp>,
    },
    /// The server, or the disk, was there and would not.
    Refused {
        /// What was said.
        why: String,
    },
}

/// How a round went, as plain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoundNews {
    /// One that a user waits for has begun.
    Began,
    /// It is over.
    Ended(Report),
    /// It ended early.
    Failed {
        /// The reason.
        failure: Failure,
        /// When the next try is made, if one is planned.
        next_try: Option<Timestamp>,
    },
}

/// Why a round ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server could not be reached, or answered nothing of use.
    Unreachable {
        /// What went wrong.
        why: String,
    },
    /// Another process has the round.
    Busy,
    /// Nobody is logged in any more, or yet.
    LoggedOut,
    /// The server or the disk would not; trying again will not help by itself.
    Refused(String),
}
