//! Marks outbox entries as sent.

use rusqlite::params;

use crate::domain::change::Progress;
use crate::domain::key::Key;
use crate::domain::todo::SyncState;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::rows::{self, blob};
use crate::store::write::Write;

/// The parts of an unanswered outbox entry that are needed to mark it as sent.
#[derive(Debug)]
struct Unanswered {
    todo: Key,
    is_add: bool,
    revision: Option<i64>,
    high_water: Option<i64>,
    /// Pending or sent.
    progress: Progress,
}

impl Store {
    /// Marks entries as sent, durably, before their request leaves. Ignores entries
    /// that are answered, rejected or missing.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn mark_sent(&mut self, seqs: &[i64]) -> Result<(), StoreError> {
        self.writing(|write| {
            write.with_cache_for(seqs.len(), |write| {
                seqs.iter().try_for_each(|seq| write.mark_sent(*seq))
            })
        })
    }
}

impl Write<'_> {
    fn mark_sent(&mut self, seq: i64) -> Result<(), StoreError> {
        let Some(entry) = self.unanswered(seq)? else {
            return Ok(());
        };
        let tries = match entry.progress {
            Progress::Sent { tries } => tries.max(2),
            Progress::Pending | Progress::Answered | Progress::Rejected(_) => 1,
        };
        let may_be_bare = self
            .account_state
            .capabilities
            .is_none_or(|role| !role.full);
        if entry.is_add && entry.high_water.is_none() && may_be_bare {
            // Without any known row, every row has a greater id.
            let high_water = self.greatest()?;
            self.set_high_water(seq, Some(high_water))?;
        }
        self.count_progress(&entry.progress, &Progress::Sent { tries });
        self.write_progress(seq, &Progress::Sent { tries })?;
        self.record_sent(seq, entry.revision)?;
        self.show_sent(entry.todo)
    }

    /// Returns the entry if it is pending or sent.
    fn unanswered(&self, seq: i64) -> Result<Option<Unanswered>, StoreError> {
        let mut statement = self.tx.prepare_cached(
            "SELECT key, act = 0, revision, high_water, progress, tries FROM outbox
             WHERE seq = ?1 AND progress < 2",
        )?;
        let mut found = statement.query([seq])?;
        let Some(row) = found.next()? else {
            return Ok(None);
        };
        Ok(Some(Unanswered {
            todo: rows::key(row, 0)?,
            is_add: row.get(1)?,
            revision: row.get(2)?,
            high_water: row.get(3)?,
            progress: match row.get(4)? {
                0 => Progress::Pending,
                _ => Progress::Sent { tries: row.get(5)? },
            },
        }))
    }

    /// Updates the row of a todo of which a pending entry was marked as sent: nothing but
    /// its state can change.
    fn show_sent(&self, key: Key) -> Result<(), StoreError> {
        let [from, to] = [SyncState::Pending, SyncState::Sent].map(rows::state_number);
        self.tx
            .prepare_cached("UPDATE shown SET state = ?3 WHERE key = ?1 AND state = ?2")?
            .execute(params![blob(key), from, to])?;
        Ok(())
    }
}
