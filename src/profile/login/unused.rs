//! Revokes the refresh tokens that a login leaves unused.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use secrecy::SecretString;
use tokio::sync::oneshot;

use crate::auth::connection::Connection;
use crate::auth::revoke::revoke_unused;
use crate::os::runtime;
use crate::profile::ActiveProfile;

/// The refresh tokens that a login has to revoke: its own until it is stored, and those
/// of another user that it took out of the store. If it is dropped, as by Ctrl-C, a
/// thread revokes them, which [`ActiveProfile::finish_revoking`] waits for.
#[derive(Debug)]
pub(super) struct UnusedTokens {
    connection: Connection,
    tokens: SharedTokens,
    threads: RevokingThreads,
    is_settled: bool,
}

/// The tokens, shared with the thread that stores the login.
#[derive(Debug, Clone)]
pub(super) struct SharedTokens(Arc<Mutex<Tokens>>);

/// The tokens by origin.
#[derive(Debug)]
pub(super) struct Tokens {
    /// The token of the login, until it is stored.
    pub(super) new: Option<SecretString>,
    /// Tokens of another user, no longer stored.
    pub(super) replaced: Vec<SecretString>,
    /// Whether the login was dropped: it must not be stored any more.
    is_abandoned: bool,
}

impl UnusedTokens {
    /// Holds `new`, the token of a login of `profile` that is not stored yet.
    pub(super) fn new(profile: &ActiveProfile, new: Option<SecretString>) -> Self {
        Self {
            connection: profile.config.connection.clone(),
            tokens: SharedTokens(Arc::new(Mutex::new(Tokens {
                new,
                replaced: Vec::new(),
                is_abandoned: false,
            }))),
            threads: profile.revoking.clone(),
            is_settled: false,
        }
    }

    /// The tokens, to be updated while the login is being stored.
    pub(super) fn shared(&self) -> SharedTokens {
        self.tokens.clone()
    }

    /// Revokes what is left; must not be called while the login is being stored.
    pub(super) async fn revoke(mut self) {
        let unused = self.tokens.locked().all();
        revoke_unused(&self.connection, &unused).await;
        self.is_settled = true;
    }
}

impl SharedTokens {
    /// Runs `store` unless the login was dropped; `None` then. A login that is dropped
    /// meanwhile revokes what `store` leaves.
    pub(super) fn unless_abandoned<T>(&self, store: impl FnOnce(&mut Tokens) -> T) -> Option<T> {
        let mut tokens = self.locked();
        (!tokens.is_abandoned).then(|| store(&mut tokens))
    }

    fn abandon(&self) -> Vec<SecretString> {
        let mut tokens = self.locked();
        tokens.is_abandoned = true;
        tokens.all()
    }

    fn locked(&self) -> MutexGuard<'_, Tokens> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tokens {
    fn all(&self) -> Vec<SecretString> {
        self.new.iter().chain(&self.replaced).cloned().collect()
    }
}

impl Drop for UnusedTokens {
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        let (connection, tokens) = (self.connection.clone(), self.tokens.clone());
        // The runtime that was dropped with the login runs nothing more.
        self.threads.start(move || {
            // Waits for a credential store that is being written.
            let unused = tokens.abandon();
            match runtime::current_thread() {
                Ok(runtime) => {
                    runtime.block_on(revoke_unused(&connection, &unused));
                    runtime.shutdown_background();
                }
                Err(error) => tracing::warn!(%error, "an unused refresh token is not revoked"),
            }
        });
    }
}

/// The threads that revoke tokens of dropped logins. Clones share them.
#[derive(Debug, Clone, Default)]
pub(in crate::profile) struct RevokingThreads(Arc<Mutex<Vec<oneshot::Receiver<()>>>>);

impl RevokingThreads {
    fn start(&self, revoke: impl FnOnce() + Send + 'static) {
        let (ends, ended) = oneshot::channel();
        let started = thread::Builder::new().spawn(move || {
            let _ends: oneshot::Sender<()> = ends;
            revoke();
        });
        match started {
            Ok(_) => self.locked().push(ended),
            Err(error) => tracing::warn!(%error, "an unused refresh token is not revoked"),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Vec<oneshot::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActiveProfile {
    /// Returns whether tokens of a login that was dropped are being revoked.
    #[must_use]
    pub fn is_revoking(&self) -> bool {
        let mut threads = self.revoking.locked();
        threads.retain_mut(|ended| ended.try_recv() == Err(oneshot::error::TryRecvError::Empty));
        !threads.is_empty()
    }

    /// Waits until the tokens of dropped logins are revoked, or could not be. The caller
    /// sets the time limit: a credential store may block for long.
    pub async fn finish_revoking(&self) {
        let threads = mem::take(&mut *self.revoking.locked());
        for ended in threads {
            // Without a message: the thread drops its sender.
            let _ = ended.await;
        }
    }
}
