//! Exit codes.

use std::process::ExitCode;

/// How a program ends.
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
    /// The server is needed and cannot be reached.
    Unreachable = 5,
    /// The server refused.
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
