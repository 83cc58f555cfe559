//! The outbox table.

use std::collections::HashSet;

use rusqlite::{Connection, Params, Row as SqlRow, params};

use crate::domain::change::{Act, Change, OutboxEntry, Progress, Rejection};
use crate::domain::fold::FoldStep;
use crate::domain::key::{ChangeId, Key};
use crate::domain::push_outcome::Queued;
use crate::store::account_state::AccountState;
use crate::store::error::StoreError;
use crate::store::rows::{self, blob};
use crate::store::write::Write;
use crate::store::{Store, base, staged_base, successor};

/// One todo's outbox entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    /// In order.
    pub entries: Vec<OutboxEntry>,
    /// The id in the answer to the add.
    pub learnt: Option<i64>,
    /// The revision in the answer to the last answered entry.
    pub answered_revision: Option<i64>,
}

/// A literal for `concat!`: SQL is not put together for each entry.
macro_rules! columns {
    () => {
        "seq, key, change, at, act, before, after, revision, high_water,
    progress, tries, code, message, theirs, row_id, took"
    };
}

pub(super) const COLUMNS: &str = columns!();

const ALL: &str = concat!("SELECT ", columns!(), " FROM outbox ORDER BY seq");
const OF_TODO: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM outbox WHERE key = ?1 ORDER BY seq"
);
const BY_SEQ: &str = concat!("SELECT ", columns!(), " FROM outbox WHERE seq = ?1");

/// Passes each entry that `sql` selects to `each`, with the id and the revision in its
/// answer.
fn read(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    mut each: impl FnMut(OutboxEntry, Option<i64>, Option<i64>),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(parameters)?;
    while let Some(row) = found.next()? {
        each(entry(row)?, row.get(14)?, row.get(15)?);
    }
    Ok(())
}

/// Reads [`COLUMNS`].
pub(super) fn entry(row: &SqlRow<'_>) -> Result<OutboxEntry, StoreError> {
    let at: String = row.get(3)?;
    Ok(OutboxEntry {
        seq: row.get(0)?,
        change: Change {
            id: ChangeId(rows::uuid(row.get_ref(2)?)?),
            todo: rows::key(row, 1)?,
            act: act(row)?,
            at: at.parse().map_err(|_| StoreError::Value { what: "time" })?,
        },
        revision: row.get(7)?,
        high_water: row.get(8)?,
        progress: progress(row)?,
    })
}

fn act(row: &SqlRow<'_>) -> Result<Act, StoreError> {
    let text = |column| rows::text(row, column).map(str::to_owned);
    match row.get(4)? {
        0 => Ok(Act::Add { text: text(6)? }),
        1 => Ok(Act::Edit {
            before: text(5)?,
            after: text(6)?,
        }),
        2 => Ok(Act::Remove { before: text(5)? }),
        _ => Err(StoreError::Value { what: "change" }),
    }
}

fn progress(row: &SqlRow<'_>) -> Result<Progress, StoreError> {
    match row.get(9)? {
        0 => Ok(Progress::Pending),
        1 => Ok(Progress::Sent {
            tries: row.get(10)?,
        }),
        2 => Ok(Progress::Answered),
        3 => Ok(Progress::Rejected(Rejection {
            code: row.get(11)?,
            message: row.get(12)?,
            theirs: row.get(13)?,
        })),
        _ => Err(StoreError::Value { what: "progress" }),
    }
}

/// Returns the stored form of an act: kind, before, after.
fn act_columns(act: &Act) -> (i64, Option<&str>, Option<&str>) {
    match act {
        Act::Add { text } => (0, None, Some(text)),
        Act::Edit { before, after } => (1, Some(before), Some(after)),
        Act::Remove { before } => (2, Some(before), None),
    }
}

impl Store {
    /// Returns the outbox in order, each edit and deletion with its base row (while base
    /// is stale, with its row of the new base, if that has been pulled).
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn outbox(&self) -> Result<Vec<Queued>, StoreError> {
        self.reading(|snapshot| {
            let is_stale = AccountState::load(snapshot)?.staging;
            let mut queued = Vec::new();
            read(snapshot, ALL, [], |entry, _, _| {
                queued.push(Queued {
                    entry,
                    base: None,
                    waits: false,
                });
            })?;
            let waiting = successor::waiting(snapshot)?;
            for queued in &mut queued {
                let key = queued.entry.change.todo;
                queued.waits = waiting.contains(&key);
                if matches!(queued.entry.change.act, Act::Add { .. }) {
                    continue;
                }
                queued.base = if is_stale {
                    staged_base::of(snapshot, key)?
                } else {
                    base::of(snapshot, key)?
                };
            }
            Ok(queued)
        })
    }

    /// Returns an entry.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn entry(&self, seq: i64) -> Result<Option<OutboxEntry>, StoreError> {
        self.reading(|snapshot| {
            let mut found = None;
            read(snapshot, BY_SEQ, [seq], |entry, _, _| found = Some(entry))?;
            Ok(found)
        })
    }

    /// Returns the outbox entries of these todos in order.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn entries_of(&self, todos: &HashSet<Key>) -> Result<Vec<OutboxEntry>, StoreError> {
        let mut entries = Vec::new();
        self.each_entry_of(todos, |entry| entries.push(entry))?;
        entries.sort_unstable_by_key(|entry| entry.seq);
        Ok(entries)
    }

    /// Calls `each` with what [`Store::entries_of`] returns, in any order of the todos.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn each_entry_of(
        &self,
        todos: &HashSet<Key>,
        mut each: impl FnMut(OutboxEntry),
    ) -> Result<(), StoreError> {
        self.reading(|snapshot| {
            for todo in todos {
                read(snapshot, OF_TODO, [blob(*todo)], |entry, _, _| each(entry))?;
            }
            Ok(())
        })
    }
}

impl Write<'_> {
    /// Returns the entries of one todo.
    pub(super) fn queue(&self, key: Key) -> Result<Queue, StoreError> {
        let mut queue = Queue::default();
        if self.account_state.has_entries() {
            read(
                &self.tx,
                OF_TODO,
                [blob(key)],
                |entry, row_id, answered_revision| {
                    queue.learnt = queue.learnt.or(row_id);
                    if entry.progress == Progress::Answered {
                        queue.answered_revision = answered_revision;
                    }
                    queue.entries.push(entry);
                },
            )?;
        }
        Ok(queue)
    }

    pub(super) fn entry(&self, seq: i64) -> Result<Option<OutboxEntry>, StoreError> {
        let mut found = None;
        read(&self.tx, BY_SEQ, [seq], |entry, _, _| found = Some(entry))?;
        Ok(found)
    }

    /// Returns the todos that have outbox entries.
    pub(super) fn queued_keys(&self) -> Result<Vec<Key>, StoreError> {
        let mut statement = self.tx.prepare_cached("SELECT DISTINCT key FROM outbox")?;
        let mut found = statement.query([])?;
        let mut keys = Vec::new();
        while let Some(row) = found.next()? {
            keys.push(rows::key(row, 0)?);
        }
        Ok(keys)
    }

    pub(super) fn append(
        &mut self,
        change: &Change,
        revision: Option<i64>,
        progress: &Progress,
    ) -> Result<i64, StoreError> {
        let seq = self.account_state.next_seq;
        self.account_state.next_seq += 1;
        *self.account_state.entries_mut(progress) += 1;
        let (kind, before, after) = act_columns(&change.act);
        self.tx
            .prepare_cached(
                "INSERT INTO outbox(seq, key, change, at, act, before, after, revision,
                     progress, tries)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0)",
            )?
            .execute(params![
                seq,
                blob(change.todo),
                change.id.0.as_bytes(),
                change.at.to_string(),
                kind,
                before,
                after,
                revision,
            ])?;
        if *progress != Progress::Pending {
            self.write_progress(seq, progress)?;
        }
        Ok(seq)
    }

    pub(super) fn rewrite(&self, seq: i64, act: &Act) -> Result<(), StoreError> {
        let (kind, before, after) = act_columns(act);
        self.tx
            .prepare_cached("UPDATE outbox SET act = ?2, before = ?3, after = ?4 WHERE seq = ?1")?
            .execute(params![seq, kind, before, after])?;
        Ok(())
    }

    /// Changes the state of an entry, and the counters.
    pub(super) fn progress(
        &mut self,
        entry: &OutboxEntry,
        to: &Progress,
    ) -> Result<(), StoreError> {
        self.count_progress(&entry.progress, to);
        self.write_progress(entry.seq, to)
    }

    /// Counts an entry whose state changes.
    pub(super) fn count_progress(&mut self, from: &Progress, to: &Progress) {
        *self.account_state.entries_mut(from) -= 1;
        *self.account_state.entries_mut(to) += 1;
    }

    pub(super) fn write_progress(&self, seq: i64, to: &Progress) -> Result<(), StoreError> {
        let (number, tries, rejection) = match to {
            Progress::Pending => (0, 0, None),
            Progress::Sent { tries } => (1, *tries, None),
            Progress::Answered => (2, 0, None),
            Progress::Rejected(rejection) => (3, 0, Some(rejection)),
        };
        self.tx
            .prepare_cached(
                "UPDATE outbox SET progress = ?2, tries = ?3, code = ?4, message = ?5, theirs = ?6
                 WHERE seq = ?1",
            )?
            .execute(params![
                seq,
                number,
                tries,
                rejection.map(|rejection| &rejection.code),
                rejection.map(|rejection| &rejection.message),
                rejection.and_then(|rejection| rejection.theirs.as_ref()),
            ])?;
        Ok(())
    }

    pub(super) fn set_revision(&self, seq: i64, revision: Option<i64>) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE outbox SET revision = ?2 WHERE seq = ?1")?
            .execute(params![seq, revision])?;
        Ok(())
    }

    /// Deletes an entry.
    pub(super) fn delete_entry(&mut self, entry: &OutboxEntry) -> Result<(), StoreError> {
        self.delete_seq(entry.seq, &entry.progress)
    }

    /// Deletes the entry with this sequence number, which is in this state.
    pub(super) fn delete_seq(&mut self, seq: i64, progress: &Progress) -> Result<(), StoreError> {
        *self.account_state.entries_mut(progress) -= 1;
        self.tx
            .prepare_cached("DELETE FROM outbox WHERE seq = ?1")?
            .execute([seq])?;
        Ok(())
    }

    /// Applies the steps of folding `change` into its todo's entries.
    pub(super) fn apply_steps(
        &mut self,
        change: &Change,
        queue: &Queue,
        steps: Vec<FoldStep>,
    ) -> Result<(), StoreError> {
        let entry = |seq: i64| queue.entries.iter().find(|entry| entry.seq == seq);
        for step in steps {
            match step {
                FoldStep::Drop { seq } => {
                    if let Some(entry) = entry(seq) {
                        self.delete_entry(entry)?;
                    }
                }
                FoldStep::Rewrite { seq, act } => {
                    self.rewrite(seq, &act)?;
                    if let Some(entry) = entry(seq) {
                        self.progress(entry, &Progress::Pending)?;
                    }
                }
                FoldStep::Append {
                    act,
                    revision,
                    rejection,
                } => {
                    let change = Change {
                        act,
                        ..change.clone()
                    };
                    let progress = rejection.map_or(Progress::Pending, Progress::Rejected);
                    self.append(&change, revision, &progress)?;
                }
            }
        }
        Ok(())
    }
}
