//! Revocation of refresh tokens at the issuer (RFC 7009).

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::auth::connection::Connection;
use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::oauth_http::transport_error;
use crate::auth::transport_error::TransportError;
use crate::http::{self, RequestFailure};
use crate::text::causes;

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

impl fmt::Display for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revoked => "revoked",
            Self::NothingToRevoke => "there is no refresh token",
            Self::SkippedOffline => "offline (--offline)",
            Self::NotOffered => "the issuer does not support revocation",
        })
    }
}

/// The time limit for revoking refresh tokens that are not stored.
const UNUSED_LIMIT: Duration = Duration::from_secs(5);

/// Revokes refresh tokens that are not stored, within 5 s in all. A failure is
/// only logged: such a token expires at the issuer.
pub async fn revoke_unused(connection: &Connection, tokens: &[SecretString]) {
    let reason = match revoke_all(connection, tokens, UNUSED_LIMIT).await {
        Ok(Revocation::NothingToRevoke) => return,
        Ok(Revocation::Revoked) => {
            let count = tokens.len();
            tracing::info!(count, "revoked the refresh tokens that are not stored");
            return;
        }
        Ok(other) => other.to_string(),
        Err(error) => causes::on_one_line(&error),
    };
    tracing::warn!("a refresh token that is not stored stays valid at the issuer: {reason}");
}

/// Revokes `tokens` at the same time, within `limit` in all. Returns the first result
/// that is not a success. Access tokens issued for them stay valid until they expire.
///
/// # Errors
///
/// When the issuer cannot be reached or refuses: the token stays valid until it
/// expires.
pub async fn revoke_all(
    connection: &Connection,
    tokens: &[SecretString],
    limit: Duration,
) -> Result<Revocation, AuthError> {
    if tokens.is_empty() {
        return Ok(Revocation::NothingToRevoke);
    }
    let revoking = async {
        let address = discovery::address(&connection.issuer)?;
        let client = http::client(&address)?;
        let issuer = Issuer::discover(&client, &connection.issuer).await?;
        let Some(endpoint) = issuer.revocation else {
            return Ok(Revocation::NotOffered);
        };
        let each = tokens
            .iter()
            .map(|token| revoke(&client, &endpoint, &connection.client_id, token));
        let results: Result<(), AuthError> = join_all(each).await.into_iter().collect();
        results.map(|()| Revocation::Revoked)
    };
    tokio::time::timeout(limit, revoking)
        .await
        .unwrap_or_else(|_| {
            Err(AuthError::Transport(TransportError::Unreachable {
                host: connection.issuer.clone(),
                reason: RequestFailure::Timeout,
            }))
        })
}

async fn revoke(
    client: &Client,
    endpoint: &Url,
    client_id: &str,
    token: &SecretString,
) -> Result<(), AuthError> {
    let host = http::authority(endpoint);
    // `oauth2` refuses plain http here, also on loopback.
    let request = client.post(endpoint.clone()).form(&[
        ("client_id", client_id),
        ("token", token.expose_secret()),
        ("token_type_hint", "refresh_token"),
    ]);
    let response = http::send(request)
        .await
        .map_err(|e| transport_error(&host, &e))?;
    match response.status() {
        status if status.is_success() => Ok(()),
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
