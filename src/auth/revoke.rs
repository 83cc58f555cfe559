//! Telling the issuer that a refresh token is no longer wanted (RFC 7009).

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::connection::Connection;
use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::oauth_http::lost;
use crate::auth::transport_error::TransportError;
use crate::http;

/// The result of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The issuer takes it no more.
    Revoked,
    /// There was none.
    NothingToRevoke,
    /// The issuer was not asked, as the user wished: the token stays valid
    /// until it ages out.
    NotAsked,
    /// The issuer has no endpoint for it: the token stays valid until it ages
    /// out.
    NotOffered,
}

/// How long revoking a refresh token that is not stored may take.
const UNUSED_LIMIT: Duration = Duration::from_secs(5);

/// Revokes a refresh token that is not stored, waiting at most 5 s. Failing is
/// only logged: such a token expires at the issuer.
pub async fn revoke_unused(connection: &Connection, token: &SecretString) {
    let revoked = tokio::time::timeout(UNUSED_LIMIT, revoke(connection, token)).await;
    tracing::debug!(?revoked, "revoked a refresh token that is not stored");
}

/// Revokes `token`. Access tokens made with it stay valid until they end.
///
/// # Errors
///
/// When the issuer cannot be asked or refuses: the token stays valid until it
/// ages out.
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
    let host = discovery::authority(&endpoint);
    // `oauth2` refuses plain http here, also on loopback.
    let response = client
        .post(endpoint)
        .form(&[
            ("client_id", connection.client_id.as_str()),
            ("token", token.expose_secret()),
            ("token_type_hint", "refresh_token"),
        ])
        .send()
        .await
        .map_err(|e| lost(&host, &e))?;
    match response.status() {
        status if status.is_success() => Ok(Revocation::Revoked),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(AuthError::Transport(TransportError::Broken {
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
