//! How a request's body reaches Hasura: over HTTP.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, Url};
use secrecy::ExposeSecret;

use crate::auth::access::AccessToken;
use crate::auth::error::Kind;
use crate::graphql::answer::{self, plain};
use crate::http::{self, HttpError};
use crate::sync::remote::RemoteError;

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// How long the server asked to be left alone.
    pub retry_after: Option<Duration>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Takes a request to Hasura and brings its answer back. [`Http`] is the one
/// that programs use; everything above it, operations and the reading of
/// answers, can be proven over another.
#[expect(
    async_fn_in_trait,
    reason = "callers are generic and run on one thread"
)]
pub trait Transport {
    /// The endpoint's address, as configured.
    fn endpoint(&self) -> &str;

    /// Host and port, to name the server in messages.
    fn host(&self) -> &str;

    /// Posts a JSON `body` with this token, and reads an answer of at most
    /// `limit` bytes.
    ///
    /// # Errors
    ///
    /// When no whole answer came, whatever its status would have been; see
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
    /// Posts to `endpoint`, and gives a request up after `limit`.
    ///
    /// # Errors
    ///
    /// When the system's certificates cannot be loaded.
    pub(super) fn new(endpoint: Url, limit: Duration) -> Result<Self, HttpError> {
        Ok(Self {
            client: http::client_within(&endpoint, limit)?,
            host: host_of(&endpoint),
            endpoint,
        })
    }

    /// The endpoint's address.
    pub(super) const fn url(&self) -> &Url {
        &self.endpoint
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
        RemoteError::ConnectionLost {
            host: self.host.clone(),
            message: cause(error),
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
        let mut response = self
            .client
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

/// Host and port, to name the server in messages.
fn host_of(endpoint: &Url) -> String {
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
