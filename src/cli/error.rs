//! Why a command did not do what was asked.

use std::io;

use crate::auth::credential_store::CredentialStoreError;
use crate::config::ConfigError;
use crate::domain::change::Act;
use crate::domain::history::Overlap;
use crate::domain::query::TermError;
use crate::domain::todo::Todo;
use crate::domain::when::TypedError;
use crate::http::HttpError;
use crate::profile::error::LoginError;
use crate::runtime::RuntimeError;
use crate::store::StoreError;
use crate::sync::round::RoundError;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// Wrong usage that the argument parser cannot see.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// How it is done.
        help: String,
    },
    /// A filter term.
    #[error("the filter is not understood")]
    Term(#[from] TermError),
    /// A text that is no todo.
    #[error("{place}")]
    Typed {
        /// Which text: `this todo`, `line 3 of the input`.
        place: String,
        /// Why.
        #[source]
        source: TypedError,
    },
    /// The person said no.
    #[error("cancelled; nothing was changed")]
    Cancelled,
    /// It needs a yes, and there is nobody to ask.
    #[error("{question} There is nobody to ask.")]
    Unasked {
        /// What would have been asked.
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
    /// No command has changed anything on this device, or all of it was taken back.
    #[error("nothing to undo")]
    NothingToUndo,
    /// What `undo` left as it is.
    #[error("not taken back: {}", kept(changed, gone))]
    NotUndone {
        /// Todos that were changed since in a way that does not go with it.
        changed: Vec<Overlap>,
        /// Todos that were removed since.
        gone: Vec<Todo>,
    },
    /// No account was ever logged in to with this profile.
    #[error("not logged in")]
    NoAccount,
    /// The account is known, but no login is kept.
    #[error("logged out")]
    LoggedOut,
    /// Logging in or out.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The credential store.
    #[error("the credential store cannot be used")]
    CredentialStore(#[from] CredentialStoreError),
    /// The server could not be asked, and there is no answer without it.
    #[error("{what}: {why}")]
    Unreachable {
        /// What could not be answered.
        what: String,
        /// Why the server was not asked or did not answer.
        why: String,
        /// What the person can do next, as one imperative sentence.
        help: String,
    },
    /// The server refused changes; they are kept.
    #[error("the server refused {}", refused(changes))]
    Refused {
        /// Handle, code and message of each.
        changes: Vec<(String, String, String)>,
    },
    /// The role may not do this at all.
    #[error(
        "the server does not let this account {act} todos{}",
        if *queued { "; the change waits in the queue" } else { "" }
    )]
    NotAllowed {
        /// `add`, `change` or `remove`.
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
    /// The screens.
    #[error(transparent)]
    Screens(RuntimeError),
    /// A signal ended the screens, or their terminal is gone.
    #[error(transparent)]
    Ended(RuntimeError),
    /// The sandbox.
    #[cfg(feature = "sandbox")]
    #[error("the sandbox cannot run")]
    Sandbox(#[from] crate::sandbox::SandboxError),
    /// TLS.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A step of the demo did not do what it should.
    #[cfg(feature = "sandbox")]
    #[error("the demo stopped: this did not hold: {step}")]
    Demo {
        /// What should have been so.
        step: String,
    },
    /// The chaos ended with todos that are not what people made them.
    #[cfg(feature = "sandbox")]
    #[error("the chaos found a fault of tudone: {}", wrong.join(", "))]
    Chaos {
        /// What is wrong: `2 todos lost`.
        wrong: Vec<String>,
        /// What to play it again with.
        seed: u64,
    },
    /// Reading or writing something else than stdout.
    #[error("cannot {what}")]
    Io {
        /// What was tried: `read the standard input`.
        what: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// stdout; a closed pipe is no failure.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
}

impl CliError {
    /// Names what was tried for [`CliError::Io`].
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Names what should have been so for [`CliError::Demo`].
    #[cfg(feature = "sandbox")]
    pub(crate) fn demo(step: impl Into<String>) -> Self {
        Self::Demo { step: step.into() }
    }

    /// Wrong usage, and how it is done.
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
            error @ RuntimeError::Ended => Self::Ended(error),
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
                format!("{handle} says `{now}` by now, which does not go with `{before}`")
            }
            Act::Add { text } | Act::Remove { before: text } => {
                format!("{handle} says `{now}` by now and no longer `{text}`")
            }
        }
    });
    let gone = gone.iter().map(|todo| {
        let (handle, text) = (todo.handle(), &todo.text);
        format!("{handle} `{text}` was removed since")
    });
    let list: Vec<String> = changed.chain(gone).collect();
    list.join("; ")
}

fn refused(changes: &[(String, String, String)]) -> String {
    let each = |(handle, _, message): &(String, String, String)| format!("{handle}: {message}");
    let list: Vec<String> = changes.iter().map(each).collect();
    list.join("; ")
}
