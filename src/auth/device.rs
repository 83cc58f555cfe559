//! The device-authorization flow (RFC 8628).
//!
//! `oauth2` does the exchange. The issuer's last answer, which it hides and
//! which determines the next pause, comes from its HTTP client.

mod pause;
mod prompt;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use oauth2::Scope;
use reqwest::Client;
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::inspect::Inspected;
use crate::auth::oauth::{self, OAuthError, Tokens};
use crate::auth::oauth_http::{OAuthHttpClient, Reply};
use crate::auth::revoke::revoke_unused;
use crate::auth::time_scale::TimeScale;
use crate::domain::account::Identity;
use crate::http;
use pause::Pauses;
use prompt::DeviceResponse;

pub use prompt::Prompt;

/// The requested scopes: an ID token with the user's identity, a refresh token.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
/// The extra time for a poll that is in flight at the deadline.
const GRACE: Duration = Duration::from_secs(5);
/// Longer than any login: the deadline is kept here, not by `oauth2`.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// A poll of the token endpoint that did not end the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollEvent {
    /// The login is not approved yet.
    Pending {
        /// The pause before the next poll.
        next_poll_in: Duration,
    },
    /// Polls came too fast; the pause is 5 s longer from now on.
    SlowDown {
        /// The pause before the next poll.
        next_poll_in: Duration,
    },
    /// The network or the server failed temporarily.
    Failed {
        /// The error.
        message: String,
        /// The pause before the next poll.
        next_poll_in: Duration,
    },
}

/// The tokens of an approved login.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The access token, for the backend.
    pub access: AccessToken,
    /// The refresh token. `None` is not an error: the issuer is not configured
    /// to issue one.
    pub refresh: Option<SecretString>,
    /// The user's identity, from the ID token.
    pub identity: Identity,
}

/// The device flow of one connection.
#[derive(Debug)]
pub struct DeviceFlow {
    connection: Connection,
    client: Client,
    issuer: Issuer,
    time_scale: TimeScale,
}

impl DeviceFlow {
    /// Discovers the issuer's endpoints.
    ///
    /// # Errors
    ///
    /// When the issuer cannot be reached, or is not the configured one.
    pub async fn discover(
        connection: &Connection,
        time_scale: TimeScale,
    ) -> Result<Self, AuthError> {
        let client = http::client(&discovery::address(&connection.issuer)?)?;
        let issuer = Issuer::discover(&client, &connection.issuer).await?;
        Ok(Self {
            connection: connection.clone(),
            client,
            issuer,
            time_scale,
        })
    }

    /// The issuer's endpoints.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Requests a code. Returns the prompt to show, and the device code, which is
    /// a secret.
    ///
    /// # Errors
    ///
    /// When the issuer refuses the application or the audience, or does not
    /// answer.
    pub async fn start(&self) -> Result<(Prompt, SecretString), AuthError> {
        let device = self
            .issuer
            .device_authorization
            .as_ref()
            .ok_or(AuthError::NoDeviceFlow)?;
        let http = OAuthHttpClient::new(self.client.clone(), SecretString::default());
        let client = oauth::device_client(&self.connection.client_id, &self.issuer.token, device);
        let response: DeviceResponse = client
            .exchange_device_code()
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("audience", self.connection.audience.as_str())
            .request_async(&http)
            .await
            .map_err(|e| match oauth::parse_error(e) {
                Ok(error) => oauth::auth_error(error, &self.connection.audience),
                Err(error) => error,
            })?;
        Prompt::read(&response, Timestamp::now())
    }

    /// Polls until the user approves or refuses, the code expires, or `limit` has
    /// passed. Dropping the future cancels the login and leaves nothing behind.
    ///
    /// # Errors
    ///
    /// [`AuthError::Denied`], [`AuthError::CodeExpired`],
    /// [`AuthError::TimedOut`] and other refusals. Network failures are
    /// reported to `on_event` and retried.
    pub async fn wait(
        &self,
        prompt: &Prompt,
        device: &SecretString,
        limit: Option<Duration>,
        on_event: impl FnMut(PollEvent) + Send,
    ) -> Result<Grant, AuthError> {
        let life = prompt.life_left(Timestamp::now());
        let (span, timeout_error) = match limit {
            Some(after) if after < life => (after, AuthError::TimedOut { after }),
            _ => (life, AuthError::CodeExpired),
        };
        let response = prompt.response(device)?;
        let http = OAuthHttpClient::new(self.client.clone(), device.clone());
        let client = oauth::client(&self.connection.client_id, &self.issuer.token);
        let polling = Polling {
            http: &http,
            time_scale: self.time_scale,
            deadline: Instant::now() + self.time_scale.real(span),
            timed_out: Notify::new(),
            answer_was_lost: AtomicBool::new(false),
            pauses_and_listener: Mutex::new((
                Pauses::new(Duration::from_secs(prompt.interval)),
                on_event,
            )),
        };
        let request = client
            .exchange_device_access_token(&response)
            .set_max_backoff_interval(NEVER)
            .request_async(&http, |_| polling.pause(), Some(NEVER));
        let tokens = tokio::select! {
            tokens = request => tokens,
            () = polling.timed_out.notified() => return Err(timeout_error),
            () = tokio::time::sleep_until(polling.deadline + GRACE) => return Err(timeout_error),
        };
        let granted = match tokens.map_err(oauth::parse_error) {
            Ok(tokens) => self.grant(&tokens),
            Err(Ok(error)) => {
                let answer_was_lost = polling.answer_was_lost.load(Ordering::Relaxed);
                Err(self.final_error(error, answer_was_lost))
            }
            Err(Err(error)) => Err(error),
        };
        if let (Err(_), Some(token)) = (&granted, http.refresh_token()) {
            revoke_unused(&self.connection, &[token]).await;
        }
        granted
    }

    /// Maps an OAuth error that ends the polling.
    fn final_error(&self, error: OAuthError, answer_was_lost: bool) -> AuthError {
        let OAuthError { code, description } = error;
        match code.as_str() {
            "access_denied" if !oauth::is_unknown_audience(&description) => {
                AuthError::Denied { description }
            }
            "expired_token" => AuthError::CodeExpired,
            "invalid_grant" if answer_was_lost => AuthError::ApprovalLost { description },
            "invalid_grant" => AuthError::CodeUsed { description },
            _ => oauth::auth_error(OAuthError { code, description }, &self.connection.audience),
        }
    }

    fn grant(&self, tokens: &Tokens) -> Result<Grant, AuthError> {
        let access = oauth::access_token(tokens, Timestamp::now())?;
        Ok(Grant {
            identity: self.identity(tokens, &access.secret)?,
            refresh: oauth::refresh_token(tokens),
            access,
        })
    }

    /// Reads the user's identity from the ID token, which must be from this
    /// issuer and for this application. Its signature is not checked: it came
    /// from the issuer itself over TLS (`OpenID` Connect Core, 3.1.3.7).
    fn identity(&self, tokens: &Tokens, access: &SecretString) -> Result<Identity, AuthError> {
        let access = Inspected::read(access);
        let Some(id_token) = &tokens.extra_fields().id_token else {
            return access.identity().ok_or_else(|| {
                oauth::malformed("neither the ID token nor the access token has a `sub`")
            });
        };
        let id_token = Inspected::read(&SecretString::from(id_token.clone()));
        if !matches!(id_token, Inspected::Jwt { .. }) {
            return Err(oauth::malformed("the ID token cannot be read"));
        }
        if id_token.text("iss") != Some(&self.connection.issuer) {
            return Err(oauth::malformed("the ID token is from another issuer"));
        }
        if !id_token
            .audiences()
            .contains(&self.connection.client_id.as_str())
        {
            return Err(oauth::malformed("the ID token is for another application"));
        }
        let identity = id_token
            .identity()
            .ok_or_else(|| oauth::malformed("the ID token has no `sub`"))?;
        if access.text("sub").is_some_and(|sub| sub != identity.sub) {
            return Err(oauth::malformed(
                "the ID token and the access token belong to different users",
            ));
        }
        Ok(identity)
    }
}

/// State of the polling of one login. Time is measured by the monotonic clock:
/// setting the wall clock neither ends nor prolongs a login, and after a
/// suspend the issuer itself says whether the code has expired.
struct Polling<'a, F> {
    http: &'a OAuthHttpClient,
    time_scale: TimeScale,
    deadline: Instant,
    timed_out: Notify,
    /// Whether the answer to the last poll was lost after the request was sent.
    answer_was_lost: AtomicBool,
    pauses_and_listener: Mutex<(Pauses, F)>,
}

impl<F: FnMut(PollEvent) + Send> Polling<'_, F> {
    /// Reports the last answer and sleeps until the next poll; the last poll is
    /// at the deadline. After that, ends the wait and never returns.
    async fn pause(&self) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.timed_out.notify_one();
            return std::future::pending().await;
        }
        let pause = self.report();
        tokio::time::sleep(self.time_scale.real(pause).min(left)).await;
    }

    /// Reports the last answer and returns the pause after it.
    fn report(&self) -> Duration {
        let reply = self.http.last_reply();
        let lost = matches!(&reply, Reply::Failed(error) if error.may_have_arrived());
        self.answer_was_lost.store(lost, Ordering::Relaxed);
        let mut guard = self
            .pauses_and_listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (pauses, on_event) = &mut *guard;
        let next_poll_in = pauses.after(&reply);
        on_event(match reply {
            Reply::Failed(error) => PollEvent::Failed {
                message: error.to_string(),
                next_poll_in,
            },
            Reply::Error(error) if error == "slow_down" => PollEvent::SlowDown { next_poll_in },
            Reply::Error(_) | Reply::Success | Reply::None => PollEvent::Pending { next_poll_in },
        });
        next_poll_in
    }
}
