//! The errors of credential stores.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a secret could not be stored or read. Never contains a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialStoreError {
    /// The system has no keyring, or none that can be reached from here (SSH,
    /// container, no D-Bus).
    #[error("no keyring is running here: {reason}")]
    NoKeyring {
        /// The system's error.
        reason: String,
    },
    /// The keyring is locked, and nobody unlocked it.
    #[error("the keyring is locked: {reason}")]
    Locked {
        /// The keyring's error.
        reason: String,
    },
    /// The keyring or helper program gave no answer: it may be waiting for a
    /// person somewhere.
    #[error("{store} did not answer within {:.1} s", waited.as_secs_f32())]
    Timeout {
        /// The store.
        store: &'static str,
        /// The time waited.
        waited: Duration,
    },
    /// The store takes no secret of this length.
    #[error("the credential store takes at most {limit} characters")]
    TooLong {
        /// The longest it takes.
        limit: u32,
    },
    /// The keyring failed in another way.
    #[error("the keyring failed: {reason}")]
    Keyring {
        /// The keyring's error.
        reason: String,
    },
    /// The store did not give back what it was given.
    #[error("the credential store does not give back what it is given")]
    RoundTripMismatch,
    /// An entry that this program did not write like this.
    #[error("the entry `{name}` in the credential store cannot be read")]
    InvalidResponse {
        /// The entry.
        name: String,
    },
    /// The file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The file may be read by others.
    #[error("others may read {}", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// The file is not what this program writes.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// `credential_store = "command"` without a command.
    #[error("no `credential_command` is set")]
    NoCommand,
    /// The helper program cannot be run.
    #[error("cannot run `{program}`")]
    Run {
        /// The program.
        program: String,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The helper program said no.
    #[error("`{program} {verb}` failed: {reason}")]
    Command {
        /// The program.
        program: String,
        /// `get`, `store` or `erase`.
        verb: &'static str,
        /// Its last words on stderr, or its exit status.
        reason: String,
    },
}

impl CredentialStoreError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::NoKeyring { .. } => {
                "Start a keyring (gnome-keyring, KWallet), or choose another place with \
                 `credential_store = \"file\"` (a file only you can read) or \"command\" \
                 (a password manager of yours)."
            }
            Self::Locked { .. } => {
                "Unlock your keyring, or set `credential_store = \"file\"` or \"command\"."
            }
            Self::Timeout { .. } => {
                "Unlock your keyring or password manager and try again, or set \
                 `credential_store = \"file\"` or \"command\"."
            }
            Self::TooLong { .. } | Self::Keyring { .. } => {
                "Set `credential_store = \"file\"` or \"command\"."
            }
            Self::RoundTripMismatch => {
                "See that it gives back exactly what it was given, or choose another \
                 `credential_store`."
            }
            Self::InvalidResponse { .. } => "Run `tudone logout`, then `tudone login`.",
            Self::File { .. } => "Make the file and its directory readable and writable for you.",
            Self::OpenToOthers { path } => {
                return format!(
                    "Run `chmod 600 {}`, and `tudone logout` if somebody may have read it.",
                    path.display()
                );
            }
            Self::Damaged { path } => {
                return format!("Remove {}, then run `tudone login`.", path.display());
            }
            Self::NoCommand => "Set `credential_command = [\"program\", \"argument\"]`.",
            Self::Run { .. } | Self::Command { .. } => {
                "Check `credential_command`: it is run with `get`, `store` or `erase` and a name."
            }
        };
        help.to_owned()
    }

    /// A stable word for scripts: the same in every command.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "credential-store"
    }

    /// Returns whether trying again later, changing nothing here, may help.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Locked { .. } | Self::Timeout { .. } | Self::Command { .. } => true,
            Self::NoKeyring { .. }
            | Self::TooLong { .. }
            | Self::Keyring { .. }
            | Self::RoundTripMismatch
            | Self::InvalidResponse { .. }
            | Self::File { .. }
            | Self::OpenToOthers { .. }
            | Self::Damaged { .. }
            | Self::NoCommand
            | Self::Run { .. } => false,
        }
    }
}
