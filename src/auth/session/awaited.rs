//! The party that a session waits for.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The party that a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The credential store, which may wait for a user.
    CredentialStore,
    /// The issuer: where a refresh goes to, or its answer.
    Issuer,
}

/// How much is under way.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// Questions that the vault has not answered.
    pub(super) credential_store: AtomicUsize,
    /// Refreshes that hold the lock file.
    pub(super) issuer: AtomicUsize,
}

impl Waits {
    pub(super) fn awaited(&self) -> Option<Awaited> {
        let is_under_way = |count: &AtomicUsize| count.load(Ordering::Relaxed) > 0;
        if is_under_way(&self.credential_store) {
            Some(Awaited::CredentialStore)
        } else {
            is_under_way(&self.issuer).then_some(Awaited::Issuer)
        }
    }
}

/// One that is under way while this lives.
pub(super) struct UnderWay<'c>(&'c AtomicUsize);

impl<'c> UnderWay<'c> {
    pub(super) fn of(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
