//! Transport of requests to Hasura over HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret;

use crate::auth::access::AccessToken;
use crate::auth::error::AuthError;
use crate::http::{self, BodyError, HttpError, RequestFailure};
use crate::sync::remote::RemoteError;

/// A received HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The pause the server asked for.
    pub retry_after: Option<Duration>,
    /// The complete body.
    pub body: Vec<u8>,
}

/// A transport of requests to Hasura. Programs use [`Http`]; tests replace it to
/// test operations and the parsing of answers.
#[expect(
    async_fn_in_trait,
    reason = "callers are generic and run on one thread"
)]
pub trait Transport {
    /// The endpoint's address, as configured.
    fn endpoint(&self) -> &str;

    /// Host and port, to name the server in messages.
    fn host(&self) -> &str;

    /// Posts a JSON `body` with `token`, and reads an answer of at most `limit`
    /// bytes.
    ///
    /// # Errors
    ///
    /// When no complete response was received, of any status; see
    /// [`RemoteError::may_have_arrived`].
    async fn post(
        &self,
        body: Vec<u8>,
        token: &AccessToken,
        limit: usize,
    ) -> Result<Received, RemoteError>;
}

/// HTTP to one endpoint.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    endpoint: Url,
    host: String,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Http {
    /// Creates a transport to `endpoint` with the time limit `limit` per request.
    ///
    /// # Errors
    ///
    /// When the system's certificates cannot be loaded.
    pub(super) fn new(endpoint: Url, limit: Duration) -> Result<Self, HttpError> {
        Ok(Self {
            client: http::client_within(&endpoint, limit)?,
            host: http::authority(&endpoint),
            endpoint,
        })
    }

    /// The address of the endpoint.
    pub(super) const fn url(&self) -> &Url {
        &self.endpoint
    }

    /// Maps a failed request by whether it may have arrived.
    fn failure(&self, error: &reqwest::Error) -> RemoteError {
        if error.is_connect() || error.is_builder() {
            return RemoteError::Unreachable {
                host: self.host.clone(),
                reason: RequestFailure::of(error),
            };
        }
        self.lost(error)
    }

    fn lost(&self, error: &reqwest::Error) -> RemoteError {
        RemoteError::ConnectionLost {
            host: self.host.clone(),
            reason: RequestFailure::of(error),
        }
    }
}

impl Transport for Http {
    fn endpoint(&self) -> &str {
        self.endpoint.as_str()
    }

    fn host(&self) -> &str {
        &self.host
    }

    async fn post(
        &self,
        body: Vec<u8>,
        token: &AccessToken,
        limit: usize,
    ) -> Result<Received, RemoteError> {
        let request = self
            .client
            .post(self.endpoint.clone())
            .header(AUTHORIZATION, bearer(token)?)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let response = http::send(request)
            .await
            .map_err(|error| self.failure(&error))?;
        let retry_after = http::retry_after(response.headers(), Timestamp::now());
        let status = response.status().as_u16();
        let body = http::body(response, limit)
            .await
            .map_err(|error| match error {
                BodyError::Broken(error) => self.lost(&error),
                BodyError::TooLarge { limit } => RemoteError::TooLarge {
                    host: self.host.clone(),
                    limit,
                },
            })?;
        Ok(Received {
            status,
            retry_after,
            body,
        })
    }
}

/// Builds the `Authorization` header, marked as sensitive.
fn bearer(token: &AccessToken) -> Result<HeaderValue, RemoteError> {
    let text = format!("Bearer {}", token.secret.expose_secret());
    let mut value = HeaderValue::try_from(text).map_err(|_| RemoteError::NoToken {
        source: Arc::new(AuthError::InvalidToken),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
