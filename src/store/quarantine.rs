//! Setting a damaged database aside, with what could still be read of its outbox.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::domain::change::{Act, Entry, Progress};
use crate::private_file;
use crate::store::error::StoreError;
use crate::store::file::with_suffix;
use crate::store::{file, outbox};

/// How long another process may take to set a database aside.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often is looked whether it is done.
const STEP: Duration = Duration::from_millis(10);

/// What belongs to a database: itself and its logs.
const PARTS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// The right to move the database at a path, or that nobody moves it, until it
/// is dropped; the system ends it with the process.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Takes the lock that belongs to `path`: nobody else opens the database
/// meanwhile.
pub(super) fn lock(path: &Path) -> io::Result<Lock> {
    taken(private_file::open(&lock_of(path))?, File::try_lock)
}

/// Takes the lock that belongs to `path` beside others who share it: nobody moves
/// the database meanwhile. `None` where there can be no lock file: whoever wants
/// to move the database has none, either.
pub(super) fn share(path: &Path) -> io::Result<Option<Lock>> {
    let Ok(file) = private_file::open(&lock_of(path)) else {
        return Ok(None);
    };
    taken(file, File::try_lock_shared).map(Some)
}

fn lock_of(path: &Path) -> PathBuf {
    with_suffix(path, ".lock")
}

fn taken(file: File, take: impl Fn(&File) -> Result<(), TryLockError>) -> io::Result<Lock> {
    let began = Instant::now();
    loop {
        match take(&file) {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                std::thread::sleep(STEP);
            }
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::TimedOut.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Moves the file and its logs out of the way and says where they are; except
/// where `again` finds, once nobody else does the same, that it is sound.
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
    let entries = readable_outbox(path);
    if !entries.is_empty() {
        let saved = outbox_of(&aside);
        let text = format!("{:#}\n", Value::Array(entries));
        private_file::replace(&saved, text.as_bytes()).map_err(StoreError::file(&saved))?;
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
    Ok(told_of(aside))
}

/// Where the last database was moved to, if one was.
pub(super) fn latest(path: &Path) -> Option<StoreError> {
    let moved = |aside: &PathBuf| PARTS.iter().any(|part| with_suffix(aside, part).exists());
    aside(path).take_while(moved).last().map(told_of)
}

fn told_of(aside: PathBuf) -> StoreError {
    let saved = outbox_of(&aside);
    StoreError::Corrupt {
        outbox: saved.exists().then_some(saved),
        moved_to: aside,
    }
}

/// The names for damaged databases, in the order they are taken.
fn aside(path: &Path) -> impl Iterator<Item = PathBuf> {
    (1..10_000_u32).map(move |number| with_suffix(path, &format!(".damaged-{number}")))
}

fn outbox_of(aside: &Path) -> PathBuf {
    with_suffix(aside, ".outbox.json")
}

/// Every entry that can be read, in order: from the first on to what is
/// damaged, and from the last one back to it.
fn readable_outbox(path: &Path) -> Vec<Value> {
    if file::check(path).is_err() {
        return Vec::new();
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(connection) = Connection::open_with_flags(path, flags) else {
        return Vec::new();
    };
    // It must stay as it was found; where this fails there is nothing to read.
    if file::set_up(&connection).is_err() {
        return Vec::new();
    }
    let mut found = BTreeMap::new();
    for order in ["ASC", "DESC"] {
        read(&connection, order, |entry| {
            found.insert(entry.seq, told(&entry)).is_none()
        });
    }
    found.into_values().collect()
}

/// Reads the outbox until `wanted` says no, or nothing can be read any more.
fn read(connection: &Connection, order: &str, mut wanted: impl FnMut(Entry) -> bool) {
    // A damaged index must not stand in the way: the table itself is read.
    let columns = outbox::COLUMNS;
    let sql = format!("SELECT {columns} FROM outbox NOT INDEXED ORDER BY seq {order}");
    if let Ok(mut statement) = connection.prepare(&sql)
        && let Ok(mut rows) = statement.query([])
    {
        while let Ok(Some(row)) = rows.next() {
            if outbox::entry(row).is_ok_and(|entry| !wanted(entry)) {
                return;
            }
        }
    }
}

fn told(entry: &Entry) -> Value {
    let (act, before, after) = match &entry.change.act {
        Act::Add { text } => ("add", None, Some(text)),
        Act::Edit { before, after } => ("edit", Some(before), Some(after)),
        Act::Remove { before } => ("remove", Some(before), None),
    };
    let progress = match &entry.progress {
        Progress::Pending => "pending",
        Progress::Sent { .. } => "sent",
        Progress::Answered => "answered",
        Progress::Rejected(_) => "rejected",
    };
    json!({
        "key": entry.change.todo.to_string(),
        "at": entry.change.at.to_string(),
        "act": act,
        "before": before,
        "after": after,
        "progress": progress,
    })
}
