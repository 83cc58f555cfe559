//! Rows to start from.

use rusqlite::{OptionalExtension as _, params};
use serde::Deserialize;

use super::{
    BackendError,
    store::{RowWriter, TodoKeys, random_key},
};

/// `{users, todos, then_deleted}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fixture {
    users: Vec<FixtureUser>,
    /// Stored in this order, which is the order of their revisions.
    #[serde(alias = "todos_in_this_order")]
    todos: Vec<FixtureTodo>,
    /// Ids of todos that are removed again, in this order.
    then_deleted: Vec<i32>,
    next_ids: NextIds,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixtureUser {
    id: Option<i32>,
    auth0_id: String,
    email: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixtureTodo {
    id: Option<i32>,
    user_id: Option<i32>,
    text: Option<String>,
    client_id: Option<uuid::Uuid>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NextIds {
    users: Option<i32>,
    todos: Option<i32>,
}

impl Fixture {
    /// Stores the rows; the tables are empty.
    pub(super) fn load(&self, writer: &mut RowWriter<'_>) -> Result<(), BackendError> {
        for user in &self.users {
            let id = id(writer, user.id, "users_id")?;
            writer.add_user(id, &user.auth0_id, user.email.as_deref())?;
        }
        for todo in &self.todos {
            let key = TodoKeys {
                id: id(writer, todo.id, "todos_id")?,
                owner: todo.user_id.map(i64::from),
                client_id: todo
                    .client_id
                    .map_or_else(random_key, |key| key.to_string()),
            };
            let revision = writer.add(&key, todo.text.as_deref())?;
            writer.raise(key.owner, revision)?;
        }
        for id in &self.then_deleted {
            remove(writer, i64::from(*id))?;
        }
        for (sequence, next) in [
            ("users_id", self.next_ids.users),
            ("todos_id", self.next_ids.todos),
        ] {
            if let Some(next) = next {
                writer.settle(sequence, i64::from(next) - 1)?;
            }
        }
        Ok(())
    }
}

/// The id a row is given, or the sequence's next.
fn id(writer: &RowWriter<'_>, given: Option<i32>, sequence: &str) -> rusqlite::Result<i64> {
    let Some(given) = given.map(i64::from) else {
        return writer.next(sequence);
    };
    writer.settle(sequence, given)?;
    Ok(given)
}

fn remove(writer: &mut RowWriter<'_>, id: i64) -> Result<(), BackendError> {
    let sql = "select user_id, client_id from todos where id = ?";
    let key = writer.transaction.query_row(sql, params![id], |row| {
        Ok(TodoKeys {
            id,
            owner: row.get(0)?,
            client_id: row.get(1)?,
        })
    });
    let key = key.optional()?.ok_or(BackendError::NoTodo { id })?;
    Ok(writer.remove(&key)?)
}
