//! The errors of a login.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::auth::credential_store::CredentialStoreError;
use crate::auth::discovery::DiscoveryError;
use crate::auth::transport_error::TransportError;
use crate::finding::Finding;
use crate::http::HttpError;
use crate::os::file_lock::LockError;
use crate::text::causes;

/// Why there is no login or no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No login is kept for this profile.
    #[error("not logged in")]
    LoggedOut,
    /// The issuer no longer takes the refresh token.
    #[error("the login has ended: {description}")]
    Ended {
        /// The issuer's description.
        description: String,
        /// Whether the answer to an earlier refresh was lost: that spends the
        /// token where the issuer allows no overlap.
        answer_was_lost: bool,
    },
    /// The profile was logged in as another user meanwhile.
    #[error("this profile is now logged in as somebody else")]
    OtherAccount,
    /// `TUDONE_ACCESS_TOKEN` has ended or was refused.
    #[error("the token in TUDONE_ACCESS_TOKEN is no longer taken")]
    FixedTokenEnded,
    /// `TUDONE_ACCESS_TOKEN` is no JWT, or names nobody.
    #[error("the token in TUDONE_ACCESS_TOKEN does not say whose it is")]
    FixedTokenOpaque,
    /// The user, or an Action, said no.
    #[error("the login was refused: {description}")]
    Denied {
        /// The issuer's description.
        description: String,
    },
    /// The code was not confirmed in time.
    #[error("the code expired before it was confirmed")]
    CodeExpired,
    /// The issuer does not accept the code, or not any more.
    #[error("the code was used already or is no longer valid: {description}")]
    CodeSpent {
        /// The issuer's description.
        description: String,
    },
    /// The issuer's answer that carried the tokens was probably lost: the next
    /// poll found the code used.
    #[error("the login was approved, but the issuer's answer was lost: {description}")]
    ApprovalLost {
        /// What the issuer said to the next poll.
        description: String,
    },
    /// The user did not confirm within the time given.
    #[error("the login was not confirmed within {}", given(*after))]
    TimedOut {
        /// The time given.
        after: Duration,
    },
    /// The store and the issuer gave no code to show within the time given.
    #[error("no code came within {}", given(*after))]
    NoCode {
        /// The time given.
        after: Duration,
    },
    /// No API has this identifier at the issuer.
    #[error("the issuer does not know the audience `{audience}`: {description}")]
    AudienceUnknown {
        /// As configured.
        audience: String,
        /// The issuer's description.
        description: String,
    },
    /// The application may not use the device flow.
    #[error("the application may not log in devices: {description}")]
    GrantNotAllowed {
        /// The issuer's description.
        description: String,
    },
    /// The application may not use refresh tokens, any more.
    #[error("the application may not refresh its logins: {description}")]
    RefreshNotAllowed {
        /// The issuer's description.
        description: String,
    },
    /// The issuer does not know the application.
    #[error("the issuer does not know the application: {description}")]
    ClientUnknown {
        /// The issuer's description.
        description: String,
    },
    /// The issuer has no device flow.
    #[error("the issuer offers no device login")]
    NoDeviceFlow,
    /// Another OAuth error.
    #[error("the issuer answered {code}: {description}")]
    Refused {
        /// The OAuth `error`.
        code: String,
        /// The issuer's description.
        description: String,
    },
    /// An answer that is JSON but not the one the standard describes.
    #[error("the issuer sent an unusable answer: {reason}")]
    Malformed {
        /// What is wrong with it, without its contents.
        reason: String,
    },
    /// The issuer gave no answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The issuer's endpoints are not known.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// No HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The credential store failed.
    #[error(transparent)]
    CredentialStore(#[from] CredentialStoreError),
    /// Another process holds the lock for refreshing.
    #[error("another tudone has been refreshing the login for {} s", waited.as_secs())]
    LockBusy {
        /// The lock file.
        path: PathBuf,
        /// The time waited.
        waited: Duration,
    },
    /// The lock file cannot be used.
    #[error("cannot use the lock file {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The program is ending.
    #[error("the program is ending")]
    Ending,
}

impl From<LockError> for AuthError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Busy { path, waited } => Self::LockBusy { path, waited },
            LockError::File { path, source } => Self::Lock { path, source },
        }
    }
}

/// A time as it is given to a command: `2s`, `500ms`.
fn given(time: Duration) -> String {
    if time.subsec_nanos() == 0 {
        format!("{}s", time.as_secs())
    } else {
        format!("{time:?}")
    }
}

/// Returns the kind of the failure, for exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A login is needed, or was denied, or ran out of time (exit 4).
    Login,
    /// The issuer or the backend cannot be reached (exit 5).
    Unreachable,
    /// The configuration, the tenant or the machine needs a change (exit 8).
    Misconfigured,
    /// The user interrupted (exit 130).
    Interrupted,
    /// Anything else (exit 1).
    Failed,
}

impl AuthError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::LoggedOut | Self::CodeExpired => "Run `tudone login`.",
            Self::CodeSpent { .. } => {
                "Run `tudone status`: another `tudone login --resume` may have finished this \
                 login; otherwise run `tudone login`."
            }
            Self::ApprovalLost { .. } => {
                "Run `tudone login` again, and approve the new code: an approval counts once."
            }
            Self::Ended {
                answer_was_lost: true,
                ..
            } => {
                "Run `tudone login`, and give the application's refresh tokens an overlap of 30 s, \
                 since an answer of the issuer was lost."
            }
            Self::Ended { .. } => "Run `tudone login`; what you changed meanwhile is kept.",
            Self::OtherAccount | Self::Ending => "Start tudone again.",
            Self::FixedTokenEnded => "Set TUDONE_ACCESS_TOKEN to a new token, or unset it.",
            Self::FixedTokenOpaque => {
                "Set TUDONE_ACCESS_TOKEN to a JWT for the API, or unset it and run `tudone login`."
            }
            Self::Denied { .. } => "Run `tudone login` and choose Confirm on the page.",
            Self::TimedOut { .. } => "Run `tudone login` with a longer --timeout.",
            Self::NoCode { .. } => {
                "Check the network connection and the credential store, or give a longer --timeout."
            }
            Self::AudienceUnknown { .. } => {
                "Create an API with exactly this identifier in Auth0 (Applications > APIs), \
                 or set `audience` to the identifier of the one there is."
            }
            Self::GrantNotAllowed { .. } => {
                "Make the application one of type Native with authentication method None, and \
                 switch on Device Code under Advanced Settings > Grant Types."
            }
            Self::RefreshNotAllowed { .. } => {
                "Switch on Refresh Token under Advanced Settings > Grant Types of the application."
            }
            Self::ClientUnknown { .. } => {
                "Set `client_id` to the Client ID of the Native application."
            }
            Self::NoDeviceFlow => "Use an issuer with the device authorization grant.",
            Self::Refused { .. } => "Look for this answer in the issuer's log, then log in again.",
            Self::Malformed { .. } => "Check `issuer`, then report this answer to its operators.",
            Self::Transport(trouble) => return trouble.help(),
            Self::Discovery(error) => return error.help(),
            Self::Http(error) => error.help(),
            Self::CredentialStore(error) => return error.help(),
            Self::LockBusy { path, .. } => {
                return format!(
                    "End the other tudone if it hangs; it holds the lock on {}.",
                    path.display()
                );
            }
            Self::Lock { .. } => "Make the data directory writable for you.",
        };
        help.to_owned()
    }

    /// Returns whether trying again later, changing nothing, may help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Transport(trouble) => trouble.retryable(),
            Self::Discovery(error) => error.retryable(),
            Self::CredentialStore(error) => error.retryable(),
            Self::LockBusy { .. } => true,
            Self::LoggedOut
            | Self::Ended { .. }
            | Self::OtherAccount
            | Self::FixedTokenEnded
            | Self::FixedTokenOpaque
            | Self::Denied { .. }
            | Self::CodeExpired
            | Self::CodeSpent { .. }
            | Self::ApprovalLost { .. }
            | Self::TimedOut { .. }
            | Self::NoCode { .. }
            | Self::AudienceUnknown { .. }
            | Self::GrantNotAllowed { .. }
            | Self::RefreshNotAllowed { .. }
            | Self::ClientUnknown { .. }
            | Self::NoDeviceFlow
            | Self::Refused { .. }
            | Self::Malformed { .. }
            | Self::Http(_)
            | Self::Lock { .. }
            | Self::Ending => false,
        }
    }

    /// Returns whether logging in again is what helps.
    #[must_use]
    pub fn needs_login(&self) -> bool {
        self.kind() == Kind::Login
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::LoggedOut
            | Self::Ended { .. }
            | Self::OtherAccount
            | Self::FixedTokenEnded
            | Self::FixedTokenOpaque
            | Self::Denied { .. }
            | Self::CodeExpired
            | Self::CodeSpent { .. }
            | Self::ApprovalLost { .. }
            | Self::TimedOut { .. }
            | Self::NoCode { .. }
            | Self::Refused { .. } => Kind::Login,
            Self::Transport(trouble) if trouble.retryable() => Kind::Unreachable,
            Self::Discovery(error) if error.retryable() => Kind::Unreachable,
            Self::AudienceUnknown { .. }
            | Self::GrantNotAllowed { .. }
            | Self::RefreshNotAllowed { .. }
            | Self::ClientUnknown { .. }
            | Self::NoDeviceFlow
            | Self::Malformed { .. }
            | Self::Http(_)
            | Self::CredentialStore(_)
            | Self::Lock { .. }
            | Self::Transport(_)
            | Self::Discovery(_) => Kind::Misconfigured,
            Self::LockBusy { .. } => Kind::Failed,
            Self::Ending => Kind::Interrupted,
        }
    }

    /// The error as a finding.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding::failed(self.code(), causes::on_one_line(self)).help(self.help())
    }

    /// A stable word for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LoggedOut => "logged-out",
            Self::Ended { .. } => "login-ended",
            Self::OtherAccount => "other-account",
            Self::FixedTokenEnded => "access-token-ended",
            Self::FixedTokenOpaque => "access-token-opaque",
            Self::Denied { .. } => "denied",
            Self::CodeExpired | Self::CodeSpent { .. } => "code-expired",
            Self::ApprovalLost { .. } => "approval-lost",
            Self::TimedOut { .. } | Self::NoCode { .. } => "timed-out",
            Self::AudienceUnknown { .. } => "audience-unknown",
            Self::GrantNotAllowed { .. } => "grant-not-allowed",
            Self::RefreshNotAllowed { .. } => "refresh-not-allowed",
            Self::ClientUnknown { .. } => "client-unknown",
            Self::NoDeviceFlow => "no-device-flow",
            Self::Refused { .. } => "issuer-refused",
            Self::Malformed { .. } => "issuer-malformed",
            Self::Transport(_) => "issuer-unreachable",
            Self::Discovery(error) => error.code(),
            Self::Http(_) => "tls",
            Self::CredentialStore(error) => error.code(),
            Self::LockBusy { .. } => "lock-busy",
            Self::Lock { .. } => "lock",
            Self::Ending => "interrupted",
        }
    }
}
