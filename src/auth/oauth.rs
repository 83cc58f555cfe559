//! Requests to the issuer through `oauth2`, and the mapping of its errors.

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

/// The member that `OpenID` Connect adds to a token response.
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

/// A token response.
pub(crate) type Tokens = StandardTokenResponse<IdTokenField, BasicTokenType>;

type OAuthClient<Device> = oauth2::Client<
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

/// Creates a public client: the id is sent in the form; there is no secret.
pub(crate) fn client(client_id: &str, token: &Url) -> OAuthClient<EndpointNotSet> {
    oauth2::Client::new(ClientId::new(client_id.to_owned()))
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(TokenUrl::from_url(token.clone()))
}

/// Like [`client`], for starting a device login at `device`.
pub(crate) fn device_client(
    client_id: &str,
    token: &Url,
    device: &Url,
) -> OAuthClient<EndpointSet> {
    client(client_id, token)
        .set_device_authorization_url(DeviceAuthorizationUrl::from_url(device.clone()))
}

/// Reads the access token of a response that arrived at `now`.
///
/// Only a bearer token (RFC 6750, section 2.1) is accepted. Its expiry is
/// computed from `now` and `expires_in`, so a wrong clock does no harm; the
/// token's own `exp` is used only where that is missing.
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

/// Returns `now` plus `lifetime`; `None` beyond the calendar.
pub(crate) fn after(now: Timestamp, lifetime: Duration) -> Option<Timestamp> {
    now.checked_add(SignedDuration::try_from(lifetime).ok()?)
        .ok()
}

/// Reads the refresh token of a response, if it contains one.
pub(crate) fn refresh_token(tokens: &Tokens) -> Option<SecretString> {
    tokens
        .refresh_token()
        .map(RefreshToken::secret)
        .filter(|token| !token.is_empty())
        .map(|token| SecretString::from(token.clone()))
}

/// An OAuth error response, sanitised for display.
#[derive(Debug)]
pub(crate) struct OAuthError {
    pub(crate) code: String,
    pub(crate) description: String,
}

/// Converts an error of `oauth2`: to the issuer's OAuth error, or to the reason
/// why there is none. Never contains an answer's body, which may hold tokens.
pub(crate) fn parse_error<T>(
    error: RequestTokenError<TransportError, StandardErrorResponse<T>>,
) -> Result<OAuthError, AuthError>
where
    T: ErrorResponseType + AsRef<str> + fmt::Display,
{
    match error {
        RequestTokenError::ServerResponse(response) => Ok(OAuthError {
            code: message(response.error().as_ref()),
            description: message(
                response
                    .error_description()
                    .map_or_else(|| response.error().as_ref(), String::as_str),
            ),
        }),
        RequestTokenError::Request(error) => Err(error.into()),
        RequestTokenError::Parse(error, _) => Err(AuthError::Malformed {
            reason: match missing_member(&error.inner().to_string()) {
                Some(member) => format!("`{member}` is missing"),
                None => format!(
                    "`{}` is missing or has the wrong type",
                    message(&error.path().to_string())
                ),
            },
        }),
        RequestTokenError::Other(reason) => Err(malformed(&message(&reason))),
    }
}

/// The name of the member that the parser did not find. The rest of its
/// message may quote the answer.
fn missing_member(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// Maps an OAuth error that has the same meaning in every request.
pub(crate) fn auth_error(error: OAuthError, audience: &str) -> AuthError {
    let OAuthError { code, description } = error;
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

/// Returns whether `description` is Auth0's for an unknown audience, which it
/// reports as `access_denied`.
pub(crate) fn is_unknown_audience(description: &str) -> bool {
    description.starts_with("Service not found")
}

/// Creates an [`AuthError::Malformed`].
pub(crate) fn malformed(reason: &str) -> AuthError {
    AuthError::Malformed {
        reason: reason.to_owned(),
    }
}
