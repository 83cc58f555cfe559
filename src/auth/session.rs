//! A login in use: returns a valid access token, refreshing it when needed.
//!
//! Rotating refresh tokens must never be used twice: reuse ends the login. So
//! one refresh runs at a time, in the process and under a lock file on the
//! machine; the store is read again under the lock; the new token is stored
//! before anything else happens; and a started refresh is never cancelled.

mod in_flight;
mod refresh_process;
mod stored;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::credential_store::CredentialStore;
use crate::auth::error::AuthError;
use crate::auth::inspect::Inspected;
use crate::auth::stored_login::StoredLogin;
use crate::auth::time_scale::TimeScale;

pub use in_flight::Awaited;
pub use refresh_process::RefreshFailure;
pub(crate) use refresh_process::{RefreshProcess, outcome_file};
use stored::StoredSession;

/// The time limit for acquiring the refresh lock: longer than the 60 s that a process
/// of its own may take to refresh, which holds the lock.
pub const LOCK_LIMIT: Duration = Duration::from_secs(70);

/// A login in use. Cheap to clone; one refresh at a time in the process and,
/// under a lock file, on the machine.
#[derive(Debug, Clone)]
pub struct AuthSession {
    source: TokenSource,
}

#[derive(Debug, Clone)]
enum TokenSource {
    /// A token from outside, never refreshed.
    Fixed(AccessToken),
    /// A login in the credential store.
    Stored(Arc<StoredSession>),
}

impl AuthSession {
    /// Creates a session for the login stored in `credential_store` under
    /// `prefix` (one per profile and connection). `lock` is the file that lets
    /// one process refresh at a time.
    #[must_use]
    pub fn new(
        connection: Connection,
        credential_store: Arc<dyn CredentialStore>,
        prefix: String,
        lock: PathBuf,
    ) -> Self {
        let stored = StoredLogin::new(credential_store, prefix);
        Self::for_user(connection, stored, lock, None, TimeScale::REAL)
    }

    /// Like [`AuthSession::new`], but restricted to the user `sub`: the login of
    /// another user ends this session and is never used by it.
    #[must_use]
    pub fn for_user(
        connection: Connection,
        stored: StoredLogin,
        lock: PathBuf,
        sub: Option<String>,
        time_scale: TimeScale,
    ) -> Self {
        let session = StoredSession::new(connection, stored, lock, sub, time_scale);
        Self {
            source: TokenSource::Stored(Arc::new(session)),
        }
    }

    /// Lets `process` refresh, so that a refresh goes on when this process ends.
    #[must_use]
    pub(crate) fn refreshed_by(self, process: RefreshProcess) -> Self {
        match self.source {
            TokenSource::Fixed(_) => self,
            TokenSource::Stored(session) => Self {
                source: TokenSource::Stored(Arc::new(session.refreshed_by(process))),
            },
        }
    }

    /// Refreshes the login if necessary and records the outcome beside the lock
    /// file, for the process that started this one.
    ///
    /// # Errors
    ///
    /// The file system's: the outcome is then not recorded.
    pub(crate) async fn refresh_and_record(&self) -> io::Result<()> {
        match &self.source {
            TokenSource::Fixed(_) => Ok(()),
            TokenSource::Stored(session) => session.refresh_and_record().await,
        }
    }

    /// Creates a session for a token from outside, which is never refreshed.
    #[must_use]
    pub fn fixed(token: SecretString) -> Self {
        let expires_at = Inspected::read(&token).expires_at();
        let token = AccessToken::issued(token, Timestamp::now(), expires_at);
        Self {
            source: TokenSource::Fixed(token),
        }
    }

    /// Returns a [fresh](AccessToken::is_fresh) token: from memory, then from the
    /// credential store, then by refreshing (stored before it is returned).
    ///
    /// May be dropped at any time: a started refresh goes on, see
    /// [`AuthSession::wait_for_refresh`]. Needs a tokio runtime with timers.
    ///
    /// # Errors
    ///
    /// [`AuthError::LoggedOut`] without a stored login; other errors say why a
    /// refresh failed and whether a retry may succeed.
    pub async fn bearer(&self) -> Result<AccessToken, AuthError> {
        match &self.source {
            TokenSource::Fixed(token) => match token.expires_at {
                Some(end) if end <= Timestamp::now() => Err(AuthError::FixedTokenExpired),
                _ => Ok(token.clone()),
            },
            TokenSource::Stored(session) => session.token(None).await,
        }
    }

    /// Returns a token other than `refused`, which the server rejected before
    /// its expiry.
    ///
    /// # Errors
    ///
    /// As [`AuthSession::bearer`].
    pub async fn renewed(&self, refused: &AccessToken) -> Result<AccessToken, AuthError> {
        match &self.source {
            TokenSource::Fixed(_) => Err(AuthError::FixedTokenExpired),
            TokenSource::Stored(session) => session.token(Some(refused.secret.clone())).await,
        }
    }

    /// The party this session is waiting for, to name it after a timeout.
    #[must_use]
    pub fn awaited(&self) -> Option<Awaited> {
        match &self.source {
            TokenSource::Stored(session) => session.awaited(),
            TokenSource::Fixed(_) => None,
        }
    }

    /// Waits until no refresh is in flight. Call it before the program exits: a
    /// lost answer costs the login where the issuer allows no overlap. The
    /// caller sets the time limit.
    pub async fn wait_for_refresh(&self) {
        if let TokenSource::Stored(session) = &self.source {
            // Lets a refresh that was just requested start first.
            tokio::task::yield_now().await;
            session.wait_for_exchange().await;
        }
    }

    /// The ID token that came with the last refresh in this process: a token of
    /// the same issuer for another audience, with which `doctor` tests whether a
    /// backend checks the audience.
    #[must_use]
    pub fn id_token(&self) -> Option<SecretString> {
        match &self.source {
            TokenSource::Stored(session) => session.id_token(),
            TokenSource::Fixed(_) => None,
        }
    }
}
