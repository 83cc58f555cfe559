//! Exit codes.

use std::process::ExitCode;

/// The exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or safely queued.
    Done = 0,
    /// Failed for another reason.
    Failed = 1,
    /// Wrong usage, or cancelled.
    Usage = 2,
    /// No such todo, or an ambiguous handle.
    NotFound = 3,
    /// Login required, denied, expired or timed out.
    Login = 4,
    /// The server is unreachable, and the command needs it.
    Unreachable = 5,
    /// The server rejected the change.
    Refused = 6,
    /// Misconfigured.
    Misconfigured = 8,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
