//! The device-authorization flow (RFC 8628).
//!
//! `oauth2` does the exchange; what it hides is seen in the bridge
//! (`oauth_http`): what the issuer said last, from which the pause is made.

mod pause;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use oauth2::{DeviceAuthorizationResponse, EmptyExtraDeviceAuthorizationFields, Scope};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::inspect::Inspected;
use crate::auth::oauth::{self, Said, Tokens};
use crate::auth::oauth_http::{Bridge, Reply};
use crate::auth::revoke::revoke_unused;
use crate::auth::time_scale::TimeScale;
use crate::domain::account::Identity;
use crate::http;
use crate::text::sanitize::one_line;
use pause::Pauses;

/// What is asked for: an ID token that says who it is, and a refresh token.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
/// How long a poll on its way may go on after the time is up.
const GRACE: Duration = Duration::from_secs(5);
/// Longer than any login: `oauth2` keeps no time here.
const NEVER: Duration = Duration::from_hours(24 * 365);
/// Longest life of a code that is believed, in seconds.
const LONGEST_LIFE: u64 = 24 * 60 * 60;
/// Longest pause between polls that is believed, in seconds.
const LONGEST_INTERVAL: u64 = 300;

/// The prompt of a device login: URL, code and lifetime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// To compare with, or type on, the page. Verbatim: may hold hyphens and spaces.
    pub user_code: String,
    /// The page.
    pub verification_uri: String,
    /// The page with the code filled in.
    pub verification_uri_complete: Option<String>,
    /// The expiry of the code.
    pub expires_at: Timestamp,
    /// The lifetime of the code, in seconds.
    pub expires_in: u64,
    /// Seconds between polls to begin with.
    pub interval: u64,
}

impl Prompt {
    /// The page to show: with the code filled in where the issuer offers that.
    #[must_use]
    pub fn page(&self) -> &str {
        self.verification_uri_complete
            .as_deref()
            .unwrap_or(&self.verification_uri)
    }

    /// What to do there with the code, between page and code.
    #[must_use]
    pub const fn what_to_do_with_the_code(&self) -> &'static str {
        if self.verification_uri_complete.is_some() {
            "and check that it shows this code:"
        } else {
            "and enter this code there:"
        }
    }

    /// The page to open in a browser, with the code filled in where the issuer
    /// offers that: only if it is `https`, or on this machine, and on the host
    /// of `issuer`. Else it is for the user to judge, and only shown.
    #[must_use]
    pub fn openable(&self, issuer: &str) -> Option<Url> {
        let issuer = discovery::address(issuer).ok()?;
        discovery::address(self.page())
            .ok()
            .filter(|page| page.host() == issuer.host())
    }

    /// How long the code still lives at `now`: never more than it was given,
    /// also where the clock was set back.
    #[must_use]
    pub fn life_left(&self, now: Timestamp) -> Duration {
        let left = Duration::try_from(self.expires_at.duration_since(now)).unwrap_or_default();
        left.min(Duration::from_secs(self.expires_in))
    }
}

/// A result of polling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Not yet approved; asks again after this pause.
    Pending {
        /// The pause.
        next_poll_in: Duration,
    },
    /// Polled too fast; the pause is 5 s longer from now on.
    SlowDown {
        /// The pause.
        next_poll_in: Duration,
    },
    /// The network or the server failed for now; tries again.
    Interrupted {
        /// The failed operation.
        message: String,
        /// The pause.
        next_poll_in: Duration,
    },
}

/// The tokens of an approved login.
#[derive(Debug, Clone)]
pub struct Grant {
    /// For the backend.
    pub access: AccessToken,
    /// For the next access token. `None` is no error: the issuer's switches
    /// for it are off.
    pub refresh: Option<SecretString>,
    /// Who it is, from the ID token.
    pub identity: Identity,
}

/// The device flow of one connection.
#[derive(Debug)]
pub struct DeviceFlow {
    connection: Connection,
    client: Client,
    issuer: Issuer,
    pace: TimeScale,
}

impl DeviceFlow {
    /// Asks the issuer where its endpoints are.
    ///
    /// # Errors
    ///
    /// When the issuer cannot be asked, or is not the one configured.
    pub async fn discover(connection: &Connection, pace: TimeScale) -> Result<Self, AuthError> {
        let client = http::client(&discovery::address(&connection.issuer)?)?;
        let issuer = Issuer::discover(&client, &connection.issuer).await?;
        Ok(Self {
            connection: connection.clone(),
            client,
            issuer,
            pace,
        })
    }

    /// The issuer's endpoints.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Asks for a code: what to show, and the device code, which is a secret.
    ///
    /// # Errors
    ///
    /// When the issuer refuses the application or the audience, or gives no
    /// answer.
    pub async fn start(&self) -> Result<(Prompt, SecretString), AuthError> {
        let device = self
            .issuer
            .device_authorization
            .as_ref()
            .ok_or(AuthError::NoDeviceFlow)?;
        let bridge = Bridge::new(self.client.clone(), SecretString::default());
        let client = oauth::device_client(&self.connection.client_id, &self.issuer.token, device);
        let started: Started = client
            .exchange_device_code()
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("audience", self.connection.audience.as_str())
            .request_async(&bridge)
            .await
            .map_err(|e| match oauth::said(e) {
                Ok(said) => oauth::refused(said, &self.connection.audience),
                Err(error) => error,
            })?;
        prompt(&started, Timestamp::now())
    }

    /// Waits until the user has approved or refused, the code has ended, or
    /// `limit` has passed. Dropping the future gives up and leaves nothing.
    ///
    /// # Errors
    ///
    /// [`AuthError::Denied`], [`AuthError::CodeExpired`],
    /// [`AuthError::TimedOut`] and other refusals. The network's failures are
    /// no error here, only progress.
    pub async fn wait(
        &self,
        prompt: &Prompt,
        device: &SecretString,
        limit: Option<Duration>,
        on_progress: impl FnMut(Progress) + Send,
    ) -> Result<Grant, AuthError> {
        let life = prompt.life_left(Timestamp::now());
        let (span, up) = match limit {
            Some(after) if after < life => (after, AuthError::TimedOut { after }),
            _ => (life, AuthError::CodeExpired),
        };
        let details = prompt.details(device)?;
        let bridge = Bridge::new(self.client.clone(), device.clone());
        let client = oauth::client(&self.connection.client_id, &self.issuer.token);
        let wait = Wait {
            bridge: &bridge,
            pace: self.pace,
            deadline: Instant::now() + self.pace.real(span),
            over: Notify::new(),
            lost: AtomicBool::new(false),
            told: Mutex::new((
                Pauses::new(Duration::from_secs(prompt.interval)),
                on_progress,
            )),
        };
        let polling = client
            .exchange_device_access_token(&details)
            .set_max_backoff_interval(NEVER)
            .request_async(&bridge, |_| wait.pause(), Some(NEVER));
        let tokens = tokio::select! {
            tokens = polling => tokens,
            () = wait.over.notified() => return Err(up),
            () = tokio::time::sleep_until(wait.deadline + GRACE) => return Err(up),
        };
        let granted = match tokens.map_err(oauth::said) {
            Ok(tokens) => self.grant(&tokens),
            Err(Ok(said)) => Err(self.ended(said, wait.lost.load(Ordering::Relaxed))),
            Err(Err(error)) => Err(error),
        };
        if let (Err(_), Some(token)) = (&granted, bridge.refresh_token()) {
            revoke_unused(&self.connection, &token).await;
        }
        granted
    }

    /// What an error means that ends the polling.
    fn ended(&self, said: Said, answer_was_lost: bool) -> AuthError {
        let Said { code, description } = said;
        match code.as_str() {
            "access_denied" if !oauth::is_unknown_audience(&description) => {
                AuthError::Denied { description }
            }
            "expired_token" => AuthError::CodeExpired,
            "invalid_grant" if answer_was_lost => AuthError::ApprovalLost { description },
            "invalid_grant" => AuthError::CodeSpent { description },
            _ => oauth::refused(Said { code, description }, &self.connection.audience),
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

    /// Who it is: from the ID token, which must be this issuer's for this
    /// application. Its signature is not checked: it came from the issuer
    /// itself over TLS (`OpenID` Connect Core, 3.1.3.7).
    fn identity(&self, tokens: &Tokens, access: &SecretString) -> Result<Identity, AuthError> {
        let access = Inspected::read(access);
        let Some(id_token) = &tokens.extra_fields().id_token else {
            return access.identity().ok_or_else(|| {
                oauth::malformed("neither an ID token nor a JWT says who logged in")
            });
        };
        let id_token = Inspected::read(&SecretString::from(id_token.clone()));
        if !matches!(id_token, Inspected::Jwt { .. }) {
            return Err(oauth::malformed("the ID token cannot be read"));
        }
        if id_token.text("iss") != Some(&self.connection.issuer) {
            return Err(oauth::malformed("the ID token is of another issuer"));
        }
        if !id_token
            .audiences()
            .contains(&self.connection.client_id.as_str())
        {
            return Err(oauth::malformed("the ID token is for another application"));
        }
        let identity = id_token
            .identity()
            .ok_or_else(|| oauth::malformed("the ID token names nobody"))?;
        if access.text("sub").is_some_and(|sub| sub != identity.sub) {
            return Err(oauth::malformed("its two tokens name two people"));
        }
        Ok(identity)
    }
}

type Started = DeviceAuthorizationResponse<EmptyExtraDeviceAuthorizationFields>;

/// Takes over what the issuer started at `now`, with bounds on its numbers.
fn prompt(started: &Started, now: Timestamp) -> Result<(Prompt, SecretString), AuthError> {
    let expires_in = started.expires_in().as_secs().min(LONGEST_LIFE);
    let prompt = Prompt {
        user_code: one_line(started.user_code().secret()),
        verification_uri: one_line(started.verification_uri()),
        verification_uri_complete: started
            .verification_uri_complete()
            .map(|uri| one_line(uri.secret()))
            .filter(|uri| Url::parse(uri).is_ok()),
        expires_at: oauth::after(now, Duration::from_secs(expires_in)).unwrap_or(now),
        expires_in,
        interval: started.interval().as_secs().clamp(1, LONGEST_INTERVAL),
    };
    if prompt.user_code.is_empty() || started.device_code().secret().is_empty() {
        return Err(oauth::malformed("the code is empty"));
    }
    let device = SecretString::from(started.device_code().secret().clone());
    Ok((prompt, device))
}

impl Prompt {
    /// The form in which `oauth2` wants it.
    fn details(&self, device: &SecretString) -> Result<Started, AuthError> {
        serde_json::from_value(json!({
            "device_code": device.expose_secret(),
            "user_code": self.user_code,
            "verification_uri": self.verification_uri,
            "expires_in": self.expires_in,
            "interval": self.interval,
        }))
        .map_err(|_| oauth::malformed("the page for the code has no address"))
    }
}

/// The state of one wait. Time is counted by the monotonic clock: setting the
/// wall clock neither ends nor prolongs a login, and after a suspend the
/// issuer itself says whether the code has ended.
struct Wait<'a, F> {
    bridge: &'a Bridge,
    pace: TimeScale,
    deadline: Instant,
    over: Notify,
    /// Whether the answer to the last poll was lost after the request left.
    lost: AtomicBool,
    told: Mutex<(Pauses, F)>,
}

impl<F: FnMut(Progress) + Send> Wait<'_, F> {
    /// Tells what happened and waits until the next poll, for which there is
    /// one at the very end. After that it ends the wait and never returns.
    async fn pause(&self) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.over.notify_one();
            return std::future::pending().await;
        }
        let pause = self.tell();
        tokio::time::sleep(self.pace.real(pause).min(left)).await;
    }

    fn tell(&self) -> Duration {
        let reply = self.bridge.last();
        let lost = matches!(&reply, Reply::TransportError(error) if error.may_have_arrived());
        self.lost.store(lost, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (pauses, on_progress) = &mut *told;
        let next_poll_in = pauses.after(&reply);
        on_progress(match reply {
            Reply::TransportError(trouble) => Progress::Interrupted {
                message: trouble.to_string(),
                next_poll_in,
            },
            Reply::Error(error) if error == "slow_down" => Progress::SlowDown { next_poll_in },
            Reply::Error(_) | Reply::Success | Reply::None => Progress::Pending { next_poll_in },
        });
        next_poll_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(page: &str, complete: Option<&str>) -> Prompt {
        Prompt {
            user_code: "BCDF-GHJK".to_owned(),
            verification_uri: page.to_owned(),
            verification_uri_complete: complete.map(str::to_owned),
            expires_at: Timestamp::UNIX_EPOCH,
            expires_in: 900,
            interval: 5,
        }
    }

    #[test]
    fn only_pages_on_the_issuers_host_are_opened() {
        let issuer = "https://t.example/";
        let own = "https://t.example/activate";
        let open = |page, complete| prompt(page, complete).openable(issuer);
        assert!(open(own, None).is_some());
        assert!(open(own, Some("https://t.example/activate?user_code=B")).is_some());
        for bad in [
            "https://evil.example/activate",
            "http://t.example/activate",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "--help",
        ] {
            assert_eq!(open(bad, None), None, "{bad}");
            assert_eq!(open(own, Some(bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_code_is_to_be_entered_where_the_page_does_not_know_it() {
        let page = "https://t.example/activate";
        let complete = "https://t.example/activate?user_code=B";

        let without = prompt(page, None);
        assert_eq!(without.page(), page);
        assert!(without.what_to_do_with_the_code().contains("enter"));
        let with = prompt(page, Some(complete));
        assert_eq!(with.page(), complete);
        assert!(with.what_to_do_with_the_code().contains("check"));
    }

    #[test]
    fn a_clock_set_back_does_not_prolong_a_code() -> Result<(), jiff::Error> {
        let mut prompt = prompt("https://t.example/", None);
        prompt.expires_at = Timestamp::from_second(10_000)?;
        let left = |now| Timestamp::from_second(now).map(|now| prompt.life_left(now).as_secs());
        assert_eq!(left(9_900)?, 100);
        assert_eq!(left(0)?, 900);
        assert_eq!(left(20_000)?, 0);
        Ok(())
    }
}
