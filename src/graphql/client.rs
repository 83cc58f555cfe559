//! One request to Hasura: sent with a token of the session, and once more
//! with a renewed one where that helps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::auth::access::AccessToken;
use crate::auth::error::AuthError;
use crate::auth::session::Session;
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
pub(super) struct Client<T> {
    pub(super) transport: T,
    pub(super) session: Session,
    /// Whether there was a good answer yet. Shared by all clones.
    answered: Arc<AtomicBool>,
}

impl<T: Transport> Client<T> {
    /// Sends over `transport` with the tokens of `session`.
    pub(super) fn new(transport: T, session: Session) -> Self {
        Self {
            transport,
            session,
            answered: Arc::default(),
        }
    }

    /// The endpoint's address.
    pub(super) fn endpoint(&self) -> &str {
        self.transport.endpoint()
    }

    /// Returns whether there was a good answer yet.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Sends `call` with a token of the session. A token that is refused
    /// (`invalid-jwt`: keys may just have been rotated) is renewed once.
    ///
    /// # Errors
    ///
    /// See [`RemoteError`].
    pub(super) async fn call<C: Call>(&self, call: &C) -> Result<C::Answer, RemoteError> {
        let token = self.session.bearer().await.map_err(|e| no_token(&e))?;
        let refused = match self.call_with(call, &token).await {
            Err(error @ RemoteError::Unauthorized { .. }) if error.code() == "invalid-jwt" => error,
            outcome => return outcome,
        };
        match self.session.renewed(&token).await {
            Ok(renewed) => self.call_with(call, &renewed).await,
            Err(error) if error.retryable() => Err(no_token(&error)),
            // Nothing better can be had: what the server said is the news.
            Err(_) => Err(refused),
        }
    }

    /// Sends `call` with this token and no other.
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
        let answer = self.understand(call, &received);
        if answer.is_ok() {
            return answer;
        }
        // What is told of a failure must not repeat the token.
        received.body = without(&received.body, &token.secret);
        self.understand(call, &received)
    }

    fn understand<C: Call>(&self, call: &C, received: &Received) -> Result<C::Answer, RemoteError> {
        let host = self.transport.host();
        self.read(call, answer::read(received, host)?)
    }

    /// What `data` of a good answer says.
    pub(super) fn read<C: Call>(&self, call: &C, data: C::Data) -> Result<C::Answer, RemoteError> {
        self.answered.store(true, Ordering::Relaxed);
        call.read(data)
            .map_err(|message| RemoteError::InvalidResponse {
                host: self.transport.host().to_owned(),
                message: sanitize::message(&message),
            })
    }
}

impl Client<Http> {
    /// Opens a live connection; a token that is not accepted is renewed once.
    ///
    /// # Errors
    ///
    /// See [`LiveError`].
    pub(super) async fn doorbell(&self) -> Result<Doorbell, LiveError> {
        let no_token = |error: &AuthError| LiveError::NoToken {
            message: error.to_string(),
            logged_out: error.needs_login(),
        };
        let endpoint = self.transport.url();
        let token = self.session.bearer().await.map_err(|e| no_token(&e))?;
        let refused = match Doorbell::open(endpoint, &token).await {
            Err(error @ LiveError::Unauthorized { .. }) => error,
            outcome => return outcome,
        };
        match self.session.renewed(&token).await {
            Ok(renewed) => Doorbell::open(endpoint, &renewed).await,
            Err(error) if error.retryable() => Err(no_token(&error)),
            Err(_) => Err(refused),
        }
    }
}

/// A request that cannot be written as JSON.
pub(super) fn unwritable(error: &serde_json::Error) -> RemoteError {
    RemoteError::Refused {
        code: "invalid-json".to_owned(),
        message: error.to_string(),
    }
}

/// No token could be had, and why.
pub(super) fn no_token(error: &AuthError) -> RemoteError {
    RemoteError::NoToken {
        message: error.to_string(),
        help: error.help(),
        kind: error.kind(),
    }
}
