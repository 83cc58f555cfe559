//! The outcome of a round.

use std::fmt;

use crate::sync::plan::WaitReason;
use crate::sync::round::RoundError;

/// The outcome of a round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoundReport {
    /// Outbox entries that the server accepted.
    pub pushed: usize,
    /// Outbox entries newly rejected.
    pub rejected: usize,
    /// Rows pulled.
    pub pulled: usize,
    /// Entries still to be sent.
    pub waiting: usize,
    /// Those of them that the role has no permission for.
    pub blocked: Option<Blocked>,
}

/// Changes that the role has no permission for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// The number of changes.
    pub count: usize,
    /// The permission that the first of them needs.
    pub why: WaitReason,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "1 change waits: {}", self.why),
            count => write!(f, "{count} changes wait: {}", self.why),
        }
    }
}

/// Logs how a round ended.
pub(super) fn log(outcome: &Result<(), RoundError>, report: &RoundReport) {
    let RoundReport {
        pushed,
        pulled,
        rejected,
        waiting,
        ..
    } = report;
    match outcome {
        Ok(()) => tracing::info!(
            "sync: {pushed} sent, {pulled} received, {rejected} rejected, {waiting} pending"
        ),
        Err(error) => tracing::info!("sync: {error}; {pushed} sent, {pulled} received before"),
    }
}
