//! A write under way: one transaction, in which *shown* follows base and outbox.

use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Transaction, TransactionBehavior};

use crate::domain::key::Key;
use crate::domain::replica;
use crate::domain::todo::Todo;
use crate::store::account_state::AccountState;
use crate::store::counts::Deltas;
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
    /// The greatest server id known, once asked for.
    pub(super) greatest: Option<i64>,
    pub(super) counts: Deltas,
    /// The places of the block of texts that was emptied last.
    pub(super) emptied: Option<Range<i64>>,
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
        if let (Ok(_), Some(file)) = (&result, &self.file) {
            file.trim_log(&self.connection);
        }
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
            counts: Deltas::default(),
            emptied: None,
        })
    }
}

impl Write<'_> {
    /// Returns when everything is on the disk.
    pub(super) fn commit(mut self) -> Result<(), StoreError> {
        self.counts.write(&self.tx)?;
        if self.account_state != self.before {
            self.account_state.save(&self.tx)?;
        }
        self.tx.commit()?;
        Ok(())
    }

    /// Puts the rows whose start date has come, or lies ahead again, where they
    /// belong on the day of `now` here. Costs the rows that move.
    pub(super) fn arrange(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let day = rows::day(TimeZone::system().to_datetime(now).date());
        if day == self.account_state.day {
            return Ok(());
        }
        for (waiting, sql) in [
            (
                1,
                "UPDATE shown INDEXED BY shown_start SET place = place - ?2, waiting = 0
                 WHERE waiting = 1 AND start IS NOT NULL AND start <= ?1",
            ),
            (
                0,
                "UPDATE shown INDEXED BY shown_start SET place = place + ?2, waiting = 1
                 WHERE waiting = 0 AND start IS NOT NULL AND start > ?1 AND done = 0",
            ),
        ] {
            // Later days come only with a clock that was set back.
            if waiting == 1 || day < self.account_state.day {
                self.tx.prepare_cached(sql)?.execute([day, WAITING])?;
            }
        }
        self.account_state.day = day;
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
            let shown = base.as_ref().map(|row| ShownRow::of_base(row, local));
            self.place(standing, shown.as_ref())?;
            return Ok(replica::shown(base.as_ref(), &[], local));
        }
        if let Some(row) = &base
            && standing.as_ref().is_some_and(|standing| !standing.overlaid)
        {
            self.keep_base(row)?;
        }
        let Some(mut todo) = replica::shown(base.as_ref(), &queue.entries, local) else {
            self.place(standing, None)?;
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
        self.place(standing, Some(&shown))?;
        Ok(Some(todo))
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
