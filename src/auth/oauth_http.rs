//! The HTTP client that `oauth2` uses.
//!
//! `oauth2` ends a login at the first answer it cannot read and hides network
//! errors. So answers are classified here: a token or an OAuth error is passed
//! on to `oauth2`; everything else is a [`TransportError`], after which it polls
//! again. The last answer can be inspected.

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
use crate::http::{self, BodyError, RequestFailure};
use crate::text::redact::{text_without, without};

/// The size limit of an answer, in bytes. A token response has a few thousand.
pub(crate) const LARGEST_ANSWER: usize = 256 * 1024;

/// The kind of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// No answer yet.
    None,
    /// A JSON object without `error`.
    Success,
    /// An OAuth `error`.
    Error(String),
    /// Neither of them.
    Failed(TransportError),
}

/// An HTTP client for `oauth2`.
#[derive(Debug)]
pub(crate) struct OAuthHttpClient {
    client: Client,
    /// The secret in the requests, redacted from errors.
    secret: SecretString,
    last: watch::Sender<Reply>,
    refresh_token: Mutex<Option<SecretString>>,
}

impl OAuthHttpClient {
    /// Sends requests that contain `secret` with `client`.
    pub(crate) fn new(client: Client, secret: SecretString) -> Self {
        Self {
            client,
            secret,
            last: watch::Sender::new(Reply::None),
            refresh_token: Mutex::new(None),
        }
    }

    /// The kind of the last answer.
    pub(crate) fn last_reply(&self) -> Reply {
        self.last.borrow().clone()
    }

    /// The refresh token of the last successful answer, also where `oauth2`
    /// rejects that answer for another member.
    pub(crate) fn refresh_token(&self) -> Option<SecretString> {
        let token = self.refresh_token.lock();
        token.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut result = send(&self.client, request).await;
        match &mut result {
            Ok(JsonAnswer { error: None, body }) => self.remember_refresh_token(body),
            Ok(JsonAnswer {
                error: Some(error),
                body,
            }) => {
                *error = text_without(error, &self.secret);
                *body = without(body, &self.secret);
            }
            Err(_) => {}
        }
        let reply = match &result {
            Ok(answer) => answer.error.clone().map_or(Reply::Success, Reply::Error),
            Err(error) => Reply::Failed(error.clone()),
        };
        tracing::debug!(?reply, "the issuer answered");
        self.last.send_replace(reply);
        result.map(JsonAnswer::into_response)
    }

    fn remember_refresh_token(&self, body: &[u8]) {
        let token = normalize::object(body)
            .and_then(|object| Some(object.get("refresh_token")?.as_str()?.into()));
        *self
            .refresh_token
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl<'c> AsyncHttpClient<'c> for OAuthHttpClient {
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}

/// A JSON object from the issuer.
struct JsonAnswer {
    error: Option<String>,
    body: Vec<u8>,
}

impl JsonAnswer {
    /// Derives the status from the body: issuers disagree on the status (200, 400,
    /// 403, 429); only the `error` member counts.
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

async fn send(client: &Client, request: HttpRequest) -> Result<JsonAnswer, TransportError> {
    let host = request.uri().authority().map_or_else(
        || "the issuer".to_owned(),
        |authority| authority.as_str().to_owned(),
    );
    let request = reqwest::Request::try_from(request).map_err(|e| transport_error(&host, &e))?;
    let response = http::execute(client, request)
        .await
        .map_err(|e| transport_error(&host, &e))?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = http::body(response, LARGEST_ANSWER)
        .await
        .map_err(|e| match e {
            BodyError::Broken(e) => TransportError::ConnectionLost {
                host: host.clone(),
                reason: RequestFailure::of(&e),
            },
            BodyError::TooLarge { limit } => TransportError::TooLarge {
                host: host.clone(),
                limit,
            },
        })?;
    classify(host, status, &headers, &body)
}

/// Maps a failed request by whether it may have arrived.
pub(crate) fn transport_error(host: &str, error: &reqwest::Error) -> TransportError {
    let (host, reason) = (host.to_owned(), RequestFailure::of(error));
    if error.is_connect() || error.is_builder() {
        TransportError::Unreachable { host, reason }
    } else {
        TransportError::ConnectionLost { host, reason }
    }
}

/// Classifies an answer as token, OAuth error or transport error.
fn classify(
    host: String,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<JsonAnswer, TransportError> {
    let object = normalize::object(body);
    let error = object
        .as_ref()
        .and_then(|object| object.get("error")?.as_str())
        .map(str::to_owned);
    let is_final = match (&object, error.as_deref()) {
        (None, _) => false,
        (Some(_), None) => (200..300).contains(&status),
        (Some(_), Some(error)) => is_oauth_error(error) || !(status == 429 || status >= 500),
    };
    if let Some(object) = object
        && is_final
        && !error.as_deref().is_some_and(is_transient)
    {
        let body = Value::Object(object).to_string().into_bytes();
        return Ok(JsonAnswer { error, body });
    }
    let retry_after = http::retry_after(headers, Timestamp::now());
    Err(match status {
        429 => TransportError::RateLimited { host, retry_after },
        500.. => TransportError::ServerError {
            host,
            status,
            retry_after,
        },
        _ if error.is_some() => TransportError::ServerError {
            host,
            status,
            retry_after,
        },
        _ => TransportError::InvalidResponse { host, status },
    })
}

/// Returns whether `error` is an OAuth error that counts with any status.
fn is_oauth_error(error: &str) -> bool {
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

/// Returns whether `error` is a temporary failure.
fn is_transient(error: &str) -> bool {
    matches!(
        error,
        "temporarily_unavailable" | "server_error" | "too_many_requests"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(status: u16, body: &str) -> Result<Option<String>, TransportError> {
        classify("h".to_owned(), status, &HeaderMap::new(), body.as_bytes())
            .map(|answer| answer.error)
    }

    #[test]
    fn the_error_member_counts_with_any_status() {
        for status in [200, 400, 403, 429, 503] {
            for error in ["authorization_pending", "slow_down", "expired_token"] {
                let body = format!("{{\"error\":\"{error}\"}}");
                assert_eq!(
                    classified(status, &body),
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
        assert_eq!(classified(429, r#"{"error":"too_many_requests"}"#), limited);
        assert_eq!(classified(429, r#"{"error":"whatever"}"#), limited);
        assert_eq!(classified(429, "Too many requests"), limited);
        assert_eq!(classified(429, ""), limited);
    }

    #[test]
    fn pages_and_server_errors_are_transport_errors() {
        assert!(matches!(
            classified(502, "<html>"),
            Err(TransportError::ServerError { status: 502, .. })
        ));
        assert!(matches!(
            classified(500, r#"{"error":"unknown"}"#),
            Err(TransportError::ServerError { .. })
        ));
        assert!(matches!(
            classified(400, r#"{"error":"temporarily_unavailable"}"#),
            Err(TransportError::ServerError { .. })
        ));
        for body in ["<html>", "", "[]", "\"text\"", "{\"half"] {
            assert!(
                matches!(
                    classified(200, body),
                    Err(TransportError::InvalidResponse { status: 200, .. })
                ),
                "{body}"
            );
        }
    }
}
