//! The request log: routes, statuses and sizes, no content.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::faults::{InjectedFault, Route};

/// The number of logged requests; the oldest is dropped.
const REMEMBERED: usize = 100_000;

/// A request.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LogEntry {
    /// The time of the answer: RFC 3339 in UTC by the machine's clock.
    pub(super) at: String,
    /// The route.
    pub(super) route: Route,
    /// The HTTP status; `null` when the connection was cut instead, or
    /// the client went while it ran or its answer was withheld.
    pub(super) status: Option<u16>,
    /// Size of the request's body; 0 if it was not read.
    pub(super) request_bytes: usize,
    /// Size of the answer's body, as far as it was sent.
    pub(super) response_bytes: usize,
}

/// Counters since the start.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Tally {
    /// Requests to the routes that can fail.
    requests: u64,
    /// Faults that happened, by name.
    faults: BTreeMap<String, u64>,
    /// Requests that changed rows and whose answer was cut off by a fault.
    unanswered_commits: u64,
}

/// The last requests, and counters.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Mutex<VecDeque<LogEntry>>,
    tally: Mutex<Tally>,
}

impl Log {
    /// Logs a request.
    pub(super) fn add(
        &self,
        route: Route,
        status: Option<u16>,
        request_bytes: usize,
        response_bytes: usize,
    ) {
        let mut entries = self.entries();
        if entries.len() >= REMEMBERED {
            entries.pop_front();
        }
        entries.push_back(LogEntry {
            at: jiff::Timestamp::now().to_string(),
            route,
            status,
            request_bytes,
            response_bytes,
        });
    }

    /// Counts a request and its fault.
    pub(super) fn count(&self, fault: Option<InjectedFault>) {
        let mut tally = self.tally_mut();
        tally.requests += 1;
        if let Some(fault) = fault {
            *tally.faults.entry(fault.name()).or_default() += 1;
        }
    }

    /// Counts a request that changed rows, and whose answer is cut off.
    pub(super) fn count_unanswered_commit(&self) {
        self.tally_mut().unanswered_commits += 1;
    }

    /// Returns the counters.
    pub(super) fn tally(&self) -> Tally {
        self.tally_mut().clone()
    }

    /// Returns the kept requests, oldest first.
    pub(super) fn requests(&self) -> Vec<LogEntry> {
        self.entries().iter().cloned().collect()
    }

    /// Clears the log and returns its length. The counters stay.
    pub(super) fn clear(&self) -> usize {
        std::mem::take(&mut *self.entries()).len()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<LogEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tally_mut(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
