//! Rows from outside of GraphQL: logins, fixtures, upgrades.

use serde_json::{Map, Value};

use super::{
    Backend, BackendError,
    fixture::Fixture,
    store,
    table::{self, Shape},
};

impl Backend {
    /// Inserts or refreshes the user of a login and returns the row's id, the
    /// `x-hasura-user-id` of tokens.
    ///
    /// # Errors
    /// `SQLite`'s.
    pub fn upsert_user(&self, auth0_id: &str, email: Option<&str>) -> Result<i64, BackendError> {
        let welcome = self.read_configured(|configured| configured.welcome.clone());
        self.change(|writer| writer.upsert_user(auth0_id, email, &welcome))
    }

    /// Upgrades a bare backend to a full one, as the migrations do: rows keep
    /// id, owner and text, and get keys and revisions. Open sockets are closed.
    ///
    /// # Errors
    /// `SQLite`'s.
    pub fn upgrade(&self) -> Result<(), BackendError> {
        if self.shape() == Shape::Full {
            return Ok(());
        }
        self.change(|writer| {
            store::upgrade(writer)?;
            store::keep_setting(writer.transaction, "shape", "full")
        })?;
        self.configure(|configured| configured.shape = Shape::Full);
        Ok(())
    }

    /// Forgets all tombstones and raises `users.purged_revision`; how many
    /// there were.
    ///
    /// # Errors
    /// `SQLite`'s.
    pub fn purge_tombstones(&self) -> Result<usize, BackendError> {
        self.change(|writer| {
            writer.changed = true;
            store::purge(writer.transaction)
        })
    }

    /// The todos as they are stored, by id: of one user, or all of them.
    ///
    /// # Errors
    /// `SQLite`'s.
    pub fn todos(&self, sub: Option<&str>) -> Result<Value, BackendError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "select id, user_id, text, client_id, revision, created_at, updated_at from todos \
             where ?1 is null or user_id = (select id from users where auth0_id = ?1) order by id",
        )?;
        let rows = statement.query_map([sub], |row| {
            let mut shown = Map::new();
            for (at, name) in [
                "id",
                "user_id",
                "text",
                "client_id",
                "revision",
                "created_at",
            ]
            .into_iter()
            .chain(["updated_at"])
            .enumerate()
            {
                let kind = table::TODOS
                    .column(name)
                    .map_or(table::ColumnType::Text, |column| column.kind);
                shown.insert(name.to_owned(), kind.to_json(row.get_ref(at)?));
            }
            Ok(Value::Object(shown))
        })?;
        Ok(rows.collect::<Result<Value, _>>()?)
    }

    /// Empties every table, then loads `{"users", "todos" (or
    /// "todos_in_this_order"), "then_deleted"}`. Revisions start at 1 again.
    ///
    /// # Errors
    /// When the fixture has another shape, or `SQLite` refuses; nothing changes
    /// then.
    pub fn reset(&self, fixture: Option<&Value>) -> Result<(), BackendError> {
        let fixture = match fixture {
            None | Some(Value::Null) => Fixture::default(),
            Some(given) => serde_json::from_value(given.clone())
                .map_err(|source| BackendError::Fixture { source })?,
        };
        self.change(|writer| {
            store::empty(writer.transaction)?;
            writer.changed = true;
            fixture.load(writer)
        })
    }
}
