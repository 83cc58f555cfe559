//! The `SQLite` database: its tables, and what happens to a todo's owner when
//! the todo changes.
//!
//! The full tables exist in both shapes; a bare backend merely shows less of
//! them. What `PostgreSQL` does in triggers happens in [`RowWriter`].

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use uuid::Uuid;

use super::{
    BackendError,
    answer::{ErrorCode, RequestError},
    pattern,
    table::Shape,
};

const TABLES: &str = "
create table if not exists users (
  id integer primary key, auth0_id text unique, email text,
  created_at integer not null, updated_at integer not null,
  revision integer not null default 0, purged_revision integer not null default 0
);
create table if not exists todos (
  id integer primary key, user_id integer, text text, client_id text not null,
  revision integer not null default 0,
  created_at integer not null, updated_at integer not null,
  constraint todos_user_id_client_id_key unique (user_id, client_id)
);
create index if not exists todos_user_id_revision_idx on todos (user_id, revision);
create table if not exists todo_tombstones (
  user_id integer not null, client_id text not null, todo_id integer not null,
  revision integer not null, deleted_at integer not null,
  primary key (user_id, client_id)
);
create index if not exists todo_tombstones_user_id_revision_idx
  on todo_tombstones (user_id, revision);
create view if not exists todo_changes as
  select user_id, id, client_id, text, created_at, updated_at, revision, 0 as deleted from todos
  union all
  select user_id, todo_id, client_id, null, null, deleted_at, revision, 1 from todo_tombstones;
create table if not exists sequences (name text primary key, last integer not null);
create table if not exists settings (name text primary key, value text not null);
";

/// Opens a file or a database in memory, with its tables.
pub(super) fn open(file: Option<&Path>) -> Result<Connection, BackendError> {
    let connection = match file {
        Some(file) => Connection::open(file),
        None => Connection::open_in_memory(),
    }
    .map_err(|source| BackendError::Open {
        file: file.map(Path::to_owned),
        source,
    })?;
    let prepare = || -> rusqlite::Result<()> {
        if file.is_some() {
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", "normal")?;
        }
        connection.set_prepared_statement_cache_capacity(128);
        pattern::register(&connection)?;
        connection.execute_batch(TABLES)
    };
    prepare().map_err(|source| BackendError::Database { source })?;
    Ok(connection)
}

/// Returns a setting of the database; stores `fresh` when it is not set.
pub(super) fn setting(
    connection: &Connection,
    name: &str,
    fresh: impl FnOnce() -> String,
) -> rusqlite::Result<String> {
    let sql = "select value from settings where name = ?";
    let known: Option<String> = connection
        .query_row(sql, [name], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    let value = fresh();
    keep_setting(connection, name, &value)?;
    Ok(value)
}

pub(super) fn keep_setting(
    connection: &Connection,
    name: &str,
    value: &str,
) -> rusqlite::Result<()> {
    let sql = "insert or replace into settings (name, value) values (?, ?)";
    connection.execute(sql, [name, value]).map(drop)
}

/// Maps an error to `PostgreSQL`'s "database query error", unless it is a fault
/// of the request's pattern.
pub(super) fn broken(error: &rusqlite::Error) -> RequestError {
    if let Some(fault) = pattern::fault(error) {
        return fault;
    }
    tracing::warn!(%error, "sandbox: a statement failed");
    RequestError::new(ErrorCode::Unexpected, "database query error")
}

/// The keys of a todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TodoKeys {
    pub(super) id: i64,
    pub(super) owner: Option<i64>,
    pub(super) client_id: String,
}

/// Writes inside one transaction: takes revisions, leaves tombstones.
#[derive(Debug)]
pub(super) struct RowWriter<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) shape: Shape,
    /// The transaction's time, in microseconds since 1970.
    pub(super) now: i64,
    /// Returns whether any row changed.
    pub(super) changed: bool,
}

impl<'a> RowWriter<'a> {
    pub(super) fn new(transaction: &'a Transaction<'a>, shape: Shape, now: i64) -> Self {
        Self {
            transaction,
            shape,
            now,
            changed: false,
        }
    }

    /// The next number of a sequence.
    pub(super) fn next(&self, sequence: &str) -> rusqlite::Result<i64> {
        let sql = "insert into sequences (name, last) values (?, 1)
                   on conflict (name) do update set last = last + 1 returning last";
        let mut statement = self.transaction.prepare_cached(sql)?;
        statement.query_row([sequence], |row| row.get(0))
    }

    /// The next number of the one sequence that orders all changes.
    pub(super) fn revision(&self) -> rusqlite::Result<i64> {
        self.next("todo_revision")
    }

    pub(super) fn user_exists(&self, id: i64) -> rusqlite::Result<bool> {
        let sql = "select 1 from users where id = ?";
        self.transaction.prepare_cached(sql)?.exists([id])
    }

    /// Returns whether a key has a tombstone, which is final.
    pub(super) fn is_removed(&self, owner: Option<i64>, key: &str) -> rusqlite::Result<bool> {
        if self.shape == Shape::Bare {
            return Ok(false);
        }
        let sql = "select 1 from todo_tombstones where user_id = ? and client_id = ?";
        self.transaction
            .prepare_cached(sql)?
            .exists(params![owner, key])
    }

    /// The id of the todo with this key.
    pub(super) fn holder(&self, owner: Option<i64>, key: &str) -> rusqlite::Result<Option<i64>> {
        let sql = "select id from todos where user_id = ? and client_id = ?";
        let mut statement = self.transaction.prepare_cached(sql)?;
        statement
            .query_row(params![owner, key], |row| row.get(0))
            .optional()
    }

    /// Stores a new todo and returns its revision.
    pub(super) fn add(&mut self, key: &TodoKeys, text: Option<&str>) -> rusqlite::Result<i64> {
        let revision = self.revision()?;
        let sql = "insert into todos (id, user_id, text, client_id, revision, created_at, \
                   updated_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
        self.transaction.prepare_cached(sql)?.execute(params![
            key.id,
            key.owner,
            text,
            key.client_id,
            revision,
            self.now
        ])?;
        self.changed = true;
        Ok(revision)
    }

    /// Removes a todo and leaves a tombstone with its owner.
    pub(super) fn remove(&mut self, key: &TodoKeys) -> rusqlite::Result<()> {
        let sql = "delete from todos where id = ?";
        self.transaction.prepare_cached(sql)?.execute([key.id])?;
        self.changed = true;
        self.bury(key).map(drop)
    }

    /// Leaves a tombstone for a key that its owner has lost, and returns its
    /// revision. Owners that do not exist get none.
    pub(super) fn bury(&mut self, key: &TodoKeys) -> rusqlite::Result<Option<i64>> {
        let Some(owner) = key.owner else {
            return Ok(None);
        };
        if !self.user_exists(owner)? {
            return Ok(None);
        }
        let revision = self.revision()?;
        let sql = "insert into todo_tombstones (user_id, client_id, todo_id, revision, \
                   deleted_at) values (?1, ?2, ?3, ?4, ?5) on conflict (user_id, client_id) do \
                   update set todo_id = ?3, revision = ?4, deleted_at = ?5";
        self.transaction.prepare_cached(sql)?.execute(params![
            owner,
            key.client_id,
            key.id,
            revision,
            self.now
        ])?;
        self.raise(Some(owner), revision)?;
        Ok(Some(revision))
    }

    /// Raises the revision of an owner: the doorbell of its readers.
    pub(super) fn raise(&self, owner: Option<i64>, revision: i64) -> rusqlite::Result<()> {
        let sql = "update users set revision = ?2 where id = ?1 and revision < ?2";
        self.transaction
            .prepare_cached(sql)?
            .execute(params![owner, revision])
            .map(drop)
    }

    /// Inserts or refreshes the user of a login; the row's id.
    pub(super) fn upsert_user(
        &mut self,
        auth0_id: &str,
        email: Option<&str>,
        welcome: &[String],
    ) -> rusqlite::Result<i64> {
        let sql = "select id from users where auth0_id = ?";
        let known: Option<i64> = self
            .transaction
            .query_row(sql, [auth0_id], |row| row.get(0))
            .optional()?;
        self.changed = true;
        if let Some(id) = known {
            let sql = "update users set email = coalesce(?2, email), updated_at = ?3 where id = ?1";
            self.transaction
                .execute(sql, params![id, email, self.now])?;
            return Ok(id);
        }
        let id = self.next("users_id")?;
        self.add_user(id, auth0_id, email)?;
        for text in welcome {
            let key = TodoKeys {
                id: self.next("todos_id")?,
                owner: Some(id),
                client_id: random_key(),
            };
            let revision = self.add(&key, Some(text))?;
            self.raise(key.owner, revision)?;
        }
        Ok(id)
    }

    pub(super) fn add_user(
        &mut self,
        id: i64,
        auth0_id: &str,
        email: Option<&str>,
    ) -> rusqlite::Result<()> {
        let sql = "insert into users (id, auth0_id, email, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?4)";
        self.transaction
            .execute(sql, params![id, auth0_id, email, self.now])?;
        self.changed = true;
        Ok(())
    }

    /// Moves a sequence to the largest number its table has used.
    pub(super) fn settle(&self, sequence: &str, last: i64) -> rusqlite::Result<()> {
        let sql = "insert into sequences (name, last) values (?1, ?2)
                   on conflict (name) do update set last = max(last, ?2)";
        self.transaction
            .execute(sql, params![sequence, last])
            .map(drop)
    }
}

/// Empties every table and starts all sequences again.
pub(super) fn empty(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "delete from todos; delete from todo_tombstones; delete from users;
         delete from sequences;",
    )
}

/// Upgrades the rows of a bare backend: new keys, revisions in
/// the order of ids, no tombstones of before.
pub(super) fn upgrade(writer: &mut RowWriter<'_>) -> rusqlite::Result<()> {
    writer.transaction.execute_batch(
        "delete from todo_tombstones; delete from sequences where name = 'todo_revision';
         update users set revision = 0, purged_revision = 0; update todos set revision = 0;",
    )?;
    let mut statement = writer.transaction.prepare(
        "select t.id, t.user_id from todos t join users u on u.id = t.user_id order by t.id",
    )?;
    let owned: Vec<(i64, i64)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (id, owner) in owned {
        let revision = writer.revision()?;
        let sql = "update todos set revision = ?2, created_at = ?3, updated_at = ?3 where id = ?1";
        writer
            .transaction
            .execute(sql, params![id, revision, writer.now])?;
        writer.raise(Some(owner), revision)?;
    }
    writer.changed = true;
    Ok(())
}

/// Forgets every tombstone; readers whose cursor is below the last one learn
/// of it through `users.purged_revision`.
pub(super) fn purge(transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    transaction.execute(
        "update users set purged_revision = max(purged_revision, coalesce((select max(revision) \
         from todo_tombstones where user_id = users.id), 0))",
        [],
    )?;
    transaction.execute("delete from todo_tombstones", [])
}

/// Makes a key for a row without one.
pub(super) fn random_key() -> String {
    Uuid::from_u128(
        uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes())
            .into_uuid()
            .as_u128(),
    )
    .to_string()
}
