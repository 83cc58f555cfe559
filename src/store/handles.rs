//! Resolves handles: keys, old keys, local numbers, ids, prefixes.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::domain::key::Key;
use crate::domain::list::Resolved;
use crate::domain::todo::{Handle, Row, Todo};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::rows::{self, TODO_COLUMNS, blob};
use crate::store::sort_key::{self, SortRank, TablePart};
use crate::store::write::Write;

/// The most todos that an ambiguous prefix lists.
const MAX_LISTED: u32 = 100;

impl Store {
    /// Returns a todo as shown; an old key still resolves.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn todo(&self, key: Key) -> Result<Option<Todo>, StoreError> {
        let found = current(&self.connection, key).and_then(|key| todo(&self.connection, key));
        found.map_err(|error| self.recognise(error))
    }

    /// Returns each of the todos as [`Store::todo`] does, all from one snapshot.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn todos(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<Vec<Option<Todo>>, StoreError> {
        self.reading(|snapshot| {
            let found = |key| todo(snapshot, current(snapshot, key)?);
            keys.into_iter().map(found).collect()
        })
    }

    /// Returns for each key whether [`Store::todo`] finds a todo, all from one snapshot.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn are_shown(&self, keys: impl IntoIterator<Item = Key>) -> Result<Vec<bool>, StoreError> {
        self.reading(|snapshot| {
            let found = |key| Ok(todo(snapshot, current(snapshot, key)?)?.is_some());
            keys.into_iter().map(found).collect()
        })
    }

    /// Returns the todo that `handle` names, or at most 100 todos for an ambiguous
    /// prefix.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn resolve(&self, handle: &Handle) -> Result<Resolved, StoreError> {
        let found = match handle {
            Handle::Id(id) => match self.at_id(*id) {
                // Eight digits may also be the start of a key.
                Ok(None) if *id >= 10_000_000 => {
                    let found = self.at_prefix(&id.to_string());
                    return found.map_err(|error| self.recognise(error));
                }
                found => found,
            },
            Handle::Local(local) => match self.numbered(*local)? {
                Some(key) => self.todo(key),
                None => Ok(None),
            },
            Handle::Key(key) => self.todo(*key),
            Handle::Prefix(prefix) => {
                let found = self.at_prefix(prefix);
                return found.map_err(|error| self.recognise(error));
            }
        };
        let found = found.map_err(|error| self.recognise(error))?;
        Ok(found.map_or(Resolved::Nothing, Resolved::One))
    }

    /// Returns the length of the longest handle (`42`, `n3`) of any todo.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn handle_width(&self) -> Result<usize, StoreError> {
        self.reading(|snapshot| {
            let mut statement = snapshot.prepare_cached(
                "SELECT place FROM shown WHERE place >= ?1 AND place < ?2
                 ORDER BY place DESC LIMIT 1",
            )?;
            let mut widest = 0;
            for part in TablePart::ALL {
                let (ids, all) = (part.ids(), part.places());
                for (from, to, sign) in [(ids.start, ids.end, 0), (ids.end, all.end, 1)] {
                    let last: Option<i64> = statement
                        .query_row([from, to], |row| row.get(0))
                        .optional()?;
                    let order = last.map(|place| sort_key::parted(place).0);
                    let number = order.and_then(sort_key::number_at);
                    let digits = number.map_or(0, |number| number.to_string().len() + sign);
                    widest = widest.max(digits);
                }
            }
            Ok(widest)
        })
    }

    /// Returns at most `most` todos, done or open, whose server id starts with these
    /// digits, for completion. Costs as much as it returns.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn with_id_prefix(
        &self,
        digits: &str,
        done: bool,
        most: usize,
    ) -> Result<Vec<Todo>, StoreError> {
        let mut todos = Vec::new();
        let first = digits.parse::<i64>().ok();
        let Some(first) = first.filter(|first| *first > 0 && !digits.starts_with('0')) else {
            return Ok(todos);
        };
        let parts: &[TablePart] = if done {
            &[TablePart::Done]
        } else {
            &[TablePart::Open, TablePart::Waiting]
        };
        let powers = std::iter::successors(Some(1_i64), |power| power.checked_mul(10));
        let ranges = powers.map_while(|power| {
            let ids = (
                first.checked_mul(power)?,
                first.checked_add(1)?.checked_mul(power)?,
            );
            sort_key::check_id(ids.1).is_ok().then_some(ids)
        });
        self.reading(|snapshot| {
            let mut statement = snapshot.prepare_cached(&format!(
                "SELECT {TODO_COLUMNS} FROM shown
                 WHERE place >= ?1 AND place < ?2 ORDER BY place LIMIT ?3"
            ))?;
            for (from, to) in ranges {
                for part in parts {
                    let left = most.saturating_sub(todos.len());
                    let (from, to) = (from + part.offset(), to + part.offset());
                    let left = i64::try_from(left).unwrap_or(i64::MAX);
                    let mut found = statement.query([from, to, left])?;
                    while let Some(row) = found.next()? {
                        let mut todo = rows::blank();
                        rows::read_todo(row, &mut todo)?;
                        todos.push(todo);
                    }
                }
            }
            Ok(todos)
        })
    }

    /// Returns the key of the todo with this local number, whether it is shown or not.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn numbered(&self, local: i64) -> Result<Option<Key>, StoreError> {
        self.reading(|snapshot| {
            let mut statement =
                snapshot.prepare_cached("SELECT key FROM numbers WHERE local = ?1")?;
            let mut found = statement.query([local])?;
            found.next()?.map(|row| rows::key(row, 0)).transpose()
        })
    }

    fn at_id(&self, id: i64) -> Result<Option<Todo>, StoreError> {
        if sort_key::check_id(id).is_err() {
            return Ok(None);
        }
        let rank = SortRank::Id(id);
        let holder = one(
            &self.connection,
            &format!("SELECT {TODO_COLUMNS} FROM shown WHERE place IN (?1, ?2, ?3)"),
            rank.everywhere(),
        )?;
        match holder {
            Some(todo) => Ok(Some(todo)),
            None => self.todo(Key::of_row(&self.endpoint, id)),
        }
    }

    fn at_prefix(&self, prefix: &str) -> Result<Resolved, StoreError> {
        let Some((first, last)) = bounds(prefix) else {
            return Ok(Resolved::Nothing);
        };
        let mut keys = Vec::new();
        for sql in [
            "SELECT key FROM shown WHERE key BETWEEN ?1 AND ?2 ORDER BY key LIMIT ?3",
            "SELECT new FROM aliases WHERE old BETWEEN ?1 AND ?2 ORDER BY old LIMIT ?3",
        ] {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut found = statement.query(params![first, last, MAX_LISTED])?;
            while let Some(row) = found.next()? {
                keys.push(rows::key(row, 0)?);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        let mut todos = Vec::new();
        for key in keys {
            todos.extend(todo(&self.connection, key)?);
        }
        todos.truncate(MAX_LISTED as usize);
        Ok(match todos.len() {
            0 => Resolved::Nothing,
            1 => todos.pop().map_or(Resolved::Nothing, Resolved::One),
            _ => Resolved::Several(todos),
        })
    }
}

/// Returns the least and the greatest key that start with these hexadecimal
/// digits, with or without hyphens.
fn bounds(prefix: &str) -> Option<([u8; 16], [u8; 16])> {
    let digits: String = prefix.chars().filter(|letter| *letter != '-').collect();
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let fill = |with: &str| {
        let rest = with.repeat(32 - digits.len());
        Uuid::try_parse(&format!("{digits}{rest}")).ok()
    };
    Some((fill("0")?.into_bytes(), fill("f")?.into_bytes()))
}

/// Returns the todo shown under exactly this key.
pub(super) fn todo(connection: &Connection, key: Key) -> Result<Option<Todo>, StoreError> {
    one(
        connection,
        &format!("SELECT {TODO_COLUMNS} FROM shown WHERE key = ?1"),
        [blob(key)],
    )
}

fn one(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Option<Todo>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(params)?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    let mut todo = rows::blank();
    rows::read_todo(row, &mut todo)?;
    Ok(Some(todo))
}

/// Returns the current key of a todo. A shown key is current, even if it is also an
/// alias.
pub(super) fn current(connection: &Connection, key: Key) -> Result<Key, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT new FROM aliases
         WHERE old = ?1 AND NOT EXISTS (SELECT 1 FROM shown WHERE key = ?1)",
    )?;
    let mut found = statement.query([blob(key)])?;
    match found.next()? {
        Some(row) => rows::key(row, 0),
        None => Ok(key),
    }
}

impl Write<'_> {
    pub(super) fn current_key(&self, key: Key) -> Result<Key, StoreError> {
        current(&self.tx, key)
    }

    /// Returns the local number of a todo (`n3`).
    pub(super) fn local(&self, key: Key) -> Result<Option<i64>, StoreError> {
        if self.account_state.next_local == 1 {
            return Ok(None);
        }
        let local = self
            .tx
            .prepare_cached("SELECT local FROM numbers WHERE key = ?1 ORDER BY local LIMIT 1")?
            .query_row([blob(key)], |row| row.get(0))
            .optional()?;
        Ok(local)
    }

    pub(super) fn give_number(&mut self, key: Key) -> Result<(), StoreError> {
        if self.local(key)?.is_some() {
            return Ok(());
        }
        self.tx
            .prepare_cached("INSERT INTO numbers(local, key) VALUES (?1, ?2)")?
            .execute(params![self.account_state.next_local, blob(key)])?;
        self.account_state.next_local += 1;
        Ok(())
    }

    /// Gives a todo and all its data another key. The old key still resolves.
    pub(super) fn rekey(&mut self, old: Key, new: Key) -> Result<(), StoreError> {
        if old == new {
            return Ok(());
        }
        let (from, to) = (self.base(old)?, self.base(new)?);
        self.remove_row(old)?;
        let (old_blob, new_blob) = (blob(old), blob(new));
        for sql in [
            "DELETE FROM base WHERE key = ?1 AND ?2 IS NOT NULL",
            "UPDATE outbox SET key = ?2 WHERE key = ?1",
            "UPDATE numbers SET key = ?2 WHERE key = ?1",
            "UPDATE OR REPLACE successors SET key = ?2 WHERE key = ?1",
            "UPDATE successors SET todo = ?2 WHERE todo = ?1",
        ] {
            self.tx
                .prepare_cached(sql)?
                .execute(params![old_blob, new_blob])?;
        }
        self.alias(old, new)?;
        if let (Some(row), None) = (from, to) {
            self.store_base(&Row { key: new, ..row })?;
        }
        self.show(new)?;
        Ok(())
    }

    /// Redirects the handles of the deleted todo `old` (keys, local number, id) to
    /// `new`, which is about to be added.
    pub(super) fn redirect_handles(
        &mut self,
        old: Key,
        id: Option<i64>,
        new: Key,
    ) -> Result<(), StoreError> {
        for sql in [
            "UPDATE numbers SET key = ?2 WHERE key = ?1",
            "UPDATE OR REPLACE successors SET key = ?2 WHERE key = ?1",
            "UPDATE successors SET todo = ?2 WHERE todo = ?1",
        ] {
            self.tx
                .prepare_cached(sql)?
                .execute(params![blob(old), blob(new)])?;
        }
        self.alias(old, new)?;
        id.map_or(Ok(()), |id| self.redirect_id(id, new))
    }

    /// Redirects an id without a row to a todo: the id resolves like the key of the
    /// former row.
    pub(super) fn redirect_id(&self, id: i64, todo: Key) -> Result<(), StoreError> {
        let of_row = Key::of_row(self.endpoint, id);
        if of_row == todo {
            return Ok(());
        }
        self.alias(of_row, todo)
    }

    /// Deletes the alias of a deleted todo's key, left from an earlier deletion.
    pub(super) fn close_alias(&self, key: Key) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("DELETE FROM aliases WHERE old = ?1")?
            .execute([blob(key)])?;
        Ok(())
    }

    /// Redirects `old` to `new`, which is current: aliases resolve in one step.
    fn alias(&self, old: Key, new: Key) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM aliases WHERE old = ?2 AND ?1 IS NOT NULL",
            "UPDATE aliases SET new = ?2 WHERE new = ?1",
            "INSERT INTO aliases(old, new) VALUES (?1, ?2)
                 ON CONFLICT(old) DO UPDATE SET new = ?2",
        ] {
            self.tx
                .prepare_cached(sql)?
                .execute(params![blob(old), blob(new)])?;
        }
        Ok(())
    }
}
