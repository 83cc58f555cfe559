//! One write transaction, in which *shown* follows base and outbox.

use std::cell::Cell;
use std::ops::Range;

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior};

use crate::domain::key::Key;
use crate::domain::replica;
use crate::domain::todo::Todo;
use crate::os::time_zone;
use crate::store::account_state::AccountState;
use crate::store::counts::CounterDeltas;
use crate::store::error::StoreError;
use crate::store::outbox::Queue;
use crate::store::rows::{self, blob};
use crate::store::schema;
use crate::store::shown::ShownRow;
use crate::store::sort_key::{SortRank, WAITING};
use crate::store::{Access, Store};

/// One transaction. Dropped without [`commit`](Self::commit), it changes nothing.
pub(super) struct Write<'s> {
    pub(super) tx: Transaction<'s>,
    pub(super) endpoint: &'s str,
    pub(super) account_state: AccountState,
    before: AccountState,
    /// The greatest known server id, once read.
    pub(super) greatest: Option<i64>,
    pub(super) counts: CounterDeltas,
    /// Whether there are links to successors, once known.
    pub(super) has_links: Cell<Option<bool>>,
    /// The places of the block of texts that was emptied last.
    pub(super) emptied: Option<Range<i64>>,
}

impl Store {
    /// Runs `work` in one transaction that is on the disk when this returns;
    /// [recognises](Store::recognise) damage.
    pub(super) fn writing<T>(
        &mut self,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.begin().and_then(|mut write| {
            let value = work(&mut write)?;
            write.commit()?;
            Ok(value)
        });
        if let (Ok(_), Some(file)) = (&result, &self.file) {
            file.trim_log(&self.connection);
        }
        result.map_err(|error| self.recognise(error))
    }

    /// Begins a write: waits for other writers first, so that it cannot fail halfway
    /// because of them.
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
            counts: CounterDeltas::default(),
            has_links: Cell::new(None),
            emptied: None,
        })
    }
}

impl Write<'_> {
    /// Commits; returns when everything is on the disk.
    pub(super) fn commit(mut self) -> Result<(), StoreError> {
        self.counts.write(&self.tx)?;
        if self.account_state != self.before {
            self.account_state.save(&self.tx)?;
        }
        self.tx.commit()?;
        Ok(())
    }

    /// Moves the rows whose start date has come, or is in the future again, to their
    /// place on the local day of `now`. The cost is the number of rows that move.
    pub(super) fn arrange(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let day = rows::day(time_zone::local().to_datetime(now).date());
        if day == self.account_state.day {
            return Ok(());
        }
        self.move_rows(
            "waiting = 1 AND start IS NOT NULL AND start <= ?1",
            day,
            -WAITING,
        )?;
        // Later days exist only after the clock was set back.
        if day < self.account_state.day {
            self.move_rows(
                "waiting = 0 AND start IS NOT NULL AND start > ?1 AND done = 0",
                day,
                WAITING,
            )?;
        }
        self.account_state.day = day;
        Ok(())
    }

    /// Moves the rows that wait, or do not wait, no longer on this `day`, by `distance`.
    fn move_rows(&mut self, which: &str, day: i64, distance: i64) -> Result<(), StoreError> {
        let from: Vec<i64> = self
            .tx
            .prepare_cached(&format!(
                "SELECT place FROM shown INDEXED BY shown_start WHERE {which} ORDER BY place"
            ))?
            .query_map([day], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for shift in [0, distance] {
            for place in &from {
                self.empty_block(place + shift)?;
            }
        }
        self.tx
            .prepare_cached(&format!(
                "UPDATE shown INDEXED BY shown_start SET place = place + ?2, waiting = 1 - waiting
                 WHERE {which}"
            ))?
            .execute([day, distance])?;
        Ok(())
    }

    /// Updates one todo's row from its base and its outbox entries.
    pub(super) fn show(&mut self, key: Key) -> Result<Option<Todo>, StoreError> {
        let row_position = self.row_position(key)?;
        let base = self.base(key)?;
        let queue = self.queue(key)?;
        let local = self.local(key)?;
        if queue.entries.is_empty() {
            self.tx
                .prepare_cached("DELETE FROM base WHERE key = ?1")?
                .execute([blob(key)])?;
            let shown = base.as_ref().map(|row| ShownRow::of_base(row, local));
            self.place(row_position, shown.as_ref())?;
            return Ok(replica::shown(base.as_ref(), &[], local));
        }
        if let Some(row) = &base
            && row_position
                .as_ref()
                .is_some_and(|row_position| !row_position.overlaid)
        {
            self.store_base(row)?;
        }
        let Some(mut todo) = replica::shown(base.as_ref(), &queue.entries, local) else {
            self.place(row_position, None)?;
            return Ok(None);
        };
        let rank = rank(&mut todo, &queue);
        let shown = ShownRow {
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
        self.place(row_position, Some(&shown))?;
        Ok(Some(todo))
    }
}

/// Returns the todo's rank; sets the id from the answer to its add.
fn rank(todo: &mut Todo, queue: &Queue) -> SortRank {
    todo.id = todo.id.or(queue.learnt);
    let first = queue.entries.first().map_or(0, |entry| entry.seq);
    match (todo.id, todo.local) {
        (Some(id), _) => SortRank::Id(id),
        (None, Some(local)) => SortRank::Local(local),
        (None, None) => SortRank::Orphan(first),
    }
}
