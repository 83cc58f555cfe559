//! The exchange of a refresh token (RFC 6749, section 6).

use std::time::Duration;

use jiff::Timestamp;
use oauth2::RefreshToken;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::oauth::{self, OAuthError};
use crate::auth::oauth_http::OAuthHttpClient;
use crate::auth::time_scale::TimeScale;
use crate::auth::transport_error::TransportError;
use crate::http;

/// The pauses before retries after a lost answer. Their sum is below the
/// overlap that issuers should allow (30 s), and below the time that a command
/// waits for the server (2 s), so that it can still report the error.
const RETRIES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(300),
    Duration::from_secs(1),
];

/// A successful answer to a refresh.
#[derive(Debug)]
pub(crate) struct Refreshed {
    /// The access token, or the error in that part of the answer.
    pub(crate) access: Result<AccessToken, AuthError>,
    /// The successor of the refresh token, where the issuer rotates them.
    pub(crate) rotated: Option<SecretString>,
    /// The ID token, where the login requested one.
    pub(crate) id_token: Option<SecretString>,
}

/// Why a refresh failed.
#[derive(Debug)]
pub(crate) enum RefreshError {
    /// `invalid_grant`: the refresh token is no longer valid.
    InvalidGrant { description: String },
    /// Any other error; the refresh token may still be valid.
    Failed(AuthError),
}

impl From<AuthError> for RefreshError {
    fn from(error: AuthError) -> Self {
        Self::Failed(error)
    }
}

/// The token endpoint of an issuer.
#[derive(Debug, Clone)]
pub(crate) struct TokenEndpoint {
    client: Client,
    issuer: Issuer,
}

impl TokenEndpoint {
    /// Discovers the endpoint.
    pub(crate) async fn discover(connection: &Connection) -> Result<Self, AuthError> {
        let client = http::client(&discovery::address(&connection.issuer)?)?;
        let issuer = Issuer::discover(&client, &connection.issuer).await?;
        Ok(Self { client, issuer })
    }

    /// Exchanges `token`; retries with the same one if the answer is lost.
    /// `answer_was_lost` then becomes true and stays so: the token may be used
    /// up, which explains a later `invalid_grant`.
    pub(crate) async fn refresh(
        &self,
        connection: &Connection,
        token: &SecretString,
        time_scale: TimeScale,
        answer_was_lost: &mut bool,
    ) -> Result<Refreshed, RefreshError> {
        let mut retries = RETRIES.into_iter();
        loop {
            let failure = match self.exchange(connection, token).await {
                Err(RefreshError::Failed(AuthError::Transport(error))) => error,
                answer => return answer,
            };
            *answer_was_lost |= failure.may_have_arrived();
            let pause = if *answer_was_lost {
                retries.next()
            } else {
                None
            };
            let Some(pause) = pause else {
                return Err(RefreshError::Failed(failure.into()));
            };
            tracing::info!(%failure, ?pause, "retrying the refresh with the same token");
            time_scale.sleep(pause.max(retry_after(&failure))).await;
        }
    }

    async fn exchange(
        &self,
        connection: &Connection,
        token: &SecretString,
    ) -> Result<Refreshed, RefreshError> {
        let http = OAuthHttpClient::new(self.client.clone(), token.clone());
        let client = oauth::client(&connection.client_id, &self.issuer.token);
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let answer = client
            .exchange_refresh_token(&token)
            .request_async(&http)
            .await;
        let rotated = http.refresh_token();
        let error = match answer {
            Ok(tokens) => {
                return Ok(Refreshed {
                    access: oauth::access_token(&tokens, Timestamp::now()),
                    id_token: (tokens.extra_fields().id_token.clone()).map(SecretString::from),
                    rotated,
                });
            }
            Err(error) => error,
        };
        match oauth::parse_error(error) {
            Ok(error) if error.code == "invalid_grant" => Err(RefreshError::InvalidGrant {
                description: error.description,
            }),
            Ok(error) => Err(RefreshError::Failed(auth_error(
                error,
                &connection.audience,
            ))),
            // The token sent is used up: its successor is worth more than the rest of the answer.
            Err(error) if rotated.is_some() => Ok(Refreshed {
                access: Err(error),
                id_token: None,
                rotated,
            }),
            Err(error) => Err(RefreshError::Failed(error)),
        }
    }
}

/// Maps an OAuth error that leaves the refresh token valid.
fn auth_error(error: OAuthError, audience: &str) -> AuthError {
    let error = oauth::auth_error(error, audience);
    let AuthError::GrantNotAllowed { description } = error else {
        return error;
    };
    AuthError::RefreshNotAllowed { description }
}

/// The server's `Retry-After`, at most 5 s.
fn retry_after(error: &TransportError) -> Duration {
    error
        .retry_after()
        .unwrap_or_default()
        .min(Duration::from_secs(5))
}
