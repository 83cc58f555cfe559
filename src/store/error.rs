//! Errors of the local store.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// An error of the store. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite failed.
    #[error("{}", sqlite_message(.0))]
    Sqlite(rusqlite::Error),
    /// A file or directory cannot be used.
    #[error("cannot use the local store at {}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A newer program created or migrated the database.
    #[error("the local store has format {found}, newer than the {known} this program supports")]
    Newer {
        /// The version found.
        found: usize,
        /// The newest version that this program supports.
        known: usize,
    },
    /// The database was damaged and has been moved aside.
    #[error("the local store was damaged; it is now at {}", moved_to.display())]
    Corrupt {
        /// The new path of the damaged database.
        moved_to: PathBuf,
        /// The changes that were not sent yet, as JSON, if any could be read.
        outbox: Option<PathBuf>,
    },
    /// The database file is missing; the log beside it has been moved aside.
    #[error("the database of the local store is missing; the log left behind is now at {}", log.display())]
    Missing {
        /// The new path of the log.
        log: PathBuf,
    },
    /// The database is damaged and about to be moved aside.
    #[error("the local store is damaged")]
    Damaged,
    /// The file was deleted or replaced.
    #[error("the local store was deleted or moved while it was open")]
    Removed,
    /// The write-ahead log was deleted, so that other programs cannot see what this
    /// one writes.
    #[error("the write-ahead log of the local store was deleted while it was open")]
    LogDeleted,
    /// A stored value that this program never wrote.
    #[error("the local store contains an invalid {what}")]
    Value {
        /// The expected kind of value.
        what: &'static str,
    },
    /// Unreadable values were removed from the database; the rest is usable.
    #[error("{}", isolated_message(*.changes))]
    Isolated {
        /// The number of queued changes removed.
        changes: usize,
        /// The file with their contents, as JSON.
        saved: Option<PathBuf>,
    },
    /// A server id outside the range that a list can hold.
    #[error("the server gave a todo the id {id}, out of range")]
    Id {
        /// The id.
        id: i64,
    },
    /// A write on a store that was opened for reading.
    #[error("the local store was opened for reading only")]
    ReadOnly,
    /// A write on a store that could only be opened for reading.
    #[error("{message}")]
    Unwritable {
        /// Why it cannot be written.
        message: String,
        /// The help.
        help: String,
    },
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let is_about_a_value = matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..)
        );
        if is_about_a_value {
            Self::Value { what: "value" }
        } else {
            Self::Sqlite(error)
        }
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

    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Sqlite(error) => sqlite_help(error.sqlite_error_code()).to_owned(),
            Self::File { path, source } if is_full(source) => {
                format!("Free some space on the disk that holds {}.", path.display())
            }
            Self::File { path, .. } => {
                format!("Check that you own {} and can write to it.", path.display())
            }
            Self::Newer { .. } => {
                "Restart tudone; if that does not help, install the newest version.".to_owned()
            }
            Self::Corrupt { outbox: None, .. } => {
                "Run `tudone sync` to pull your todos again; changes that were not sent yet could not be read."
                    .to_owned()
            }
            Self::Corrupt {
                outbox: Some(path), ..
            } => format!(
                "Run `tudone sync` to pull your todos again, then add what {} lists as not sent.",
                path.display()
            ),
            Self::Missing { .. } => {
                "Run `tudone sync` to pull your todos again; if you moved the database, put it back together with this log."
                    .to_owned()
            }
            Self::Damaged => RESTART.to_owned(),
            Self::Removed => "Try again: a new one is created.".to_owned(),
            Self::LogDeleted => "Quit every tudone of this account, then start again.".to_owned(),
            Self::Value { .. } => "Run `tudone sync --full` to pull everything again.".to_owned(),
            Self::Isolated { saved: Some(path), .. } => format!(
                "Try again; add what {} lists as not sent.",
                path.display()
            ),
            Self::Isolated { saved: None, .. } => "Try again.".to_owned(),
            Self::Id { .. } => "Give the row another id on the server.".to_owned(),
            Self::ReadOnly => "Open the store for writing.".to_owned(),
            Self::Unwritable { help, .. } => help.clone(),
        }
    }

    /// Returns whether the same call may succeed later without the user's help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ),
            Self::Removed | Self::Isolated { .. } => true,
            Self::File { .. }
            | Self::Newer { .. }
            | Self::Corrupt { .. }
            | Self::Missing { .. }
            | Self::Damaged
            | Self::LogDeleted
            | Self::Value { .. }
            | Self::Id { .. }
            | Self::ReadOnly
            | Self::Unwritable { .. } => false,
        }
    }

    /// Returns whether the database was moved aside or deleted, so that opening it
    /// again creates a new one.
    #[must_use]
    pub const fn is_replaced(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. } | Self::Missing { .. } | Self::Removed
        )
    }

    /// Returns whether the database may be damaged; a full check decides.
    #[must_use]
    pub fn is_corruption(&self) -> bool {
        match self {
            // The statements are fixed: SQLite rejects one only if the tables are damaged.
            Self::Sqlite(rusqlite::Error::SqliteFailure(error, _)) if error.extended_code == 1 => {
                true
            }
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            Self::Damaged | Self::Value { .. } => true,
            Self::File { .. }
            | Self::Newer { .. }
            | Self::Corrupt { .. }
            | Self::Missing { .. }
            | Self::Removed
            | Self::LogDeleted
            | Self::Isolated { .. }
            | Self::Id { .. }
            | Self::ReadOnly
            | Self::Unwritable { .. } => false,
        }
    }

    /// Returns whether the file or its disk cannot be written, though it may be
    /// readable.
    pub(super) fn is_unwritable(&self) -> bool {
        if let Self::File { source, .. } = self {
            let kind = source.kind();
            return is_full(source)
                || matches!(
                    kind,
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                );
        }
        let no_write = matches!(
            self.code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::ReadOnly
                    | ErrorCode::CannotOpen
                    | ErrorCode::PermissionDenied
            )
        );
        no_write || matches!(self, Self::Unwritable { .. })
    }

    pub(super) fn code(&self) -> Option<ErrorCode> {
        if let Self::Sqlite(error) = self {
            error.sqlite_error_code()
        } else {
            None
        }
    }
}

const RESTART: &str =
    "Start again: a damaged store is moved aside, and changes that were not sent are saved.";

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

fn isolated_message(changes: usize) -> String {
    match changes {
        0 => {
            "the local store contained values that could not be read; they were removed".to_owned()
        }
        1 => "a queued change could not be read and was removed from the queue".to_owned(),
        _ => format!("{changes} queued changes could not be read and were removed from the queue"),
    }
}

/// Returns the message for SQLite's code.
fn sqlite_message(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::SystemIoFailure) => "the disk cannot be read or written".to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the local store cannot be written".to_owned()
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "the local store is locked by another tudone".to_owned()
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
        _ => "Try again; if the error stays, run it with -vv and report the output.",
    }
}
