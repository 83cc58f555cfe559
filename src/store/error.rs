//! Why the store could not do what was asked.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the store could not do what was asked. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite refused.
    #[error("{}", sqlite_says(.0))]
    Sqlite(rusqlite::Error),
    /// The file or its directory.
    #[error("cannot use the local store at {}", path.display())]
    File {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Made, or migrated meanwhile, by a newer program.
    #[error("the local store has format {found}, newer than the {known} this program knows")]
    Newer {
        /// The version found.
        found: usize,
        /// The newest one known.
        known: usize,
    },
    /// Not a database any more. It was moved out of the way.
    #[error("the local store was damaged; it is now at {}", moved_to.display())]
    Corrupt {
        /// Where the damaged file is now.
        moved_to: PathBuf,
        /// Where the changes that were not sent yet are, as JSON, if any could be read.
        outbox: Option<PathBuf>,
    },
    /// Not a sound database; it is about to be moved out of the way.
    #[error("the local store is damaged")]
    Damaged,
    /// The file is gone, or another one has its place.
    #[error("the local store was removed while it was open")]
    Removed,
    /// A stored value that this program never wrote.
    #[error("the local store holds a {what} that means nothing")]
    Value {
        /// What it should have been.
        what: &'static str,
    },
    /// A server's id beyond what a list can hold.
    #[error("the server gave a todo the id {id}, out of range")]
    Id {
        /// The id.
        id: i64,
    },
    /// A write on a store that was opened for reading.
    #[error("the local store was opened for reading only")]
    ReadOnly,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl StoreError {
    /// A failure of one file.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }

    /// What the person can do next, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Sqlite(error) => sqlite_help(error.sqlite_error_code()).to_owned(),
            Self::File { path, .. } => {
                format!(
                    "Check that {} belongs to you and can be written.",
                    path.display()
                )
            }
            Self::Newer { .. } => {
                "Restart tudone; if that does not help, install the newest version.".to_owned()
            }
            Self::Corrupt { outbox: None, .. } => {
                "Everything is pulled anew; if something was not sent yet, it could not be read."
                    .to_owned()
            }
            Self::Corrupt {
                outbox: Some(path), ..
            } => format!(
                "Everything is pulled anew; add what {} lists as not sent.",
                path.display()
            ),
            Self::Damaged => RESTART.to_owned(),
            Self::Removed => "Try again: a new one is made.".to_owned(),
            Self::Value { .. } => "Run `tudone sync --full` to pull everything anew.".to_owned(),
            Self::Id { .. } => "Give the row another id on the server.".to_owned(),
            Self::ReadOnly => "Open the store for writing.".to_owned(),
        }
    }

    /// Whether the same call may succeed later without anyone doing anything.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::OperationInterrupted
                )
            ),
            Self::Removed => true,
            Self::File { .. }
            | Self::Newer { .. }
            | Self::Corrupt { .. }
            | Self::Damaged
            | Self::Value { .. }
            | Self::Id { .. }
            | Self::ReadOnly => false,
        }
    }

    /// Whether a query was stopped through an [`Interrupter`](super::Interrupter).
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
            }
            Self::File { .. }
            | Self::Newer { .. }
            | Self::Corrupt { .. }
            | Self::Damaged
            | Self::Removed
            | Self::Value { .. }
            | Self::Id { .. }
            | Self::ReadOnly => false,
        }
    }

    /// Whether the file is no sound database.
    #[must_use]
    pub fn is_corruption(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            Self::Damaged | Self::Value { .. } => true,
            Self::File { .. }
            | Self::Newer { .. }
            | Self::Corrupt { .. }
            | Self::Removed
            | Self::Id { .. }
            | Self::ReadOnly => false,
        }
    }
}

const RESTART: &str = "Start again: a damaged store is set aside, and what was not sent is saved.";

/// What SQLite's code means to a person.
fn sqlite_says(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::SystemIoFailure) => "the disk cannot be read or written".to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the local store cannot be written".to_owned()
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another tudone keeps the local store locked".to_owned()
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the local store is damaged".to_owned()
        }
        _ => format!("the local store failed: {error}"),
    }
}

fn sqlite_help(code: Option<ErrorCode>) -> &'static str {
    match code {
        Some(ErrorCode::DiskFull) => "Free some disk space and try again.",
        Some(ErrorCode::SystemIoFailure) => {
            "Check that the disk has room, that your quota allows more, and that it works."
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "Check that the data directory belongs to you and can be written."
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "Try again when the other tudone has finished writing."
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => RESTART,
        _ => "Try again; if it stays, -vv tells more.",
    }
}
