//! The Management API: one request at a time, within the rate limit of the free plan.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::http::{self, RequestFailure, retry_after};
use crate::setup::auth0::Auth0Error;
use crate::text::redact::{text_without, without};
use crate::text::sanitize::message as plain;

/// The pause between two requests: the free plan allows two per second.
const REQUEST_INTERVAL: Duration = Duration::from_millis(550);
/// The pause after a 429 without `Retry-After`.
const DEFAULT_PAUSE: Duration = Duration::from_secs(2);
/// The longest accepted pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The number of retries after a 429.
const RETRIES: u32 = 5;
/// The size limit of an answer, in bytes.
const SIZE_LIMIT: usize = 8 << 20;
/// The page size: the largest that every list accepts.
const PAGE: usize = 50;
/// The maximum number of pages of a list.
const MOST_PAGES: usize = 200;

/// A tenant's Management API with a token for it.
pub struct Management {
    client: Client,
    tenant: Url,
    token: SecretString,
    /// A secret in requests, which no error repeats.
    hidden: Option<SecretString>,
    interval: Duration,
    next_at: Mutex<Option<Instant>>,
}

impl fmt::Debug for Management {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Management")
            .field("tenant", &self.host())
            .finish_non_exhaustive()
    }
}

impl Management {
    /// Creates a client for `tenant` (see [`tenant`](super::tenant)).
    ///
    /// # Errors
    ///
    /// When no HTTP client can be built.
    pub fn new(tenant: Url, token: SecretString) -> Result<Self, Auth0Error> {
        Ok(Self {
            client: http::client(&tenant)?,
            tenant,
            token,
            hidden: None,
            interval: REQUEST_INTERVAL,
            next_at: Mutex::new(None),
        })
    }

    /// Hides `secret`, which later requests contain, in their errors.
    pub fn hide(&mut self, secret: SecretString) {
        self.hidden = Some(secret);
    }

    /// The issuer: the tenant's address, with its slash.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.tenant.as_str()
    }

    /// The tenant's host, and port where it has one.
    #[must_use]
    pub fn host(&self) -> String {
        crate::http::authority(&self.tenant)
    }

    /// Reads one object.
    ///
    /// # Errors
    ///
    /// See [`Auth0Error`].
    pub async fn get(&self, path: &str) -> Result<Value, Auth0Error> {
        self.send(&Method::GET, path, &[], None).await
    }

    /// Reads a complete list, page by page. `name` is the member of the answer that contains it.
    ///
    /// # Errors
    ///
    /// See [`Auth0Error`].
    pub async fn list(
        &self,
        path: &str,
        query: &[(&str, &str)],
        name: &str,
    ) -> Result<Vec<Value>, Auth0Error> {
        let mut found = Vec::new();
        let size = PAGE.to_string();
        for page in 0..MOST_PAGES {
            let number = page.to_string();
            let mut query = query.to_vec();
            query.extend([("page", number.as_str()), ("per_page", &size)]);
            let answer = self.send(&Method::GET, path, &query, None).await?;
            let rows = answer.get(name).and_then(Value::as_array);
            let rows = rows.ok_or_else(|| self.malformed(&Method::GET, path, 200))?;
            found.extend(rows.iter().cloned());
            let total = answer.get("total").and_then(Value::as_u64);
            let is_last = match total {
                Some(total) => u64::try_from(found.len()).is_ok_and(|count| count >= total),
                None => rows.len() < PAGE,
            };
            if is_last || rows.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Creates an object and returns it.
    ///
    /// # Errors
    ///
    /// See [`Auth0Error`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Auth0Error> {
        self.send(&Method::POST, path, &[], Some(body)).await
    }

    /// Changes an object and returns it.
    ///
    /// # Errors
    ///
    /// See [`Auth0Error`].
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, Auth0Error> {
        self.send(&Method::PATCH, path, &[], Some(body)).await
    }

    /// Starts the deployment of an Action.
    ///
    /// # Errors
    ///
    /// See [`Auth0Error`].
    pub async fn deploy(&self, action: &str) -> Result<(), Auth0Error> {
        let path = format!("actions/actions/{action}/deploy");
        self.send(&Method::POST, &path, &[], None).await?;
        Ok(())
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Auth0Error> {
        let mut tries = 0;
        loop {
            self.wait_for_turn().await;
            let (status, pause, bytes) = self.send_once(method, path, query, body).await?;
            if status != StatusCode::TOO_MANY_REQUESTS {
                return self.read(method, path, status, &bytes);
            }
            tries += 1;
            if tries > RETRIES {
                return Err(Auth0Error::RateLimited { host: self.host() });
            }
            let pause = pause.unwrap_or(DEFAULT_PAUSE).min(LONGEST_PAUSE);
            tracing::info!(?pause, "the tenant is rate limiting requests");
            tokio::time::sleep(pause.max(self.interval)).await;
        }
    }

    /// Waits until the next request may be sent.
    async fn wait_for_turn(&self) {
        let mut next_at = self.next_at.lock().await;
        if let Some(at) = *next_at {
            tokio::time::sleep_until(at).await;
        }
        *next_at = Some(Instant::now() + self.interval);
    }

    async fn send_once(
        &self,
        method: &Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<(StatusCode, Option<Duration>, Vec<u8>), Auth0Error> {
        let unreachable = |reason| Auth0Error::Unreachable {
            host: self.host(),
            reason,
        };
        let url = format!("{}api/v2/{path}", self.tenant);
        let mut request = self
            .client
            .request(method.clone(), url)
            .header(AUTHORIZATION, self.bearer()?)
            .query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = http::send(request)
            .await
            .map_err(|error| unreachable(RequestFailure::of(&error)))?;
        let status = response.status();
        let pause = retry_after(response.headers(), Timestamp::now());
        let bytes = http::body(response, SIZE_LIMIT)
            .await
            .map_err(|error| unreachable(RequestFailure::Other(error.to_string())))?;
        Ok((status, pause, without(&bytes, &self.token)))
    }

    fn bearer(&self) -> Result<HeaderValue, Auth0Error> {
        let text = format!("Bearer {}", self.token.expose_secret());
        let mut value = HeaderValue::from_str(&text).map_err(|_| Auth0Error::Unauthorized {
            host: self.host(),
            message: "it contains characters that a header must not contain".to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn read(
        &self,
        method: &Method,
        path: &str,
        status: StatusCode,
        bytes: &[u8],
    ) -> Result<Value, Auth0Error> {
        let json: Option<Value> = serde_json::from_slice(bytes).ok();
        if status.is_success() {
            let empty = bytes.is_empty() || status == StatusCode::NO_CONTENT;
            let malformed = || self.malformed(method, path, status.as_u16());
            return if empty {
                Ok(Value::Null)
            } else {
                json.ok_or_else(malformed)
            };
        }
        let member = |name: &str| {
            let text = json.as_ref().and_then(|json| json.get(name)?.as_str());
            text.map(|text| match &self.hidden {
                Some(secret) => plain(&text_without(text, secret)),
                None => plain(text),
            })
        };
        let host = self.host();
        if status.is_server_error() {
            let status = status.as_u16();
            return Err(Auth0Error::Server { host, status });
        }
        let Some(message) = member("message") else {
            return Err(self.malformed(method, path, status.as_u16()));
        };
        Err(match status {
            StatusCode::UNAUTHORIZED => Auth0Error::Unauthorized { host, message },
            StatusCode::FORBIDDEN => Auth0Error::Scope { message },
            _ => Auth0Error::Refused {
                host,
                what: format!("{method} {path}"),
                message,
            },
        })
    }

    fn malformed(&self, method: &Method, path: &str, status: u16) -> Auth0Error {
        Auth0Error::Malformed {
            host: self.host(),
            what: format!("{method} {path}"),
            status,
        }
    }
}
