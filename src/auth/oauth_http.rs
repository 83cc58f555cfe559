//! The bridge from `oauth2` to our HTTP client.
//!
//! `oauth2` ends a login at the first answer it cannot read and hides what
//! the network says. So this side sorts the answers: what says yes or no goes
//! on to `oauth2`, everything else is a [`TransportError`], which makes it wait and
//! ask again. The last one of either is there to be looked at.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use oauth2::http::header::{CONTENT_TYPE, HeaderMap};
use oauth2::http::{HeaderValue, Response, StatusCode};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::Client;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::watch;

use crate::auth::normalize;
use crate::auth::transport_error::TransportError;
use crate::http::{self, BodyError};
use crate::text::redact::without;

/// The most read of an answer, in bytes. A token answer has a few thousand.
pub(crate) const LARGEST_ANSWER: usize = 256 * 1024;

/// What the issuer last said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Nothing yet.
    None,
    /// A token, or whatever else has no `error`.
    Success,
    /// A JSON `error`.
    Error(String),
    /// Neither yes nor no.
    TransportError(TransportError),
}

/// An HTTP client as `oauth2` wants it.
#[derive(Debug)]
pub(crate) struct Bridge {
    client: Client,
    /// What the requests carry, and no error of the issuer may repeat.
    secret: SecretString,
    last: watch::Sender<Reply>,
    refresh_token: Mutex<Option<SecretString>>,
}

impl Bridge {
    /// Sends requests that carry `secret` with `client`.
    pub(crate) fn new(client: Client, secret: SecretString) -> Self {
        Self {
            client,
            secret,
            last: watch::Sender::new(Reply::None),
            refresh_token: Mutex::new(None),
        }
    }

    /// What the issuer last said.
    pub(crate) fn last(&self) -> Reply {
        self.last.borrow().clone()
    }

    /// The refresh token of the last successful answer, also of one that
    /// `oauth2` refuses for another member.
    pub(crate) fn refresh_token(&self) -> Option<SecretString> {
        let token = self.refresh_token.lock();
        token.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut sorted = send(&self.client, request).await;
        if let Ok(Answer {
            error: Some(_),
            body,
        }) = &mut sorted
        {
            *body = without(body, &self.secret);
        }
        if let Ok(Answer { error: None, body }) = &sorted {
            let object = normalize::object(body);
            let token =
                object.and_then(|object| Some(object.get("refresh_token")?.as_str()?.into()));
            *self
                .refresh_token
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = token;
        }
        let reply = match &sorted {
            Ok(answer) => answer.error.clone().map_or(Reply::Success, Reply::Error),
            Err(trouble) => Reply::TransportError(trouble.clone()),
        };
        tracing::debug!(?reply, "the issuer answered");
        self.last.send_replace(reply);
        sorted.map(Answer::into_response)
    }
}

impl<'c> AsyncHttpClient<'c> for Bridge {
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}

/// A JSON object from the issuer.
struct Answer {
    error: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    /// The status follows the body: issuers disagree on the status (200, 400,
    /// 403, 429), only the `error` member decides.
    fn into_response(self) -> HttpResponse {
        let mut response = Response::new(self.body);
        *response.status_mut() = if self.error.is_some() {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

async fn send(client: &Client, request: HttpRequest) -> Result<Answer, TransportError> {
    let host = request.uri().authority().map_or_else(
        || "the issuer".to_owned(),
        |authority| authority.as_str().to_owned(),
    );
    let unsent = |reason: String| TransportError::Unreachable {
        host: host.clone(),
        reason,
    };
    let request = reqwest::Request::try_from(request).map_err(|e| unsent(http::reason(&e)))?;
    let response = client.execute(request).await.map_err(|e| lost(&host, &e))?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = http::body(response, LARGEST_ANSWER)
        .await
        .map_err(|e| match e {
            BodyError::Broken(e) => TransportError::ConnectionLost {
                host: host.clone(),
                reason: http::reason(&e),
            },
            BodyError::TooLarge { limit } => TransportError::TooLarge {
                host: host.clone(),
                limit,
            },
        })?;
    sort(host, status, &headers, &body)
}

/// What a failed request means for whether it arrived.
pub(crate) fn lost(host: &str, error: &reqwest::Error) -> TransportError {
    let (host, reason) = (host.to_owned(), http::reason(error));
    if error.is_connect() || error.is_builder() {
        TransportError::Unreachable { host, reason }
    } else {
        TransportError::ConnectionLost { host, reason }
    }
}

/// Sorts an answer into one that says yes or no, and trouble.
fn sort(
    host: String,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer, TransportError> {
    let object = normalize::object(body);
    let error = object
        .as_ref()
        .and_then(|object| object.get("error")?.as_str())
        .map(str::to_owned);
    let decides = match (&object, error.as_deref()) {
        (None, _) => false,
        (Some(_), None) => (200..300).contains(&status),
        (Some(_), Some(error)) => says_no(error) || !(status == 429 || status >= 500),
    };
    if let Some(object) = object
        && decides
        && !error.as_deref().is_some_and(is_passing)
    {
        let body = Value::Object(object).to_string().into_bytes();
        return Ok(Answer { error, body });
    }
    let retry_after = http::retry_after(headers, Timestamp::now());
    Err(match status {
        429 => TransportError::RateLimited { host, retry_after },
        500.. => TransportError::Broken {
            host,
            status,
            retry_after,
        },
        _ if error.is_some() => TransportError::Broken {
            host,
            status,
            retry_after,
        },
        _ => TransportError::InvalidResponse { host, status },
    })
}

/// Errors that mean what they say whatever the status.
fn says_no(error: &str) -> bool {
    matches!(
        error,
        "authorization_pending"
            | "slow_down"
            | "access_denied"
            | "expired_token"
            | "invalid_grant"
            | "invalid_client"
            | "invalid_request"
            | "invalid_scope"
            | "invalid_target"
            | "unauthorized_client"
            | "unsupported_grant_type"
            | "mfa_required"
    )
}

/// Errors that pass by themselves.
fn is_passing(error: &str) -> bool {
    matches!(
        error,
        "temporarily_unavailable" | "server_error" | "too_many_requests"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(status: u16, body: &str) -> Result<Option<String>, TransportError> {
        sort("h".to_owned(), status, &HeaderMap::new(), body.as_bytes()).map(|answer| answer.error)
    }

    #[test]
    fn the_error_member_decides_whatever_the_status() {
        for status in [200, 400, 403, 429, 503] {
            for error in ["authorization_pending", "slow_down", "expired_token"] {
                let body = format!("{{\"error\":\"{error}\"}}");
                assert_eq!(
                    sorted(status, &body),
                    Ok(Some(error.to_owned())),
                    "{status}"
                );
            }
        }
    }

    #[test]
    fn a_rate_limit_is_not_slow_down() {
        let limited = Err(TransportError::RateLimited {
            host: "h".to_owned(),
            retry_after: None,
        });
        assert_eq!(sorted(429, r#"{"error":"too_many_requests"}"#), limited);
        assert_eq!(sorted(429, r#"{"error":"whatever"}"#), limited);
        assert_eq!(sorted(429, "Too many requests"), limited);
        assert_eq!(sorted(429, ""), limited);
    }

    #[test]
    fn pages_and_server_errors_are_trouble() {
        assert!(matches!(
            sorted(502, "<html>"),
            Err(TransportError::Broken { status: 502, .. })
        ));
        assert!(matches!(
            sorted(500, r#"{"error":"unknown"}"#),
            Err(TransportError::Broken { .. })
        ));
        assert!(matches!(
            sorted(400, r#"{"error":"temporarily_unavailable"}"#),
            Err(TransportError::Broken { .. })
        ));
        for body in ["<html>", "", "[]", "\"text\"", "{\"half"] {
            assert!(
                matches!(
                    sorted(200, body),
                    Err(TransportError::InvalidResponse { status: 200, .. })
                ),
                "{body}"
            );
        }
    }
}
