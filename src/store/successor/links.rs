//! The table of links between completed todos and their successors.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::recurrence;
use crate::domain::todo::Todo;
use crate::store::error::StoreError;
use crate::store::rows::{self, blob};
use crate::store::write::Write;
use crate::store::{Store, handles};

/// A successor and the outbox entry that caused it.
#[derive(Debug, Clone)]
pub(super) struct SuccessorLink {
    /// The successor.
    pub(super) key: Key,
    /// The todo that was completed.
    pub(super) todo: Key,
    /// The outbox entry that completes it.
    pub(super) edit: i64,
    /// The successor's text as derived.
    pub(super) text: String,
    /// Whether the entry was answered: the successor may be sent.
    pub(super) released: bool,
    /// The entry that reopens the todo. While it is queued, completing the todo again
    /// restores the successor.
    pub(super) reopened: Option<i64>,
    /// Whether reopening deleted the successor's add from the outbox.
    pub(super) withdrawn: bool,
    /// The revision that the entry was based on when it was last sent.
    pub(super) sent: Option<i64>,
}

const COLUMNS: &str = "key, todo, edit, text, released, reopened, withdrawn, sent";

fn read(row: &SqlRow<'_>) -> Result<SuccessorLink, StoreError> {
    Ok(SuccessorLink {
        key: rows::key(row, 0)?,
        todo: rows::key(row, 1)?,
        edit: row.get(2)?,
        text: rows::text(row, 3)?.to_owned(),
        released: row.get(4)?,
        reopened: row.get(5)?,
        withdrawn: row.get(6)?,
        sent: row.get(7)?,
    })
}

/// Returns the successors whose adds may not be sent yet.
pub(in crate::store) fn waiting(connection: &Connection) -> Result<HashSet<Key>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT key FROM successors WHERE released = 0")?;
    let mut found = statement.query([])?;
    let mut keys = HashSet::new();
    while let Some(row) = found.next()? {
        keys.insert(rows::key(row, 0)?);
    }
    Ok(keys)
}

impl Store {
    /// Returns the successor that completing `todo` on this device added, if it is
    /// shown.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn successor(&self, todo: Key) -> Result<Option<Todo>, StoreError> {
        self.reading(|snapshot| {
            let todo = handles::current(snapshot, todo)?;
            let key = snapshot
                .prepare_cached(
                    "SELECT key FROM successors WHERE todo = ?1 ORDER BY edit DESC LIMIT 1",
                )?
                .query_row([blob(todo)], |row| Ok(rows::key(row, 0)))
                .optional()?
                .transpose()?;
            key.map_or(Ok(None), |key| handles::todo(snapshot, key))
        })
    }

    /// Returns whether any todo completed here has a successor.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn has_successors(&self) -> Result<bool, StoreError> {
        self.reading(|snapshot| {
            Ok(snapshot
                .prepare_cached("SELECT 1 FROM successors LIMIT 1")?
                .exists([])?)
        })
    }

    /// Returns whether no successors are known besides the `added` ones, which were
    /// added last.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn are_first_successors(&self, added: usize) -> Result<bool, StoreError> {
        let added = i64::try_from(added).unwrap_or(i64::MAX);
        self.reading(|snapshot| {
            let has_more = snapshot
                .prepare_cached("SELECT 1 FROM successors LIMIT 1 OFFSET ?1")?
                .exists([added])?;
            Ok(!has_more)
        })
    }
}

impl Write<'_> {
    /// Returns a link to the successor of a todo that another device completed: a
    /// todo with a derived key and the text that follows from the `done` line, unless
    /// it is known as another todo's. On a bare backend every key is derived, so there
    /// is no telling. Reads all todos of its due date.
    pub(super) fn link_of_completion_elsewhere(
        &self,
        todo: Key,
        done: &str,
    ) -> Result<Option<SuccessorLink>, StoreError> {
        let is_full = self
            .account_state
            .capabilities
            .is_some_and(|role| role.full);
        let Some(completed_on) = Line::new(done).completed_on().filter(|_| is_full) else {
            return Ok(None);
        };
        let Some(text) = recurrence::successor("", done, completed_on) else {
            return Ok(None);
        };
        let due = Line::new(&text).due().map(rows::day);
        // Both values of `waiting`, so that SQLite can use the index `shown_due`.
        let mut statement = self.tx.prepare_cached(
            "SELECT key FROM shown
             WHERE done = 0 AND waiting IN (0, 1) AND due IS ?1 AND state = 0 AND text = ?2
                 AND key NOT IN (SELECT key FROM successors)",
        )?;
        let mut found = statement.query((due, &text))?;
        while let Some(row) = found.next()? {
            let key = rows::key(row, 0)?;
            if key.is_derived() {
                return Ok(Some(SuccessorLink {
                    key,
                    todo,
                    edit: 0,
                    text,
                    released: true,
                    reopened: None,
                    withdrawn: false,
                    sent: None,
                }));
            }
        }
        Ok(None)
    }

    /// Returns whether there are any links; looks once in a transaction.
    fn has_links(&self) -> Result<bool, StoreError> {
        if let Some(known) = self.has_links.get() {
            return Ok(known);
        }
        let found = self
            .tx
            .prepare_cached("SELECT 1 FROM successors LIMIT 1")?
            .exists([])?;
        self.has_links.set(Some(found));
        Ok(found)
    }

    /// Returns the links of a completed todo, oldest first.
    pub(super) fn links(&self, todo: Key) -> Result<Vec<SuccessorLink>, StoreError> {
        if !self.has_links()? {
            return Ok(Vec::new());
        }
        let mut statement = self.tx.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM successors WHERE todo = ?1 ORDER BY edit"
        ))?;
        let mut found = statement.query([blob(todo)])?;
        let mut links = Vec::new();
        while let Some(row) = found.next()? {
            links.push(read(row)?);
        }
        Ok(links)
    }

    /// Returns whether the todo has a successor by a link.
    pub(in crate::store) fn is_linked(&self, todo: Key) -> Result<bool, StoreError> {
        Ok(!self.links(todo)?.is_empty())
    }

    /// Returns the undecided link of a successor.
    pub(super) fn undecided(&self, successor: Key) -> Result<Option<SuccessorLink>, StoreError> {
        if !self.has_links()? {
            return Ok(None);
        }
        let mut statement = self.tx.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM successors WHERE key = ?1 AND released = 0"
        ))?;
        let mut found = statement.query([blob(successor)])?;
        found.next()?.map(read).transpose()
    }

    pub(super) fn save(&self, link: &SuccessorLink) -> Result<(), StoreError> {
        self.has_links.set(Some(true));
        self.tx
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO successors({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            ))?
            .execute(params![
                blob(link.key),
                blob(link.todo),
                link.edit,
                link.text,
                link.released,
                link.reopened,
                link.withdrawn,
                link.sent,
            ])?;
        Ok(())
    }

    pub(super) fn unlink(&self, successor: Key) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("DELETE FROM successors WHERE key = ?1")?
            .execute([blob(successor)])?;
        Ok(())
    }

    /// Deletes links that cannot be read; returns their number.
    pub(in crate::store) fn delete_unreadable_successors(&self) -> Result<usize, StoreError> {
        let mut bad: Vec<Vec<u8>> = Vec::new();
        let mut statement = self
            .tx
            .prepare(&format!("SELECT {COLUMNS} FROM successors"))?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            if read(row).is_err() {
                bad.push(row.get(0)?);
            }
        }
        for key in &bad {
            self.tx
                .execute("DELETE FROM successors WHERE key = ?1", [key])?;
        }
        Ok(bad.len())
    }

    /// Returns the completed todos whose successors may change with their entries.
    pub(super) fn todos_with_open_links(&self) -> Result<Vec<Key>, StoreError> {
        let mut statement = self.tx.prepare(
            "SELECT DISTINCT todo FROM successors WHERE released = 0 OR reopened IS NOT NULL",
        )?;
        let mut found = statement.query([])?;
        let mut todos = Vec::new();
        while let Some(row) = found.next()? {
            todos.push(rows::key(row, 0)?);
        }
        Ok(todos)
    }

    /// Records the `revision` on which the entry is about to be sent.
    pub(in crate::store) fn record_sent(
        &self,
        seq: i64,
        revision: Option<i64>,
    ) -> Result<(), StoreError> {
        if self.has_links()? {
            self.tx
                .prepare_cached("UPDATE successors SET sent = ?2 WHERE edit = ?1 AND released = 0")?
                .execute(params![seq, revision])?;
        }
        Ok(())
    }

    /// Moves undecided links from the entry `from` to the entry `to`, which completes
    /// the todo instead.
    pub(in crate::store) fn move_link(&self, from: i64, to: i64) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE successors SET edit = ?2 WHERE edit = ?1 AND released = 0")?
            .execute([from, to])?;
        Ok(())
    }
}
