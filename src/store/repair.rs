//! Removes unreadable values from a sound database.

use std::path::PathBuf;

use serde_json::Value;

use crate::domain::key::Key;
use crate::store::Store;
use crate::store::counts::CounterDeltas;
use crate::store::error::StoreError;
use crate::store::file::with_suffix;
use crate::store::rows::{self, BASE_COLUMNS};
use crate::store::write::Write;
use crate::store::{account_state, outbox, rescue};

impl Store {
    /// Removes every unreadable value from the database and counts again; saves the
    /// values of queued changes to a file first. Rows of the server are pulled again.
    /// `None` if everything is readable.
    ///
    /// The cost grows with the database.
    pub(super) fn repair(&mut self) -> Result<Option<StoreError>, StoreError> {
        let path = self.file.as_ref().map(|file| file.path.clone());
        let mut write = self.begin()?;
        let entries = write.take_unreadable_entries()?;
        let rows = write.delete_unreadable_rows()?;
        let links = write.delete_unreadable_links()?;
        if entries.is_empty() && rows + links == 0 {
            return Ok(None);
        }
        if rows > 0 {
            write.account_state.cursor = 0;
        }
        let changes = entries.len();
        let saved = match path {
            Some(path) if changes > 0 => {
                let saved = free_name(&path);
                rescue::save(&saved, entries)?;
                Some(saved)
            }
            Some(_) | None => None,
        };
        write.recount()?;
        write.show_overlaid()?;
        write.reconcile_all()?;
        write.commit()?;
        Ok(Some(StoreError::Isolated { changes, saved }))
    }
}

/// Returns the first unused name for the file of unreadable values.
fn free_name(database: &std::path::Path) -> PathBuf {
    (1..10_000_u32)
        .map(|number| with_suffix(database, &format!(".unreadable-{number}.json")))
        .find(|name| !name.exists())
        .unwrap_or_else(|| with_suffix(database, ".unreadable.json"))
}

impl Write<'_> {
    fn take_unreadable_entries(&mut self) -> Result<Vec<Value>, StoreError> {
        let sql = format!("SELECT {} FROM outbox ORDER BY seq", outbox::COLUMNS);
        let mut found = Vec::new();
        let mut seqs: Vec<i64> = Vec::new();
        let mut statement = self.tx.prepare(&sql)?;
        let mut entries = statement.query([])?;
        while let Some(row) = entries.next()? {
            if outbox::entry(row).is_err() {
                seqs.push(row.get(0)?);
                found.push(rescue::unreadable(row));
            }
        }
        for seq in seqs {
            self.tx
                .execute("DELETE FROM outbox WHERE seq = ?1", [seq])?;
        }
        Ok(found)
    }

    /// Deletes unreadable rows; returns their number.
    fn delete_unreadable_rows(&mut self) -> Result<usize, StoreError> {
        let mut count = 0;
        for (table, id) in [("shown", "place"), ("base", "id"), ("staged", "id")] {
            let mut bad: Vec<i64> = Vec::new();
            let sql = format!("SELECT {id}, {BASE_COLUMNS} FROM {table}");
            let mut statement = self.tx.prepare(&sql)?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                if rows::read_base(row).is_err() {
                    bad.push(row.get(0)?);
                }
            }
            count += bad.len();
            let sql = format!("DELETE FROM {table} WHERE {id} = ?1");
            for id in bad {
                self.tx.execute(&sql, [id])?;
            }
        }
        let sql = "DELETE FROM history WHERE NOT json_valid(deeds)";
        // An SQLite without JSON does not have the function.
        count += self.tx.execute(sql, []).unwrap_or(0);
        Ok(count)
    }

    /// Deletes links that contain an invalid key or text: local numbers, old keys,
    /// successors. Returns their number. A todo then loses such a name; a successor
    /// becomes a todo like any other.
    fn delete_unreadable_links(&self) -> Result<usize, StoreError> {
        let mut count = self.delete_unreadable_successors()?;
        for sql in [
            "DELETE FROM numbers WHERE length(key) <> 16",
            "DELETE FROM aliases WHERE length(old) <> 16 OR length(new) <> 16",
        ] {
            count += self.tx.execute(sql, [])?;
        }
        Ok(count)
    }

    /// Recounts all counters.
    pub(super) fn recount(&mut self) -> Result<(), StoreError> {
        // Pending deltas are in the tables already.
        self.counts = CounterDeltas::default();
        account_state::recount(&self.tx, &mut self.account_state)
    }

    /// Updates every row that has, or had, outbox entries.
    pub(super) fn show_overlaid(&mut self) -> Result<(), StoreError> {
        let mut keys: Vec<Key> = self.queued_keys()?;
        {
            let mut statement = self
                .tx
                .prepare("SELECT key FROM shown WHERE overlaid <> 0")?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                keys.push(rows::key(row, 0)?);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            self.show(key)?;
        }
        Ok(())
    }
}
