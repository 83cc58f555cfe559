//! Revocation of refresh tokens at the issuer (RFC 7009).

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::connection::Connection;
use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::oauth_http::transport_error;
use crate::auth::transport_error::TransportError;
use crate::http;

/// The result of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The issuer no longer accepts the token.
    Revoked,
    /// There was no refresh token.
    NothingToRevoke,
    /// The issuer was not contacted (`--offline`): the token stays valid until it
    /// expires.
    SkippedOffline,
    /// The issuer has no revocation endpoint: the token stays valid until it
    /// expires.
    NotOffered,
}

/// The time limit for revoking a refresh token that is not stored.
const UNUSED_LIMIT: Duration = Duration::from_secs(5);

/// Revokes a refresh token that is not stored, within 5 s. A failure is only
/// logged: such a token expires at the issuer.
pub async fn revoke_unused(connection: &Connection, token: &SecretString) {
    let revoked = tokio::time::timeout(UNUSED_LIMIT, revoke(connection, token)).await;
    tracing::info!(?revoked, "revoked a refresh token that is not stored");
}

/// Revokes `token`. Access tokens issued for it stay valid until they expire.
///
/// # Errors
///
/// When the issuer cannot be reached or refuses: the token stays valid until it
/// expires.
pub async fn revoke(
    connection: &Connection,
    token: &SecretString,
) -> Result<Revocation, AuthError> {
    let address = discovery::address(&connection.issuer)?;
    let client = http::client(&address)?;
    let issuer = Issuer::discover(&client, &connection.issuer).await?;
    let Some(endpoint) = issuer.revocation else {
        return Ok(Revocation::NotOffered);
    };
    let host = http::authority(&endpoint);
    // `oauth2` refuses plain http here, also on loopback.
    let request = client.post(endpoint).form(&[
        ("client_id", connection.client_id.as_str()),
        ("token", token.expose_secret()),
        ("token_type_hint", "refresh_token"),
    ]);
    let response = http::send(request)
        .await
        .map_err(|e| transport_error(&host, &e))?;
    match response.status() {
        status if status.is_success() => Ok(Revocation::Revoked),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(AuthError::Transport(TransportError::ServerError {
                host,
                status: status.as_u16(),
                retry_after: None,
            }))
        }
        status => Err(AuthError::Refused {
            code: format!("HTTP {}", status.as_u16()),
            description: "the refresh token was not revoked".to_owned(),
        }),
    }
}
