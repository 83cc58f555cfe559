//! The history of actions on this device, for undo and redo.
//!
//! An action is one row, written in the transaction of its outbox entries. Its
//! todos are in one value: a bulk action is one row to write and to delete.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row as SqlRow, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::change::Act;
use crate::domain::history::{HistoryEntry, HistoryItem, Overlap, RejectedEdit, Session};
use crate::domain::key::Key;
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::write::Write;

/// The most actions of one session that can be undone.
const MAX_UNDO: i64 = 200;
/// The most bytes of the actions of all sessions. The newest is always kept.
const MAX_BYTES: i64 = 16 << 20;
/// The most actions of all sessions.
const MAX_ACTIONS: i64 = 1000;
/// An action of more bytes is followed by a sweep, as is every [`SWEEP`]th.
const LARGE: usize = 4096;
const SWEEP: i64 = 64;

const ENTRY_COLUMNS: &str = "at, verb, count, text";

/// A [`HistoryItem`] as stored: without `before` an add, without `after` a deletion.
#[derive(Serialize, Deserialize)]
struct StoredItem<'a> {
    key: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    replaced: Cow<'a, [RejectedEdit]>,
}

/// The items of one action, as they are stored: a JSON array that grows.
#[derive(Default)]
pub(super) struct ActionItems {
    count: usize,
    /// The text of the first.
    text: String,
    /// The array without its last bracket.
    json: Vec<u8>,
}

impl ActionItems {
    /// Adds an item.
    pub(super) fn push(&mut self, item: &HistoryItem) -> Result<(), StoreError> {
        if self.count == 0 {
            item.text().clone_into(&mut self.text);
        }
        self.count += 1;
        self.json.push(if self.count == 1 { b'[' } else { b',' });
        serde_json::to_writer(&mut self.json, &StoredItem::of(item)).map_err(|_| INVALID)
    }

    /// Collects `items`.
    pub(super) fn of<'d>(
        items: impl IntoIterator<Item = &'d HistoryItem>,
    ) -> Result<Self, StoreError> {
        let mut all = Self::default();
        for item in items {
            all.push(item)?;
        }
        Ok(all)
    }

    /// Returns the whole array.
    fn finish(mut self) -> Vec<u8> {
        self.json.push(b']');
        self.json
    }
}

impl Store {
    /// Returns the actions of `session` that can be undone, newest first.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn history(&self, session: Session) -> Result<Vec<HistoryEntry>, StoreError> {
        let filter = "session IS ?1";
        self.reading(|snapshot| entries(snapshot, filter, params![stored(session)]))
    }

    /// Returns the actions of all sessions that changed this todo and were not undone,
    /// newest first. Reads the whole history.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn history_of(&self, todo: &Todo) -> Result<Vec<HistoryEntry>, StoreError> {
        let filter = "json_valid(CAST(deeds AS TEXT)) AND EXISTS (
            SELECT 1 FROM json_each(CAST(deeds AS TEXT))
            WHERE value ->> 'key' = ?1 OR value ->> 'id' = ?2)";
        let todo = params![todo.key.to_string(), todo.id];
        self.reading(|snapshot| entries(snapshot, filter, todo))
    }
}

/// Returns the actions that the filter selects and that were not undone, newest first.
fn entries(
    snapshot: &Connection,
    filter: &str,
    values: impl Params,
) -> Result<Vec<HistoryEntry>, StoreError> {
    let sql = format!(
        "SELECT {ENTRY_COLUMNS} FROM history WHERE undone = 0 AND {filter} ORDER BY act DESC"
    );
    let mut statement = snapshot.prepare_cached(&sql)?;
    let mut found = statement.query(values)?;
    let mut actions = Vec::new();
    while let Some(row) = found.next()? {
        actions.push(read_entry(row)?);
    }
    Ok(actions)
}

impl Write<'_> {
    /// Records an action as the newest of its session and clears the session's redo.
    pub(super) fn record_action(
        &self,
        session: Session,
        verb: &str,
        at: Timestamp,
        items: ActionItems,
    ) -> Result<(), StoreError> {
        if items.count == 0 {
            return Ok(());
        }
        self.tx
            .prepare_cached("DELETE FROM history WHERE session IS ?1 AND undone = 1")?
            .execute([stored(session)])?;
        let entry = HistoryEntry {
            at,
            verb: verb.to_owned(),
            count: items.count.try_into().unwrap_or(u64::MAX),
            text: items.text.clone(),
        };
        self.insert_action(session, &entry, false, items)
    }

    /// Inserts an action, and deletes the oldest beyond the limits.
    pub(super) fn insert_action(
        &self,
        session: Session,
        entry: &HistoryEntry,
        undone: bool,
        items: ActionItems,
    ) -> Result<(), StoreError> {
        let deeds = items.finish();
        let is_large = deeds.len() > LARGE;
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO history(at, verb, count, text, deeds, start, session, undone)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)",
        )?;
        insert.raw_bind_parameter(1, entry.at.to_string())?;
        insert.raw_bind_parameter(2, &entry.verb)?;
        insert.raw_bind_parameter(3, i64::try_from(entry.count).unwrap_or(i64::MAX))?;
        insert.raw_bind_parameter(4, &entry.text)?;
        // SQLite copies the value, and once more into the row: megabytes for many items.
        insert.raw_bind_parameter(5, &deeds)?;
        drop(deeds);
        insert.raw_bind_parameter(6, stored(session))?;
        insert.raw_bind_parameter(7, undone)?;
        insert.raw_execute()?;
        let newest = self.tx.last_insert_rowid();
        self.tx
            .prepare_cached(
                "DELETE FROM history WHERE act <= (
                     SELECT act FROM history WHERE session IS ?1 AND undone = ?2
                     ORDER BY act DESC LIMIT 1 OFFSET ?3)
                 AND session IS ?1 AND undone = ?2",
            )?
            .execute(params![stored(session), undone, MAX_UNDO])?;
        if is_large || newest % SWEEP == 0 {
            self.sweep(newest)?;
        }
        Ok(())
    }

    /// Deletes the oldest actions of all sessions beyond the limits.
    fn sweep(&self, newest: i64) -> Result<(), StoreError> {
        let mut statement = self
            .tx
            .prepare_cached("SELECT act, length(deeds) FROM history ORDER BY act DESC")?;
        let mut found = statement.query([])?;
        let (mut bytes, mut actions) = (0_i64, 0_i64);
        while let Some(row) = found.next()? {
            let (act, length): (i64, i64) = (row.get(0)?, row.get(1)?);
            bytes = bytes.saturating_add(length);
            actions += 1;
            if act != newest && (bytes > MAX_BYTES || actions > MAX_ACTIONS) {
                drop(found);
                self.tx
                    .execute("DELETE FROM history WHERE act <= ?1", [act])?;
                return Ok(());
            }
        }
        Ok(())
    }

    fn forget(&self, act: i64) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("DELETE FROM history WHERE act = ?1")?
            .execute([act])?;
        Ok(())
    }

    pub(super) fn newest(
        &self,
        session: Session,
        undone: bool,
    ) -> Result<Option<(i64, HistoryEntry, Vec<HistoryItem>)>, StoreError> {
        let sql = format!(
            "SELECT {ENTRY_COLUMNS}, act, deeds FROM history WHERE session IS ?1 AND undone = ?2
             ORDER BY act DESC LIMIT 1"
        );
        let mut statement = self.tx.prepare_cached(&sql)?;
        let newest = statement
            .query_row(params![stored(session), undone], |row| {
                let items: Vec<u8> = row.get(5)?;
                Ok((row.get(4)?, read_entry(row), items))
            })
            .optional()?;
        let Some((act, entry, items)) = newest else {
            return Ok(None);
        };
        Ok(Some((act, entry?, read(&items)?)))
    }

    /// Deletes an action, except the part that could not be reversed.
    pub(super) fn forget_except(&self, act: i64, overlaps: &[Overlap]) -> Result<(), StoreError> {
        let items: Vec<_> = overlaps.iter().map(|overlap| &overlap.item).collect();
        let Some(first) = items.first() else {
            return self.forget(act);
        };
        self.tx
            .prepare_cached("UPDATE history SET count = ?2, text = ?3, deeds = ?4 WHERE act = ?1")?
            .execute(params![
                act,
                count(items.len()),
                first.text(),
                ActionItems::of(items.iter().copied())?.finish()
            ])?;
        Ok(())
    }
}

/// Returns the stored form of a session; `NULL` is the CLI.
fn stored(session: Session) -> Option<[u8; 16]> {
    match session {
        Session::Cli => None,
        Session::Tui(id) => Some(id.into_bytes()),
    }
}

/// Reads [`ENTRY_COLUMNS`].
fn read_entry(row: &SqlRow<'_>) -> Result<HistoryEntry, StoreError> {
    let at: String = row.get(0)?;
    let count: i64 = row.get(2)?;
    Ok(HistoryEntry {
        at: at.parse().map_err(|_| StoreError::Value { what: "time" })?,
        verb: row.get(1)?,
        count: u64::try_from(count).unwrap_or(0),
        text: row.get(3)?,
    })
}

fn count(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

const INVALID: StoreError = StoreError::Value {
    what: "history entry",
};

fn read(bytes: &[u8]) -> Result<Vec<HistoryItem>, StoreError> {
    let kept: Vec<StoredItem<'_>> = serde_json::from_slice(bytes).map_err(|_| INVALID)?;
    kept.into_iter()
        .map(|kept| kept.item().ok_or(INVALID))
        .collect()
}

impl<'a> StoredItem<'a> {
    fn of(item: &'a HistoryItem) -> Self {
        let (before, after) = match &item.act {
            Act::Add { text } => (None, Some(text)),
            Act::Edit { before, after } => (Some(before), Some(after)),
            Act::Remove { before } => (Some(before), None),
        };
        Self {
            key: item.todo.uuid(),
            id: item.id,
            before: before.map(Cow::from),
            after: after.map(Cow::from),
            replaced: Cow::Borrowed(&item.replaced),
        }
    }

    fn item(self) -> Option<HistoryItem> {
        let act = match (self.before, self.after) {
            (None, Some(text)) => Act::Add {
                text: text.into_owned(),
            },
            (Some(before), Some(after)) => Act::Edit {
                before: before.into_owned(),
                after: after.into_owned(),
            },
            (Some(before), None) => Act::Remove {
                before: before.into_owned(),
            },
            (None, None) => return None,
        };
        Some(HistoryItem {
            todo: Key::new(self.key),
            id: self.id,
            act,
            replaced: self.replaced.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    /// A stored edit of a todo with these members besides.
    fn stored(members: &str) -> String {
        let key = "01900000-0000-7000-8000-000000000001";
        format!(r#"[{{"key":"{key}","before":"a","after":"b"{members}}}]"#)
    }

    #[test]
    fn entries_of_older_and_newer_versions_are_read() -> Result<(), Box<dyn std::error::Error>> {
        let old = read(stored("").as_bytes())?;
        assert_eq!(read(stored(r#","from_the_future":[1]"#).as_bytes())?, old);
        assert!(old.iter().all(|item| item.replaced.is_empty()));
        Ok(())
    }
}
