//! Every way the endpoints say no, in either dialect.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::settings::Dialect;

/// Why a token request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenRefusal {
    /// The code is not answered yet.
    Pending,
    /// Polled too soon.
    SlowDown {
        /// The wait agreed on, in seconds.
        interval_s: i64,
    },
    /// The user or the Action denied it.
    Denied(String),
    /// The code ran out.
    Expired,
    /// The device code is spent or was never handed out.
    DeadCode,
    /// The refresh token is spent, too old, revoked or was never handed out.
    DeadToken,
    /// The user of the refresh token no longer exists.
    UserDeleted,
    /// The client may not use this grant.
    GrantOff(&'static str),
    /// A public client sent a secret or an assertion.
    SecretSent,
    /// No such client.
    UnknownClient,
    /// No such API.
    UnknownAudience(String),
    /// A parameter is missing.
    Missing(&'static str),
    /// A parameter is repeated.
    Repeated(String),
    /// The body is no form.
    NoForm(String),
    /// No such grant.
    UnknownGrant(String),
    /// The books cannot be written.
    Broken,
}

impl TokenRefusal {
    /// Status and `error` member. Auth0's statuses are 403 and 429 where the
    /// standard has 400.
    fn wire(&self, dialect: Dialect) -> (StatusCode, &'static str) {
        let ((auth0, auth0_code), (rfc, rfc_code)) = match self {
            Self::Pending => both(403, 400, "authorization_pending"),
            Self::SlowDown { .. } => both(429, 400, "slow_down"),
            Self::Denied(_) => both(403, 400, "access_denied"),
            Self::Expired => both(403, 400, "expired_token"),
            Self::DeadCode | Self::DeadToken | Self::UserDeleted => both(403, 400, "invalid_grant"),
            Self::UnknownGrant(_) => both(403, 400, "unsupported_grant_type"),
            Self::GrantOff(_) => ((403, "unauthorized_client"), (400, "invalid_request")),
            Self::SecretSent => ((403, "unauthorized_client"), (401, "invalid_client")),
            Self::UnknownAudience(_) => ((403, "access_denied"), (400, "invalid_target")),
            Self::UnknownClient => both(401, 401, "invalid_client"),
            Self::Missing(_) | Self::Repeated(_) | Self::NoForm(_) => {
                both(400, 400, "invalid_request")
            }
            Self::Broken => both(500, 500, "server_error"),
        };
        let (status, code) = match dialect {
            Dialect::Auth0 => (auth0, auth0_code),
            Dialect::Rfc => (rfc, rfc_code),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, code)
    }

    /// The `error_description` member.
    fn description(&self) -> String {
        match self {
            Self::Pending => "User has yet to authorize device code.".to_owned(),
            Self::SlowDown { interval_s } => format!(
                "You are polling faster than the specified interval of {interval_s} seconds."
            ),
            Self::Denied(reason) | Self::NoForm(reason) => reason.clone(),
            Self::Expired => "The device code has expired.".to_owned(),
            Self::DeadCode => "Invalid or expired device code.".to_owned(),
            Self::DeadToken => "Unknown or invalid refresh token.".to_owned(),
            Self::UserDeleted => {
                "The refresh_token was generated for a user who doesn't exist anymore.".to_owned()
            }
            Self::GrantOff(grant) => {
                format!("Grant type '{grant}' not allowed for the client.")
            }
            Self::SecretSent => {
                "This client authenticates with nothing but its client_id.".to_owned()
            }
            Self::UnknownClient => "Unknown client.".to_owned(),
            Self::UnknownAudience(audience) => format!("Service not found: {audience}"),
            Self::Missing(parameter) => format!("Missing required parameter: {parameter}"),
            Self::Repeated(parameter) => format!("Parameter sent more than once: {parameter}"),
            Self::UnknownGrant(grant) => format!("Unsupported grant type: {grant}"),
            Self::Broken => "The development provider cannot keep its books.".to_owned(),
        }
    }

    /// The whole answer.
    pub(super) fn response(&self, dialect: Dialect) -> Response {
        let (status, code) = self.wire(dialect);
        let body = json!({"error": code, "error_description": self.description()});
        let mut response = uncached((status, Json(body)).into_response());
        if dialect == Dialect::Rfc && status == StatusCode::UNAUTHORIZED {
            // RFC 6749, section 5.2.
            let basic = HeaderValue::from_static("Basic realm=\"tudone sandbox\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}

type WireError = (u16, &'static str);

fn both(auth0: u16, rfc: u16, code: &'static str) -> (WireError, WireError) {
    ((auth0, code), (rfc, code))
}

/// Forbids keeping `response` (RFC 6749, section 5.1).
pub(super) fn uncached(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
