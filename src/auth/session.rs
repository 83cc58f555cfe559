//! A login in use: gives a good access token, refreshing it when needed.
//!
//! Refresh tokens that rotate are dangerous: used twice, they end the whole
//! login. So one refresh runs at a time, in the process and under a lock file
//! on the machine; the store is read again under the lock; the new token is
//! stored before anything else happens; and a refresh that has begun goes on
//! when whoever wanted it has gone.

mod awaited;
mod id_token;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::{JoinError, spawn_blocking};

use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::credential_store::{CredentialStore, CredentialStoreError};
use crate::auth::error::AuthError;
use crate::auth::inspect::Inspected;
use crate::auth::oauth;
use crate::auth::refresh::{NotRefreshed, Refreshed, TokenEndpoint};
use crate::auth::stored_login::{StoredAccessToken, StoredLogin, StoredRefreshToken};
use crate::auth::time_scale::TimeScale;
use crate::os::file_lock::FileLock;

pub use awaited::Awaited;
use awaited::{UnderWay, Waits};

/// How long to wait for another process: longer than one exchange with the
/// issuer may take.
pub const LOCK_LIMIT: Duration = Duration::from_secs(40);

/// A login in use. Cheap to clone; one refresh at a time in the process, and,
/// under a lock file, on the machine.
#[derive(Debug, Clone)]
pub struct Session {
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Fixed(AccessToken),
    Login(Arc<Login>),
}

/// A login kept in a vault.
#[derive(Debug)]
struct Login {
    connection: Connection,
    kept: StoredLogin,
    lock: PathBuf,
    sub: Option<String>,
    pace: TimeScale,
    memory: Mutex<Option<AccessToken>>,
    /// The ID token of the last refresh in this process.
    id_token: Mutex<Option<SecretString>>,
    flight: tokio::sync::Mutex<Flight>,
    /// Held from before a refresh token is sent until its successor is stored.
    spending: tokio::sync::Mutex<()>,
    waits: Waits,
}

/// What whoever may refresh knows.
#[derive(Debug, Default)]
struct Flight {
    endpoint: Option<TokenEndpoint>,
    /// Whether an answer to a refresh was lost since the last good one.
    answer_was_lost: bool,
    /// A token that the store did not take.
    unsaved: Option<Unsaved>,
}

/// What the store did not take, and the token it takes the place of.
#[derive(Debug, Clone)]
struct Unsaved {
    before: SecretString,
    refresh: StoredRefreshToken,
    /// Missing where that part of the answer could not be used.
    access: Option<StoredAccessToken>,
}

impl Session {
    /// The login kept in `credential_store` under `prefix` (one prefix a profile and
    /// connection); `lock` is the file that lets one process refresh at a time.
    #[must_use]
    pub fn kept(
        connection: Connection,
        credential_store: Arc<dyn CredentialStore>,
        prefix: String,
        lock: PathBuf,
    ) -> Self {
        Self::of(
            connection,
            StoredLogin::new(credential_store, prefix),
            lock,
            None,
            TimeScale::REAL,
        )
    }

    /// As [`Session::kept`], but only while the login is that of `sub`: a
    /// login of another user ends this session and is never used by it.
    #[must_use]
    pub fn of(
        connection: Connection,
        kept: StoredLogin,
        lock: PathBuf,
        sub: Option<String>,
        pace: TimeScale,
    ) -> Self {
        Self {
            source: Source::Login(Arc::new(Login {
                connection,
                kept,
                lock,
                sub,
                pace,
                memory: Mutex::default(),
                id_token: Mutex::default(),
                flight: tokio::sync::Mutex::default(),
                spending: tokio::sync::Mutex::default(),
                waits: Waits::default(),
            })),
        }
    }

    /// A token made elsewhere; never refreshed.
    #[must_use]
    pub fn fixed(token: SecretString) -> Self {
        let expires_at = Inspected::read(&token).expires_at();
        Self {
            source: Source::Fixed(AccessToken::issued(token, Timestamp::now(), expires_at)),
        }
    }

    /// A token that is [fresh](AccessToken::is_fresh): from memory, then from the vault,
    /// then by refreshing (stored before it is returned).
    ///
    /// May be dropped at any time: a refresh that has begun goes on, see
    /// [`Session::settled`]. Needs a tokio runtime with timers.
    ///
    /// # Errors
    ///
    /// [`AuthError::LoggedOut`] when no login is kept; others say why a refresh
    /// failed and whether it may work later.
    pub async fn bearer(&self) -> Result<AccessToken, AuthError> {
        match &self.source {
            Source::Fixed(token) => match token.expires_at {
                Some(end) if end <= Timestamp::now() => Err(AuthError::FixedTokenEnded),
                _ => Ok(token.clone()),
            },
            Source::Login(login) => login.token(None).await,
        }
    }

    /// A token other than `refused`, which the server did not take though its
    /// time was not up.
    ///
    /// # Errors
    ///
    /// As [`Session::bearer`].
    pub async fn renewed(&self, refused: &AccessToken) -> Result<AccessToken, AuthError> {
        match &self.source {
            Source::Fixed(_) => Err(AuthError::FixedTokenEnded),
            Source::Login(login) => login.token(Some(refused.secret.clone())).await,
        }
    }

    /// What it is waiting for now: so whoever gave up knows who was slow.
    #[must_use]
    pub fn awaited(&self) -> Option<Awaited> {
        match &self.source {
            Source::Login(login) => login.waits.awaited(),
            Source::Fixed(_) => None,
        }
    }

    /// Waits until no refresh token is on its way. To be called before the
    /// program ends: an answer nobody hears costs the login where the issuer
    /// allows no overlap. Bounded by the caller.
    pub async fn settled(&self) {
        if let Source::Login(login) = &self.source {
            // Lets a refresh that was just asked for take its turn first.
            tokio::task::yield_now().await;
            drop(login.spending.lock().await);
        }
    }
}

impl Login {
    async fn token(
        self: &Arc<Self>,
        refused: Option<SecretString>,
    ) -> Result<AccessToken, AuthError> {
        if let Some(token) = self.remembered(refused.as_ref()) {
            return Ok(token);
        }
        let login = Arc::clone(self);
        tokio::spawn(async move { login.fetch(refused).await })
            .await
            .unwrap_or_else(|e| Err(broken_off(e)))
    }

    fn remembered(&self, refused: Option<&SecretString>) -> Option<AccessToken> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.clone().filter(|token| is_good(token, refused))
    }

    fn remember(&self, token: Option<AccessToken>) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    async fn fetch(&self, refused: Option<SecretString>) -> Result<AccessToken, AuthError> {
        let mut flight = self.flight.lock().await;
        if let Some(token) = self.remembered(refused.as_ref()) {
            return Ok(token);
        }
        // Whoever waits for the lock file may be waiting for nothing.
        if flight.unsaved.is_none()
            && let Some(token) = self.kept_access(refused.as_ref()).await?
        {
            return Ok(token);
        }
        let _lock = FileLock::acquire(&self.lock, LOCK_LIMIT).await?;
        let _refreshing = UnderWay::of(&self.waits.issuer);
        self.save_unsaved(&mut flight).await?;
        if let Some(token) = self.kept_access(refused.as_ref()).await? {
            return Ok(token);
        }
        let refreshed = self.refresh(&mut flight).await;
        if matches!(&refreshed, Err(error) if error.needs_login()) {
            self.remember(None);
        }
        refreshed
    }

    /// The access token in the vault, if it is good.
    async fn kept_access(
        &self,
        refused: Option<&SecretString>,
    ) -> Result<Option<AccessToken>, AuthError> {
        let Some(found) = self.credential_store(StoredLogin::access).await? else {
            return Ok(None);
        };
        self.check(&found.sub)?;
        if !is_good(&found.token, refused) {
            return Ok(None);
        }
        self.remember(Some(found.token.clone()));
        Ok(Some(found.token))
    }

    /// Refreshes under the lock file; a spent token is looked for in the vault
    /// once more, where somebody without the lock may have put another.
    async fn refresh(&self, flight: &mut Flight) -> Result<AccessToken, AuthError> {
        let mut held = self.held().await?.ok_or(AuthError::LoggedOut)?;
        let endpoint = self.endpoint(flight).await?;
        self.credential_store(StoredLogin::prove_writable).await?;
        let _spending = self.spending.lock().await;
        for last in [false, true] {
            let lost = &mut flight.answer_was_lost;
            let exchanged = endpoint.refresh(&self.connection, &held.token, self.pace, lost);
            let description = match exchanged.await {
                Ok(refreshed) => return self.save(flight, held, refreshed).await,
                Err(NotRefreshed::Failed(error)) => return Err(error),
                Err(NotRefreshed::Spent { description }) => description,
            };
            let ended = AuthError::Ended {
                description,
                answer_was_lost: flight.answer_was_lost,
            };
            match self.held().await? {
                Some(other) if !same(&other.token, &held.token) && !last => held = other,
                Some(other) if !same(&other.token, &held.token) => return Err(ended),
                Some(_) => {
                    self.credential_store(StoredLogin::forget_tokens).await?;
                    return Err(ended);
                }
                None => return Err(ended),
            }
        }
        Err(AuthError::LoggedOut)
    }

    async fn held(&self) -> Result<Option<StoredRefreshToken>, AuthError> {
        let found = self.credential_store(StoredLogin::refresh).await?;
        if let Some(found) = &found {
            self.check(&found.sub)?;
        }
        Ok(found)
    }

    async fn endpoint(&self, flight: &mut Flight) -> Result<TokenEndpoint, AuthError> {
        if let Some(endpoint) = &flight.endpoint {
            return Ok(endpoint.clone());
        }
        let endpoint = TokenEndpoint::discover(&self.connection).await?;
        Ok(flight.endpoint.insert(endpoint).clone())
    }

    /// Stores what a refresh gave, the refresh token first.
    async fn save(
        &self,
        flight: &mut Flight,
        held: StoredRefreshToken,
        refreshed: Refreshed,
    ) -> Result<AccessToken, AuthError> {
        flight.answer_was_lost = false;
        self.remember_id_token(refreshed.id_token);
        let access = refreshed.access.and_then(|token| {
            let sub = Inspected::read(&token.secret)
                .text("sub")
                .map(str::to_owned);
            match sub {
                Some(sub) if sub != held.sub => Err(oauth::malformed(
                    "the new access token belongs to another user",
                )),
                _ => Ok(token),
            }
        });
        flight.unsaved = Some(Unsaved {
            refresh: StoredRefreshToken {
                token: refreshed.rotated.unwrap_or_else(|| held.token.clone()),
                sub: held.sub.clone(),
            },
            access: access.as_ref().ok().map(|token| StoredAccessToken {
                token: token.clone(),
                sub: held.sub,
            }),
            before: held.token,
        });
        self.save_unsaved(flight).await?;
        let token = access?;
        self.remember(Some(token.clone()));
        Ok(token)
    }

    /// Stores what is not stored yet, unless another login is there now.
    async fn save_unsaved(&self, flight: &mut Flight) -> Result<(), AuthError> {
        let Some(unsaved) = flight.unsaved.clone() else {
            return Ok(());
        };
        self.credential_store(move |kept| {
            let found = kept.refresh()?;
            if !found.is_some_and(|found| same(&found.token, &unsaved.before)) {
                return Ok(());
            }
            if !same(&unsaved.refresh.token, &unsaved.before) {
                kept.set_refresh(&unsaved.refresh)?;
            }
            if let Some(access) = &unsaved.access
                && let Err(error) = kept.set_access(access)
            {
                // Each process then refreshes for itself, which is only slower.
                tracing::warn!(%error, "the access token was not stored");
            }
            Ok(())
        })
        .await?;
        flight.unsaved = None;
        Ok(())
    }

    /// Returns whether a login of `sub` may be used here.
    fn check(&self, sub: &str) -> Result<(), AuthError> {
        match &self.sub {
            Some(own) if own != sub => Err(AuthError::OtherAccount),
            _ => Ok(()),
        }
    }

    /// Asks the vault on a thread that may block.
    async fn credential_store<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&StoredLogin) -> Result<T, CredentialStoreError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let kept = self.kept.clone();
        let _asking = UnderWay::of(&self.waits.credential_store);
        match spawn_blocking(move || ask(&kept)).await {
            Ok(answer) => Ok(answer?),
            Err(e) => Err(broken_off(e)),
        }
    }
}

fn is_good(token: &AccessToken, refused: Option<&SecretString>) -> bool {
    token.is_fresh(Timestamp::now()) && !refused.is_some_and(|refused| token.is(refused))
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

/// A task ends early when the runtime does; a panic in one is passed on.
fn broken_off(error: JoinError) -> AuthError {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => AuthError::Ending,
    }
}
