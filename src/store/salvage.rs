//! Setting a damaged database aside, with what could still be read of its outbox.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::domain::change::{Act, Entry, Progress};
use crate::store::error::StoreError;
use crate::store::{file, outbox};

/// Moves the file and its logs out of the way and says where they are.
pub(super) fn set_aside(path: &Path) -> StoreError {
    let outbox = readable_outbox(path);
    let aside = free_name(path);
    for suffix in ["", "-wal", "-shm"] {
        let from = with_suffix(path, suffix);
        if suffix.is_empty() || from.exists() {
            let to = with_suffix(&aside, suffix);
            if let Err(error) = fs::rename(&from, &to) {
                return StoreError::file(&from)(error);
            }
        }
    }
    let saved = with_suffix(&aside, ".outbox.json");
    let outbox = match outbox {
        entries if entries.is_empty() => None,
        entries => match save(&saved, entries) {
            Ok(()) => Some(saved),
            Err(error) => return error,
        },
    };
    StoreError::Corrupt {
        moved_to: aside,
        outbox,
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

fn free_name(path: &Path) -> PathBuf {
    (1..10_000_u32)
        .map(|number| with_suffix(path, &format!(".damaged-{number}")))
        .find(|name| !name.exists())
        .unwrap_or_else(|| with_suffix(path, ".damaged"))
}

/// Every entry up to the first that cannot be read.
fn readable_outbox(path: &Path) -> Vec<Value> {
    let mut entries = Vec::new();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(connection) = Connection::open_with_flags(path, flags) else {
        return entries;
    };
    // A damaged index must not stand in the way: the table itself is read.
    let sql = format!("SELECT {} FROM outbox NOT INDEXED", outbox::COLUMNS);
    if let Ok(mut statement) = connection.prepare(&sql)
        && let Ok(mut rows) = statement.query([])
    {
        while let Ok(Some(row)) = rows.next() {
            entries.extend(outbox::entry(row).ok().as_ref().map(told));
        }
    }
    entries
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

fn save(path: &Path, entries: Vec<Value>) -> Result<(), StoreError> {
    file::create_private(path)?;
    let written = || {
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        serde_json::to_writer_pretty(&mut file, &Value::Array(entries))?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    written().map_err(StoreError::file(path))
}
