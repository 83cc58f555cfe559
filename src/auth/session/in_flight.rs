//! Counters of calls in flight.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The party that a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The credential store, which may wait for the user to unlock it.
    CredentialStore,
    /// The issuer: for the connection or the answer to a refresh.
    Issuer,
}

/// Numbers of calls in flight.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    /// Calls to the credential store.
    pub(super) credential_store: AtomicUsize,
    /// Refreshes that hold the lock file.
    pub(super) issuer: AtomicUsize,
}

impl InFlight {
    pub(super) fn awaited(&self) -> Option<Awaited> {
        let is_waiting = |count: &AtomicUsize| count.load(Ordering::Relaxed) > 0;
        if is_waiting(&self.credential_store) {
            Some(Awaited::CredentialStore)
        } else {
            is_waiting(&self.issuer).then_some(Awaited::Issuer)
        }
    }
}

/// Counts one call until it is dropped.
pub(super) struct InFlightGuard<'c>(&'c AtomicUsize);

impl<'c> InFlightGuard<'c> {
    pub(super) fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
