//! Detects that the file of an open database was moved or replaced.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::store::error::StoreError;
use crate::store::file::{PATIENCE, with_suffix};
use crate::store::quarantine;

/// A write-ahead log of more bytes is emptied.
const LONG: u64 = 1 << 20;

/// The path of an open database, and the identity of its files.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    database: Option<FileIdentity>,
    /// The write-ahead log; `None` if the database has none.
    log: Option<FileIdentity>,
}

/// The identity of a file: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity(#[cfg(unix)] (u64, u64));

impl FileIdentity {
    /// Returns the identity of the file at `path`; `None` if there is none.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(path).ok()?;
        Some(Self((metadata.dev(), metadata.ino())))
    }

    /// Returns a constant: an open file cannot be moved on this system.
    #[cfg(not(unix))]
    pub(super) fn of(_path: &Path) -> Option<Self> {
        Some(Self())
    }
}

impl OpenFile {
    pub(super) fn new(path: &Path, database: Option<FileIdentity>) -> Self {
        Self {
            path: path.to_owned(),
            database,
            log: FileIdentity::of(&log_of(path)),
        }
    }

    /// Checks that the files are those that were opened.
    ///
    /// Commits in a deleted log are written to the database before the error is
    /// returned, unless another program has begun a new log.
    pub(super) fn check(&self, connection: &Connection) -> Result<(), StoreError> {
        if FileIdentity::of(&self.path) != self.database {
            let aside = quarantine::aside_of(&self.path, self.database);
            return Err(aside.unwrap_or(StoreError::Removed));
        }
        if self.log.is_none() || FileIdentity::of(&log_of(&self.path)) == self.log {
            return Ok(());
        }
        if fs::metadata(log_of(&self.path)).is_err() {
            // If this fails, the message is the same.
            let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
        Err(StoreError::LogDeleted)
    }

    /// Truncates a long log, since every program that opens the database reads all of
    /// it. While others read, a later write does it.
    pub(super) fn trim_log(&self, connection: &Connection) {
        let length = fs::metadata(log_of(&self.path)).map_or(0, |log| log.len());
        if length <= LONG || connection.busy_timeout(Duration::ZERO).is_err() {
            return;
        }
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let _ = connection.busy_timeout(PATIENCE);
    }

    /// Returns whether the log is missing or empty though others still use it.
    pub(super) fn log_is_lost(&self) -> bool {
        let shared = fs::metadata(with_suffix(&self.path, "-shm")).is_ok();
        shared && fs::metadata(log_of(&self.path)).map_or(true, |log| log.len() == 0)
    }
}

fn log_of(path: &Path) -> PathBuf {
    with_suffix(path, "-wal")
}
