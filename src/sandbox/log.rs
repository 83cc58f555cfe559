//! What was asked and how it ended, without any content.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::faults::Route;

/// How many requests are remembered; the oldest falls out.
const REMEMBERED: usize = 100_000;

/// One request.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    /// When it was answered, RFC 3339 in UTC by the machine's clock.
    pub(super) at: String,
    /// Which route.
    pub(super) route: Route,
    /// The HTTP status; `null` when the connection was cut instead.
    pub(super) status: Option<u16>,
    /// Size of the request's body; 0 if it was not read.
    pub(super) request_bytes: usize,
    /// Size of the answer's body, as far as it was sent.
    pub(super) response_bytes: usize,
}

/// The last requests.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<VecDeque<Entry>>);

impl Log {
    /// Remembers a request.
    pub(super) fn add(
        &self,
        route: Route,
        status: Option<u16>,
        request_bytes: usize,
        response_bytes: usize,
    ) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= REMEMBERED {
            entries.pop_front();
        }
        entries.push_back(Entry {
            at: jiff::Timestamp::now().to_string(),
            route,
            status,
            request_bytes,
            response_bytes,
        });
    }

    /// All of them, oldest first.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().cloned().collect()
    }

    /// Forgets them all and says how many there were.
    pub(super) fn clear(&self) -> usize {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *entries).len()
    }
}
