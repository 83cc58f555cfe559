//! *Base*: the rows as the server last sent them. Only its answers change them.
//!
//! The base of a todo without outbox entries is its row in `shown`; the base of one
//! with entries is in `base`.

use rusqlite::{Connection, params};

use crate::domain::key::Key;
use crate::domain::todo::Row;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::rows::{self, BASE_COLUMNS, base_columns, blob};
use crate::store::sort_key::{self, DONE, TablePart, WAITING};
use crate::store::write::Write;

/// Returns the base row of one todo.
pub(super) fn of(connection: &Connection, key: Key) -> Result<Option<Row>, StoreError> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT id, ",
        base_columns!(),
        " FROM base WHERE key = ?1
         UNION ALL SELECT place, ",
        base_columns!(),
        " FROM shown WHERE key = ?1 AND overlaid = 0"
    ))?;
    let mut found = statement.query([blob(key)])?;
    found.next()?.map(rows::read_base).transpose()
}

/// Returns the base rows with a greater id, in id order.
fn after(connection: &Connection, id: i64) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    let mut read = |sql: &str, from: i64, to: i64| -> Result<(), StoreError> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([from, to])?;
        while let Some(row) = rows.next()? {
            found.push(rows::read_base(row)?);
        }
        Ok(())
    };
    let apart = format!("SELECT id, {BASE_COLUMNS} FROM base WHERE id >= ?1 AND id < ?2");
    let alike = format!(
        "SELECT place, {BASE_COLUMNS} FROM shown WHERE place >= ?1 AND place < ?2 AND overlaid = 0"
    );
    for part in TablePart::ALL {
        let places = part.ids_after(id);
        read(&alike, places.start, places.end)?;
    }
    let ids = TablePart::Open.ids_after(id);
    read(&apart, ids.start, ids.end)?;
    found.sort_unstable_by_key(|row| row.id);
    Ok(found)
}

impl Store {
    /// Returns rows with a greater id than this, in id order (to find an add that may
    /// have arrived at a bare backend).
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn rows_after(&self, id: i64) -> Result<Vec<Row>, StoreError> {
        self.reading(|snapshot| after(snapshot, id))
    }
}

impl Write<'_> {
    pub(super) fn base(&self, key: Key) -> Result<Option<Row>, StoreError> {
        of(&self.tx, key)
    }

    /// Stores the base of a todo that has, or is about to have, outbox entries.
    pub(super) fn store_base(&self, row: &Row) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "INSERT INTO base(id, key, revision, created_at, updated_at, text)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT(key) DO UPDATE SET id = ?1, revision = ?3, created_at = ?4,
                     updated_at = ?5, text = ?6",
            )?
            .execute(rows::base_params(row))?;
        Ok(())
    }

    /// Applies a row of the server.
    pub(super) fn put_base(&mut self, row: &Row) -> Result<(), StoreError> {
        sort_key::check_id(row.id)?;
        let greatest = self.greatest()?;
        if row.id > greatest && !self.account_state.has_entries() && self.place_new(row)? {
            self.greatest = Some(row.id);
            return Ok(());
        }
        self.take_id(row)?;
        if self.queue(row.key)?.entries.is_empty() {
            return self.place_base(row);
        }
        self.store_base(row)?;
        self.refresh(row.key)
    }

    /// Applies a row of the server to a todo whose last entry has just been deleted.
    pub(super) fn put_last_base(&mut self, row: &Row) -> Result<(), StoreError> {
        sort_key::check_id(row.id)?;
        self.take_id(row)?;
        // A todo that had the id may have been merged into this one.
        if self.queue(row.key)?.entries.is_empty() {
            self.tx
                .prepare_cached("DELETE FROM base WHERE key = ?1")?
                .execute([blob(row.key)])?;
            return self.place_base(row);
        }
        self.store_base(row)?;
        self.refresh(row.key)
    }

    /// Applies a deletion on the server. A todo that is still shown because of a local
    /// edit keeps its id as a handle.
    pub(super) fn remove_base(&mut self, key: Key) -> Result<(), StoreError> {
        if self.queue(key)?.entries.is_empty() {
            return self.remove_row(key);
        }
        let gone = self.base(key)?;
        self.tx
            .prepare_cached("DELETE FROM base WHERE key = ?1")?
            .execute([blob(key)])?;
        let shown = self.show(key)?;
        if let (Some(row), Some(_)) = (gone, shown) {
            self.redirect_id(row.id, key)?;
        }
        Ok(())
    }

    /// Makes sure that no other todo has this row's id.
    fn take_id(&mut self, row: &Row) -> Result<(), StoreError> {
        if row.id > self.greatest()? {
            self.greatest = Some(row.id);
            return Ok(());
        }
        self.clear_id(row)
    }

    /// Takes this row's id from any other todo. A row with the key of a bare
    /// backend's row is re-keyed; any other todo was deleted, since the server never
    /// reuses an id.
    fn clear_id(&mut self, row: &Row) -> Result<(), StoreError> {
        while let Some(other) = self.other_with_id(row.id, row.key)? {
            let of_row = Key::of_row(self.endpoint, row.id);
            if other == of_row || row.key == of_row {
                self.rekey(other, row.key)?;
                continue;
            }
            self.tx
                .prepare_cached("UPDATE outbox SET row_id = NULL WHERE key = ?1")?
                .execute([blob(other)])?;
            if self.base(other)?.is_some_and(|base| base.id == row.id) {
                self.remove_base(other)?;
            } else {
                self.show(other)?;
            }
        }
        Ok(())
    }

    /// Returns another todo with this id: shown, in base or from an answer.
    pub(super) fn other_with_id(&self, id: i64, key: Key) -> Result<Option<Key>, StoreError> {
        if let Some(holder) = self.holder(id)?
            && holder != key
        {
            return Ok(Some(holder));
        }
        if !self.account_state.has_entries() {
            return Ok(None);
        }
        let mut statement = self.tx.prepare_cached(
            "SELECT key FROM base WHERE id = ?1 AND key <> ?2
             UNION ALL SELECT key FROM outbox WHERE row_id = ?1 AND key <> ?2",
        )?;
        let mut found = statement.query(params![id, blob(key)])?;
        found.next()?.map(|row| rows::key(row, 0)).transpose()
    }

    /// Returns the greatest known server id; `i64::MIN` if there is none.
    pub(super) fn greatest(&mut self) -> Result<i64, StoreError> {
        if let Some(greatest) = self.greatest {
            return Ok(greatest);
        }
        let mut statement = self.tx.prepare_cached(
            "SELECT max(
                 ifnull((SELECT max(place) FROM shown WHERE place >= ?1 AND place < ?2), ?5),
                 ifnull((SELECT max(place) FROM shown WHERE place >= ?3 AND place < ?4) - ?6, ?5),
                 ifnull((SELECT max(place) FROM shown WHERE place < ?8) - ?7, ?5),
                 ifnull((SELECT max(id) FROM base), ?5),
                 ifnull((SELECT max(row_id) FROM outbox WHERE row_id IS NOT NULL), ?5))",
        )?;
        let (open, done, waiting) = (
            TablePart::Open.ids(),
            TablePart::Done.ids(),
            TablePart::Waiting.ids(),
        );
        let greatest = statement.query_row(
            [
                open.start,
                open.end,
                done.start,
                done.end,
                i64::MIN,
                DONE,
                WAITING,
                waiting.end,
            ],
            |row| row.get(0),
        )?;
        self.greatest = Some(greatest);
        Ok(greatest)
    }
}
