//! Sends request bodies to Hasura over HTTP.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret;

use crate::auth::access::AccessToken;
use crate::auth::error::Kind;
use crate::http::{self, BodyError, HttpError};
use crate::sync::remote::RemoteError;

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The pause the server asked for.
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

    /// A request that failed: without a connection nothing can have arrived,
    /// after that anything can.
    fn failure(&self, error: &reqwest::Error) -> RemoteError {
        if error.is_connect() || error.is_builder() {
            return RemoteError::Unreachable {
                host: self.host.clone(),
                message: http::reason(error),
            };
        }
        self.lost(error)
    }

    fn lost(&self, error: &reqwest::Error) -> RemoteError {
        RemoteError::ConnectionLost {
            host: self.host.clone(),
            message: http::reason(error),
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
        let response = self
            .client
            .post(self.endpoint.clone())
            .header(AUTHORIZATION, bearer(token)?)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
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
