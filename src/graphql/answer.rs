//! Interpretation of HTTP responses; pure.
//!
//! Hasura also answers most failures with status 200, so the JSON decides; the status
//! counts only if the body is not GraphQL.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::graphql::transport::Received;
use crate::sync::remote::RemoteError;
use crate::text::sanitize;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    errors: Option<Vec<GraphqlError>>,
}

#[derive(Deserialize)]
struct GraphqlError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Option<ErrorExtensions>,
}

#[derive(Deserialize)]
struct ErrorExtensions {
    #[serde(default)]
    code: Option<String>,
}

/// Reads `data` from a response.
///
/// # Errors
///
/// The first GraphQL error, by its `extensions.code`; without a GraphQL answer, an
/// error by the status.
pub(super) fn read<T: DeserializeOwned>(received: &Received, host: &str) -> Result<T, RemoteError> {
    read_part(&received.body, received, host)
}

/// Returns the parts of an answer that is a list: one for each operation of the
/// request.
pub(super) fn members(received: &Received) -> Option<Vec<&RawValue>> {
    serde_json::from_slice(&received.body).ok()
}

/// As [`read`], for `body`, a part of the response.
///
/// # Errors
///
/// As [`read`].
pub(super) fn read_part<T: DeserializeOwned>(
    body: &[u8],
    received: &Received,
    host: &str,
) -> Result<T, RemoteError> {
    let invalid = |message: String| RemoteError::InvalidResponse {
        host: host.to_owned(),
        message,
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(body) else {
        return Err(by_status(received, host));
    };
    if let Some(error) = envelope.errors.and_then(|errors| errors.into_iter().next()) {
        return Err(by_code(error, received));
    }
    if is_temporary(received.status) {
        return Err(by_status(received, host));
    }
    let Some(data) = envelope.data else {
        return Err(by_status(received, host));
    };
    serde_json::from_str(data.get()).map_err(|error| invalid(sanitize::message(&error.to_string())))
}

/// Returns whether a status means a temporary failure.
const fn is_temporary(status: u16) -> bool {
    status == 429 || status >= 500
}

/// Maps a GraphQL error by its code.
fn by_code(error: GraphqlError, received: &Received) -> RemoteError {
    let code = error
        .extensions
        .and_then(|extensions| extensions.code)
        .map_or_else(|| "unknown".to_owned(), |code| sanitize::message(&code));
    let message = match sanitize::message(&error.message) {
        text if text.trim().is_empty() => format!("{code}, without a message"),
        text => text,
    };
    let server_error =
        |code: String, message: String, may_have_arrived: bool| RemoteError::ServerError {
            code,
            message,
            retry_after: received.retry_after,
            may_have_arrived,
        };
    match code.as_str() {
        "permission-error"
        | "constraint-violation"
        | "data-exception"
        | "validation-failed"
        | "parse-failed" => RemoteError::Rejected { code, message },
        "invalid-jwt" | "invalid-headers" | "access-denied" => {
            RemoteError::Unauthorized { code, message }
        }
        // A session variable is missing from the token.
        "not-found" => RemoteError::Unauthorized { code, message },
        other if other.starts_with("jwt-") => RemoteError::Unauthorized { code, message },
        // In both cases the request is rolled back.
        "concurrent-update" | "postgres-max-connections-error" => {
            server_error(code, message, false)
        }
        "unexpected" if received.status != 429 => server_error(code, message, true),
        // Overloaded or starting.
        _ if is_temporary(received.status) => {
            let code = format!("http-{}", received.status);
            server_error(code, message, received.status != 429)
        }
        _ => server_error(code, message, true),
    }
}

/// Maps a response without GraphQL by its status.
fn by_status(received: &Received, host: &str) -> RemoteError {
    let status = received.status;
    let server_error = |may_have_arrived| RemoteError::ServerError {
        code: format!("http-{status}"),
        message: format!("HTTP status {status}"),
        retry_after: received.retry_after,
        may_have_arrived,
    };
    match status {
        429 => server_error(false),
        500.. => server_error(true),
        401 => RemoteError::Unauthorized {
            code: "http-401".to_owned(),
            message: "HTTP status 401".to_owned(),
        },
        413 => RemoteError::Rejected {
            code: "http-413".to_owned(),
            message: "the request is too large for the server".to_owned(),
        },
        _ => RemoteError::InvalidResponse {
            host: host.to_owned(),
            message: format!("HTTP status {status}, {}", describe(&received.body)),
        },
    }
}

/// Describes a body that is not a GraphQL answer.
fn describe(body: &[u8]) -> &'static str {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => "an empty body",
        Some(b'<') => "a web page",
        Some(b'{' | b'[') => "JSON that is truncated or not a GraphQL answer",
        Some(_) => "neither JSON nor a web page",
    }
}

#[cfg(test)]
mod tests;
