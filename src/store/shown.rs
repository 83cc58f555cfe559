//! The table of shown todos: where a row stands, and what moves with it.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, ToSql, params, params_from_iter};

use crate::domain::casefold::search_key;
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::todo::{Row, State};
use crate::store::error::StoreError;
use crate::store::rows::{self, blob};
use crate::store::sort_key::{Part, SortRank};
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
    pub(super) state: State,
    pub(super) overlaid: bool,
    pub(super) revision: i64,
    pub(super) created_at: Option<i64>,
    pub(super) updated_at: Option<i64>,
    pub(super) text: &'a str,
}

impl Write<'_> {
    /// The todo whose row stands at this server id.
    pub(super) fn holder(&self, id: i64) -> Result<Option<Key>, StoreError> {
        let mut statement = self
            .tx
            .prepare_cached("SELECT key FROM shown WHERE place IN (?1, ?2, ?3)")?;
        let mut found = statement.query(SortRank::Id(id).everywhere())?;
        found.next()?.map(|row| rows::key(row, 0)).transpose()
    }

    pub(super) fn standing(&self, key: Key) -> Result<Option<RowPosition>, StoreError> {
        let standing = self
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
        Ok(standing)
    }

    /// Writes a base row as a todo without outbox entries, where neither its key
    /// nor its id is in the table yet. Returns whether that was so.
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
        self.place(self.standing(row.key)?, Some(&shown))
    }

    /// Takes the todo's row out of the table.
    pub(super) fn unplace(&mut self, key: Key) -> Result<(), StoreError> {
        self.place(self.standing(key)?, None)
    }

    /// Moves the todo's row from where it stands to where it belongs.
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
                if from.text == to.text && from.place == place {
                    return self.update_state(to, place);
                }
                self.uncount(&from)?;
                self.count(to)?;
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

    /// The part of the table that a line belongs to on the day of the store.
    fn part(&self, line: Line<'_>) -> Part {
        let waits = |start| rows::day(start) > self.account_state.day;
        if line.is_done() {
            Part::Done
        } else if line.start().is_some_and(waits) {
            Part::Waiting
        } else {
            Part::Open
        }
    }

    /// Writes what may change while text and place stay: the indexes of the other
    /// columns are left alone.
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

    /// Carries out `sql` with the columns of `shown` as ?1 to ?16, and
    /// `more` after them. Returns how many rows were written.
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
    /// A todo without outbox entries: the row is the base.
    pub(super) fn of_base(row: &'a Row, local: Option<i64>) -> Self {
        Self {
            key: row.key,
            rank: SortRank::Id(row.id),
            local,
            state: State::Synced,
            overlaid: false,
            revision: row.revision,
            created_at: row.created_at.map(Timestamp::as_microsecond),
            updated_at: row.updated_at.map(Timestamp::as_microsecond),
            text: &row.text,
        }
    }
}
