//! Refresh of a stored session by a separate process.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::task::spawn_blocking;

use super::{StoredSession, join_error};
use crate::auth::access::AccessToken;
use crate::auth::error::AuthError;
use crate::auth::session::LOCK_LIMIT;
use crate::auth::session::in_flight::InFlightGuard;
use crate::auth::session::refresh_process::{
    RefreshFailure, RefreshOutcome, RefreshProcess, outcome_file, starting_lock,
};
use crate::auth::transport_error::TransportError;
use crate::http::RequestFailure;
use crate::os::file_lock::FileLock;

/// The time limit of a refresh in a separate process.
const PROCESS_LIMIT: Duration = Duration::from_mins(1);
// Such a process holds the lock that others wait for.
const _: () = assert!(LOCK_LIMIT.as_secs() > PROCESS_LIMIT.as_secs());

impl StoredSession {
    /// Refreshes by another process, and reads the token that it stored. `None`
    /// when no process could be started, or it left neither token nor outcome:
    /// it was killed, or the token is too long for the store.
    pub(super) async fn fetch_by_process(
        &self,
        process: &RefreshProcess,
        refused: Option<&SecretString>,
    ) -> Result<Option<AccessToken>, AuthError> {
        // One process at a time starts another, and none while one refreshes
        // that was started by a process which has ended.
        let _starting = FileLock::acquire(&starting_lock(&self.lock), LOCK_LIMIT).await?;
        let lock = FileLock::acquire(&self.lock, LOCK_LIMIT).await?;
        if let Some(token) = self.stored_access(refused).await? {
            return Ok(Some(token));
        }
        self.refresh_token().await?.ok_or(AuthError::LoggedOut)?;
        if let Some(refused) = refused.cloned() {
            // The other process must not take it for usable.
            self.with_store(move |stored| stored.delete_access_of(&refused))
                .await?;
        }
        drop(lock);
        let _refreshing = InFlightGuard::new(&self.in_flight.issuer);
        let mut child = match process.start() {
            Ok(child) => child,
            Err(error) => {
                tracing::info!("no process can be started, so this one refreshes: {error}");
                return Ok(None);
            }
        };
        tracing::info!("refreshing the login by process {}", child.id());
        let ended = spawn_blocking(move || child.wait());
        let has_recorded = match ended.await {
            Ok(status) => status.is_ok_and(|status| status.success()),
            Err(e) => return Err(join_error(e)),
        };
        let outcome = RefreshOutcome::read(&outcome_file(&self.lock)).filter(|_| has_recorded);
        match outcome.as_ref().map(|outcome| &outcome.failure) {
            Some(None) => tracing::info!("the login is refreshed"),
            Some(Some(failure)) => tracing::info!("the login is not refreshed: {failure}"),
            None => {
                tracing::info!("the refresh ended without an outcome, so this process refreshes");
            }
        }
        match outcome.map(|outcome| outcome.failure) {
            Some(None) => {
                // The token that was just stored, however short its life.
                let is_new =
                    |token: &AccessToken| !refused.is_some_and(|refused| token.is(refused));
                self.stored_access_if(is_new).await
            }
            failed => match (self.stored_access(refused).await?, failed.flatten()) {
                (Some(token), _) => Ok(Some(token)),
                (None, Some(failure)) => Err(failure.into()),
                (None, None) => Ok(None),
            },
        }
    }

    /// Refreshes if necessary, within 60 s, and records the outcome.
    pub(in crate::auth::session) async fn refresh_and_record(self: &Arc<Self>) -> io::Result<()> {
        let path = outcome_file(&self.lock);
        if let Some(last) = RefreshOutcome::read(&path) {
            self.state.lock().await.answer_was_lost = last.answer_was_lost;
        }
        let refreshed = tokio::time::timeout(PROCESS_LIMIT, self.token(None)).await;
        let answer_was_lost = if refreshed.is_err() {
            self.exchange.try_lock().is_err()
        } else {
            self.state.lock().await.answer_was_lost
        };
        let error = refreshed.unwrap_or_else(|_| Err(self.no_answer())).err();
        let outcome = RefreshOutcome {
            answer_was_lost,
            failure: error.as_ref().map(RefreshFailure::of),
        };
        outcome.write(&path)
    }

    fn no_answer(&self) -> AuthError {
        AuthError::Transport(TransportError::Unreachable {
            host: self.connection.issuer.clone(),
            reason: RequestFailure::Timeout,
        })
    }
}
