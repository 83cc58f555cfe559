//! Applies an exchange: the outcomes of its changes, and the page that was read after
//! them.

use std::collections::HashMap;

use crate::domain::change::Progress;
use crate::domain::feed::{FeedRow, Mark};
use crate::domain::key::Key;
use crate::domain::push_outcome::{ExchangeEffect, LastPage, PushOutcome};
use crate::domain::todo::Row;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::pull::begin_pull;
use crate::store::rows;
use crate::store::write::Write;

impl Store {
    /// Applies the outcomes of entries as [`Store::apply_outcome`] does, and then
    /// compares the mark that was read before them as [`Store::check_mark`] does,
    /// in one transaction. In the same one it applies the `last` page, if there is one,
    /// and completes the pull, unless a mark shows that the server was reset.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn apply_exchange(
        &mut self,
        outcomes: &[(i64, PushOutcome)],
        mark_before: Option<Mark>,
        last: Option<LastPage<'_>>,
    ) -> Result<ExchangeEffect, StoreError> {
        self.writing(|write| {
            if let (Some(mark), Some(page)) = (mark_before, last)
                && write.base_continues(mark, page)
            {
                let rows = outcomes.len() + page.changes.len();
                write
                    .with_cache_for(rows, |write| write.complete_exchange(outcomes, mark, page))?;
                return Ok(ExchangeEffect::Completed);
            }
            write.apply_outcomes(outcomes)?;
            let restarts = mark_before.map_or(Ok(false), |mark| write.check_mark(mark))?;
            Ok(if restarts {
                ExchangeEffect::Restarts
            } else {
                ExchangeEffect::Recorded
            })
        })
    }
}

impl Write<'_> {
    /// Returns whether the page continues base: nothing was reset, and base is neither
    /// stale nor has keys of a bare backend.
    fn base_continues(&self, mark_before: Mark, page: LastPage<'_>) -> bool {
        let state = &self.account_state;
        state.capabilities.is_some_and(|role| role.full)
            && !state.staging
            && !state.rekeying
            && mark_before.user_id == page.mark.user_id
            && !self.is_reset(mark_before)
            && !self.is_reset(page.mark)
    }

    fn complete_exchange(
        &mut self,
        outcomes: &[(i64, PushOutcome)],
        mark_before: Mark,
        page: LastPage<'_>,
    ) -> Result<(), StoreError> {
        let included = self.apply_with(outcomes, page.changes)?;
        self.check_mark(mark_before)?;
        self.check_mark(page.mark)?;
        for row in page.changes {
            let known = included.get(&row.key());
            if known.is_none_or(|known| row.revision() > *known) {
                self.apply_row(row)?;
            }
        }
        if let Some(last) = page.changes.last() {
            self.account_state.cursor = last.revision();
        }
        let pull = begin_pull(&self.tx, self.account_state.answered, page.began)?;
        self.complete_pull(&pull)
    }

    /// Applies outcomes. An applied entry whose result is among the `changes` leaves the
    /// outbox at once, if its todo has no other. Returns the todos of these entries with
    /// the revision that their base has now.
    fn apply_with(
        &mut self,
        outcomes: &[(i64, PushOutcome)],
        changes: &[FeedRow],
    ) -> Result<HashMap<Key, i64>, StoreError> {
        let rows: HashMap<Key, &Row> = changes
            .iter()
            .filter_map(|change| match change {
                FeedRow::Present(row) => Some((row.key, row)),
                FeedRow::Removed { .. } => None,
            })
            .collect();
        let mut included = HashMap::with_capacity(rows.len());
        for (seq, outcome) in outcomes {
            match self.included_row(*seq, outcome, &rows)? {
                Some(row) => {
                    self.delete_seq(*seq, &Progress::Sent { tries: 1 })?;
                    self.put_last_base(row)?;
                    included.insert(row.key, row.revision);
                }
                None => self.apply_outcome(*seq, outcome)?,
            }
        }
        Ok(included)
    }

    /// Returns the todo of a sent entry if it is the todo's only one and adds or edits it
    /// by its key.
    fn todo_of_only_sent(&self, seq: i64) -> Result<Option<Key>, StoreError> {
        let mut statement = self.tx.prepare_cached(
            "SELECT key FROM outbox o
             WHERE seq = ?1 AND progress = 1 AND act < 2 AND high_water IS NULL
                 AND NOT EXISTS (SELECT 1 FROM outbox WHERE key = o.key AND seq <> ?1)",
        )?;
        let mut found = statement.query([seq])?;
        found.next()?.map(|row| rows::key(row, 0)).transpose()
    }

    /// Returns the row that includes an applied entry, if it is its todo's only one.
    fn included_row<'r>(
        &self,
        seq: i64,
        outcome: &PushOutcome,
        rows: &HashMap<Key, &'r Row>,
    ) -> Result<Option<&'r Row>, StoreError> {
        let PushOutcome::Applied {
            id: _,
            revision: Some(applied),
        } = outcome
        else {
            return Ok(None);
        };
        let Some(todo) = self.todo_of_only_sent(seq)? else {
            return Ok(None);
        };
        let row = rows.get(&todo).filter(|row| row.revision >= *applied);
        // An answer also decides about a successor.
        if row.is_some() && !self.is_linked(todo)? {
            return Ok(row.copied());
        }
        Ok(None)
    }
}
