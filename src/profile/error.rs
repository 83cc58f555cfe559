//! Why a login or logout failed.

use std::io;
use std::path::PathBuf;

use crate::auth::diagnosis::{Diagnosis, TutorialStep};
use crate::auth::error::{AuthError, Kind};
use crate::finding::Finding;

/// Why a login or logout failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The issuer, the credential store or the user.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// A login kept in this process's memory would be gone with it.
    #[error("a login kept in memory would be lost at once")]
    MemoryStore,
    /// `TUDONE_ACCESS_TOKEN` takes the place of a login.
    #[error("TUDONE_ACCESS_TOKEN is set and takes the place of a login")]
    TokenGiven,
    /// No device login waits.
    #[error("no login waits to be finished")]
    NothingToResume,
    /// The backend did not take the token.
    #[error("the backend refused the new token ({code}: {message}): {diagnosis}")]
    TokenRefused {
        /// Its code.
        code: String,
        /// Its message.
        message: String,
        /// The problem.
        #[source]
        diagnosis: Diagnosis,
        /// Text to paste where the help says.
        fix: Option<Box<str>>,
    },
    /// The backend took the token but refused the query.
    #[error(
        "the backend refused the first query ({code}: {message}){}",
        cause(code)
    )]
    QueryRefused {
        /// Its code.
        code: String,
        /// Its message.
        message: String,
    },
    /// No refresh token came and the store has no room for the access token.
    #[error("nothing of the login could be kept")]
    NothingKept,
    /// Files of the account cannot be written or removed.
    #[error("cannot change {}", path.display())]
    Files {
        /// Which.
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
                let help = "Apply `assets/hasura` with the Hasura CLI: it makes the tables and \
                            permissions.";
                return at_step(help, TutorialStep::Permissions);
            }
            Self::MemoryStore => {
                "Set `credential_store` to \"keyring\", \"file\" or \"command\" \
                 (\"memory\" is for the demo)."
            }
            Self::TokenGiven => "Unset TUDONE_ACCESS_TOKEN to log in or out.",
            Self::NothingToResume | Self::Interrupted => "Run `tudone login`.",
            Self::NothingKept => {
                "Switch on Allow Offline Access for the API, or set `credential_store = \"file\"`."
            }
            Self::Files { .. } => "Make the data directory writable for you.",
        };
        help.to_owned()
    }

    /// The error as a finding.
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
            | Self::TokenGiven
            | Self::NothingToResume
            | Self::QueryRefused { .. }
            | Self::NothingKept
            | Self::Files { .. }
            | Self::Interrupted => Finding::failed(self.code(), self.to_string()),
        };
        let fix = self.fix().map(str::to_owned);
        Finding { fix, ..finding }.help(self.help())
    }

    /// Text to paste where the help says.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        match self {
            Self::TokenRefused { fix, .. } => fix.as_deref(),
            Self::Auth(_)
            | Self::MemoryStore
            | Self::TokenGiven
            | Self::NothingToResume
            | Self::QueryRefused { .. }
            | Self::NothingKept
            | Self::Files { .. }
            | Self::Interrupted => None,
        }
    }

    /// A stable word for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Auth(error) => error.code(),
            Self::MemoryStore => "memory-store",
            Self::TokenGiven => "access-token-set",
            Self::NothingToResume => "nothing-to-resume",
            Self::TokenRefused { diagnosis, .. } => diagnosis.code(),
            Self::QueryRefused { .. } => "backend-refused",
            Self::NothingKept => "nothing-kept",
            Self::Files { .. } => "files",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns the kind of the failure, for the exit code.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Auth(error) => error.kind(),
            Self::NothingToResume => Kind::Login,
            Self::MemoryStore
            | Self::TokenGiven
            | Self::TokenRefused { .. }
            | Self::QueryRefused { .. }
            | Self::NothingKept
            | Self::Files { .. } => Kind::Misconfigured,
            Self::Interrupted => Kind::Interrupted,
        }
    }
}

/// What the codes mean with which Hasura hides a table from a role.
fn cause(code: &str) -> &'static str {
    match code {
        "validation-failed" | "permission-error" => {
            ": the role may not read `todos`, or there is no such table"
        }
        _ => "",
    }
}

fn at_step(help: &str, step: TutorialStep) -> String {
    format!("{help} (step of the set-up: {step})")
}
