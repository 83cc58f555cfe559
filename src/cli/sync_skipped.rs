//! Why a command had no complete round, in words.

use std::borrow::Cow;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::auth::credential_store::CredentialStoreError;
use crate::auth::error::Kind;
use crate::cli::clock::local;
use crate::cli::error::CliError;
use crate::sync::remote::RemoteError;
use crate::sync::round::RoundError;

/// What helps where `--offline` stands in the way.
pub(crate) const WITHOUT_OFFLINE: &str = "Try again without --offline.";

/// Why there was no complete round.
#[derive(Debug)]
pub(crate) enum SyncSkipped {
    /// `--offline`.
    Offline,
    /// A try shortly before failed.
    Recent,
    /// The server asked to be left alone.
    Asked {
        /// Until when.
        until: Timestamp,
    },
    /// Time was up, and the server had said nothing.
    Late,
    /// Time was up while another process refreshed the login, or hung there.
    Refreshing,
    /// Time was up while the issuer was asked for a new access token.
    Issuer,
    /// Time was up, this much, while the credential store was asked for the
    /// login.
    Store(Duration),
    /// Time was up while the server was answering: what it said is kept.
    Slow,
    /// The round ended early, of the network or the disk; never because the
    /// store was damaged.
    Ended(RoundError),
}

impl SyncSkipped {
    /// Why, as a fragment.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Offline => "offline, as asked".to_owned(),
            Self::Recent => "the server could not be reached a moment ago".to_owned(),
            Self::Asked { until } => {
                let until = local(whole_minute(*until)).strftime("%H:%M");
                format!("the server asks to wait until {until}")
            }
            Self::Late => "the server did not answer in time".to_owned(),
            Self::Refreshing => {
                "another tudone is refreshing the login; end it if it hangs".to_owned()
            }
            Self::Issuer => "the issuer did not answer in time".to_owned(),
            Self::Store(_) => "the credential store did not answer in time".to_owned(),
            Self::Slow => "not all fetched in time".to_owned(),
            Self::Ended(error) => error.to_string(),
        }
    }

    /// A few words for a status: `offline`, `logged out`.
    pub(crate) fn word(&self) -> Cow<'static, str> {
        let word = match self {
            Self::Asked { .. } => return self.why().into(),
            Self::Offline | Self::Recent | Self::Late | Self::Issuer => "offline",
            Self::Store(_) => "the credential store does not answer",
            Self::Refreshing => "another refresh is under way",
            Self::Slow => "not all fetched in time",
            Self::Ended(RoundError::Busy) => "another sync is under way",
            Self::Ended(RoundError::Remote(error)) => match error {
                RemoteError::NoToken {
                    kind: Kind::Login, ..
                } => "logged out",
                RemoteError::NoToken {
                    kind: Kind::Misconfigured,
                    ..
                } => "the login cannot be used",
                RemoteError::Unauthorized { .. } => "login not accepted",
                RemoteError::Refused { .. } => "refused by the server",
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

    /// What the person can do next, as one imperative sentence.
    fn help(&self) -> String {
        let help = match self {
            Self::Offline => WITHOUT_OFFLINE,
            Self::Asked { .. } => {
                "Wait until then; what is queued is sent by a command after that."
            }
            Self::Slow => "Run `tudone sync --wait 10m` to wait longer.",
            Self::Recent | Self::Late | Self::Refreshing | Self::Issuer | Self::Store(_) => {
                "Check the network and `tudone config show`, then try again."
            }
            Self::Ended(error) => return error.help(),
        };
        help.to_owned()
    }

    /// As the error of a command that cannot answer without the server; `what`
    /// is what it could not do.
    pub(crate) fn into_error(self, what: &str) -> CliError {
        let unreachable = CliError::Unreachable {
            what: what.to_owned(),
            why: self.why(),
            help: self.help(),
        };
        match (self.word().as_ref(), self) {
            (
                _,
                Self::Offline
                | Self::Recent
                | Self::Asked { .. }
                | Self::Late
                | Self::Refreshing
                | Self::Issuer
                | Self::Slow
                | Self::Ended(RoundError::Busy),
            )
            | ("offline", Self::Ended(_)) => unreachable,
            (_, Self::Store(waited)) => CliError::CredentialStore(CredentialStoreError::Timeout {
                store: "the credential store",
                waited,
            }),
            (_, Self::Ended(error)) => CliError::Round(error),
        }
    }
}

/// The first whole minute that does not come before.
fn whole_minute(at: Timestamp) -> Timestamp {
    let step = SignedDuration::from_nanos(59_999_999_999);
    at.checked_add(step).unwrap_or(at)
}
