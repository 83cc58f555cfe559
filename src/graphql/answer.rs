//! Interprets HTTP responses; pure.
//!
//! Hasura answers nearly everything with status 200, failures too, so the
//! JSON decides and the status only where there is no GraphQL in the body.

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
    errors: Option<Vec<Problem>>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
struct Extensions {
    #[serde(default)]
    code: Option<String>,
}

/// Reads `data` out of an answer.
///
/// # Errors
///
/// What the answer says went wrong, decided from `extensions.code`; without a
/// GraphQL answer, from the status.
pub(super) fn read<T: DeserializeOwned>(received: &Received, host: &str) -> Result<T, RemoteError> {
    read_part(&received.body, received, host)
}

/// The members of an answer that is a list: one for each operation of a request
/// that holds several.
pub(super) fn members(received: &Received) -> Option<Vec<&RawValue>> {
    serde_json::from_slice(&received.body).ok()
}

/// As [`read`], of `body`, which is a part of what was received.
///
/// # Errors
///
/// As [`read`].
pub(super) fn read_part<T: DeserializeOwned>(
    body: &[u8],
    received: &Received,
    host: &str,
) -> Result<T, RemoteError> {
    let garbled = |message: String| RemoteError::InvalidResponse {
        host: host.to_owned(),
        message,
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(body) else {
        return Err(by_status(received, host));
    };
    if let Some(problem) = envelope.errors.and_then(|errors| errors.into_iter().next()) {
        return Err(by_code(problem, received));
    }
    if is_busy(received.status) {
        return Err(by_status(received, host));
    }
    let Some(data) = envelope.data else {
        return Err(by_status(received, host));
    };
    serde_json::from_str(data.get()).map_err(|error| garbled(sanitize::message(&error.to_string())))
}

/// Returns whether a status says: again later.
const fn is_busy(status: u16) -> bool {
    status == 429 || status >= 500
}

/// What an error that Hasura names is.
fn by_code(problem: Problem, received: &Received) -> RemoteError {
    let code = problem
        .extensions
        .and_then(|extensions| extensions.code)
        .map_or_else(|| "unknown".to_owned(), |code| sanitize::message(&code));
    let message = match sanitize::message(&problem.message) {
        said if said.trim().is_empty() => format!("{code}, without a word"),
        said => said,
    };
    let trouble =
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
        | "parse-failed" => RemoteError::Refused { code, message },
        "invalid-jwt" | "invalid-headers" | "access-denied" => {
            RemoteError::Unauthorized { code, message }
        }
        // A session variable that the token should have carried.
        "not-found" => RemoteError::Unauthorized { code, message },
        other if other.starts_with("jwt-") => RemoteError::Unauthorized { code, message },
        // Both undo the whole request.
        "concurrent-update" | "postgres-max-connections-error" => trouble(code, message, false),
        "unexpected" if received.status != 429 => trouble(code, message, true),
        // Under load or starting, whatever else it says.
        _ if is_busy(received.status) => {
            let code = format!("http-{}", received.status);
            trouble(code, message, received.status != 429)
        }
        _ => trouble(code, message, true),
    }
}

/// What an answer without GraphQL in it is.
fn by_status(received: &Received, host: &str) -> RemoteError {
    let status = received.status;
    let trouble = |may_have_arrived| RemoteError::ServerError {
        code: format!("http-{status}"),
        message: format!("HTTP status {status}"),
        retry_after: received.retry_after,
        may_have_arrived,
    };
    match status {
        429 => trouble(false),
        500.. => trouble(true),
        401 => RemoteError::Unauthorized {
            code: "http-401".to_owned(),
            message: "HTTP status 401".to_owned(),
        },
        413 => RemoteError::Refused {
            code: "http-413".to_owned(),
            message: "the request is too large for the server".to_owned(),
        },
        _ => RemoteError::InvalidResponse {
            host: host.to_owned(),
            message: format!(
                "HTTP status {status}, {}",
                what_it_looks_like(&received.body)
            ),
        },
    }
}

/// A few words for a body that is no GraphQL answer.
fn what_it_looks_like(body: &[u8]) -> &'static str {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => "an empty body",
        Some(b'<') => "a web page",
        Some(b'{' | b'[') => "JSON that is cut off or of another shape",
        Some(_) => "neither JSON nor a web page",
    }
}

#[cfg(test)]
mod tests;
