//! How it stands with the server.

use jiff::Timestamp;

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
