//! The errors of login and logout.

use std::io;
use std::path::PathBuf;

use crate::auth::diagnosis::{Diagnosis, TutorialStep};
use crate::auth::error::{AuthError, AuthErrorKind};
use crate::finding::Finding;

/// Why a login or logout failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// An error of the issuer, the credential store or the user.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A login stored in the memory of this process would be lost.
    #[error("a login stored in memory ends with this process")]
    MemoryStore,
    /// `TUDONE_ACCESS_TOKEN` replaces the login.
    #[error("TUDONE_ACCESS_TOKEN is set and replaces the login")]
    ExternalToken,
    /// There is no unfinished device login.
    #[error("there is no unfinished login")]
    NothingToResume,
    /// The backend rejected the token.
    #[error("the backend rejected the new token ({code}: {message}): {diagnosis}")]
    TokenRefused {
        /// Its code.
        code: String,
        /// Its message.
        message: String,
        /// The problem.
        #[source]
        diagnosis: Diagnosis,
        /// The text to paste, as the help explains.
        fix: Option<Box<str>>,
    },
    /// The backend accepted the token but rejected the query.
    #[error(
        "the backend rejected the first query ({code}: {message}){}",
        cause(code)
    )]
    QueryRefused {
        /// Its code.
        code: String,
        /// Its message.
        message: String,
    },
    /// There is no refresh token, and the access token is too long for the store.
    #[error("no token of the login could be stored")]
    NothingStored,
    /// Files of the account cannot be written or deleted.
    #[error("cannot change {}", path.display())]
    Files {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The user interrupted.
    #[error("login cancelled")]
    Interrupted,
}

impl LoginError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::Auth(error) => return error.help(),
            Self::TokenRefused { diagnosis, .. } => {
                return at_step(&diagnosis.help(), diagnosis.tutorial_step());
            }
            Self::QueryRefused { .. } => {
                let help = "Run `tudone setup hasura` to create the tables and permissions.";
                return at_step(help, TutorialStep::Permissions);
            }
            Self::MemoryStore => {
                "Set `credential_store` to \"keyring\", \"file\" or \"command\" \
                 (\"memory\" is for the demo)."
            }
            Self::ExternalToken => "Unset TUDONE_ACCESS_TOKEN to log in or out.",
            Self::NothingToResume | Self::Interrupted => "Run `tudone login`.",
            Self::NothingStored => {
                "Enable Allow Offline Access for the API, or set `credential_store = \"file\"`."
            }
            Self::Files { .. } => "Make the data directory writable.",
        };
        help.to_owned()
    }

    /// Converts the error to a finding.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let finding = match self {
            Self::Auth(error) => return error.finding(),
            Self::TokenRefused {
                code,
                message,
                diagnosis,
                ..
            } => Finding {
                received: Some(format!("{code}: {message}")),
                ..Finding::failed(diagnosis.code(), diagnosis.to_string())
            },
            Self::MemoryStore
            | Self::ExternalToken
            | Self::NothingToResume
            | Self::QueryRefused { .. }
            | Self::NothingStored
            | Self::Files { .. }
            | Self::Interrupted => Finding::failed(self.code(), self.to_string()),
        };
        let fix = self.fix().map(str::to_owned);
        Finding { fix, ..finding }.help(self.help())
    }

    /// The text to paste, as the help explains.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        match self {
            Self::TokenRefused { fix, .. } => fix.as_deref(),
            Self::Auth(_)
            | Self::MemoryStore
            | Self::ExternalToken
            | Self::NothingToResume
            | Self::QueryRefused { .. }
            | Self::NothingStored
            | Self::Files { .. }
            | Self::Interrupted => None,
        }
    }

    /// The stable code for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Auth(error) => error.code(),
            Self::MemoryStore => "memory-store",
            Self::ExternalToken => "access-token-set",
            Self::NothingToResume => "nothing-to-resume",
            Self::TokenRefused { diagnosis, .. } => diagnosis.code(),
            Self::QueryRefused { .. } => "backend-refused",
            Self::NothingStored => "nothing-kept",
            Self::Files { .. } => "files",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns the kind of the failure, for the exit code.
    #[must_use]
    pub fn kind(&self) -> AuthErrorKind {
        match self {
            Self::Auth(error) => error.kind(),
            Self::NothingToResume => AuthErrorKind::Login,
            Self::MemoryStore
            | Self::ExternalToken
            | Self::TokenRefused { .. }
            | Self::QueryRefused { .. }
            | Self::NothingStored
            | Self::Files { .. } => AuthErrorKind::Misconfigured,
            Self::Interrupted => AuthErrorKind::Interrupted,
        }
    }
}

/// Explains the codes with which Hasura hides a table from a role.
fn cause(code: &str) -> &'static str {
    match code {
        "validation-failed" | "permission-error" => {
            ": the role may not read `todos`, or the table does not exist"
        }
        _ => "",
    }
}

fn at_step(help: &str, step: TutorialStep) -> String {
    format!("{help} (step of the set-up: {step})")
}
