//! The exit code, the stable code and the help of each error.

use crate::auth::error::AuthErrorKind;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::sync_skipped::NEW_EXTERNAL_TOKEN;
use crate::domain::change::is_local_rejection;
use crate::finding::Finding;
use crate::setup::FailureKind;
use crate::sync::remote::RemoteError;
use crate::sync::round::RoundError;

impl CliError {
    /// Returns the exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            CliError::Usage { .. }
            | CliError::Term(_)
            | CliError::Typed { .. }
            | CliError::Line { .. }
            | CliError::Unasked { .. }
            | CliError::Cancelled => Exit::Usage,
            CliError::Interrupted | CliError::Ended(_) => Exit::Interrupted,
            CliError::NotFound { .. } => Exit::NotFound,
            CliError::NotUndone { changed, .. } if changed.is_empty() => Exit::NotFound,
            CliError::NoAccount | CliError::LoggedOut | CliError::ExternalToken(_) => Exit::Login,
            CliError::Login(error) => exit_of_kind(error.kind()),
            CliError::CredentialStore(_)
            | CliError::Config(_)
            | CliError::ProfileFile(_)
            | CliError::Doctor { .. } => Exit::Misconfigured,
            CliError::Hasura(error) => exit_of_setup(error.kind()),
            CliError::Auth0(error) => exit_of_setup(error.kind()),
            CliError::Unreachable { .. } => Exit::Unreachable,
            CliError::Refused { .. } | CliError::NotAllowed { .. } => Exit::Refused,
            CliError::Round(error) => exit_of_round(error),
            #[cfg(feature = "sandbox")]
            CliError::Sandbox(_) | CliError::Demo { .. } | CliError::Chaos { .. } => Exit::Failed,
            CliError::NothingToUndo
            | CliError::NothingToRedo
            | CliError::LeftOut { .. }
            | CliError::NotUndone { .. }
            | CliError::Screens(_)
            | CliError::Store(_)
            | CliError::Http(_)
            | CliError::Export(_)
            | CliError::Io { .. }
            | CliError::Output(_) => Exit::Failed,
        }
    }

    /// Returns the stable code of the error, as `--json` prints it.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            CliError::Usage { .. } => "usage",
            CliError::Term(_) => "bad-filter",
            CliError::Typed { .. } | CliError::Line { .. } => "bad-text",
            CliError::Unasked { .. } => "needs-yes",
            CliError::Cancelled => "cancelled",
            CliError::Interrupted | CliError::Ended(_) => "interrupted",
            CliError::NotFound { missing, .. } if missing.is_empty() => "ambiguous",
            CliError::NotFound { .. } => "not-found",
            CliError::NothingToUndo => "nothing-to-undo",
            CliError::NothingToRedo => "nothing-to-redo",
            CliError::LeftOut { .. } => "left-out",
            CliError::NotUndone { changed, .. } if changed.is_empty() => "not-found",
            CliError::NotUndone { .. } => "changed-since",
            CliError::NoAccount | CliError::LoggedOut | CliError::ExternalToken(_) => {
                "login-required"
            }
            CliError::Login(error) => error.code(),
            CliError::CredentialStore(_) => "credential-store",
            CliError::Unreachable { .. } => "unreachable",
            CliError::Refused { .. } => "refused",
            CliError::NotAllowed { .. } => "not-allowed",
            CliError::Round(error) => code_of_exit(exit_of_round(error)),
            CliError::Config(_) => "config",
            CliError::Doctor { code, .. } => code,
            CliError::Store(_) => "store",
            CliError::Screens(_) => "screens",
            #[cfg(feature = "sandbox")]
            CliError::Sandbox(_) => "sandbox",
            #[cfg(feature = "sandbox")]
            CliError::Demo { .. } => "demo",
            #[cfg(feature = "sandbox")]
            CliError::Chaos { .. } => "chaos",
            CliError::Http(_) => "tls",
            CliError::Hasura(error) => error.code(),
            CliError::Auth0(error) => error.code(),
            CliError::ProfileFile(_) => "config",
            CliError::Export(_) | CliError::Io { .. } | CliError::Output(_) => "io",
        }
    }

    /// Returns the error as `doctor` reports it, if it is one of a login or a setup.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        if let CliError::Login(error) = self {
            Some(error.finding())
        } else if let CliError::Hasura(error) = self {
            Some(error.finding())
        } else if let CliError::Auth0(error) = self {
            Some(error.finding())
        } else {
            None
        }
    }

    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let text = match self {
            CliError::Usage { help, .. } => help.clone(),
            CliError::Term(error) => error.help(),
            CliError::Typed { source, .. } => source.help().to_owned(),
            CliError::Line { source, .. } => source.help().to_owned(),
            CliError::Unasked { .. } => "Add --yes to skip the question.".to_owned(),
            CliError::NotFound { missing, .. } if missing.is_empty() => {
                "Type more characters of the key.".to_owned()
            }
            CliError::NotFound { .. } => "Run `tudone list --all` to see the handles.".to_owned(),
            CliError::NothingToUndo => {
                "`tudone undo` undoes what commands changed on this device.".to_owned()
            }
            CliError::LeftOut { .. } => {
                "Correct the lines named above and import the file again.".to_owned()
            }
            CliError::NothingToRedo => "`tudone redo` redoes what `tudone undo` undid.".to_owned(),
            CliError::NotUndone { changed, .. } if changed.is_empty() => {
                "Run `tudone undo` again to undo the command before it.".to_owned()
            }
            CliError::NotUndone { .. } => {
                "Change it with `tudone edit` or `tudone rm`; `tudone undo` then tries again."
                    .to_owned()
            }
            CliError::NoAccount | CliError::LoggedOut => "Run `tudone login`.".to_owned(),
            CliError::ExternalToken(_) => NEW_EXTERNAL_TOKEN.to_owned(),
            CliError::Login(error) => error.help(),
            CliError::CredentialStore(error) => error.help(),
            CliError::Unreachable { help, .. } => help.clone(),
            CliError::Refused { changes } => rejection_help(changes).to_owned(),
            CliError::NotAllowed { queued: true, .. } => {
                "Permit it for the role in Hasura, or discard the change with `tudone queue drop`."
                    .to_owned()
            }
            CliError::NotAllowed { .. } => "Permit it for the role in Hasura.".to_owned(),
            CliError::Round(error) => error.help(),
            CliError::Config(error) => error.help(),
            CliError::Doctor { code, .. } => {
                format!("Run `tudone help doctor {code}` for what the first one means.")
            }
            CliError::Store(error) => error.help(),
            CliError::Ended(error) | CliError::Screens(error) => error.help(),
            #[cfg(feature = "sandbox")]
            CliError::Sandbox(error) => error.help().to_owned(),
            #[cfg(feature = "sandbox")]
            CliError::Demo { .. } => "Report this with the output above.".to_owned(),
            #[cfg(feature = "sandbox")]
            CliError::Chaos { seed, .. } => {
                format!("Report this with the output above; `--seed {seed}` repeats it.")
            }
            CliError::Http(error) => error.help().to_owned(),
            CliError::Hasura(error) => error.help(),
            CliError::Auth0(error) => error.help(),
            CliError::ProfileFile(_) => {
                "Correct the file, or add --no-config and write the profile yourself.".to_owned()
            }
            CliError::Export(_) => "Choose a directory that you may write to.".to_owned(),
            CliError::Cancelled
            | CliError::Interrupted
            | CliError::Io { .. }
            | CliError::Output(_) => {
                return None;
            }
        };
        Some(text)
    }
}

/// The code of an add with the key of a deleted todo, which the server skips.
pub(crate) const KEY_DELETED: &str = "key-deleted";

fn rejection_help(changes: &[(String, String, String)]) -> &'static str {
    let has = |wanted: &str| changes.iter().any(|(_, code, _)| code == wanted);
    if has(KEY_DELETED) {
        return "Use another key: a deleted todo stays deleted.";
    }
    if has("conflict") {
        "Run `tudone queue show` to see both texts, then `tudone queue retry HANDLE` with --mine or \
         --as-new, or `tudone queue drop HANDLE`."
    } else if changes.iter().any(|(_, code, _)| is_local_rejection(code)) {
        "Run `tudone help rejected` for what the code means, then `tudone queue retry HANDLE` or \
         `tudone queue drop HANDLE`."
    } else {
        "Run `tudone queue` to see them, then `tudone queue retry` or `tudone queue drop`."
    }
}

const fn exit_of_kind(kind: AuthErrorKind) -> Exit {
    match kind {
        AuthErrorKind::Login => Exit::Login,
        AuthErrorKind::Unreachable => Exit::Unreachable,
        AuthErrorKind::Misconfigured => Exit::Misconfigured,
        AuthErrorKind::Interrupted => Exit::Interrupted,
        AuthErrorKind::Failed => Exit::Failed,
    }
}

const fn exit_of_setup(kind: FailureKind) -> Exit {
    match kind {
        FailureKind::Misconfigured => Exit::Misconfigured,
        FailureKind::Unreachable => Exit::Unreachable,
        FailureKind::Refused => Exit::Refused,
        FailureKind::Failed => Exit::Failed,
    }
}

fn exit_of_round(error: &RoundError) -> Exit {
    match error {
        RoundError::Busy => Exit::Unreachable,
        RoundError::Remote(remote) => exit_of_remote(remote),
        RoundError::Store(_) | RoundError::Lock(_) => Exit::Failed,
    }
}

fn exit_of_remote(error: &RemoteError) -> Exit {
    match error {
        RemoteError::NoToken { source } => exit_of_kind(source.kind()),
        RemoteError::Unauthorized { .. } => Exit::Login,
        RemoteError::Unreachable { .. }
        | RemoteError::ConnectionLost { .. }
        | RemoteError::ServerError { .. }
        | RemoteError::InvalidResponse { .. }
        | RemoteError::TooLarge { .. } => Exit::Unreachable,
        RemoteError::Rejected { .. } => Exit::Refused,
    }
}

const fn code_of_exit(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "done",
        Exit::Failed => "failed",
        Exit::Usage => "usage",
        Exit::NotFound => "not-found",
        Exit::Login => "login-required",
        Exit::Unreachable => "unreachable",
        Exit::Refused => "refused",
        Exit::Misconfigured => "config",
        Exit::Interrupted => "interrupted",
    }
}
