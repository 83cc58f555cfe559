//! Applies the answers of a pull: pages of the change feed, snapshots, the mark.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use crate::domain::change::{Act, OutboxEntry, Progress, Rejection};
use crate::domain::feed::{Capabilities, FeedRow, Mark};
use crate::domain::key::Key;
use crate::domain::list::LONGEST_REST;
use crate::domain::push_outcome::Pull;
use crate::domain::todo::Row;
use crate::store::Store;
use crate::store::account_state::AccountState;
use crate::store::error::StoreError;
use crate::store::rows::{self, BASE_COLUMNS, blob};
use crate::store::write::Write;
use crate::store::{schema, sort_key};

/// With this many rows or more, an empty table is filled without its sort
/// indexes.
const MANY: usize = 500;

impl Store {
    /// Returns the role's permissions, as last reported.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn capabilities(&self) -> Result<Option<Capabilities>, StoreError> {
        Ok(self.state()?.capabilities)
    }

    /// Stores the role's permissions. If a bare backend became full, rows and outbox
    /// are re-keyed by the next pull, which starts at 0; at its end, rows that it did
    /// not contain are deleted.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn set_capabilities(&mut self, capabilities: Capabilities) -> Result<(), StoreError> {
        self.writing(|write| {
            let known = write.account_state.capabilities;
            if known.is_some_and(|role| !role.full) && capabilities.full {
                write.unstage()?;
                write.account_state.cursor = 0;
                write.account_state.rekeying = true;
                write.forget_revisions()?;
            }
            write.account_state.capabilities = Some(capabilities);
            Ok(())
        })
    }

    /// Returns whether rows and outbox still have the keys of a bare backend that became
    /// full: the server does not know them until the first complete pull.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn is_rekeying(&self) -> Result<bool, StoreError> {
        Ok(self.state()?.rekeying)
    }

    /// Returns the greatest revision seen; 0 at the start.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn cursor(&self) -> Result<i64, StoreError> {
        Ok(self.state()?.cursor)
    }

    /// Begins a pull.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn begin_pull(&mut self, now: Timestamp) -> Result<Pull, StoreError> {
        self.reading(|snapshot| {
            let count = AccountState::load(snapshot)?.answered;
            begin_pull(snapshot, count, now)
        })
    }

    /// Compares the server's mark with the stored state: another user, tombstones
    /// purged beyond the cursor since the last mark, or a cursor above the
    /// server's revision mean that the server was reset. Base is then stale (see
    /// [`Freshness::stale`](crate::domain::list::Freshness)) and pulled again from
    /// 0, and the outbox is kept, except that adds that were sent and unanswered are
    /// rejected (`reset`), unless the todo's deletion is sent as well. Before the first
    /// pull nothing can be stale: then only such adds are rejected. Returns whether the
    /// pull starts again.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn check_mark(&mut self, mark: Mark) -> Result<bool, StoreError> {
        self.writing(|write| write.check_mark(mark))
    }

    /// Makes the next pull start at 0 and replace base when it is complete; the outbox
    /// stays and nothing is rejected. Rows that still have the keys of a bare backend
    /// are updated in place: the outbox gets the full backend's keys from them.
    /// Recounts the counters.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn forget_base(&mut self) -> Result<(), StoreError> {
        self.writing(|write| {
            write.recount()?;
            if write.account_state.rekeying {
                return Ok(());
            }
            write.stage()
        })
    }

    /// Applies one page of the change feed and advances the cursor, in one transaction.
    /// While base is stale the page is staged.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn apply(&mut self, page: &[FeedRow], cursor: i64) -> Result<(), StoreError> {
        self.writing(|write| {
            if write.account_state.staging {
                write.stage_page(page)?;
            } else {
                write.prepare_to_fill(page.len())?;
                page.iter().try_for_each(|row| write.apply_row(row))?;
            }
            write.account_state.cursor = cursor;
            Ok(())
        })
    }

    /// Replaces base by the whole list of a bare backend: missing rows were deleted.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn take_snapshot(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        self.writing(|write| {
            write.unstage()?;
            let (changed, gone) = write.compare(rows)?;
            for row in changed {
                write.put_base(row)?;
            }
            for key in gone {
                write.remove_base(key)?;
            }
            Ok(())
        })
    }

    /// Ends a complete pull: a staged base replaces the stale one, and the pull's
    /// answered entries leave the outbox.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn complete_pull(&mut self, pull: &Pull) -> Result<(), StoreError> {
        self.writing(|write| write.complete_pull(pull))
    }

    /// Records that the server could not be reached and `why`, and the pause that it
    /// `asked` for: an hour at most. Without one, an earlier pause still holds.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn record_failure(
        &mut self,
        at: Timestamp,
        asked: Option<Duration>,
        why: &str,
    ) -> Result<(), StoreError> {
        let after = |rest: Duration| at.checked_add(rest).ok();
        let longest = after(LONGEST_REST);
        let wanted = asked.and_then(|rest| after(rest.min(LONGEST_REST)));
        self.writing(|write| {
            let state = &mut write.account_state;
            // A later end was recorded by a wrong clock.
            let kept = state.rest_until.filter(|it| Some(*it) <= longest);
            state.rest_until = wanted.or(kept);
            state.failed_at = Some(at);
            state.failure = Some(why.to_owned());
            Ok(())
        })
    }
}

/// Begins a pull, with the `count` answered entries.
pub(super) fn begin_pull(
    connection: &Connection,
    count: i64,
    began: Timestamp,
) -> Result<Pull, StoreError> {
    // They are the oldest entries as a rule: with their number, the others are not read.
    let answered = connection
        .prepare_cached("SELECT seq FROM outbox WHERE progress = 2 ORDER BY seq LIMIT ?1")?
        .query_map([count], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Pull { answered, began })
}

impl Write<'_> {
    /// As [`Store::complete_pull`].
    pub(super) fn complete_pull(&mut self, pull: &Pull) -> Result<(), StoreError> {
        self.swap_base()?;
        self.arrange(pull.began)?;
        self.tx.execute_batch(schema::SORTED)?;
        self.fill_blocks()?;
        for seq in &pull.answered {
            self.delete_answered(*seq)?;
        }
        if self.account_state.rekeying {
            self.drop_rows_without_own_key()?;
            self.account_state.rekeying = false;
        }
        self.account_state.as_of = Some(pull.began);
        self.account_state.failed_at = None;
        self.account_state.failure = None;
        self.account_state.rest_until = None;
        Ok(())
    }

    /// Returns whether `mark` shows that the server was reset.
    pub(super) fn is_reset(&self, mark: Mark) -> bool {
        let state = &self.account_state;
        let seen = state.cursor.max(state.purged);
        state.is_of_another(mark) || state.cursor > mark.revision || seen < mark.purged_revision
    }

    pub(super) fn check_mark(&mut self, mark: Mark) -> Result<bool, StoreError> {
        let state = &self.account_state;
        let another = state.is_of_another(mark);
        let went_back = state.cursor > mark.revision;
        let reset = self.is_reset(mark);
        // With a cursor of 0 nothing came from the feed.
        let restart = reset && (another || state.cursor != 0);
        if restart {
            self.stage()?;
            // After a purge alone, revisions mean what they meant.
            if another || went_back {
                self.forget_revisions()?;
            }
        }
        if reset {
            self.reject_unanswered_adds()?;
        }
        self.account_state.user_id = Some(mark.user_id);
        self.account_state.purged = mark.purged_revision;
        Ok(restart)
    }

    /// Applies a row of the change feed to base.
    pub(super) fn apply_row(&mut self, row: &FeedRow) -> Result<(), StoreError> {
        match row {
            FeedRow::Present(row) => self.put_base(row),
            FeedRow::Removed { key, revision: _ } => self.remove_base(*key),
        }
    }

    /// Drops the sorting indexes of an empty table before many rows come.
    fn prepare_to_fill(&mut self, rows: usize) -> Result<(), StoreError> {
        let state = &self.account_state;
        if rows >= MANY && state.open + state.done == 0 {
            self.tx.execute_batch(schema::UNSORTED)?;
        }
        Ok(())
    }

    /// Deletes an answered entry: base includes it now.
    fn delete_answered(&mut self, seq: i64) -> Result<(), StoreError> {
        let Some(entry) = self.entry(seq)? else {
            return Ok(());
        };
        if entry.progress == Progress::Answered {
            self.delete_entry(&entry)?;
            self.refresh(entry.change.todo)?;
        }
        Ok(())
    }

    /// Clears the revisions that a todo's pending changes are based on.
    pub(super) fn forget_revisions_of(&self, key: Key) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE outbox SET revision = NULL WHERE key = ?1 AND progress = 0")?
            .execute([blob(key)])?;
        Ok(())
    }

    /// Returns the revision of a base row, unless base is stale.
    pub(super) fn known_revision(&self, revision: i64) -> Option<i64> {
        (!self.account_state.staging).then_some(revision)
    }

    /// Clears the revisions that unanswered changes are based on: on another server
    /// the same number may belong to another text.
    fn forget_revisions(&self) -> Result<(), StoreError> {
        self.tx
            .execute("UPDATE outbox SET revision = NULL WHERE progress < 2", [])?;
        Ok(())
    }

    /// Rejects adds that may be on the server: the user decides, so that none is
    /// duplicated. If the todo's deletion can be sent too, the todo is deleted in any
    /// case.
    fn reject_unanswered_adds(&mut self) -> Result<(), StoreError> {
        let rejection = Rejection {
            code: "reset".to_owned(),
            message: "the server was reset while this change was being sent".to_owned(),
            theirs: None,
        };
        let role = self.account_state.capabilities;
        let may_delete = role.is_none_or(|role| role.delete);
        for key in self.queued_keys()? {
            let entries = self.queue(key)?.entries;
            let is_deletion = |entry: &OutboxEntry| {
                matches!(entry.change.act, Act::Remove { .. })
                    && !matches!(entry.progress, Progress::Rejected(_))
            };
            if may_delete && entries.iter().any(is_deletion) {
                continue;
            }
            for entry in entries {
                let is_add = matches!(entry.change.act, Act::Add { .. });
                if is_add && matches!(entry.progress, Progress::Sent { .. }) {
                    self.reject(&entry, &rejection)?;
                }
            }
            self.refresh(key)?;
        }
        Ok(())
    }

    /// Returns the rows that differ from base, and the keys that are only in base.
    fn compare<'r>(&self, rows: &'r [Row]) -> Result<(Vec<&'r Row>, Vec<Key>), StoreError> {
        let mut news: HashMap<i64, &Row> = rows.iter().map(|row| (row.id, row)).collect();
        let mut gone = Vec::new();
        self.each_base(|base| {
            match news.get(&base.id) {
                Some(row) if **row == base => {
                    news.remove(&base.id);
                }
                Some(_) => {}
                None => gone.push(base.key),
            }
            Ok(())
        })?;
        let mut changed: Vec<_> = news.into_values().collect();
        changed.sort_unstable_by_key(|row| row.id);
        Ok((changed, gone))
    }

    /// Deletes rows that still have the key of a bare backend's row after a complete
    /// pull of the full one: they were deleted in between.
    fn drop_rows_without_own_key(&mut self) -> Result<(), StoreError> {
        let mut gone = Vec::new();
        self.each_base(|base| {
            if base.key == Key::of_row(self.endpoint, base.id) {
                gone.push(base.key);
            }
            Ok(())
        })?;
        for key in gone {
            self.remove_base(key)?;
        }
        Ok(())
    }

    pub(super) fn each_base(
        &self,
        mut each: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for sql in [
            format!("SELECT place, {BASE_COLUMNS} FROM shown WHERE overlaid = 0"),
            format!("SELECT id, {BASE_COLUMNS} FROM base"),
        ] {
            let mut statement = self.tx.prepare(&sql)?;
            let mut found = statement.query([])?;
            while let Some(row) = found.next()? {
                let row = rows::read_base(row)?;
                sort_key::check_id(row.id)?;
                each(row)?;
            }
        }
        Ok(())
    }
}
