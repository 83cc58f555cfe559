//! The new base, pulled into tables of its own and swapped in by one transaction.
//!
//! After a reset of the server, and during a pull from the start, the old rows stay
//! shown until the pull is complete.

use rusqlite::Connection;

use crate::domain::feed::FeedRow;
use crate::domain::key::Key;
use crate::domain::todo::Row;
use crate::store::error::StoreError;
use crate::store::rows::{self, BASE_COLUMNS, blob};
use crate::store::sort_key;
use crate::store::write::Write;

/// The base rows that the new base lacks.
const GONE: &str = "
    SELECT key FROM shown WHERE overlaid = 0 AND key NOT IN (SELECT key FROM staged)
    UNION ALL SELECT key FROM base WHERE key NOT IN (SELECT key FROM staged)";

/// Returns the row of the new base for a key, if it has been pulled.
pub(super) fn of(connection: &Connection, key: Key) -> Result<Option<Row>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, {BASE_COLUMNS} FROM staged WHERE key = ?1"
    ))?;
    let mut found = statement.query([blob(key)])?;
    found.next()?.map(rows::read_base).transpose()
}

impl Write<'_> {
    /// Marks base as stale: the next pull starts at 0 and is staged. Without
    /// a base, rows are applied at once.
    pub(super) fn stage(&mut self) -> Result<(), StoreError> {
        self.tx.execute_batch(
            "DELETE FROM staged;
             UPDATE outbox SET row_id = NULL, took = NULL;",
        )?;
        let has_base = "SELECT EXISTS(SELECT 1 FROM shown WHERE overlaid = 0)
             OR EXISTS(SELECT 1 FROM base)";
        self.account_state.staging = self.tx.query_row(has_base, [], |row| row.get(0))?;
        self.account_state.cursor = 0;
        self.account_state.rekeying = false;
        self.greatest = None;
        for key in self.queued_keys()? {
            self.show(key)?;
        }
        Ok(())
    }

    /// Adds a page of the change feed to the new base.
    pub(super) fn stage_page(&mut self, page: &[FeedRow]) -> Result<(), StoreError> {
        for row in page {
            match row {
                FeedRow::Present(row) => self.stage_row(row)?,
                FeedRow::Removed { key, revision: _ } => {
                    self.tx
                        .prepare_cached("DELETE FROM staged WHERE key = ?1")?
                        .execute([blob(*key)])?;
                }
            }
        }
        Ok(())
    }

    fn stage_row(&self, row: &Row) -> Result<(), StoreError> {
        sort_key::check_id(row.id)?;
        self.tx
            .prepare_cached(
                "INSERT OR REPLACE INTO staged(id, key, revision, created_at, updated_at, text)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(rows::base_params(row))?;
        Ok(())
    }

    /// Discards the new base; the old one is no longer stale.
    pub(super) fn unstage(&mut self) -> Result<(), StoreError> {
        if self.account_state.staging {
            self.account_state.staging = false;
            self.tx.execute("DELETE FROM staged", [])?;
        }
        Ok(())
    }

    /// Replaces the stale base by the new one. Only rows that differ are written.
    pub(super) fn swap_base(&mut self) -> Result<(), StoreError> {
        if !self.account_state.staging {
            return Ok(());
        }
        self.account_state.staging = false;
        let (gone, news) = (self.gone()?, self.news()?);
        for key in gone {
            self.remove_base(key)?;
        }
        for id in news {
            if let Some(row) = self.staged_row(id)? {
                self.put_base(&row)?;
            }
        }
        self.tx.execute("DELETE FROM staged", [])?;
        self.recount()?;
        for key in self.queued_keys()? {
            self.refresh(key)?;
        }
        Ok(())
    }

    fn gone(&self) -> Result<Vec<Key>, StoreError> {
        let mut statement = self.tx.prepare(GONE)?;
        let mut found = statement.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = found.next()? {
            keys.push(rows::key(row, 0)?);
        }
        Ok(keys)
    }

    /// Returns the ids of staged rows that base lacks or that differ.
    fn news(&self) -> Result<Vec<i64>, StoreError> {
        let same = "revision = s.revision AND text = s.text
             AND created_at IS s.created_at AND updated_at IS s.updated_at";
        let mut statement = self.tx.prepare(&format!(
            "SELECT id FROM staged s
             WHERE NOT EXISTS (SELECT 1 FROM shown WHERE key = s.key AND overlaid = 0
                     AND place IN (s.id, s.id + {done}, s.id + {waiting}) AND {same})
                 AND NOT EXISTS (SELECT 1 FROM base WHERE key = s.key AND id = s.id AND {same})
             ORDER BY id",
            done = sort_key::DONE,
            waiting = sort_key::WAITING,
        ))?;
        let found = statement.query_map([], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn staged_row(&self, id: i64) -> Result<Option<Row>, StoreError> {
        let mut statement = self.tx.prepare_cached(&format!(
            "SELECT id, {BASE_COLUMNS} FROM staged WHERE id = ?1"
        ))?;
        let mut found = statement.query([id])?;
        found.next()?.map(rows::read_base).transpose()
    }
}
