//! The state of the connection to the server.

use jiff::Timestamp;

/// State of the connection, as the status line shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    /// Logged out. Cached todos stay usable.
    LoggedOut,
    /// Started with `--offline`.
    Off,
    /// No round has ended yet.
    Connecting,
    /// A round is running that the user waits for.
    Syncing,
    /// The last round succeeded.
    Online,
    /// The server could not be reached, or its answer was of no use.
    Offline {
        /// What went wrong.
        why: String,
        /// When the next try is made.
        next_try: Option<Timestamp>,
    },
    /// The server or the disk rejected the round.
    Refused {
        /// The reason.
        why: String,
    },
}
