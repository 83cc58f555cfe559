//! Why a command completed no sync round.

use std::borrow::Cow;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::auth::credential_store::CredentialStoreError;
use crate::auth::error::AuthErrorKind;
use crate::cli::clock::local;
use crate::cli::error::CliError;
use crate::sync::remote::RemoteError;
use crate::sync::round::RoundError;

/// The help if `--offline` prevents an answer.
pub(crate) const WITHOUT_OFFLINE: &str = "Try again without --offline.";

/// The help for a token in `TUDONE_ACCESS_TOKEN` that the server rejects.
pub(crate) const NEW_EXTERNAL_TOKEN: &str = "Set TUDONE_ACCESS_TOKEN to a token that the backend accepts, or unset it and run \
     `tudone login`.";

/// Why no round was completed.
#[derive(Debug)]
pub(crate) enum SyncSkipped {
    /// `--offline`.
    Offline,
    /// A recent attempt failed.
    Recent,
    /// The server sent `Retry-After`.
    RetryAfter {
        /// The end of the wait.
        until: Timestamp,
    },
    /// The server did not answer in time.
    Late,
    /// Another process was refreshing the login until the timeout.
    Refreshing,
    /// The issuer did not answer in time.
    Issuer,
    /// The credential store did not answer within this time.
    Store(Duration),
    /// The timeout came in the middle of a pull; what was received is stored.
    Slow,
    /// The server rejected the token in `TUDONE_ACCESS_TOKEN`.
    ExternalToken(RemoteError),
    /// The round failed, but not because the store is damaged.
    Ended(RoundError),
}

impl SyncSkipped {
    /// Returns the reason, as a fragment.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Offline => "offline (--offline)".to_owned(),
            Self::Recent => "the server was unreachable a moment ago".to_owned(),
            Self::RetryAfter { until } => {
                let until = local(whole_minute(*until)).strftime("%H:%M");
                format!("the server asks to wait until {until}")
            }
            Self::Late => "the server did not answer in time".to_owned(),
            Self::Refreshing => "another tudone is refreshing the login".to_owned(),
            Self::Issuer => "the issuer did not answer in time".to_owned(),
            Self::Store(_) => "the credential store did not answer in time".to_owned(),
            Self::Slow => "not everything was received in time".to_owned(),
            Self::ExternalToken(error) => error.to_string(),
            Self::Ended(error) => error.to_string(),
        }
    }

    /// Returns a few words for a status: `offline`, `logged out`.
    pub(crate) fn summary(&self) -> Cow<'static, str> {
        let word = match self {
            Self::RetryAfter { .. } => return self.why().into(),
            Self::Offline | Self::Recent | Self::Late | Self::Issuer => "offline",
            Self::Store(_) => "the credential store does not answer",
            Self::ExternalToken(_) => "login not accepted",
            Self::Refreshing => "another refresh is running",
            Self::Slow => "not everything was received in time",
            Self::Ended(RoundError::Busy) => "another sync is running",
            Self::Ended(RoundError::Remote(error)) => match error {
                RemoteError::NoToken { source } if source.needs_login() => "logged out",
                RemoteError::NoToken { source }
                    if source.kind() == AuthErrorKind::Misconfigured =>
                {
                    "the login cannot be used"
                }
                RemoteError::Unauthorized { .. } => "login not accepted",
                RemoteError::Rejected { .. } => "rejected by the server",
                RemoteError::Unreachable { .. }
                | RemoteError::ConnectionLost { .. }
                | RemoteError::ServerError { .. }
                | RemoteError::NoToken { .. }
                | RemoteError::InvalidResponse { .. }
                | RemoteError::TooLarge { .. } => "offline",
            },
            Self::Ended(RoundError::Store(_) | RoundError::Lock(_)) => "local failure",
        };
        word.into()
    }

    /// Suggests the next step, as one imperative sentence.
    fn help(&self) -> String {
        let help = match self {
            Self::Offline => WITHOUT_OFFLINE,
            Self::RetryAfter { .. } => {
                "Wait until then; the next command sends the queued changes."
            }
            Self::Slow => "Run `tudone sync --wait 10m` to wait longer.",
            Self::ExternalToken(_) => NEW_EXTERNAL_TOKEN,
            Self::Recent | Self::Late | Self::Refreshing | Self::Issuer | Self::Store(_) => {
                "Check the network and `tudone config show`, then try again."
            }
            Self::Ended(error) => return error.help(),
        };
        help.to_owned()
    }

    /// Returns the error of a command that cannot answer without the server; `what`
    /// names what failed.
    pub(crate) fn into_error(self, what: &str) -> CliError {
        let unreachable = CliError::Unreachable {
            what: what.to_owned(),
            why: self.why(),
            help: self.help(),
        };
        match (self.kind(), self) {
            (_, Self::Store(waited)) => CliError::CredentialStore(CredentialStoreError::Timeout {
                store: "the credential store",
                waited,
            }),
            (_, Self::ExternalToken(error)) => CliError::ExternalToken(error),
            (SkipKind::Login | SkipKind::Refused, Self::Ended(error)) => CliError::Round(error),
            (SkipKind::Unreachable | SkipKind::Busy | SkipKind::Login | SkipKind::Refused, _) => {
                unreachable
            }
        }
    }

    /// Returns the kind of the reason.
    pub(crate) fn kind(&self) -> SkipKind {
        match self {
            Self::Offline
            | Self::Recent
            | Self::RetryAfter { .. }
            | Self::Late
            | Self::Issuer
            | Self::Slow => SkipKind::Unreachable,
            Self::ExternalToken(_) => SkipKind::Login,
            Self::Store(_) | Self::Ended(RoundError::Store(_) | RoundError::Lock(_)) => {
                SkipKind::Refused
            }
            Self::Refreshing | Self::Ended(RoundError::Busy) => SkipKind::Busy,
            Self::Ended(RoundError::Remote(error)) => match error {
                RemoteError::Unauthorized { .. } => SkipKind::Login,
                RemoteError::NoToken { source } if source.needs_login() => SkipKind::Login,
                RemoteError::NoToken { source }
                    if source.kind() == AuthErrorKind::Misconfigured =>
                {
                    SkipKind::Refused
                }
                RemoteError::Rejected { .. } => SkipKind::Refused,
                RemoteError::Unreachable { .. }
                | RemoteError::ConnectionLost { .. }
                | RemoteError::ServerError { .. }
                | RemoteError::NoToken { .. }
                | RemoteError::InvalidResponse { .. }
                | RemoteError::TooLarge { .. } => SkipKind::Unreachable,
            },
        }
    }
}

/// The kinds of reasons, for decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SkipKind {
    /// The server was not contacted, or gave no usable answer.
    Unreachable,
    /// Another process is syncing or refreshing.
    Busy,
    /// A login is needed.
    Login,
    /// The server, the login or this machine rejects it; waiting does not help.
    Refused,
}

/// Returns the first whole minute at or after `at`.
fn whole_minute(at: Timestamp) -> Timestamp {
    let step = SignedDuration::from_nanos(59_999_999_999);
    at.checked_add(step).unwrap_or(at)
}
