//! A write under way: one transaction, in which *shown* follows base and outbox.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, ToSql, Transaction, TransactionBehavior, params_from_iter};

use crate::domain::casefold::search_key;
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::replica;
use crate::domain::todo::{Row, State, Todo};
use crate::store::account_state::AccountState;
use crate::store::error::StoreError;
use crate::store::outbox::Queue;
use crate::store::rows::{self, blob};
use crate::store::schema;
use crate::store::sort_key::SortRank;
use crate::store::{Access, Store};

/// One transaction. Dropped without [`commit`](Self::commit), it changes nothing.
pub(super) struct Write<'s> {
    pub(super) tx: Transaction<'s>,
    pub(super) endpoint: &'s str,
    pub(super) account_state: AccountState,
    before: AccountState,
    /// The greatest server id known, once asked for.
    pub(super) greatest: Option<i64>,
}

/// Where a todo's row is in the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowPosition {
    pub(super) place: i64,
    pub(super) done: bool,
    pub(super) overlaid: bool,
}

/// A row of the table `shown`, about to be written.
struct ShownRow<'a> {
    key: Key,
    rank: SortRank,
    local: Option<i64>,
    state: State,
    overlaid: bool,
    revision: i64,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    text: &'a str,
}

impl Store {
    /// Carries out `work` in one transaction that is on the disk when this
    /// returns; [recognises](Store::recognise) damage.
    pub(super) fn writing<T>(
        &mut self,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.begin().and_then(|mut write| {
            let value = work(&mut write)?;
            write.commit()?;
            Ok(value)
        });
        result.map_err(|error| self.recognise(error))
    }

    /// Begins a write: waits for other writers first, so that it cannot fail half
    /// way because of them.
    pub(super) fn begin(&mut self) -> Result<Write<'_>, StoreError> {
        match &self.access {
            Access::Write => {}
            Access::Read => return Err(StoreError::ReadOnly),
            Access::Unwritable { message, help } => {
                return Err(StoreError::Unwritable {
                    message: message.clone(),
                    help: help.clone(),
                });
            }
        }
        self.check_file()?;
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        schema::check(&tx)?;
        let account_state = AccountState::load(&tx)?;
        Ok(Write {
            tx,
            endpoint: &self.endpoint,
            before: account_state.clone(),
            account_state,
            greatest: None,
        })
    }
}

impl Write<'_> {
    /// Returns when everything is on the disk.
    pub(super) fn commit(self) -> Result<(), StoreError> {
        if self.account_state != self.before {
            self.account_state.save(&self.tx)?;
        }
        self.tx.commit()?;
        Ok(())
    }

    /// Brings one todo's row up to date with its base and its outbox entries.
    pub(super) fn show(&mut self, key: Key) -> Result<Option<Todo>, StoreError> {
        let standing = self.standing(key)?;
        let base = self.base(key)?;
        let queue = self.queue(key)?;
        let local = self.local(key)?;
        if queue.entries.is_empty() {
            self.tx
                .prepare_cached("DELETE FROM base WHERE key = ?1")?
                .execute([blob(key)])?;
            let face = base.as_ref().map(|row| ShownRow::of_base(row, local));
            self.place(standing, face.as_ref())?;
            return Ok(replica::shown(base.as_ref(), &[], local));
        }
        if let Some(row) = &base
            && standing.is_some_and(|standing| !standing.overlaid)
        {
            self.keep_base(row)?;
        }
        let Some(mut todo) = replica::shown(base.as_ref(), &queue.entries, local) else {
            self.place(standing, None)?;
            return Ok(None);
        };
        let rank = rank(&mut todo, &queue);
        let face = ShownRow {
            key,
            rank,
            local,
            state: todo.state,
            overlaid: true,
            revision: 0,
            created_at: todo.created_at.map(Timestamp::as_microsecond),
            updated_at: todo.updated_at.map(Timestamp::as_microsecond),
            text: &todo.text,
        };
        self.place(standing, Some(&face))?;
        Ok(Some(todo))
    }

    /// The todo whose row stands at this server id.
    pub(super) fn holder(&self, id: i64) -> Result<Option<Key>, StoreError> {
        let mut statement = self
            .tx
            .prepare_cached("SELECT key FROM shown WHERE place IN (?1, ?2)")?;
        let rank = SortRank::Id(id);
        let mut found = statement.query([rank.place(false), rank.place(true)])?;
        found.next()?.map(|row| rows::key(row, 0)).transpose()
    }

    pub(super) fn standing(&self, key: Key) -> Result<Option<RowPosition>, StoreError> {
        let standing = self
            .tx
            .prepare_cached("SELECT place, done, overlaid FROM shown WHERE key = ?1")?
            .query_row([blob(key)], |row| {
                Ok(RowPosition {
                    place: row.get(0)?,
                    done: row.get(1)?,
                    overlaid: row.get(2)?,
                })
            })
            .optional()?;
        Ok(standing)
    }

    /// Writes a base row as a todo without outbox entries, where neither its key
    /// nor its id is in the table yet. Returns whether that was so.
    pub(super) fn place_new(&mut self, row: &Row) -> Result<bool, StoreError> {
        let face = ShownRow::of_base(row, self.local(row.key)?);
        let new = self.insert(&face)?;
        if new {
            *self.account_state.shown_mut(face.done()) += 1;
        }
        Ok(new)
    }

    /// Writes a base row as a todo without outbox entries.
    pub(super) fn place_base(&mut self, row: &Row) -> Result<(), StoreError> {
        let face = ShownRow::of_base(row, self.local(row.key)?);
        self.place(self.standing(row.key)?, Some(&face))
    }

    /// Takes the todo's row out of the table.
    pub(super) fn unplace(&mut self, key: Key) -> Result<(), StoreError> {
        self.place(self.standing(key)?, None)
    }

    /// Moves the todo's row from where it stands to where it belongs.
    fn place(
        &mut self,
        from: Option<RowPosition>,
        to: Option<&ShownRow<'_>>,
    ) -> Result<(), StoreError> {
        if let Some(from) = from {
            *self.account_state.shown_mut(from.done) -= 1;
        }
        if let Some(to) = to {
            *self.account_state.shown_mut(to.done()) += 1;
        }
        match (from, to) {
            (None, None) => {}
            (Some(from), None) => {
                self.tx
                    .prepare_cached("DELETE FROM shown WHERE place = ?1")?
                    .execute([from.place])?;
            }
            (None, Some(to)) => {
                if !self.insert(to)? {
                    return Err(StoreError::Value { what: "place" });
                }
            }
            (Some(from), Some(to)) => self.update(from, to)?,
        }
        Ok(())
    }

    fn insert(&self, face: &ShownRow<'_>) -> Result<bool, StoreError> {
        let written = self.put(
            "INSERT INTO shown(place, key, done, overlaid, state, local, priority, due,
                 completed_on, revision, created_at, updated_at, text, folded)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT DO NOTHING",
            face,
            &[],
        )?;
        Ok(written == 1)
    }

    fn update(&self, from: RowPosition, face: &ShownRow<'_>) -> Result<(), StoreError> {
        self.put(
            "UPDATE shown SET place = ?1, key = ?2, done = ?3, overlaid = ?4, state = ?5,
                 local = ?6, priority = ?7, due = ?8, completed_on = ?9, revision = ?10,
                 created_at = ?11, updated_at = ?12, text = ?13, folded = ?14
             WHERE place = ?15",
            face,
            &[&from.place],
        )?;
        Ok(())
    }

    /// Carries out `sql` with the columns of `face` as ?1 to ?14, and what is
    /// `more` after them. Returns how many rows were written.
    fn put(
        &self,
        sql: &str,
        face: &ShownRow<'_>,
        more: &[&dyn ToSql],
    ) -> Result<usize, StoreError> {
        let line = Line::new(face.text);
        let folded = search_key(face.text);
        let columns: [&dyn ToSql; 14] = [
            &face.rank.place(line.is_done()),
            &blob(face.key),
            &line.is_done(),
            &face.overlaid,
            &rows::state_number(face.state),
            &face.local,
            &line.priority().map(|priority| u32::from(priority.letter())),
            &line.due().map(rows::day),
            &line.completed_on().map(rows::day),
            &face.revision,
            &face.created_at,
            &face.updated_at,
            &face.text,
            &folded.as_ref(),
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
    fn of_base(row: &'a Row, local: Option<i64>) -> Self {
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

    fn done(&self) -> bool {
        Line::new(self.text).is_done()
    }
}

/// Where the todo stands; gives it the id that its add was answered with.
fn rank(todo: &mut Todo, queue: &Queue) -> SortRank {
    todo.id = todo.id.or(queue.learnt);
    let first = queue.entries.first().map_or(0, |entry| entry.seq);
    match (todo.id, todo.local) {
        (Some(id), _) => SortRank::Id(id),
        (None, Some(local)) => SortRank::Local(local),
        (None, None) => SortRank::Orphan(first),
    }
}
