//! The account's row of counters, cursor and times.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::domain::change::Progress;
use crate::domain::feed::{Capabilities, Mark};
use crate::domain::list::{Freshness, Totals};
use crate::store::counts;
use crate::store::error::StoreError;
#[cfg(doc)]
use crate::store::rows;

/// The state of the account besides its todos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountState {
    /// The next outbox entry's `seq`. Never reused.
    pub next_seq: i64,
    /// The next local number. Never reused.
    pub next_local: i64,
    pub open: i64,
    pub done: i64,
    pub pending: i64,
    pub sent: i64,
    pub answered: i64,
    pub rejected: i64,
    /// The greatest revision seen.
    pub cursor: i64,
    /// The user's `purged_revision`, as last reported.
    pub purged: i64,
    /// `users.id`, as last reported.
    pub user_id: Option<i64>,
    /// Whether rows still have the keys of a bare backend that became full.
    pub rekeying: bool,
    /// Whether the new base is being pulled beside the old one, which is stale.
    pub staging: bool,
    /// The day (as in [`rows::day`]) that decided which todos count as
    /// waiting.
    pub day: i64,
    pub capabilities: Option<Capabilities>,
    pub as_of: Option<Timestamp>,
    pub failed_at: Option<Timestamp>,
    /// Why the last attempt to sync failed, at `failed_at`.
    pub failure: Option<String>,
    pub rest_until: Option<Timestamp>,
}

impl AccountState {
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut statement = connection.prepare_cached(
            "SELECT next_seq, next_local, open, done, pending, sent, answered, rejected, cursor,
                 purged, user_id, rekeying, capabilities, as_of, failed_at, rest_until, staging,
                 day, failure
             FROM ledger",
        )?;
        let mut rows = statement.query([])?;
        let row = rows.next()?.ok_or(StoreError::Value { what: "ledger" })?;
        Self::read(row)
    }

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let instant = |column: usize| -> Result<Option<Timestamp>, StoreError> {
            let text: Option<String> = row.get(column)?;
            text.map(|text| text.parse())
                .transpose()
                .map_err(|_| StoreError::Value { what: "time" })
        };
        let capabilities: Option<String> = row.get(12)?;
        Ok(Self {
            next_seq: row.get(0)?,
            next_local: row.get(1)?,
            open: row.get(2)?,
            done: row.get(3)?,
            pending: row.get(4)?,
            sent: row.get(5)?,
            answered: row.get(6)?,
            rejected: row.get(7)?,
            cursor: row.get(8)?,
            purged: row.get(9)?,
            user_id: row.get(10)?,
            rekeying: row.get(11)?,
            // A value that cannot be read is fetched again.
            capabilities: capabilities.and_then(|text| serde_json::from_str(&text).ok()),
            as_of: instant(13)?,
            failed_at: instant(14)?,
            rest_until: instant(15)?,
            staging: row.get(16)?,
            day: row.get(17)?,
            failure: row.get(18)?,
        })
    }

    pub(super) fn save(&self, connection: &Connection) -> Result<(), StoreError> {
        let capabilities = self
            .capabilities
            .and_then(|capabilities| serde_json::to_string(&capabilities).ok());
        connection
            .prepare_cached(
                "UPDATE ledger SET next_seq = ?1, next_local = ?2, open = ?3, done = ?4,
                     pending = ?5, sent = ?6, answered = ?7, rejected = ?8, cursor = ?9,
                     purged = ?10, user_id = ?11, rekeying = ?12, capabilities = ?13,
                     as_of = ?14, failed_at = ?15, rest_until = ?16, staging = ?17,
                     day = ?18, failure = ?19",
            )?
            .execute(params![
                self.next_seq,
                self.next_local,
                self.open,
                self.done,
                self.pending,
                self.sent,
                self.answered,
                self.rejected,
                self.cursor,
                self.purged,
                self.user_id,
                self.rekeying,
                capabilities,
                self.as_of.map(|at| at.to_string()),
                self.failed_at.map(|at| at.to_string()),
                self.rest_until.map(|at| at.to_string()),
                self.staging,
                self.day,
                self.failure,
            ])?;
        Ok(())
    }

    /// Returns the counter of open or of done todos.
    pub(super) fn shown_mut(&mut self, done: bool) -> &mut i64 {
        if done { &mut self.done } else { &mut self.open }
    }

    /// Returns the counter of outbox entries in this state.
    pub(super) fn entries_mut(&mut self, progress: &Progress) -> &mut i64 {
        match progress {
            Progress::Pending => &mut self.pending,
            Progress::Sent { .. } => &mut self.sent,
            Progress::Answered => &mut self.answered,
            Progress::Rejected(_) => &mut self.rejected,
        }
    }

    /// Returns whether the mark is another user's than the last one.
    pub(super) fn is_of_another(&self, mark: Mark) -> bool {
        self.user_id.is_some_and(|id| id != mark.user_id)
    }

    /// Returns whether the outbox has entries.
    pub(super) fn has_entries(&self) -> bool {
        self.pending + self.sent + self.answered + self.rejected > 0
    }

    pub(super) fn totals(&self) -> Totals {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Totals {
            open: count(self.open),
            done: count(self.done),
            pending: count(self.pending),
            sent: count(self.sent),
            rejected: count(self.rejected),
        }
    }

    pub(super) fn freshness(&self) -> Freshness {
        Freshness {
            as_of: self.as_of,
            failed_at: self.failed_at,
            rest_until: self.rest_until,
            stale: self.staging,
        }
    }
}

/// Counts todos and entries again, and raises the next numbers above all that are
/// in use.
pub(super) fn recount(connection: &Connection, state: &mut AccountState) -> Result<(), StoreError> {
    counts::recount(connection)?;
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    state.open = count("SELECT count(*) FROM shown WHERE done = 0")?;
    state.done = count("SELECT count(*) FROM shown WHERE done <> 0")?;
    state.pending = count("SELECT count(*) FROM outbox WHERE progress = 0")?;
    state.sent = count("SELECT count(*) FROM outbox WHERE progress = 1")?;
    state.answered = count("SELECT count(*) FROM outbox WHERE progress = 2")?;
    state.rejected = count("SELECT count(*) FROM outbox WHERE progress = 3")?;
    let next = |last: i64| last.saturating_add(1);
    let last_seq = count("SELECT ifnull(max(seq), 0) FROM outbox")?;
    let last_local = count("SELECT ifnull(max(local), 0) FROM numbers")?;
    state.next_seq = state.next_seq.max(next(last_seq));
    state.next_local = state.next_local.max(next(last_local));
    Ok(())
}
