//! Errors of the sandbox.

use std::io;
use std::path::PathBuf;

use super::backend::BackendError;
use super::identity::SigningKeyError;

/// Why the sandbox cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The loopback port is taken or forbidden.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Port {
        /// The port; 0 for any.
        port: u16,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The data directory cannot be created or locked.
    #[error("cannot use the directory {}", path.display())]
    Directory {
        /// Its path.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Another sandbox uses the data directory.
    #[error("another sandbox is using the directory {}", path.display())]
    InUse {
        /// Its path.
        path: PathBuf,
    },
    /// A stored file cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A stored file is damaged.
    #[error("{} is damaged", path.display())]
    Damaged {
        /// Its path.
        path: PathBuf,
        /// The position of the damage.
        #[source]
        source: serde_json::Error,
    },
    /// No signing key.
    #[error("no signing key")]
    Key(#[from] SigningKeyError),
    /// The rows cannot be opened.
    #[error("cannot open the backend")]
    Backend(#[from] BackendError),
    /// The runtime is shutting down.
    #[error("the runtime stopped while the sandbox was starting")]
    Interrupted(#[from] tokio::task::JoinError),
    /// The thread of the sandbox ended.
    #[error("the sandbox stopped while it was starting")]
    Stopped,
    /// The system provides no event queue.
    #[error("cannot start the sandbox's runtime")]
    Runtime {
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

impl SandboxError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Port { .. } => "Choose another port with `--port`, or 0 for any free one.",
            Self::Directory { .. } | Self::File { .. } => {
                "Choose a directory you can write to with `--data`."
            }
            Self::InUse { .. } => "Stop the other sandbox, or choose another directory.",
            Self::Damaged { .. } => "Move the directory away and start again with an empty one.",
            Self::Key(_) | Self::Backend(_) => "Start again with another, empty directory.",
            Self::Interrupted(_) | Self::Stopped | Self::Runtime { .. } => "Start again.",
        }
    }
}
