//! The file of an open database, as long as it stays in its place.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::store::error::StoreError;
use crate::store::file::{PATIENCE, with_suffix};
use crate::store::quarantine;

/// A write-ahead log of more bytes is emptied.
const LONG: u64 = 1 << 20;

/// Where a database was opened, and which files were there.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    database: Option<Identity>,
    /// The write-ahead log; none where the database has none.
    log: Option<Identity>,
}

/// Which file a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(#[cfg(unix)] (u64, u64));

impl Identity {
    /// `None` when the path leads nowhere.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(path).ok()?;
        Some(Self((metadata.dev(), metadata.ino())))
    }

    /// A constant: an open file cannot be moved here.
    #[cfg(not(unix))]
    pub(super) fn of(_path: &Path) -> Option<Self> {
        Some(Self())
    }
}

impl OpenFile {
    pub(super) fn new(path: &Path, database: Option<Identity>) -> Self {
        Self {
            path: path.to_owned(),
            database,
            log: Identity::of(&log_of(path)),
        }
    }

    /// Checks that the files are those that were opened.
    ///
    /// What was committed to a log that is gone is written to the database
    /// before the error is returned, where no other program has begun a new log.
    pub(super) fn check(&self, connection: &Connection) -> Result<(), StoreError> {
        if Identity::of(&self.path) != self.database {
            let aside = quarantine::aside_of(&self.path, self.database);
            return Err(aside.unwrap_or(StoreError::Removed));
        }
        if self.log.is_none() || Identity::of(&log_of(&self.path)) == self.log {
            return Ok(());
        }
        if fs::metadata(log_of(&self.path)).is_err() {
            // Where this fails, the message is the same.
            let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
        Err(StoreError::LogDeleted)
    }

    /// Empties a log that a large write has filled, since every program that opens
    /// the database reads all of it. Left to a later write while others read.
    pub(super) fn trim_log(&self, connection: &Connection) {
        let length = fs::metadata(log_of(&self.path)).map_or(0, |log| log.len());
        if length <= LONG || connection.busy_timeout(Duration::ZERO).is_err() {
            return;
        }
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let _ = connection.busy_timeout(PATIENCE);
    }

    /// Returns whether the log is gone or empty though others still use what it held.
    pub(super) fn log_is_lost(&self) -> bool {
        let shared = fs::metadata(with_suffix(&self.path, "-shm")).is_ok();
        shared && fs::metadata(log_of(&self.path)).map_or(true, |log| log.len() == 0)
    }
}

fn log_of(path: &Path) -> PathBuf {
    with_suffix(path, "-wal")
}
