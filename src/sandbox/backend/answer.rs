//! The answer to a request: data, or the one error that Hasura reports.

use std::fmt;

use serde_json::{Map, Value, json};

use super::{selection::Selected, written};

/// An answer of `POST /v1/graphql`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphqlAnswer {
    /// The HTTP status. Hasura answers every error of this route with 200.
    pub status: u16,
    /// `{"data": …}`, `{"errors": […]}`, or a list of them for a batch.
    pub body: Value,
    /// The body as it is sent, its keys in the order of the selection.
    pub text: String,
    /// Whether a transaction that changed something was committed.
    pub committed: bool,
}

impl GraphqlAnswer {
    pub(super) fn success(fields: &[Selected], data: Value, committed: bool) -> Self {
        Self {
            status: 200,
            text: written::data(fields, &data),
            body: Value::Object(Map::from_iter([("data".to_owned(), data)])),
            committed,
        }
    }

    pub(super) fn refusal(fault: &RequestError) -> Self {
        Self {
            status: 200,
            text: written::errors(fault),
            body: fault.body(),
            committed: false,
        }
    }

    /// The answers to a list of requests, or the one to a request alone.
    pub(super) fn batch(mut answers: Vec<Self>, listed: bool) -> Self {
        if !listed && let Some(only) = answers.pop() {
            return only;
        }
        let texts: Vec<_> = answers.iter().map(|answer| answer.text.as_str()).collect();
        Self {
            status: 200,
            text: format!("[{}]", texts.join(",")),
            committed: answers.iter().any(|answer| answer.committed),
            body: answers.into_iter().map(|answer| answer.body).collect(),
        }
    }
}

/// `extensions.code` of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorCode {
    AccessDenied,
    BadRequest,
    ConstraintViolation,
    DataException,
    InvalidHeaders,
    InvalidJson,
    InvalidJwt,
    JwtInvalidClaims,
    JwtMissingRoleClaims,
    NotFound,
    NotSupported,
    ParseFailed,
    StartFailed,
    Unexpected,
    UnexpectedPayload,
    ValidationFailed,
}

impl ErrorCode {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::AccessDenied => "access-denied",
            Self::BadRequest => "bad-request",
            Self::ConstraintViolation => "constraint-violation",
            Self::DataException => "data-exception",
            Self::InvalidHeaders => "invalid-headers",
            Self::InvalidJson => "invalid-json",
            Self::InvalidJwt => "invalid-jwt",
            Self::JwtInvalidClaims => "jwt-invalid-claims",
            Self::JwtMissingRoleClaims => "jwt-missing-role-claims",
            Self::NotFound => "not-found",
            Self::NotSupported => "not-supported",
            Self::ParseFailed => "parse-failed",
            Self::StartFailed => "start-failed",
            Self::Unexpected => "unexpected",
            Self::UnexpectedPayload => "unexpected-payload",
            Self::ValidationFailed => "validation-failed",
        }
    }
}

/// The one error of a failed operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestError {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) path: String,
}

impl RequestError {
    /// An error about the request as a whole: its path is `$`.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: "$".to_owned(),
        }
    }

    pub(super) fn validation(path: &ErrorPath, message: impl Into<String>) -> Self {
        Self::at(path, ErrorCode::ValidationFailed, message)
    }

    pub(super) fn at(path: &ErrorPath, code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: path.to_string(),
        }
    }

    /// `{"message", "extensions": {"path", "code"}}`.
    pub(super) fn json(&self) -> Value {
        json!({
            "message": self.message,
            "extensions": {"path": self.path, "code": self.code.text()},
        })
    }

    /// `{"errors": [...]}`, without a `data` key.
    pub(super) fn body(&self) -> Value {
        json!({"errors": [self.json()]})
    }
}

/// Reports a body that is not JSON in the words of Hasura's parser.
pub(super) fn bad_json(body: &[u8], error: &serde_json::Error) -> RequestError {
    /// How much of the rest is shown, in characters.
    const SHOWN: usize = 30;
    let refuse = |found: &str, expected: &str| {
        let message = format!("Unexpected {found}, expecting {expected}");
        RequestError::new(ErrorCode::InvalidJson, message)
    };
    if error.is_eof() {
        return refuse("end-of-input", "JSON value");
    }
    let text = String::from_utf8_lossy(body);
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let at = error.column().saturating_sub(1);
    let (before, rest) = line.split_at_checked(at).unwrap_or((line, ""));
    let expected = if before.trim_end().ends_with('{') {
        "record key literal or }"
    } else {
        "JSON value"
    };
    let rest: String = rest.chars().take(SHOWN).collect();
    refuse(&format!("\"{rest}\""), expected)
}

#[derive(Debug, Clone)]
enum PathStep {
    Key(String),
    Index(usize),
}

/// The location of an error in a request, printed as Hasura prints JSON paths:
/// `$.selectionSet.todos.args.where.id`.
#[derive(Debug, Clone, Default)]
pub(super) struct ErrorPath(Vec<PathStep>);

impl ErrorPath {
    /// Runs `work` one key deeper.
    pub(super) fn key<T>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(PathStep::Key(key.to_owned()));
        let done = work(self);
        self.0.pop();
        done
    }

    /// Runs `work` one list index deeper.
    pub(super) fn index<T>(&mut self, index: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(PathStep::Index(index));
        let done = work(self);
        self.0.pop();
        done
    }

    /// The path of an argument of a root field: where a failed statement
    /// points, since the database knows nothing more exact.
    pub(super) fn argument(field: &str, argument: &str) -> Self {
        let keys = ["selectionSet", field, "args", argument];
        Self(keys.map(|key| PathStep::Key(key.to_owned())).into())
    }
}

impl fmt::Display for ErrorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.0 {
            match step {
                PathStep::Key(key) if is_name(key) => write!(f, ".{key}")?,
                PathStep::Key(key) => write!(f, "['{key}']")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Returns whether `key` is a valid GraphQL name.
pub(super) fn is_name(key: &str) -> bool {
    let mut letters = key.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_quotes_keys_that_are_no_names() {
        let mut path = ErrorPath::default();
        let text = path.key("args", |path| {
            path.index(2, |path| path.key("a-b", |path| path.to_string()))
        });
        assert_eq!(text, "$.args[2]['a-b']");
        assert_eq!(path.to_string(), "$");
    }
}
