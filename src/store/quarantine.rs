//! Moves a damaged database aside and saves the readable part of its outbox.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::os::file_lock::{FileLock, LockError};
use crate::store::error::StoreError;
use crate::store::file::with_suffix;
use crate::store::open_file::FileIdentity;
use crate::store::rescue;

/// How long another process may take to move a database aside.
const PATIENCE: Duration = Duration::from_secs(5);

/// The suffixes of a database and its logs.
pub(super) const PARTS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Takes the lock that belongs to `path`: no other process opens the database
/// while it is held.
pub(super) fn lock(path: &Path) -> io::Result<FileLock> {
    FileLock::take(&lock_of(path), PATIENCE).map_err(system_error)
}

/// Takes the lock that belongs to `path`, shared: no process moves the database
/// while it is held. `None` if the lock file cannot be created: then no process can
/// move the database either.
pub(super) fn share(path: &Path) -> io::Result<Option<FileLock>> {
    match FileLock::share(&lock_of(path), PATIENCE) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::File { .. }) => Ok(None),
        Err(error) => Err(system_error(error)),
    }
}

fn lock_of(path: &Path) -> PathBuf {
    with_suffix(path, ".lock")
}

fn system_error(error: LockError) -> io::Error {
    match error {
        LockError::Busy { .. } => io::ErrorKind::TimedOut.into(),
        LockError::File { source, .. } => source,
    }
}

/// Moves the file and its logs aside and returns the error that names the new
/// path, unless `again` finds, with the lock held, that the database is sound.
pub(super) fn set_aside<T>(
    path: &Path,
    again: impl Fn(&Path) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let _lock = lock(path).map_err(StoreError::file(path))?;
    match again(path) {
        Err(error) if error.is_corruption() => Err(moved(path).unwrap_or_else(|error| error)),
        other => other,
    }
}

fn moved(path: &Path) -> Result<StoreError, StoreError> {
    let aside = aside(path)
        .find(|aside| PARTS.iter().all(|part| !with_suffix(aside, part).exists()))
        .unwrap_or_else(|| with_suffix(path, ".damaged"));
    let is_missing = !path.exists();
    let entries = rescue::readable_outbox(path);
    if !entries.is_empty() {
        rescue::save(&outbox_of(&aside), entries)?;
    }
    for part in PARTS {
        let from = with_suffix(path, part);
        match fs::rename(&from, with_suffix(&aside, part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::file(&from)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(if is_missing {
        StoreError::Missing {
            log: with_suffix(&aside, "-wal"),
        }
    } else {
        corrupt(aside)
    })
}

/// Returns the error for a database that another process moved aside, if it did.
pub(super) fn aside_of(path: &Path, database: Option<FileIdentity>) -> Option<StoreError> {
    database?;
    let exists = |aside: &PathBuf| PARTS.iter().any(|part| with_suffix(aside, part).exists());
    aside(path)
        .take_while(exists)
        .find(|aside| FileIdentity::of(aside) == database)
        .map(corrupt)
}

fn corrupt(aside: PathBuf) -> StoreError {
    let saved = outbox_of(&aside);
    StoreError::Corrupt {
        outbox: saved.exists().then_some(saved),
        moved_to: aside,
    }
}

/// Returns the names for damaged databases, in the order of their use.
fn aside(path: &Path) -> impl Iterator<Item = PathBuf> {
    (1..10_000_u32).map(move |number| with_suffix(path, &format!(".damaged-{number}")))
}

fn outbox_of(aside: &Path) -> PathBuf {
    with_suffix(aside, ".outbox.json")
}
