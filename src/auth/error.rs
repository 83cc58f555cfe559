//! The errors of a login.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::auth::credential_store::CredentialStoreError;
use crate::auth::discovery::DiscoveryError;
use crate::auth::session::RefreshFailure;
use crate::auth::transport_error::TransportError;
use crate::finding::Finding;
use crate::http::HttpError;
use crate::os::file_lock::LockError;
use crate::text::causes;

/// Why a login, a refresh or a logout failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No login is stored for this profile.
    #[error("not logged in")]
    LoggedOut,
    /// The issuer no longer accepts the refresh token.
    #[error("the login has expired or was revoked: {description}")]
    LoginEnded {
        /// The issuer's description.
        description: String,
        /// Whether the answer to an earlier refresh was lost: that uses up the
        /// token where the issuer allows no overlap.
        answer_was_lost: bool,
    },
    /// The profile was logged in as another user meanwhile.
    #[error("this profile is now logged in as another user")]
    OtherAccount,
    /// `TUDONE_ACCESS_TOKEN` has expired or was refused.
    #[error("the token in TUDONE_ACCESS_TOKEN has expired or was refused")]
    FixedTokenExpired,
    /// `TUDONE_ACCESS_TOKEN` is not a JWT, or has no `sub`.
    #[error("the token in TUDONE_ACCESS_TOKEN does not identify a user")]
    FixedTokenOpaque,
    /// `TUDONE_ACCESS_TOKEN` is not a token alone.
    #[error("the token in TUDONE_ACCESS_TOKEN {problem}")]
    FixedTokenMalformed {
        /// The problem: `contains a line break`.
        problem: &'static str,
    },
    /// The access token cannot be sent in a header.
    #[error("the access token contains characters that a header must not contain")]
    InvalidToken,
    /// The user, or an Action, denied the login.
    #[error("the login was refused: {description}")]
    Denied {
        /// The issuer's description.
        description: String,
    },
    /// The code expired.
    #[error("the code expired before it was confirmed")]
    CodeExpired,
    /// The issuer no longer accepts the code.
    #[error("the code was already used or is no longer valid: {description}")]
    CodeUsed {
        /// The issuer's description.
        description: String,
    },
    /// The issuer's answer that carried the tokens was probably lost: the next
    /// poll found the code used.
    #[error("the login was approved, but the issuer's answer was lost: {description}")]
    ApprovalLost {
        /// The issuer's answer to the next poll.
        description: String,
    },
    /// The user did not confirm within the time limit.
    #[error("the login was not confirmed within {}", as_argument(*after))]
    TimedOut {
        /// The time limit.
        after: Duration,
    },
    /// No code was obtained within the time limit.
    #[error("no code arrived within {}", as_argument(*after))]
    NoCode {
        /// The time limit.
        after: Duration,
    },
    /// The issuer has no API with this identifier.
    #[error("the issuer does not know the audience `{audience}`: {description}")]
    AudienceUnknown {
        /// As configured.
        audience: String,
        /// The issuer's description.
        description: String,
    },
    /// The application may not use the device flow.
    #[error("the application is not allowed to use the device flow: {description}")]
    GrantNotAllowed {
        /// The issuer's description.
        description: String,
    },
    /// The application may not use refresh tokens.
    #[error("the application is not allowed to use refresh tokens: {description}")]
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
    #[error("the issuer does not support the device flow")]
    NoDeviceFlow,
    /// Another OAuth error.
    #[error("the issuer answered {code}: {description}")]
    Refused {
        /// The OAuth `error`.
        code: String,
        /// The issuer's description.
        description: String,
    },
    /// A JSON answer that does not follow the standard.
    #[error("the issuer sent an invalid answer: {reason}")]
    Malformed {
        /// The problem, without the answer's contents.
        reason: String,
    },
    /// The issuer did not answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The issuer's endpoints were not discovered.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The HTTP client could not be built.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The credential store failed.
    #[error(transparent)]
    CredentialStore(#[from] CredentialStoreError),
    /// Another process holds the refresh lock.
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
    /// The refresh in another process failed.
    #[error(transparent)]
    Refresh(#[from] RefreshFailure),
    /// The program is shutting down.
    #[error("the program is shutting down")]
    ShuttingDown,
}

impl From<LockError> for AuthError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Busy { path, waited } => Self::LockBusy { path, waited },
            LockError::File { path, source } => Self::Lock { path, source },
        }
    }
}

/// Formats a duration like a command-line argument: `2s`, `500ms`.
fn as_argument(time: Duration) -> String {
    if time.subsec_nanos() == 0 {
        format!("{}s", time.as_secs())
    } else {
        format!("{time:?}")
    }
}

/// Kinds of failures, for exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthErrorKind {
    /// A login is needed, was denied or timed out (exit 4).
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
            Self::LoggedOut | Self::CodeExpired | Self::InvalidToken => "Run `tudone login`.",
            Self::CodeUsed { .. } => {
                "Run `tudone status`: another `tudone login --resume` may have finished this \
                 login; otherwise run `tudone login`."
            }
            Self::ApprovalLost { .. } => "Run `tudone login` again and approve the new code.",
            Self::LoginEnded {
                answer_was_lost: true,
                ..
            } => {
                "Run `tudone login`, and set the application's refresh token overlap to 30 s: an \
                 answer of the issuer was lost."
            }
            Self::LoginEnded { .. } => "Run `tudone login`; your unsent changes are kept.",
            Self::OtherAccount | Self::ShuttingDown => "Start tudone again.",
            Self::FixedTokenExpired => "Set TUDONE_ACCESS_TOKEN to a new token, or unset it.",
            Self::FixedTokenOpaque => {
                "Set TUDONE_ACCESS_TOKEN to a JWT for the API, or unset it and run `tudone login`."
            }
            Self::FixedTokenMalformed { .. } => {
                "Set TUDONE_ACCESS_TOKEN to the token alone, without `Bearer` and line breaks."
            }
            Self::Denied { .. } => "Run `tudone login` and confirm the login on the page.",
            Self::TimedOut { .. } => "Run `tudone login` with a longer --timeout.",
            Self::NoCode { .. } => {
                "Check the network connection and the credential store, or set a longer --timeout."
            }
            Self::AudienceUnknown { .. } => {
                "Create an API with exactly this identifier in Auth0 (Applications > APIs), \
                 or set `audience` to the identifier of an existing API."
            }
            Self::GrantNotAllowed { .. } => {
                "Set the application's type to Native and its authentication method to None, and \
                 enable Device Code under Advanced Settings > Grant Types."
            }
            Self::RefreshNotAllowed { .. } => {
                "Enable Refresh Token under Advanced Settings > Grant Types of the application."
            }
            Self::ClientUnknown { .. } => {
                "Set `client_id` to the Client ID of the Native application."
            }
            Self::NoDeviceFlow => "Use an issuer that supports the device authorization grant.",
            Self::Refused { .. } => "Find this answer in the issuer's log, then log in again.",
            Self::Malformed { .. } => "Check `issuer`, then report this answer to its operators.",
            Self::Transport(error) => return error.help(),
            Self::Discovery(error) => return error.help(),
            Self::Http(error) => error.help(),
            Self::CredentialStore(error) => return error.help(),
            Self::Refresh(failure) => failure.help(),
            Self::LockBusy { path, .. } => {
                return format!(
                    "Stop the other tudone process if it hangs: it holds the lock {}.",
                    path.display()
                );
            }
            Self::Lock { .. } => "Make the data directory writable.",
        };
        help.to_owned()
    }

    /// Returns whether a later retry, without any change, may succeed.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Transport(error) => error.retryable(),
            Self::Discovery(error) => error.retryable(),
            Self::CredentialStore(error) => error.retryable(),
            Self::Refresh(failure) => failure.retryable(),
            Self::LockBusy { .. } => true,
            Self::LoggedOut
            | Self::LoginEnded { .. }
            | Self::OtherAccount
            | Self::FixedTokenExpired
            | Self::FixedTokenOpaque
            | Self::FixedTokenMalformed { .. }
            | Self::InvalidToken
            | Self::Denied { .. }
            | Self::CodeExpired
            | Self::CodeUsed { .. }
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
            | Self::ShuttingDown => false,
        }
    }

    /// Returns whether a new login solves the problem.
    #[must_use]
    pub fn needs_login(&self) -> bool {
        self.kind() == AuthErrorKind::Login
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> AuthErrorKind {
        match self {
            Self::LoggedOut
            | Self::LoginEnded { .. }
            | Self::OtherAccount
            | Self::FixedTokenExpired
            | Self::FixedTokenOpaque
            | Self::FixedTokenMalformed { .. }
            | Self::InvalidToken
            | Self::Denied { .. }
            | Self::CodeExpired
            | Self::CodeUsed { .. }
            | Self::ApprovalLost { .. }
            | Self::TimedOut { .. }
            | Self::NoCode { .. }
            | Self::Refused { .. } => AuthErrorKind::Login,
            Self::Transport(error) if error.retryable() => AuthErrorKind::Unreachable,
            Self::Discovery(error) if error.retryable() => AuthErrorKind::Unreachable,
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
            | Self::Discovery(_) => AuthErrorKind::Misconfigured,
            Self::Refresh(failure) => failure.kind(),
            Self::LockBusy { .. } => AuthErrorKind::Failed,
            Self::ShuttingDown => AuthErrorKind::Interrupted,
        }
    }

    /// Converts the error to a finding.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding::failed(self.code(), causes::on_one_line(self)).help(self.help())
    }

    /// The stable code for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LoggedOut => "logged-out",
            Self::LoginEnded { .. } => "login-ended",
            Self::OtherAccount => "other-account",
            Self::FixedTokenExpired => "access-token-ended",
            Self::FixedTokenOpaque => "access-token-opaque",
            Self::InvalidToken | Self::FixedTokenMalformed { .. } => "access-token-invalid",
            Self::Denied { .. } => "denied",
            Self::CodeExpired | Self::CodeUsed { .. } => "code-expired",
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
            Self::Refresh(failure) => failure.code(),
            Self::LockBusy { .. } => "lock-busy",
            Self::Lock { .. } => "lock",
            Self::ShuttingDown => "interrupted",
        }
    }
}
