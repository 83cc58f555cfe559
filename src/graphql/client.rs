//! One request to Hasura: sent with a bearer token, read up to a limit.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, Url};
use secrecy::ExposeSecret;

use crate::auth::error::{AuthError, Kind};
use crate::auth::plain::without;
use crate::auth::session::{AccessToken, Session};
use crate::graphql::answer::{self, Received, plain};
use crate::graphql::convert::Call;
use crate::graphql::live::LiveError;
use crate::graphql::socket::Doorbell;
use crate::http::{self, HttpError};
use crate::sync::remote::RemoteError;

/// Sends operations to one endpoint with the tokens of one login.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    endpoint: Url,
    host: String,
    session: Session,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Speaks to `endpoint` with the tokens of `session`, and gives a request
    /// up after `limit`.
    ///
    /// # Errors
    ///
    /// When the system's certificates cannot be loaded.
    pub(super) fn new(endpoint: Url, session: Session, limit: Duration) -> Result<Self, HttpError> {
        Ok(Self {
            http: http::client_within(&endpoint, limit)?,
            host: host_of(&endpoint),
            endpoint,
            session,
        })
    }

    /// The endpoint's address.
    pub(super) fn endpoint(&self) -> &str {
        self.endpoint.as_str()
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
        let token = self.session.bearer().await.map_err(|e| no_token(&e))?;
        let refused = match Doorbell::open(&self.endpoint, &token).await {
            Err(error @ LiveError::Unauthorized { .. }) => error,
            outcome => return outcome,
        };
        match self.session.renewed(&token).await {
            Ok(renewed) => Doorbell::open(&self.endpoint, &renewed).await,
            Err(error) if error.retryable() => Err(no_token(&error)),
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
        let body = call.body().map_err(|error| RemoteError::Refused {
            code: "invalid-json".to_owned(),
            message: error.to_string(),
        })?;
        let mut received = self.post(body, token, call.limit()).await?;
        let answer = self.understand(call, &received);
        if answer.is_ok() {
            return answer;
        }
        // What is told of a failure must not repeat the token.
        received.body = without(&received.body, &token.secret);
        self.understand(call, &received)
    }

    fn understand<C: Call>(&self, call: &C, received: &Received) -> Result<C::Answer, RemoteError> {
        let read = answer::read(received, &self.host)?;
        call.read(read).map_err(|message| RemoteError::Garbled {
            host: self.host.clone(),
            message: plain(&message),
        })
    }

    async fn post(
        &self,
        body: Vec<u8>,
        token: &AccessToken,
        limit: usize,
    ) -> Result<Received, RemoteError> {
        let mut response = self
            .http
            .post(self.endpoint.clone())
            .header(AUTHORIZATION, bearer(token)?)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(|error| self.failure(error))?;
        let retry_after = answer::pause(response.headers(), Timestamp::now());
        let body = self.read(&mut response, limit).await?;
        Ok(Received {
            status: response.status().as_u16(),
            retry_after,
            body,
        })
    }

    /// Reads a body of at most `limit` bytes, counted after decompression.
    async fn read(&self, response: &mut Response, limit: usize) -> Result<Vec<u8>, RemoteError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(error))? {
            if body.len() + chunk.len() > limit {
                return Err(RemoteError::TooLarge {
                    host: self.host.clone(),
                    limit,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// A request that failed: without a connection nothing can have arrived,
    /// after that anything can.
    fn failure(&self, error: reqwest::Error) -> RemoteError {
        if error.is_connect() || error.is_builder() {
            return RemoteError::Unreachable {
                host: self.host.clone(),
                message: cause(error),
            };
        }
        self.lost(error)
    }

    fn lost(&self, error: reqwest::Error) -> RemoteError {
        RemoteError::Lost {
            host: self.host.clone(),
            message: cause(error),
        }
    }
}

/// The header, marked so that nothing prints it.
fn bearer(token: &AccessToken) -> Result<HeaderValue, RemoteError> {
    let text = format!("Bearer {}", token.secret.expose_secret());
    let mut value = HeaderValue::try_from(text).map_err(|_| RemoteError::NoToken {
        message: "the access token holds characters that no header may".to_owned(),
        help: "Run `tudone login`.".to_owned(),
        kind: Kind::Login,
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// No token could be had, and why.
pub(super) fn no_token(error: &AuthError) -> RemoteError {
    RemoteError::NoToken {
        message: error.to_string(),
        help: error.help(),
        kind: error.kind(),
    }
}

/// Host and port, to name the server in messages.
pub(super) fn host_of(endpoint: &Url) -> String {
    let host = endpoint.host_str().unwrap_or("the server");
    match endpoint.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What the network said: the innermost cause, without the address.
pub(super) fn cause(error: reqwest::Error) -> String {
    let timed_out = error.is_timeout();
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = plain(&innermost.to_string());
    if timed_out && !text.contains("timed out") {
        return "timed out".to_owned();
    }
    text
}
