//! The errors of commands.

mod codes;

pub(crate) use codes::KEY_DELETED;

use std::io;

use crate::auth::credential_store::CredentialStoreError;
use crate::config::ConfigError;
use crate::config::write::WriteError;
use crate::domain::change::{Act, is_local_rejection};
use crate::domain::history::Overlap;
use crate::domain::line::LineError;
use crate::domain::terms::TermError;
use crate::domain::todo::Todo;
use crate::domain::typed::TypedError;
use crate::http::HttpError;
use crate::profile::error::LoginError;
use crate::runtime::RuntimeError;
use crate::setup::auth0::Auth0Error;
use crate::setup::export::ExportError;
use crate::setup::hasura::HasuraError;
use crate::store::StoreError;
use crate::sync::remote::RemoteError;
use crate::sync::round::RoundError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// Wrong usage that the argument parser does not detect.
    #[error("{message}")]
    Usage {
        /// The problem.
        message: String,
        /// The right usage.
        help: String,
    },
    /// A filter term.
    #[error("invalid filter")]
    Term(#[from] TermError),
    /// A text that is not a valid todo.
    #[error("{place}")]
    Typed {
        /// The text: `not a valid todo`, `line 3 of the input …`.
        place: String,
        /// The reason.
        #[source]
        source: TypedError,
    },
    /// A change of one part that would change the meaning of the rest.
    #[error("{handle} was not changed")]
    Line {
        /// The todo.
        handle: String,
        /// The reason.
        source: LineError,
    },
    /// The user answered no.
    #[error("cancelled; nothing was changed")]
    Cancelled,
    /// A confirmation is needed and stdin or stderr is not a terminal.
    #[error("{question} Cannot prompt: not a terminal.")]
    Unasked {
        /// The question.
        question: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Handles that name nothing, or more than one todo.
    #[error("{}", unmatched(missing, ambiguous))]
    NotFound {
        /// Handles that name nothing.
        missing: Vec<String>,
        /// Prefixes of several keys, with those.
        ambiguous: Vec<(String, Vec<String>)>,
    },
    /// No command changed anything on this device, or all of it was undone.
    #[error("nothing to undo")]
    NothingToUndo,
    /// Nothing was undone on this device since the last change.
    #[error("nothing to redo")]
    NothingToRedo,
    /// Lines that `import` could not read.
    #[error(
        "{count} {} cannot be imported{}",
        if *count == 1 { "line" } else { "lines" },
        if *imported { "" } else { "; nothing was imported" }
    )]
    LeftOut {
        /// How many.
        count: usize,
        /// Whether the others were imported.
        imported: bool,
    },
    /// An undo that is incomplete.
    #[error("not undone: {}", kept(changed, gone))]
    NotUndone {
        /// Todos that were changed since, in conflict with it.
        changed: Vec<Overlap>,
        /// Todos that were deleted since.
        gone: Vec<Todo>,
    },
    /// The profile has no account.
    #[error("not logged in")]
    NoAccount,
    /// The account is known, but no login is stored.
    #[error("logged out")]
    LoggedOut,
    /// Logging in or out.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The server rejected the token in `TUDONE_ACCESS_TOKEN`.
    #[error("the token in TUDONE_ACCESS_TOKEN is not accepted")]
    ExternalToken(#[source] RemoteError),
    /// The credential store.
    #[error("the credential store cannot be used")]
    CredentialStore(#[from] CredentialStoreError),
    /// The server is unreachable, and the command cannot be answered without it.
    #[error("{what}: {why}")]
    Unreachable {
        /// What was requested.
        what: String,
        /// Why there is no answer.
        why: String,
        /// The next step, as one imperative sentence.
        help: String,
    },
    /// Changes were rejected, by the server or for what happened elsewhere; they are
    /// kept.
    #[error("{}", rejected(changes))]
    Refused {
        /// Handle, code and message of each.
        changes: Vec<(String, String, String)>,
    },
    /// The role may not do this at all.
    #[error(
        "your role may not {act} todos{}",
        if *queued { "; the change stays in the queue" } else { "" }
    )]
    NotAllowed {
        /// `add`, `change` or `delete`.
        act: &'static str,
        /// Whether the change is in the outbox.
        queued: bool,
    },
    /// A round that ended for another reason than the network.
    #[error("the sync did not finish")]
    Round(#[from] RoundError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The local store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The TUI.
    #[error(transparent)]
    Screens(RuntimeError),
    /// A signal ended the TUI, or its terminal is gone.
    #[error(transparent)]
    Ended(RuntimeError),
    /// The sandbox.
    #[cfg(feature = "sandbox")]
    #[error("the sandbox cannot run")]
    Sandbox(#[from] crate::sandbox::SandboxError),
    /// TLS.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A step of the demo failed.
    #[cfg(feature = "sandbox")]
    #[error("the demo failed at this step: {step}")]
    Demo {
        /// The condition that does not hold.
        step: String,
    },
    /// The chaos ended with todos that differ from what was acknowledged.
    #[cfg(feature = "sandbox")]
    #[error("the chaos run found a fault in tudone: {}", wrong.join(", "))]
    Chaos {
        /// What is wrong: `2 todos lost`.
        wrong: Vec<String>,
        /// The seed that repeats it.
        seed: u64,
    },
    /// `doctor` found something wrong.
    #[error("{failed} {} failed, first `{code}`", if *failed == 1 { "check" } else { "checks" })]
    Doctor {
        /// How many checks failed.
        failed: usize,
        /// The first cause.
        code: &'static str,
    },
    /// `setup auth0`.
    #[error(transparent)]
    Auth0(#[from] Auth0Error),
    /// Writing the profile of a setup.
    #[error(transparent)]
    ProfileFile(#[from] WriteError),
    /// `setup hasura`.
    #[error(transparent)]
    Hasura(#[from] HasuraError),
    /// `setup export`.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Reading or writing something else than stdout.
    #[error("cannot {what}")]
    Io {
        /// What was tried: `read standard input`.
        what: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// stdout; a closed pipe is not a failure.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
}

impl CliError {
    /// Names what was tried for [`CliError::Io`].
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Names the failed condition for [`CliError::Demo`].
    #[cfg(feature = "sandbox")]
    pub(crate) fn demo(step: impl Into<String>) -> Self {
        Self::Demo { step: step.into() }
    }

    /// Wrong usage, and the right one.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            help: help.into(),
        }
    }
}

impl From<RuntimeError> for CliError {
    fn from(error: RuntimeError) -> Self {
        match error {
            error @ RuntimeError::Ended(_) => Self::Ended(error),
            error @ (RuntimeError::Store(_)
            | RuntimeError::Terminal(_)
            | RuntimeError::Start(_)
            | RuntimeError::Panicked) => Self::Screens(error),
        }
    }
}

impl From<io::Error> for CliError {
    /// Only stdout's errors come without a name.
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn unmatched(missing: &[String], ambiguous: &[(String, Vec<String>)]) -> String {
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("no such todo: {}", missing.join(", ")));
    }
    for (prefix, keys) in ambiguous {
        parts.push(format!(
            "`{prefix}` names several todos: {}",
            keys.join(", ")
        ));
    }
    parts.join("; ")
}

fn kept(changed: &[Overlap], gone: &[Todo]) -> String {
    let changed = changed.iter().map(|Overlap { todo, item }| {
        let (handle, now) = (todo.handle(), &todo.text);
        match &item.act {
            Act::Edit { before, .. } => {
                format!(
                    "{handle} was changed to `{now}`, which conflicts with restoring `{before}`"
                )
            }
            Act::Add { text } | Act::Remove { before: text } => {
                format!("{handle} was changed to `{now}` and is no longer `{text}`")
            }
        }
    });
    let gone = gone.iter().map(|todo| {
        let (handle, text) = (todo.handle(), &todo.text);
        format!("{handle} `{text}` was deleted since")
    });
    let list: Vec<String> = changed.chain(gone).collect();
    list.join("; ")
}

/// Names what the server rejected, and what waits for a decision of the user.
fn rejected(changes: &[(String, String, String)]) -> String {
    let (undecided, by_server): (Vec<_>, Vec<_>) = changes
        .iter()
        .partition(|(_, code, _)| is_local_rejection(code));
    let listed = |changes: Vec<&(String, String, String)>| {
        let each = |(handle, _, message): &(String, String, String)| format!("{handle}: {message}");
        let list: Vec<String> = changes.into_iter().map(each).collect();
        list.join("; ")
    };
    let mut parts = Vec::new();
    if !by_server.is_empty() {
        parts.push(format!("the server rejected {}", listed(by_server)));
    }
    if !undecided.is_empty() {
        parts.push(format!("your decision is needed for {}", listed(undecided)));
    }
    parts.join("; ")
}
