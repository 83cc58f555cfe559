//! Refreshing in another process.
//!
//! A refresh must never be cut short: a refresh token whose answer is lost may
//! be used up. So a command starts another process of this program, which
//! refreshes and records the outcome, and goes on when the command has
//! answered, was interrupted or was killed.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::auth::error::{AuthError, AuthErrorKind};
use crate::finding::codes;
use crate::os::private_file;
use crate::text::{causes, sanitize};

/// A command line that refreshes a stored login. Contains no secret.
#[derive(Debug, Clone)]
pub(crate) struct RefreshProcess {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl RefreshProcess {
    /// Creates the command line of this program with `arguments`. `None` where a
    /// process would not outlive this one (process 1 of a container, or a child
    /// of it) or the program's file is gone.
    pub(crate) fn of_this_program(arguments: &[OsString]) -> Option<Self> {
        if !outlives_this_process() {
            return None;
        }
        let program = env::current_exe().ok().filter(|path| path.is_file())?;
        Some(Self {
            program,
            arguments: arguments.to_vec(),
        })
    }

    /// Starts the process, without terminal, input or output.
    pub(super) fn start(&self) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

#[cfg(unix)]
fn outlives_this_process() -> bool {
    std::process::id() != 1 && std::os::unix::process::parent_id() != 1
}

/// Without sessions a console's end ends every process in it.
#[cfg(not(unix))]
fn outlives_this_process() -> bool {
    false
}

/// The failure of a refresh in another process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct RefreshFailure {
    code: String,
    kind: AuthErrorKind,
    retryable: bool,
    message: String,
    help: String,
}

impl RefreshFailure {
    pub(super) fn of(error: &AuthError) -> Self {
        Self {
            code: error.code().to_owned(),
            kind: error.kind(),
            retryable: error.retryable(),
            message: causes::on_one_line(error),
            help: error.help(),
        }
    }

    /// The kind of the failure.
    #[must_use]
    pub const fn kind(&self) -> AuthErrorKind {
        self.kind
    }

    /// Returns whether trying again later, changing nothing, may help.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        self.retryable
    }

    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// The stable code for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        codes::find(&self.code).map_or("refresh-failed", |found| found.code)
    }
}

/// The recorded outcome of the last refresh by a process of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RefreshOutcome {
    /// Whether an answer to a refresh was lost since the last good one.
    pub(super) answer_was_lost: bool,
    /// The reason, unless the refresh succeeded.
    pub(super) failure: Option<RefreshFailure>,
}

impl RefreshOutcome {
    /// Reads the outcome at `path`; `None` without a valid one.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let mut outcome: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        if let Some(failure) = &mut outcome.failure {
            failure.message = sanitize::message(&failure.message);
            failure.help = sanitize::message(&failure.help);
        }
        Some(outcome)
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        private_file::replace(path, &serde_json::to_vec(self)?)
    }
}

/// The file with the outcome of the last refresh under `lock`.
pub(crate) fn outcome_file(lock: &Path) -> PathBuf {
    lock.with_extension("refresh.json")
}

/// The lock that lets one process at a time start another for a refresh.
pub(super) fn starting_lock(lock: &Path) -> PathBuf {
    lock.with_extension("starting.lock")
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use std::time::Duration;

    use super::*;
    use crate::auth::credential_store::CredentialStoreError;
    use crate::auth::discovery::DiscoveryError;
    use crate::auth::transport_error::TransportError;
    use crate::http::RequestFailure;

    type Tested = Result<(), Box<dyn Error>>;

    #[test]
    fn a_recorded_failure_says_what_the_error_said() -> Tested {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("p.refresh.json");
        let error = AuthError::LoggedOut;
        let failure = RefreshFailure::of(&error);
        let outcome = RefreshOutcome {
            answer_was_lost: true,
            failure: Some(failure),
        };
        outcome.write(&path)?;
        let read = RefreshOutcome::read(&path).ok_or("no outcome")?;
        assert_eq!(read, outcome);
        let failure = AuthError::from(read.failure.ok_or("no failure")?);
        assert_eq!(failure.to_string(), error.to_string());
        assert_eq!(failure.help(), error.help());
        assert_eq!(failure.code(), error.code());
        assert_eq!(failure.kind(), error.kind());
        Ok(())
    }

    #[test]
    fn a_recorded_failure_keeps_the_code_of_every_error_of_a_refresh() {
        let text = String::new;
        let path = PathBuf::new;
        let unreachable = TransportError::Unreachable {
            host: text(),
            reason: RequestFailure::Timeout,
        };
        for error in [
            AuthError::LoggedOut,
            AuthError::LoginEnded {
                description: text(),
                answer_was_lost: false,
            },
            AuthError::OtherAccount,
            AuthError::InvalidToken,
            AuthError::RefreshNotAllowed {
                description: text(),
            },
            AuthError::ClientUnknown {
                description: text(),
            },
            AuthError::Refused {
                code: text(),
                description: text(),
            },
            AuthError::Malformed { reason: text() },
            AuthError::Transport(unreachable.clone()),
            DiscoveryError::NoAnswer { error: unreachable }.into(),
            CredentialStoreError::RoundTripMismatch.into(),
            AuthError::LockBusy {
                path: path(),
                waited: Duration::ZERO,
            },
            AuthError::Lock {
                path: path(),
                source: io::Error::other("read-only"),
            },
            AuthError::ShuttingDown,
        ] {
            assert_eq!(RefreshFailure::of(&error).code(), error.code(), "{error:?}");
        }
    }

    #[test]
    fn an_outcome_that_is_not_ours_is_none_and_no_escape_gets_out_of_it() -> Tested {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("p.refresh.json");
        assert_eq!(RefreshOutcome::read(&path), None);
        fs::write(&path, "{\"answer_was_lost\": 1}")?;
        assert_eq!(RefreshOutcome::read(&path), None);
        let mut failure = RefreshFailure::of(&AuthError::LoggedOut);
        failure.message = "a\u{1b}[2Jb".to_owned();
        "no such code".clone_into(&mut failure.code);
        let outcome = RefreshOutcome {
            answer_was_lost: false,
            failure: Some(failure),
        };
        outcome.write(&path)?;
        let read = RefreshOutcome::read(&path).and_then(|read| read.failure);
        let read = read.ok_or("no failure")?;
        assert!(!read.to_string().contains('\u{1b}'), "{read}");
        assert_eq!(read.code(), "refresh-failed");
        Ok(())
    }
}
