//! Single requests, with access to status, date and body of the answer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::http::{self, RequestFailure};
use crate::text::redact::without;
use crate::text::sanitize::{message, one_line};

/// The time limit of one request.
const LIMIT: Duration = Duration::from_secs(15);
/// The size limit of an answer, in bytes.
const SIZE_LIMIT: usize = 256 * 1024;

/// An answer, or the reason for its absence.
pub(super) type RequestResult = Result<HttpAnswer, NoAnswer>;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoAnswer {
    /// The reason.
    pub(super) reason: String,
    /// Whether TLS is the cause.
    pub(super) is_tls: bool,
    /// The next step, where more than the network is known to be wrong.
    pub(super) help: Option<String>,
}

impl NoAnswer {
    fn of(url: &Url, error: &reqwest::Error) -> Self {
        let failure = RequestFailure::of(error);
        Self {
            reason: failure.to_string(),
            is_tls: failure.is_certificate(),
            help: failure.help(&http::authority(url)),
        }
    }

    fn other(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_tls: false,
            help: None,
        }
    }
}

/// A received answer.
#[derive(Debug)]
pub(super) struct HttpAnswer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The difference of the server's clock to this machine's; positive when ahead.
    pub(super) ahead: Option<SignedDuration>,
    /// The body, if it is JSON.
    pub(super) json: Option<Value>,
    /// The body.
    pub(super) body: Vec<u8>,
    location: Option<String>,
}

/// The outcome of a GraphQL request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum GraphqlOutcome {
    /// `data`.
    Data(Value),
    /// The first error.
    Refused {
        /// `extensions.code`.
        code: String,
        /// `message`.
        message: String,
    },
    /// Not a GraphQL answer.
    NotGraphql,
}

impl HttpAnswer {
    /// Parses the GraphQL answer.
    pub(super) fn outcome(&self) -> GraphqlOutcome {
        let Some(json) = &self.json else {
            return GraphqlOutcome::NotGraphql;
        };
        if let Some(error) = json.pointer("/errors/0") {
            let text = |value: Option<&Value>| message(value.and_then(Value::as_str).unwrap_or(""));
            return GraphqlOutcome::Refused {
                code: text(error.pointer("/extensions/code")),
                message: text(error.get("message")),
            };
        }
        match json.get("data") {
            Some(data) if data.is_object() => GraphqlOutcome::Data(data.clone()),
            Some(_) | None => GraphqlOutcome::NotGraphql,
        }
    }

    /// Describes the answer in a few words.
    pub(super) fn description(&self) -> String {
        let status = self.status;
        if let Some(location) = &self.location {
            return format!("HTTP {status}, a redirect to {location}");
        }
        match self.outcome() {
            GraphqlOutcome::Data(_) => format!("HTTP {status}, data"),
            GraphqlOutcome::Refused { code, message } => {
                format!("HTTP {status}, {code}: {message}")
            }
            GraphqlOutcome::NotGraphql if self.json.is_some() => {
                format!("HTTP {status}, JSON that is not GraphQL")
            }
            GraphqlOutcome::NotGraphql if self.body.trim_ascii_start().starts_with(b"<") => {
                format!("HTTP {status}, an HTML page")
            }
            GraphqlOutcome::NotGraphql if self.body.is_empty() => {
                format!("HTTP {status}, an empty body")
            }
            GraphqlOutcome::NotGraphql => format!("HTTP {status}, text"),
        }
    }
}

/// Gets `url`.
pub(super) async fn get(url: &Url) -> RequestResult {
    send(client(url)?.get(url.clone()), url, None).await
}

/// Posts a GraphQL operation to `endpoint`.
pub(super) async fn graphql(
    endpoint: &Url,
    query: &str,
    variables: &Value,
    token: Option<&SecretString>,
) -> RequestResult {
    let body = if variables.is_null() {
        json!({"query": query})
    } else {
        json!({"query": query, "variables": variables})
    };
    let mut request = client(endpoint)?
        .post(endpoint.clone())
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string());
    if let Some(token) = token {
        let bearer = format!("Bearer {}", token.expose_secret());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| {
            NoAnswer::other("the token contains characters that a header must not contain")
        })?;
        bearer.set_sensitive(true);
        request = request.header(AUTHORIZATION, bearer);
    }
    send(request, endpoint, token).await
}

fn client(url: &Url) -> Result<Client, NoAnswer> {
    http::client_within(url, LIMIT).map_err(|error| NoAnswer {
        reason: error.to_string(),
        is_tls: true,
        help: Some(error.help().to_owned()),
    })
}

async fn send(
    request: reqwest::RequestBuilder,
    url: &Url,
    token: Option<&SecretString>,
) -> RequestResult {
    let response = http::send(request)
        .await
        .map_err(|error| NoAnswer::of(url, &error))?;
    let status = response.status().as_u16();
    let ahead = ahead(response.headers(), Timestamp::now());
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|it| it.to_str().ok()).map(one_line);
    let body = http::body(response, SIZE_LIMIT)
        .await
        .map_err(|error| NoAnswer::other(error.to_string()))?;
    // The report must not contain the token.
    let body = token.map_or(body.clone(), |token| without(&body, token));
    Ok(HttpAnswer {
        status,
        ahead,
        json: serde_json::from_slice(&body).ok(),
        body,
        location: location.filter(|_| (300..400).contains(&status)),
    })
}

/// The difference of the answer's `Date` to `now`.
fn ahead(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(date.timestamp().duration_since(now))
}
