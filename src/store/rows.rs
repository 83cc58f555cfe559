//! Conversion between domain values and columns.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Row as SqlRow;
use rusqlite::types::ValueRef;
use uuid::Uuid;

use crate::domain::key::Key;
use crate::domain::todo::{Row, SyncState, Todo};
use crate::store::error::StoreError;
use crate::store::sort_key;

/// Returns a key as stored.
pub(super) const fn blob(key: Key) -> [u8; 16] {
    key.uuid().into_bytes()
}

pub(super) fn uuid(value: ValueRef<'_>) -> Result<Uuid, StoreError> {
    let what = StoreError::Value { what: "key" };
    match value {
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).map_err(|_| what),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) => Err(what),
    }
}

pub(super) fn key(row: &SqlRow<'_>, column: usize) -> Result<Key, StoreError> {
    uuid(row.get_ref(column)?).map(Key::new)
}

/// Reads an instant, stored in microseconds since 1970, PostgreSQL's resolution.
pub(super) fn instant(row: &SqlRow<'_>, column: usize) -> Result<Option<Timestamp>, StoreError> {
    let micros: Option<i64> = row.get(column)?;
    micros
        .map(Timestamp::from_microsecond)
        .transpose()
        .map_err(|_| StoreError::Value { what: "time" })
}

/// Returns a day as stored: a number that reads and sorts like the date, 20261201.
pub(super) fn day(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

pub(super) const fn state_number(state: SyncState) -> i64 {
    match state {
        SyncState::Synced => 0,
        SyncState::Pending => 1,
        SyncState::Sent => 2,
        SyncState::Rejected => 3,
    }
}

fn state(number: i64) -> Result<SyncState, StoreError> {
    [
        SyncState::Synced,
        SyncState::Pending,
        SyncState::Sent,
        SyncState::Rejected,
    ]
    .into_iter()
    .find(|state| state_number(*state) == number)
    .ok_or(StoreError::Value { what: "state" })
}

/// The columns of [`read_todo`], from the table `shown`.
pub(super) const TODO_COLUMNS: &str = "place, key, local, state, created_at, updated_at, text";

/// Returns a todo to read rows into.
pub(super) const fn blank() -> Todo {
    Todo {
        key: Key::new(Uuid::nil()),
        id: None,
        local: None,
        text: String::new(),
        state: SyncState::Synced,
        created_at: None,
        updated_at: None,
    }
}

/// Reads [`TODO_COLUMNS`] into `todo`, reusing the memory of its text.
pub(super) fn read_todo(row: &SqlRow<'_>, todo: &mut Todo) -> Result<(), StoreError> {
    todo.id = sort_key::id_at(row.get(0)?);
    todo.key = key(row, 1)?;
    todo.local = row.get(2)?;
    todo.state = state(row.get(3)?)?;
    todo.created_at = instant(row, 4)?;
    todo.updated_at = instant(row, 5)?;
    todo.text.clear();
    todo.text.push_str(text(row, 6)?);
    Ok(())
}

pub(super) fn text<'r>(row: &'r SqlRow<'_>, column: usize) -> Result<&'r str, StoreError> {
    row.get_ref(column)?
        .as_str()
        .map_err(|_| StoreError::Value { what: "text" })
}

/// Returns the columns of a base row in the order in which [`read_base`] reads them.
pub(super) fn base_params(row: &Row) -> (i64, [u8; 16], i64, Option<i64>, Option<i64>, &str) {
    (
        row.id,
        blob(row.key),
        row.revision,
        row.created_at.map(Timestamp::as_microsecond),
        row.updated_at.map(Timestamp::as_microsecond),
        &row.text,
    )
}

/// Reads [`BASE_COLUMNS`] after the `id` of `base`, or the `place` of `shown`.
pub(super) fn read_base(row: &SqlRow<'_>) -> Result<Row, StoreError> {
    let place: i64 = row.get(0)?;
    Ok(Row {
        id: sort_key::parted(place).0,
        key: key(row, 1)?,
        revision: row.get(2)?,
        created_at: instant(row, 3)?,
        updated_at: instant(row, 4)?,
        text: text(row, 5)?.to_owned(),
    })
}

/// A literal for `concat!`: the columns of [`read_base`] after the id.
macro_rules! base_columns {
    () => {
        "key, revision, created_at, updated_at, text"
    };
}
pub(super) use base_columns;

/// The columns of [`read_base`] after the id.
pub(super) const BASE_COLUMNS: &str = base_columns!();
