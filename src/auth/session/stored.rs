//! A session whose tokens are in the credential store.

mod by_process;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::{JoinError, spawn_blocking};

use super::LOCK_LIMIT;
use super::in_flight::{Awaited, InFlight, InFlightGuard};
use super::refresh_process::RefreshProcess;
use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::credential_store::CredentialStoreError;
use crate::auth::error::AuthError;
use crate::auth::inspect::Inspected;
use crate::auth::oauth;
use crate::auth::refresh::{RefreshError, Refreshed, TokenEndpoint};
use crate::auth::revoke::revoke_unused;
use crate::auth::stored_login::{StoredAccessToken, StoredLogin, StoredRefreshToken};
use crate::auth::time_scale::TimeScale;
use crate::os::file_lock::FileLock;

/// A session whose tokens are in the credential store.
#[derive(Debug)]
pub(super) struct StoredSession {
    connection: Connection,
    stored: StoredLogin,
    lock: PathBuf,
    sub: Option<String>,
    time_scale: TimeScale,
    memory: Mutex<Option<AccessToken>>,
    /// The ID token of the last refresh in this process.
    id_token: Mutex<Option<SecretString>>,
    state: tokio::sync::Mutex<RefreshState>,
    /// Held from before a refresh token is sent until its successor is stored.
    exchange: tokio::sync::Mutex<()>,
    in_flight: InFlight,
    /// The process that refreshes; `None` where this one does.
    refresh_process: Option<RefreshProcess>,
}

/// State guarded by the refresh lock.
#[derive(Debug, Default)]
struct RefreshState {
    endpoint: Option<TokenEndpoint>,
    /// Whether an answer to a refresh was lost since the last good one.
    answer_was_lost: bool,
    /// Tokens that the store failed to save.
    unsaved: Option<UnsavedTokens>,
}

/// Tokens that the store failed to save.
#[derive(Debug, Clone)]
struct UnsavedTokens {
    /// The refresh token that was exchanged for them.
    replaces: SecretString,
    refresh: StoredRefreshToken,
    /// `None` where that part of the answer was invalid.
    access: Option<StoredAccessToken>,
}

impl StoredSession {
    pub(super) fn new(
        connection: Connection,
        stored: StoredLogin,
        lock: PathBuf,
        sub: Option<String>,
        time_scale: TimeScale,
    ) -> Self {
        Self {
            connection,
            stored,
            lock,
            sub,
            time_scale,
            memory: Mutex::default(),
            id_token: Mutex::default(),
            state: tokio::sync::Mutex::default(),
            exchange: tokio::sync::Mutex::default(),
            in_flight: InFlight::default(),
            refresh_process: None,
        }
    }

    /// The same login, not yet used, refreshed by `process`.
    pub(super) fn refreshed_by(&self, process: RefreshProcess) -> Self {
        let mut session = Self::new(
            self.connection.clone(),
            self.stored.clone(),
            self.lock.clone(),
            self.sub.clone(),
            self.time_scale,
        );
        session.refresh_process = Some(process);
        session
    }

    pub(super) fn awaited(&self) -> Option<Awaited> {
        self.in_flight.awaited()
    }

    /// Waits until no refresh token is being exchanged.
    pub(super) async fn wait_for_exchange(&self) {
        drop(self.exchange.lock().await);
    }

    pub(super) fn id_token(&self) -> Option<SecretString> {
        let id_token = self.id_token.lock();
        id_token.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns a fresh token other than `refused`. Dropping the future does not
    /// cancel a started refresh.
    pub(super) async fn token(
        self: &Arc<Self>,
        refused: Option<SecretString>,
    ) -> Result<AccessToken, AuthError> {
        if let Some(token) = self.remembered(refused.as_ref()) {
            return Ok(token);
        }
        let session = Arc::clone(self);
        tokio::spawn(async move { session.fetch(refused).await })
            .await
            .unwrap_or_else(|e| Err(join_error(e)))
    }

    fn remembered(&self, refused: Option<&SecretString>) -> Option<AccessToken> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.clone().filter(|token| is_usable(token, refused))
    }

    fn remember(&self, token: Option<AccessToken>) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    async fn fetch(&self, refused: Option<SecretString>) -> Result<AccessToken, AuthError> {
        let mut state = self.state.lock().await;
        if let Some(token) = self.remembered(refused.as_ref()) {
            return Ok(token);
        }
        // A usable stored token makes waiting for the lock file unnecessary.
        if state.unsaved.is_none()
            && let Some(token) = self.stored_access(refused.as_ref()).await?
        {
            return Ok(token);
        }
        if let Some(process) = &self.refresh_process
            && state.unsaved.is_none()
        {
            match self.fetch_by_process(process, refused.as_ref()).await {
                Ok(Some(token)) => return Ok(token),
                Ok(None) => {}
                Err(error) => {
                    if error.needs_login() {
                        self.remember(None);
                    }
                    return Err(error);
                }
            }
        }
        let _lock = FileLock::acquire(&self.lock, LOCK_LIMIT).await?;
        let _refreshing = InFlightGuard::new(&self.in_flight.issuer);
        self.save_unsaved(&mut state).await?;
        if let Some(token) = self.stored_access(refused.as_ref()).await? {
            return Ok(token);
        }
        tracing::info!("refreshing the login");
        let refreshed = self.refresh(&mut state).await;
        if matches!(&refreshed, Err(error) if error.needs_login()) {
            self.remember(None);
        }
        refreshed
    }

    /// Returns the stored access token if it is usable.
    async fn stored_access(
        &self,
        refused: Option<&SecretString>,
    ) -> Result<Option<AccessToken>, AuthError> {
        self.stored_access_if(|token| is_usable(token, refused))
            .await
    }

    /// Returns the stored access token if it is `wanted`.
    async fn stored_access_if(
        &self,
        wanted: impl Fn(&AccessToken) -> bool,
    ) -> Result<Option<AccessToken>, AuthError> {
        let Some(found) = self.with_store(StoredLogin::access).await? else {
            return Ok(None);
        };
        self.check_user(&found.sub)?;
        if !wanted(&found.token) {
            return Ok(None);
        }
        self.remember(Some(found.token.clone()));
        Ok(Some(found.token))
    }

    /// Refreshes under the lock file. After `invalid_grant`, tries once more with
    /// another refresh token that a process without the lock may have stored.
    async fn refresh(&self, state: &mut RefreshState) -> Result<AccessToken, AuthError> {
        let mut current = self.refresh_token().await?.ok_or(AuthError::LoggedOut)?;
        let endpoint = self.endpoint(state).await?;
        self.with_store(StoredLogin::check_writable).await?;
        let _exchange = self.exchange.lock().await;
        for is_last in [false, true] {
            let lost = &mut state.answer_was_lost;
            let exchanged =
                endpoint.refresh(&self.connection, &current.token, self.time_scale, lost);
            let description = match exchanged.await {
                Ok(refreshed) => return self.save(state, current, refreshed).await,
                Err(RefreshError::Failed(error)) => return Err(error),
                Err(RefreshError::InvalidGrant { description }) => description,
            };
            let ended = AuthError::LoginEnded {
                description,
                answer_was_lost: state.answer_was_lost,
            };
            match self.refresh_token().await? {
                Some(other) if !is_same(&other.token, &current.token) && !is_last => {
                    current = other;
                }
                Some(other) if !is_same(&other.token, &current.token) => return Err(ended),
                Some(_) => {
                    self.with_store(StoredLogin::delete_tokens).await?;
                    return Err(ended);
                }
                None => return Err(ended),
            }
        }
        Err(AuthError::LoggedOut)
    }

    async fn refresh_token(&self) -> Result<Option<StoredRefreshToken>, AuthError> {
        let found = self.with_store(StoredLogin::refresh).await?;
        if let Some(found) = &found {
            self.check_user(&found.sub)?;
        }
        Ok(found)
    }

    async fn endpoint(&self, state: &mut RefreshState) -> Result<TokenEndpoint, AuthError> {
        if let Some(endpoint) = &state.endpoint {
            return Ok(endpoint.clone());
        }
        let endpoint = TokenEndpoint::discover(&self.connection).await?;
        Ok(state.endpoint.insert(endpoint).clone())
    }

    /// Stores the tokens of a refresh, the refresh token first.
    async fn save(
        &self,
        state: &mut RefreshState,
        used: StoredRefreshToken,
        refreshed: Refreshed,
    ) -> Result<AccessToken, AuthError> {
        state.answer_was_lost = false;
        *self.id_token.lock().unwrap_or_else(PoisonError::into_inner) = refreshed.id_token;
        let access = refreshed.access.and_then(|token| {
            let sub = Inspected::read(&token.secret)
                .text("sub")
                .map(str::to_owned);
            match sub {
                Some(sub) if sub != used.sub => Err(oauth::malformed(
                    "the new access token belongs to another user",
                )),
                _ => Ok(token),
            }
        });
        state.unsaved = Some(UnsavedTokens {
            refresh: StoredRefreshToken {
                token: refreshed.rotated.unwrap_or_else(|| used.token.clone()),
                sub: used.sub.clone(),
            },
            access: access.as_ref().ok().map(|token| StoredAccessToken {
                token: token.clone(),
                sub: used.sub,
            }),
            replaces: used.token,
        });
        self.save_unsaved(state).await?;
        let token = access?;
        self.remember(Some(token.clone()));
        Ok(token)
    }

    /// Stores unsaved tokens. After a logout or another login they are not
    /// stored but revoked.
    async fn save_unsaved(&self, state: &mut RefreshState) -> Result<(), AuthError> {
        let Some(unsaved) = state.unsaved.clone() else {
            return Ok(());
        };
        let rotated = !is_same(&unsaved.refresh.token, &unsaved.replaces);
        let token = unsaved.refresh.token.clone();
        let is_current = self
            .with_store(move |stored| {
                let found = stored.refresh()?;
                if !found.is_some_and(|found| is_same(&found.token, &unsaved.replaces)) {
                    return Ok(false);
                }
                if rotated {
                    stored.set_refresh(&unsaved.refresh)?;
                }
                if let Some(access) = &unsaved.access
                    && let Err(error) = stored.set_access(access)
                {
                    // Each process then refreshes for itself, which is only slower.
                    tracing::warn!(%error, "the access token was not stored");
                }
                Ok(true)
            })
            .await?;
        state.unsaved = None;
        if rotated && !is_current {
            revoke_unused(&self.connection, &[token]).await;
        }
        Ok(())
    }

    /// Checks that a stored login of `sub` belongs to this session's user.
    fn check_user(&self, sub: &str) -> Result<(), AuthError> {
        match &self.sub {
            Some(own) if own != sub => Err(AuthError::OtherAccount),
            _ => Ok(()),
        }
    }

    /// Calls the credential store on a blocking thread.
    async fn with_store<T: Send + 'static>(
        &self,
        call: impl FnOnce(&StoredLogin) -> Result<T, CredentialStoreError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let stored = self.stored.clone();
        let _calling = InFlightGuard::new(&self.in_flight.credential_store);
        match spawn_blocking(move || call(&stored)).await {
            Ok(answer) => Ok(answer?),
            Err(e) => Err(join_error(e)),
        }
    }
}

fn is_usable(token: &AccessToken, refused: Option<&SecretString>) -> bool {
    token.is_fresh(Timestamp::now()) && !refused.is_some_and(|refused| token.is(refused))
}

fn is_same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

/// Resumes a task's panic; any other end means that the runtime is shutting down.
fn join_error(error: JoinError) -> AuthError {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => AuthError::ShuttingDown,
    }
}
