//! Recovers the outbox of a damaged database.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::{Map, Value, json};

use crate::domain::change::{Act, OutboxEntry, Progress};
use crate::os::private_file;
use crate::store::error::StoreError;
use crate::store::file::with_suffix;
use crate::store::{file, outbox, quarantine};

/// The page size of every database of this program.
const PAGE: u16 = 4096;

/// Writes entries to `path` as JSON, for the owner only.
pub(super) fn save(path: &Path, entries: Vec<Value>) -> Result<(), StoreError> {
    let text = format!("{:#}\n", Value::Array(entries));
    private_file::replace(path, text.as_bytes()).map_err(StoreError::file(path))
}

/// Returns every readable entry, in order: from the first up to the damage, and
/// from the last back to it. Reads a copy of the database; a second time with a new
/// header if the first finds nothing.
pub(super) fn readable_outbox(path: &Path) -> Vec<Value> {
    if file::check(path).is_err() {
        return Vec::new();
    }
    let Ok(copy) = Copy::of(path) else {
        // There is no room for a copy.
        return entries(path);
    };
    let found = entries(&copy.path);
    if !found.is_empty() || copy.write_header().is_err() {
        return found;
    }
    entries(&copy.path)
}

/// A copy of a database and its log, deleted when dropped.
struct Copy {
    path: PathBuf,
}

impl Drop for Copy {
    fn drop(&mut self) {
        for part in quarantine::PARTS {
            // The part may not exist.
            let _ = fs::remove_file(with_suffix(&self.path, part));
        }
    }
}

impl Copy {
    fn of(path: &Path) -> io::Result<Self> {
        let copy = Self {
            path: private_file::draft_path(path),
        };
        for part in ["", "-wal"] {
            let to = with_suffix(&copy.path, part);
            match File::open(with_suffix(path, part)) {
                Ok(mut from) => {
                    io::copy(&mut from, &mut private_file::open(&to)?)?;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(copy)
    }

    /// Replaces the 100 bytes before the first page's tree by those of a sound
    /// database of this size, so that its pages can be read.
    fn write_header(&self) -> io::Result<()> {
        let has_log = fs::metadata(with_suffix(&self.path, "-wal")).is_ok_and(|log| log.len() > 0);
        let mut file = private_file::open(&self.path)?;
        let pages = file.metadata()?.len() / u64::from(PAGE);
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        let mut header = [0; 100];
        file.read_exact(&mut header)?;
        let version = if has_log { 2 } else { 1 };
        let fields: [(usize, &[u8]); 9] = [
            (0, b"SQLite format 3\0"),
            (16, &PAGE.to_be_bytes()),
            (18, &[version, version, 0, 64, 32, 32]),
            // The change counter, and the counter for which the size holds.
            (24, &1_u32.to_be_bytes()),
            (28, &pages.to_be_bytes()),
            // No free pages.
            (32, &[0; 8]),
            (44, &4_u32.to_be_bytes()),
            (52, &[0, 0, 0, 0, 0, 0, 0, 1]),
            (92, &1_u32.to_be_bytes()),
        ];
        for (at, bytes) in fields {
            if let Some(field) = header.get_mut(at..at + bytes.len()) {
                field.copy_from_slice(bytes);
            }
        }
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header)?;
        file.sync_all()
    }
}

fn entries(path: &Path) -> Vec<Value> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(connection) = Connection::open_with_flags(path, flags) else {
        return Vec::new();
    };
    if file::set_up(&connection).is_err() {
        return Vec::new();
    }
    let mut found = BTreeMap::new();
    for order in ["ASC", "DESC"] {
        read(&connection, order, |seq, entry| {
            found.insert(seq, entry).is_none()
        });
    }
    found.into_values().collect()
}

/// Reads the outbox until `visit` returns false, or nothing more can be read.
fn read(connection: &Connection, order: &str, mut visit: impl FnMut(i64, Value) -> bool) {
    // The table itself: its index may be damaged.
    let columns = outbox::COLUMNS;
    let sql = format!("SELECT {columns} FROM outbox NOT INDEXED ORDER BY seq {order}");
    if let Ok(mut statement) = connection.prepare(&sql)
        && let Ok(mut rows) = statement.query([])
    {
        while let Ok(Some(row)) = rows.next() {
            let Ok(seq) = row.get(0) else { continue };
            let entry = outbox::entry(row).map_or_else(|_| unreadable(row), |entry| json(&entry));
            if !visit(seq, entry) {
                return;
            }
        }
    }
}

fn json(entry: &OutboxEntry) -> Value {
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

/// Returns the values of an unreadable entry by column: blobs as hexadecimal
/// digits, invalid characters of a text replaced.
pub(super) fn unreadable(row: &Row<'_>) -> Value {
    let mut values = Map::new();
    for (column, name) in outbox::COLUMNS.split(',').enumerate() {
        let value = match row.get_ref(column) {
            Ok(ValueRef::Integer(number)) => number.into(),
            Ok(ValueRef::Real(number)) => number.into(),
            Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into(),
            Ok(ValueRef::Blob(bytes)) => hexadecimal(bytes).into(),
            Ok(ValueRef::Null) | Err(_) => Value::Null,
        };
        values.insert(name.trim().to_owned(), value);
    }
    values.insert("unreadable".to_owned(), true.into());
    Value::Object(values)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
