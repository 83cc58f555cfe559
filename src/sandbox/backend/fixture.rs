//! Rows to start from.

use rusqlite::params;
use serde::Deserialize;

use super::store::{Key, Writer, random_key};

/// `{users, todos, then_deleted}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fixture {
    users: Vec<User>,
    /// Stored in this order, which is the order of their revisions.
    #[serde(alias = "todos_in_this_order")]
    todos: Vec<Todo>,
    /// Ids of todos that are removed again, in this order.
    then_deleted: Vec<i64>,
    next_ids: NextIds,
}

#[derive(Debug, Clone, Deserialize)]
struct User {
    id: Option<i64>,
    auth0_id: String,
    email: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Todo {
    id: Option<i64>,
    user_id: Option<i64>,
    text: Option<String>,
    client_id: Option<uuid::Uuid>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct NextIds {
    users: Option<i64>,
    todos: Option<i64>,
}

impl Fixture {
    /// Stores the rows; the tables are empty.
    pub(super) fn load(&self, writer: &mut Writer<'_>) -> rusqlite::Result<()> {
        for user in &self.users {
            let id = match user.id {
                Some(id) => id,
                None => writer.next("users_id")?,
            };
            writer.add_user(id, &user.auth0_id, user.email.as_deref())?;
            writer.settle("users_id", id)?;
        }
        for todo in &self.todos {
            let id = match todo.id {
                Some(id) => id,
                None => writer.next("todos_id")?,
            };
            writer.settle("todos_id", id)?;
            let key = Key {
                id,
                owner: todo.user_id,
                client_id: todo
                    .client_id
                    .map_or_else(random_key, |key| key.to_string()),
            };
            let revision = writer.add(&key, todo.text.as_deref())?;
            writer.raise(key.owner, revision)?;
        }
        for id in &self.then_deleted {
            let sql = "select user_id, client_id from todos where id = ?";
            let key = writer.transaction.query_row(sql, params![id], |row| {
                Ok(Key {
                    id: *id,
                    owner: row.get(0)?,
                    client_id: row.get(1)?,
                })
            })?;
            writer.remove(&key)?;
        }
        for (sequence, next) in [
            ("users_id", self.next_ids.users),
            ("todos_id", self.next_ids.todos),
        ] {
            if let Some(next) = next {
                writer.settle(sequence, next - 1)?;
            }
        }
        Ok(())
    }
}
