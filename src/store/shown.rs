//! Writes the table of shown todos, with counters and text blocks.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, ToSql, params, params_from_iter};

use crate::domain::casefold::search_key;
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::todo::{Row, SyncState};
use crate::store::error::StoreError;
use crate::store::rows::{self, blob};
use crate::store::sort_key::{SortRank, TablePart};
use crate::store::write::Write;

/// A todo's row in the table.
#[derive(Debug)]
pub(super) struct RowPosition {
    place: i64,
    pub(super) overlaid: bool,
    text: String,
}

/// A row of the table `shown`, about to be written.
pub(super) struct ShownRow<'a> {
    pub(super) key: Key,
    pub(super) rank: SortRank,
    pub(super) local: Option<i64>,
    pub(super) state: SyncState,
    pub(super) overlaid: bool,
    pub(super) revision: i64,
    pub(super) created_at: Option<i64>,
    pub(super) updated_at: Option<i64>,
    pub(super) text: &'a str,
}

impl Write<'_> {
    /// Returns the todo whose row has this server id.
    pub(super) fn holder(&self, id: i64) -> Result<Option<Key>, StoreError> {
        // `IN` would fill a temporary table.
        let mut statement = self.tx.prepare_cached(
            "SELECT key FROM shown WHERE place = ?1
             UNION ALL SELECT key FROM shown WHERE place = ?2
             UNION ALL SELECT key FROM shown WHERE place = ?3",
        )?;
        let mut found = statement.query(SortRank::Id(id).everywhere())?;
        found.next()?.map(|row| rows::key(row, 0)).transpose()
    }

    pub(super) fn row_position(&self, key: Key) -> Result<Option<RowPosition>, StoreError> {
        let row_position = self
            .tx
            .prepare_cached("SELECT place, overlaid, text FROM shown WHERE key = ?1")?
            .query_row([blob(key)], |row| {
                Ok(RowPosition {
                    place: row.get(0)?,
                    overlaid: row.get(1)?,
                    text: row.get(2)?,
                })
            })
            .optional()?;
        Ok(row_position)
    }

    /// Writes a base row as a todo without outbox entries, unless its key or its id is
    /// in the table. Returns whether it was written.
    pub(super) fn place_new(&mut self, row: &Row) -> Result<bool, StoreError> {
        let shown = ShownRow::of_base(row, self.local(row.key)?);
        let new = self.insert(&shown)?;
        if new {
            self.count(&shown)?;
        }
        Ok(new)
    }

    /// Writes a base row as a todo without outbox entries.
    pub(super) fn place_base(&mut self, row: &Row) -> Result<(), StoreError> {
        let shown = ShownRow::of_base(row, self.local(row.key)?);
        self.place(self.row_position(row.key)?, Some(&shown))
    }

    /// Deletes the todo's row.
    pub(super) fn remove_row(&mut self, key: Key) -> Result<(), StoreError> {
        self.place(self.row_position(key)?, None)
    }

    /// Moves the todo's row to its place.
    pub(super) fn place(
        &mut self,
        from: Option<RowPosition>,
        to: Option<&ShownRow<'_>>,
    ) -> Result<(), StoreError> {
        match (from, to) {
            (None, None) => Ok(()),
            (Some(from), None) => {
                self.uncount(&from)?;
                self.tx
                    .prepare_cached("DELETE FROM shown WHERE place = ?1")?
                    .execute([from.place])?;
                Ok(())
            }
            (None, Some(to)) => {
                if !self.insert(to)? {
                    return Err(StoreError::Value { what: "place" });
                }
                self.count(to)
            }
            (Some(from), Some(to)) => {
                let place = to.rank.place(self.part(Line::new(to.text)));
                if from.text != to.text {
                    self.uncount(&from)?;
                    self.count(to)?;
                } else if from.place == place {
                    return self.update_state(to, place);
                } else {
                    self.empty_block(from.place)?;
                    self.empty_block(place)?;
                }
                self.update(&from, to)
            }
        }
    }

    fn count(&mut self, shown: &ShownRow<'_>) -> Result<(), StoreError> {
        let line = Line::new(shown.text);
        *self.account_state.shown_mut(line.is_done()) += 1;
        self.counts.count(shown.text, 1);
        self.empty_block(shown.rank.place(self.part(line)))
    }

    fn uncount(&mut self, row: &RowPosition) -> Result<(), StoreError> {
        *self.account_state.shown_mut(Line::new(&row.text).is_done()) -= 1;
        self.counts.count(&row.text, -1);
        self.empty_block(row.place)
    }

    /// Returns the part of the table that a line belongs to on the store's day.
    fn part(&self, line: Line<'_>) -> TablePart {
        let waits = |start| rows::day(start) > self.account_state.day;
        if line.is_done() {
            TablePart::Done
        } else if line.start().is_some_and(waits) {
            TablePart::Waiting
        } else {
            TablePart::Open
        }
    }

    /// Writes the columns that can change while text and place stay; other columns and
    /// their indexes are not touched.
    fn update_state(&self, shown: &ShownRow<'_>, place: i64) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "UPDATE shown SET overlaid = ?2, state = ?3, local = ?4, revision = ?5,
                     created_at = ?6, updated_at = ?7, key = ?8
                 WHERE place = ?1",
            )?
            .execute(params![
                place,
                shown.overlaid,
                rows::state_number(shown.state),
                shown.local,
                shown.revision,
                shown.created_at,
                shown.updated_at,
                blob(shown.key),
            ])?;
        Ok(())
    }

    fn insert(&self, shown: &ShownRow<'_>) -> Result<bool, StoreError> {
        let written = self.put(
            "INSERT INTO shown(place, key, done, overlaid, state, local, priority, due,
                 completed_on, revision, created_at, updated_at, text, folded, start, waiting)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT DO NOTHING",
            shown,
            &[],
        )?;
        Ok(written == 1)
    }

    fn update(&self, from: &RowPosition, shown: &ShownRow<'_>) -> Result<(), StoreError> {
        self.put(
            "UPDATE shown SET place = ?1, key = ?2, done = ?3, overlaid = ?4, state = ?5,
                 local = ?6, priority = ?7, due = ?8, completed_on = ?9, revision = ?10,
                 created_at = ?11, updated_at = ?12, text = ?13, folded = ?14, start = ?15,
                 waiting = ?16
             WHERE place = ?17",
            shown,
            &[&from.place],
        )?;
        Ok(())
    }

    /// Runs `sql` with the columns of `shown` as ?1 to ?16, and `more` after them.
    /// Returns the number of rows written.
    fn put(
        &self,
        sql: &str,
        shown: &ShownRow<'_>,
        more: &[&dyn ToSql],
    ) -> Result<usize, StoreError> {
        let line = Line::new(shown.text);
        let folded = search_key(shown.text);
        let start = line.start().map(rows::day);
        let part = self.part(line);
        let columns: [&dyn ToSql; 16] = [
            &shown.rank.place(part),
            &blob(shown.key),
            &line.is_done(),
            &shown.overlaid,
            &rows::state_number(shown.state),
            &shown.local,
            &line.priority().map(|priority| u32::from(priority.letter())),
            &line.due().map(rows::day),
            &line.completed_on().map(rows::day),
            &shown.revision,
            &shown.created_at,
            &shown.updated_at,
            &shown.text,
            &folded.as_ref(),
            &start,
            &part.is_waiting(),
        ];
        let values = columns.iter().chain(more).copied();
        let written = self
            .tx
            .prepare_cached(sql)?
            .execute(params_from_iter(values))?;
        Ok(written)
    }
}

impl<'a> ShownRow<'a> {
    /// Returns the row of a todo without outbox entries: its base.
    pub(super) fn of_base(row: &'a Row, local: Option<i64>) -> Self {
        Self {
            key: row.key,
            rank: SortRank::Id(row.id),
            local,
            state: SyncState::Synced,
            overlaid: false,
            revision: row.revision,
            created_at: row.created_at.map(Timestamp::as_microsecond),
            updated_at: row.updated_at.map(Timestamp::as_microsecond),
            text: &row.text,
        }
    }
}
