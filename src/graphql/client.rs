//! Requests to Hasura with the tokens of a session; a rejected token is renewed
//! once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::auth::access::AccessToken;
use crate::auth::error::AuthError;
use crate::auth::session::AuthSession;
use crate::graphql::answer;
use crate::graphql::convert::Call;
use crate::graphql::live::LiveError;
use crate::graphql::socket::Doorbell;
use crate::graphql::transport::{Http, Received, Transport};
use crate::sync::remote::RemoteError;
use crate::text::redact::without;
use crate::text::sanitize;

/// Sends operations to one endpoint with the tokens of one login.
#[derive(Debug, Clone)]
pub(super) struct HasuraClient<T> {
    pub(super) transport: T,
    pub(super) session: AuthSession,
    /// Whether a GraphQL answer was received. Shared by all clones.
    answered: Arc<AtomicBool>,
}

impl<T: Transport> HasuraClient<T> {
    /// Creates a client over `transport` with the tokens of `session`.
    pub(super) fn new(transport: T, session: AuthSession) -> Self {
        Self {
            transport,
            session,
            answered: Arc::default(),
        }
    }

    /// The address of the endpoint.
    pub(super) fn endpoint(&self) -> &str {
        self.transport.endpoint()
    }

    /// Returns whether the server has sent a GraphQL answer yet.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Sends `call` with a token of the session. A rejected token (`invalid-jwt`:
    /// keys may just have been rotated) is renewed once.
    ///
    /// # Errors
    ///
    /// See [`RemoteError`].
    pub(super) async fn call<C: Call>(&self, call: &C) -> Result<C::Answer, RemoteError> {
        let token = self.session.bearer().await.map_err(no_token)?;
        let refused = match self.call_with(call, &token).await {
            Err(error @ RemoteError::Unauthorized { .. }) if error.code() == "invalid-jwt" => error,
            outcome => return outcome,
        };
        match self.session.renewed(&token).await {
            Ok(renewed) => self.call_with(call, &renewed).await,
            Err(error) if error.retryable() => Err(no_token(error)),
            // The rejection explains more than the failed renewal.
            Err(_) => Err(refused),
        }
    }

    /// Gets an access token, which the next request then uses.
    ///
    /// # Errors
    ///
    /// [`RemoteError::NoToken`].
    pub(super) async fn prepare(&self) -> Result<(), RemoteError> {
        self.session.bearer().await.map(drop).map_err(no_token)
    }

    /// Sends `call` with `token`, without renewal.
    ///
    /// # Errors
    ///
    /// See [`RemoteError`].
    pub(super) async fn call_with<C: Call>(
        &self,
        call: &C,
        token: &AccessToken,
    ) -> Result<C::Answer, RemoteError> {
        let body = call.body().map_err(|error| unwritable(&error))?;
        let mut received = self.transport.post(body, token, call.limit()).await?;
        let answer = self.parse(call, &received);
        if answer.is_ok() {
            return answer;
        }
        // An error message must not contain the token.
        received.body = without(&received.body, &token.secret);
        self.parse(call, &received)
    }

    fn parse<C: Call>(&self, call: &C, received: &Received) -> Result<C::Answer, RemoteError> {
        let host = self.transport.host();
        self.read(call, answer::read(received, host)?)
    }

    /// Parses `data` of a GraphQL answer.
    pub(super) fn read<C: Call>(&self, call: &C, data: C::Data) -> Result<C::Answer, RemoteError> {
        self.answered.store(true, Ordering::Relaxed);
        call.read(data)
            .map_err(|message| RemoteError::InvalidResponse {
                host: self.transport.host().to_owned(),
                message: sanitize::message(&message),
            })
    }
}

impl HasuraClient<Http> {
    /// Opens a live connection; a rejected token is renewed once.
    ///
    /// # Errors
    ///
    /// See [`LiveError`].
    pub(super) async fn doorbell(&self) -> Result<Doorbell, LiveError> {
        let no_token = |error: AuthError| LiveError::NoToken {
            source: Arc::new(error),
        };
        let endpoint = self.transport.url();
        let token = self.session.bearer().await.map_err(no_token)?;
        let refused = match Doorbell::open(endpoint, &token).await {
            Err(error @ LiveError::Unauthorized { .. }) => error,
            outcome => return outcome,
        };
        match self.session.renewed(&token).await {
            Ok(renewed) => Doorbell::open(endpoint, &renewed).await,
            Err(error) if error.retryable() => Err(no_token(error)),
            Err(_) => Err(refused),
        }
    }
}

/// Maps an error of writing a request as JSON.
pub(super) fn unwritable(error: &serde_json::Error) -> RemoteError {
    RemoteError::Rejected {
        code: "invalid-json".to_owned(),
        message: error.to_string(),
    }
}

pub(super) fn no_token(error: AuthError) -> RemoteError {
    RemoteError::NoToken {
        source: Arc::new(error),
    }
}
