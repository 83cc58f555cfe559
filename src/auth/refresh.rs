//! One exchange of a refresh token.

use std::time::Duration;

use jiff::Timestamp;
use oauth2::RefreshToken;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::oauth::{self, Said};
use crate::auth::oauth_http::Bridge;
use crate::auth::time_scale::TimeScale;
use crate::auth::transport_error::TransportError;
use crate::http;

/// The pauses before the tries that follow a lost answer: at once, then
/// longer. They stay within the overlap issuers are asked to allow (30 s), and
/// within what a command waits for the server (2 s), so that it can still say
/// what the trouble is.
const RETRIES: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(300),
    Duration::from_secs(1),
];

/// A successful answer to a refresh.
#[derive(Debug)]
pub(crate) struct Refreshed {
    /// The access token, or what is wrong with that part of the answer.
    pub(crate) access: Result<AccessToken, AuthError>,
    /// The token that takes the old one's place, where the issuer rotates.
    pub(crate) rotated: Option<SecretString>,
    /// The ID token, where the login asked for one.
    pub(crate) id_token: Option<SecretString>,
}

/// Why there was no refresh.
#[derive(Debug)]
pub(crate) enum NotRefreshed {
    /// `invalid_grant`: this token is of no more use.
    Spent { description: String },
    /// Anything else; the token may still be good.
    Failed(AuthError),
}

impl From<AuthError> for NotRefreshed {
    fn from(error: AuthError) -> Self {
        Self::Failed(error)
    }
}

/// The way to the token endpoint.
#[derive(Debug, Clone)]
pub(crate) struct TokenEndpoint {
    client: Client,
    issuer: Issuer,
}

impl TokenEndpoint {
    /// Asks the issuer where it is.
    pub(crate) async fn discover(connection: &Connection) -> Result<Self, AuthError> {
        let client = http::client(&discovery::address(&connection.issuer)?)?;
        let issuer = Issuer::discover(&client, &connection.issuer).await?;
        Ok(Self { client, issuer })
    }

    /// Exchanges `token`, again with the same one if the answer is lost.
    /// `lost` becomes true when one was, and stays so: the token may then be
    /// spent, which explains an `invalid_grant` that comes later.
    pub(crate) async fn refresh(
        &self,
        connection: &Connection,
        token: &SecretString,
        pace: TimeScale,
        lost: &mut bool,
    ) -> Result<Refreshed, NotRefreshed> {
        let mut retries = RETRIES.into_iter();
        loop {
            let failure = match self.exchange(connection, token).await {
                Err(NotRefreshed::Failed(AuthError::Transport(trouble))) => trouble,
                answered => return answered,
            };
            *lost |= failure.may_have_arrived();
            let pause = if *lost { retries.next() } else { None };
            let Some(pause) = pause else {
                return Err(NotRefreshed::Failed(failure.into()));
            };
            tracing::debug!(%failure, ?pause, "refreshing again with the same token");
            pace.sleep(pause.max(asked(&failure))).await;
        }
    }

    async fn exchange(
        &self,
        connection: &Connection,
        token: &SecretString,
    ) -> Result<Refreshed, NotRefreshed> {
        let bridge = Bridge::new(self.client.clone(), token.clone());
        let client = oauth::client(&connection.client_id, &self.issuer.token);
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let answered = client
            .exchange_refresh_token(&token)
            .request_async(&bridge)
            .await;
        let rotated = bridge.refresh_token();
        let error = match answered {
            Ok(tokens) => {
                return Ok(Refreshed {
                    access: oauth::access_token(&tokens, Timestamp::now()),
                    id_token: (tokens.extra_fields().id_token.clone()).map(SecretString::from),
                    rotated,
                });
            }
            Err(error) => error,
        };
        match oauth::said(error) {
            Ok(said) if said.code == "invalid_grant" => Err(NotRefreshed::Spent {
                description: said.description,
            }),
            Ok(said) => Err(NotRefreshed::Failed(refused(said, &connection.audience))),
            // The token sent is spent: its successor is worth more than the rest of the answer.
            Err(error) if rotated.is_some() => Ok(Refreshed {
                access: Err(error),
                id_token: None,
                rotated,
            }),
            Err(error) => Err(NotRefreshed::Failed(error)),
        }
    }
}

/// What an error means that leaves the token good.
fn refused(said: Said, audience: &str) -> AuthError {
    let refused = oauth::refused(said, audience);
    let AuthError::GrantNotAllowed { description } = refused else {
        return refused;
    };
    AuthError::RefreshNotAllowed { description }
}

/// The wait a server asked for, as far as a user can be made to wait here.
fn asked(trouble: &TransportError) -> Duration {
    trouble
        .retry_after()
        .unwrap_or_default()
        .min(Duration::from_secs(5))
}
