//! Requests to the issuer through `oauth2`, and what its errors mean.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthType, ClientId, DeviceAuthorizationUrl, EndpointNotSet, EndpointSet, ErrorResponseType,
    ExtraTokenFields, RefreshToken, RequestTokenError, StandardErrorResponse,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
};
use reqwest::Url;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::auth::access::AccessToken;
use crate::auth::error::AuthError;
use crate::auth::inspect::Inspected;
use crate::auth::transport_error::TransportError;
use crate::text::sanitize::message;

/// The member `OpenID` Connect adds to a token answer.
#[derive(Deserialize, Serialize)]
pub(crate) struct IdTokenField {
    #[serde(default)]
    pub(crate) id_token: Option<String>,
}

impl fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdTokenField")
    }
}

impl ExtraTokenFields for IdTokenField {}

/// A token answer.
pub(crate) type Tokens = StandardTokenResponse<IdTokenField, BasicTokenType>;

type Client<Device> = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    Device,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// A public client: the id goes in the form and there is no secret.
pub(crate) fn client(client_id: &str, token: &Url) -> Client<EndpointNotSet> {
    oauth2::Client::new(ClientId::new(client_id.to_owned()))
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(TokenUrl::from_url(token.clone()))
}

/// As [`client`], for starting a device login at `device`.
pub(crate) fn device_client(client_id: &str, token: &Url, device: &Url) -> Client<EndpointSet> {
    client(client_id, token)
        .set_device_authorization_url(DeviceAuthorizationUrl::from_url(device.clone()))
}

/// The access token of an answer that arrived at `now`.
///
/// Only a bearer token (RFC 6750, section 2.1) is accepted.
///
/// Its end is counted from the arrival (`expires_in`), so a wrong clock does
/// no harm; the token's own `exp` is used only where that is missing.
pub(crate) fn access_token(tokens: &Tokens, now: Timestamp) -> Result<AccessToken, AuthError> {
    if *tokens.token_type() != BasicTokenType::Bearer {
        return Err(malformed("`token_type` is not Bearer"));
    }
    let token = tokens.access_token().secret();
    if token.is_empty() {
        return Err(malformed("the access token is empty"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed(
            "the access token contains characters that a header must not contain",
        ));
    }
    let secret = SecretString::from(token.clone());
    let expires_at = tokens
        .expires_in()
        .and_then(|lifetime| after(now, lifetime))
        .or_else(|| Inspected::read(&secret).expires_at());
    Ok(AccessToken::issued(secret, now, expires_at))
}

/// `lifetime` after `now`, unless that is beyond the calendar.
pub(crate) fn after(now: Timestamp, lifetime: Duration) -> Option<Timestamp> {
    now.checked_add(SignedDuration::try_from(lifetime).ok()?)
        .ok()
}

/// An answer's refresh token, if it has one.
pub(crate) fn refresh_token(tokens: &Tokens) -> Option<SecretString> {
    tokens
        .refresh_token()
        .map(RefreshToken::secret)
        .filter(|token| !token.is_empty())
        .map(|token| SecretString::from(token.clone()))
}

/// An OAuth error: its code and its description, printable.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: String,
    pub(crate) description: String,
}

/// Takes apart what `oauth2` returns: what the issuer said, or why it said
/// nothing. Never keeps an answer's body: it may hold tokens.
pub(crate) fn said<T>(
    error: RequestTokenError<TransportError, StandardErrorResponse<T>>,
) -> Result<Said, AuthError>
where
    T: ErrorResponseType + AsRef<str> + fmt::Display,
{
    match error {
        RequestTokenError::ServerResponse(response) => Ok(Said {
            code: message(response.error().as_ref()),
            description: message(
                response
                    .error_description()
                    .map_or_else(|| response.error().as_ref(), String::as_str),
            ),
        }),
        RequestTokenError::Request(trouble) => Err(trouble.into()),
        RequestTokenError::Parse(error, _) => Err(AuthError::Malformed {
            reason: match missing(&error.inner().to_string()) {
                Some(member) => format!("`{member}` is missing"),
                None => format!(
                    "`{}` is missing or of another type",
                    message(&error.path().to_string())
                ),
            },
        }),
        RequestTokenError::Other(reason) => Err(malformed(&message(&reason))),
    }
}

/// The member that a parser misses. The rest of what it says may quote the
/// answer; this is a name of ours.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// What an error means that no step of its own gives a meaning to.
pub(crate) fn refused(said: Said, audience: &str) -> AuthError {
    let Said { code, description } = said;
    match code.as_str() {
        "invalid_target" => AuthError::AudienceUnknown {
            audience: audience.to_owned(),
            description,
        },
        "access_denied" if is_unknown_audience(&description) => AuthError::AudienceUnknown {
            audience: audience.to_owned(),
            description,
        },
        "unauthorized_client" | "unsupported_grant_type" => {
            AuthError::GrantNotAllowed { description }
        }
        "invalid_request" if description.contains("not allowed for") => {
            AuthError::GrantNotAllowed { description }
        }
        "invalid_client" => AuthError::ClientUnknown { description },
        _ => AuthError::Refused { code, description },
    }
}

/// Auth0's words for an audience it does not know: an `access_denied` that no
/// person said.
pub(crate) fn is_unknown_audience(description: &str) -> bool {
    description.starts_with("Service not found")
}

/// An answer that cannot be used.
pub(crate) fn malformed(reason: &str) -> AuthError {
    AuthError::Malformed {
        reason: reason.to_owned(),
    }
}
