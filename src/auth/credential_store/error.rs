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
    /// The keyring is locked.
    #[error("the keyring is locked: {reason}")]
    Locked {
        /// The keyring's error.
        reason: String,
    },
    /// The keyring or helper program did not answer: it may be waiting for the
    /// user.
    #[error("{store} did not answer within {:.1} s", waited.as_secs_f32())]
    Timeout {
        /// The store.
        store: &'static str,
        /// The time waited.
        waited: Duration,
    },
    /// The secret is too long for the store.
    #[error("the credential store accepts at most {limit} characters")]
    TooLong {
        /// The longest accepted secret.
        limit: u32,
    },
    /// The keyring failed in another way.
    #[error("the keyring failed: {reason}")]
    Keyring {
        /// The keyring's error.
        reason: String,
    },
    /// The store returned another secret than the one stored.
    #[error("the credential store does not return the secret that was stored")]
    RoundTripMismatch,
    /// An entry that this program did not write.
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
    /// Other users may read the file.
    #[error("other users may read {}", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// The file was not written by this program.
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
    /// The helper program failed.
    #[error("`{program} {verb}` failed: {reason}")]
    Command {
        /// The program.
        program: String,
        /// `get`, `store` or `erase`.
        verb: &'static str,
        /// Its last line on stderr, or its exit status.
        reason: String,
    },
}

impl CredentialStoreError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::NoKeyring { .. } => {
                "Start a keyring (gnome-keyring, KWallet), or choose another store with \
                 `credential_store = \"file\"` (a file that only you can read) or \"command\" \
                 (your password manager)."
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
                "Check `credential_command`: `get` must print exactly what `store` received; or \
                 choose another `credential_store`."
            }
            Self::InvalidResponse { .. } => "Run `tudone logout`, then `tudone login`.",
            Self::File { .. } => "Make the file and its directory readable and writable.",
            Self::OpenToOthers { path } => {
                return format!(
                    "Run `chmod 600 {}`, and `tudone logout` if another user may have read it.",
                    path.display()
                );
            }
            Self::Damaged { path } => {
                return format!("Delete {}, then run `tudone login`.", path.display());
            }
            Self::NoCommand => "Set `credential_command = [\"program\", \"argument\"]`.",
            Self::Run { .. } | Self::Command { .. } => {
                "Check `credential_command`: it is called with `get`, `store` or `erase` and a name."
            }
        };
        help.to_owned()
    }

    /// The stable code for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "credential-store"
    }

    /// Returns whether a later retry, without any change, may succeed.
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
