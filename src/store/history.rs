//! What commands did, so that it can be taken back.
//!
//! One row an act, written in the transaction of its outbox entries. The todos
//! of an act are in one value: a bulk act costs one row to write and to forget.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row as SqlRow, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::change::{Act, Change};
use crate::domain::history::{HistoryEntry, HistoryItem, Overlap, UndoReport};
use crate::domain::inverse::UndoAction;
use crate::domain::key::{ChangeId, Key};
use crate::domain::todo::{State, Todo};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::write::Write;

/// How many acts can be taken back.
const DEPTH: i64 = 200;
/// How many bytes they may take together. The newest act is kept whatever it takes.
const ROOM: i64 = 16 << 20;

const PAST_COLUMNS: &str = "at, verb, count, text";

/// Who makes identities nobody else has.
type Fresh<'f> = &'f mut dyn FnMut() -> Uuid;

/// A [`HistoryItem`] as it is kept: without `before` an add, without `after` a removal.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    key: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Cow<'a, str>>,
}

impl Store {
    /// What commands did, newest first.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, StoreError> {
        let sql = format!("SELECT {PAST_COLUMNS} FROM history ORDER BY act DESC");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query([])?;
        let mut acts = Vec::new();
        while let Some(row) = found.next()? {
            acts.push(read_past(row)?);
        }
        Ok(acts)
    }

    /// Takes the newest act back, by changes made at `at`; `None` when there is
    /// none. The act is forgotten, but for what was changed since in a way that
    /// does not go with it: that is left as it is, and can be tried again.
    ///
    /// A removed todo comes back as a new one, unless its removal has not been
    /// sent yet; whatever named the old one names the new one.
    ///
    /// # Errors
    ///
    /// What SQLite reports; nothing is changed then.
    pub fn undo(
        &mut self,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        let mut write = self.write()?;
        let undone = write.undo(at, fresh)?;
        write.commit()?;
        Ok(undone)
    }

    /// What [`Store::undo`] would do now; changes nothing.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn imagine_undo(
        &mut self,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.write()?.undo(at, fresh)
    }
}

impl Write<'_> {
    /// Remembers an act as the newest, and forgets the oldest beyond what there
    /// is room for.
    pub(super) fn remember(
        &self,
        verb: &str,
        at: Timestamp,
        items: &[HistoryItem],
    ) -> Result<(), StoreError> {
        let Some(first) = items.first() else {
            return Ok(());
        };
        self.tx
            .prepare_cached(
                "INSERT INTO history(at, verb, count, text, deeds, start)
                 VALUES (?1, ?2, ?3, ?4, ?5, ifnull(
                     (SELECT start + length(deeds) FROM history ORDER BY act DESC LIMIT 1), 0))",
            )?
            .execute(params![
                at.to_string(),
                verb,
                count(items.len()),
                first.text(),
                written(items)?
            ])?;
        self.forget_oldest(self.tx.last_insert_rowid())
    }

    /// Costs what is forgotten, not what is remembered.
    fn forget_oldest(&self, newest: i64) -> Result<(), StoreError> {
        loop {
            let (oldest, bytes): (i64, i64) = self
                .tx
                .prepare_cached(
                    "SELECT act, (SELECT start + length(deeds) FROM history WHERE act = ?1) - start
                     FROM history ORDER BY act LIMIT 1",
                )?
                .query_row([newest], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if oldest == newest || (newest - oldest < DEPTH && bytes <= ROOM) {
                return Ok(());
            }
            self.forget(oldest)?;
        }
    }

    fn forget(&self, act: i64) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("DELETE FROM history WHERE act = ?1")?
            .execute([act])?;
        Ok(())
    }

    fn undo(&mut self, at: Timestamp, fresh: Fresh<'_>) -> Result<Option<UndoReport>, StoreError> {
        let Some((act, past, items)) = self.newest()? else {
            return Ok(None);
        };
        let mut undone = UndoReport {
            past,
            changes: Vec::with_capacity(items.len()),
            todos: Vec::with_capacity(items.len()),
            gone: Vec::new(),
            overlaps: Vec::new(),
        };
        for item in items.into_iter().rev() {
            self.take_back(item, at, fresh, &mut undone)?;
        }
        undone.todos.reverse();
        undone.gone.reverse();
        undone.overlaps.reverse();
        self.leave(act, &undone.overlaps)?;
        Ok(Some(undone))
    }

    fn newest(&self) -> Result<Option<(i64, HistoryEntry, Vec<HistoryItem>)>, StoreError> {
        let sql =
            format!("SELECT {PAST_COLUMNS}, act, deeds FROM history ORDER BY act DESC LIMIT 1");
        let mut statement = self.tx.prepare_cached(&sql)?;
        let newest = statement
            .query_row([], |row| {
                let items: Vec<u8> = row.get(5)?;
                Ok((row.get(4)?, read_past(row), items))
            })
            .optional()?;
        let Some((act, past, items)) = newest else {
            return Ok(None);
        };
        Ok(Some((act, past?, read(&items)?)))
    }

    fn take_back(
        &mut self,
        item: HistoryItem,
        at: Timestamp,
        fresh: Fresh<'_>,
        undone: &mut UndoReport,
    ) -> Result<(), StoreError> {
        let mut key = self.current_key(item.todo)?;
        let met = self.meet(key)?;
        let act = match met.meeting().take_back(&item.act) {
            UndoAction::Already => return Ok(()),
            UndoAction::Change(act) => Some(act),
            UndoAction::Anew { text } => {
                let new = Key::new(fresh());
                self.succeed(key, item.id, new)?;
                key = new;
                Some(Act::Add { text })
            }
            UndoAction::Gone(leftover) => {
                undone.gone.push(Todo {
                    key,
                    id: item.id,
                    local: self.local(key)?,
                    text: item.text().to_owned(),
                    state: State::Synced,
                    created_at: None,
                    updated_at: None,
                });
                leftover
            }
            UndoAction::Overlap => {
                undone
                    .overlaps
                    .extend(met.shown.map(|todo| Overlap { todo, item }));
                return Ok(());
            }
        };
        if let Some(act) = act {
            let change = Change {
                id: ChangeId(fresh()),
                todo: key,
                act,
                at,
            };
            undone.todos.extend(self.accept(&change)?.0);
            undone.changes.push(change);
        }
        Ok(())
    }

    /// Forgets an act but for what could not be taken back.
    fn leave(&self, act: i64, overlaps: &[Overlap]) -> Result<(), StoreError> {
        let items: Vec<_> = overlaps.iter().map(|overlap| &overlap.item).collect();
        let Some(first) = items.first() else {
            return self.forget(act);
        };
        self.tx
            .prepare_cached("UPDATE history SET count = ?2, text = ?3, deeds = ?4 WHERE act = ?1")?
            .execute(params![
                act,
                count(items.len()),
                first.text(),
                written(items.iter().copied())?
            ])?;
        Ok(())
    }
}

/// Reads [`PAST_COLUMNS`].
fn read_past(row: &SqlRow<'_>) -> Result<HistoryEntry, StoreError> {
    let at: String = row.get(0)?;
    let count: i64 = row.get(2)?;
    Ok(HistoryEntry {
        at: at.parse().map_err(|_| StoreError::Value { what: "time" })?,
        verb: row.get(1)?,
        count: u64::try_from(count).unwrap_or(0),
        text: row.get(3)?,
    })
}

fn count(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

const MEANINGLESS: StoreError = StoreError::Value { what: "past act" };

fn written<'d>(items: impl IntoIterator<Item = &'d HistoryItem>) -> Result<Vec<u8>, StoreError> {
    let kept: Vec<_> = items.into_iter().map(Kept::of).collect();
    serde_json::to_vec(&kept).map_err(|_| MEANINGLESS)
}

fn read(bytes: &[u8]) -> Result<Vec<HistoryItem>, StoreError> {
    let kept: Vec<Kept<'_>> = serde_json::from_slice(bytes).map_err(|_| MEANINGLESS)?;
    kept.into_iter()
        .map(|kept| kept.item().ok_or(MEANINGLESS))
        .collect()
}

impl<'a> Kept<'a> {
    fn of(item: &'a HistoryItem) -> Self {
        let (before, after) = match &item.act {
            Act::Add { text } => (None, Some(text)),
            Act::Edit { before, after } => (Some(before), Some(after)),
            Act::Remove { before } => (Some(before), None),
        };
        Self {
            key: item.todo.uuid(),
            id: item.id,
            before: before.map(Cow::from),
            after: after.map(Cow::from),
        }
    }

    fn item(self) -> Option<HistoryItem> {
        let act = match (self.before, self.after) {
            (None, Some(text)) => Act::Add {
                text: text.into_owned(),
            },
            (Some(before), Some(after)) => Act::Edit {
                before: before.into_owned(),
                after: after.into_owned(),
            },
            (Some(before), None) => Act::Remove {
                before: before.into_owned(),
            },
            (None, None) => return None,
        };
        Some(HistoryItem {
            todo: Key::new(self.key),
            id: self.id,
            act,
        })
    }
}
