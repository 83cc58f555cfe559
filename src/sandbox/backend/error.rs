//! Errors outside of requests.

use std::path::{Path, PathBuf};

/// Why a backend cannot be opened, filled or read.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The database file can not be opened.
    #[error("can not open the sandbox's database{}", shown(file.as_deref()))]
    Open {
        /// None for a database in memory.
        file: Option<PathBuf>,
        /// `SQLite`'s error.
        #[source]
        source: rusqlite::Error,
    },
    /// A statement failed.
    #[error("the sandbox's database refused a statement")]
    Database {
        /// `SQLite`'s error.
        #[from]
        source: rusqlite::Error,
    },
    /// A fixture has another shape than `{users, todos, then_deleted}`.
    #[error("the fixture can not be read")]
    Fixture {
        /// The problem.
        #[source]
        source: serde_json::Error,
    },
    /// A fixture deletes a todo that it has not added.
    #[error("`then_deleted` names {id}, which is no todo or is deleted already")]
    NoTodo {
        /// The id it names.
        id: i64,
    },
}

fn shown(file: Option<&Path>) -> String {
    file.map(|file| format!(" {}", file.display()))
        .unwrap_or_default()
}

impl BackendError {
    /// Suggests the next step.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Open { .. } => "Name a folder that exists and may be written.",
            Self::Database { .. } => "Start the sandbox with another data folder.",
            Self::Fixture { .. } | Self::NoTodo { .. } => {
                "Send an object with `users`, `todos` and `then_deleted`."
            }
        }
    }
}
