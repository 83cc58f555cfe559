//! Statements that change todos.

use rusqlite::{params, params_from_iter};
use serde_json::{Map, Value, json};

use super::{
    answer::{ErrorCode, RequestError},
    filter::{self, SqlCondition},
    jwt::RequestSession,
    role::TablePermissions,
    select,
    selection::Selected,
    store::{RowWriter, TodoKeys, broken, random_key},
    table::{ColumnType, Shape},
};

/// Executes one root field of a mutation.
#[derive(Debug)]
pub(super) struct Mutation<'m, 'w> {
    pub(super) writer: &'m mut RowWriter<'w>,
    pub(super) grant: &'m TablePermissions,
    pub(super) session: &'m RequestSession,
    pub(super) field: &'m Selected,
}

pub(super) const DUPLICATE: &str = "Uniqueness violation. duplicate key value violates unique constraint \
                         \"todos_user_id_client_id_key\"";

pub(super) fn violation(message: impl Into<String>) -> RequestError {
    RequestError::new(ErrorCode::ConstraintViolation, message)
}

/// A failed statement: the only constraint `SQLite` itself checks is the key's.
pub(super) fn failed(error: &rusqlite::Error) -> RequestError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => violation(DUPLICATE),
        Some(_) | None => broken(error),
    }
}

impl Mutation<'_, '_> {
    /// `update_todos`.
    pub(super) fn update(&mut self) -> Result<Value, RequestError> {
        let arguments = self.field.arguments.clone();
        self.update_where(&arguments)
    }

    /// `update_todos_many`: one statement after the other. If none of them
    /// sets anything, Hasura answers with one response instead of a list.
    pub(super) fn update_many(&mut self) -> Result<Value, RequestError> {
        let updates = self.field.arguments.get("updates").cloned();
        let updates = updates.as_ref().and_then(Value::as_array);
        let updates: Vec<_> = updates
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .collect();
        if updates
            .iter()
            .all(|update| sets_nothing(update.get("_set")))
        {
            return Ok(self.response(0, Map::new()));
        }
        updates
            .into_iter()
            .map(|update| self.update_where(update))
            .collect()
    }

    fn update_where(&mut self, update: &Map<String, Value>) -> Result<Value, RequestError> {
        let Some(changes) = ColumnChanges::read(update.get("_set"))? else {
            return Ok(self.response(0, Map::new()));
        };
        let wanted = update.get("where").and_then(Value::as_object);
        let condition = filter::filter(self.grant.table, wanted.unwrap_or(&Map::new()))?;
        let ids: Vec<i64> = self
            .keys(condition)?
            .into_iter()
            .map(|key| key.id)
            .collect();
        self.change(&ids, &changes)?;
        let lists = self.lists(&ids)?;
        Ok(self.response(ids.len(), lists))
    }

    /// `update_todos_by_pk`; an empty object if it sets nothing.
    pub(super) fn update_by_key(&mut self) -> Result<Value, RequestError> {
        let Some(changes) = ColumnChanges::read(self.field.arguments.get("_set"))? else {
            return Ok(json!({}));
        };
        let key = self.field.arguments.get("pk_columns");
        let key = key.and_then(Value::as_object).cloned().unwrap_or_default();
        let condition = select::key_condition(self.grant.table, &key)?;
        let ids: Vec<i64> = self
            .keys(condition)?
            .into_iter()
            .map(|key| key.id)
            .collect();
        self.change(&ids, &changes)?;
        let rows = self.returned(&ids, &self.field.fields)?;
        Ok(rows.into_iter().next().unwrap_or(Value::Null))
    }

    /// `delete_todos`.
    pub(super) fn delete(&mut self) -> Result<Value, RequestError> {
        let wanted = self.field.arguments.get("where");
        let wanted = wanted
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let condition = filter::filter(self.grant.table, &wanted)?;
        let keys = self.keys(condition)?;
        let ids: Vec<i64> = keys.iter().map(|key| key.id).collect();
        let lists = self.lists(&ids)?;
        self.remove(&keys)?;
        Ok(self.response(keys.len(), lists))
    }

    /// `delete_todos_by_pk`: null when there is no such row.
    pub(super) fn delete_by_key(&mut self) -> Result<Value, RequestError> {
        let condition = select::key_condition(self.grant.table, &self.field.arguments)?;
        let keys = self.keys(condition)?;
        let ids: Vec<i64> = keys.iter().map(|key| key.id).collect();
        let rows = self.returned(&ids, &self.field.fields)?;
        self.remove(&keys)?;
        Ok(rows.into_iter().next().unwrap_or(Value::Null))
    }

    fn remove(&mut self, keys: &[TodoKeys]) -> Result<(), RequestError> {
        keys.iter()
            .try_for_each(|key| self.writer.remove(key))
            .map_err(|error| broken(&error))
    }

    /// The reachable rows that fulfil a condition, in the order in which a
    /// statement meets them: that of their next revisions.
    fn keys(&self, condition: SqlCondition) -> Result<Vec<TodoKeys>, RequestError> {
        let condition = SqlCondition::all(vec![
            filter::reachable(self.grant, self.session)?,
            condition,
        ]);
        let sql = format!(
            "select id, user_id, client_id from todos where {} order by {}",
            condition.sql, self.grant.table.heap
        );
        let read = || -> rusqlite::Result<Vec<TodoKeys>> {
            let mut statement = self.writer.transaction.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(condition.values), |row| {
                Ok(TodoKeys {
                    id: row.get(0)?,
                    owner: row.get(1)?,
                    client_id: row.get(2)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| broken(&error))
    }

    pub(super) fn check_owner(&self, owner: Option<i64>) -> Result<(), RequestError> {
        let (Some(owner), Shape::Full) = (owner, self.writer.shape) else {
            return Ok(());
        };
        let known = self.writer.user_exists(owner);
        if known.map_err(|error| broken(&error))? {
            return Ok(());
        }
        Err(violation(
            "Foreign key violation. insert or update on table \"todos\" violates foreign key \
             constraint \"todos_user_id_fkey\"",
        ))
    }

    /// Changes rows; a row that leaves its owner or key leaves a tombstone.
    pub(super) fn change(
        &mut self,
        ids: &[i64],
        changes: &ColumnChanges,
    ) -> Result<(), RequestError> {
        for id in ids {
            let sql = "select user_id, client_id from todos where id = ?";
            let old = self
                .writer
                .transaction
                .query_row(sql, [id], |row| {
                    Ok(TodoKeys {
                        id: *id,
                        owner: row.get(0)?,
                        client_id: row.get(1)?,
                    })
                })
                .map_err(|error| broken(&error))?;
            let owner = match changes.owner {
                Set::To(owner) => owner,
                Set::Kept => old.owner,
            };
            if owner != old.owner {
                self.check_owner(owner)?;
            }
            let mut client_id = changes.client_id.clone().unwrap_or(old.client_id.clone());
            let moves = owner != old.owner || client_id != old.client_id;
            if moves
                && self
                    .writer
                    .is_removed(owner, &client_id)
                    .map_err(|error| broken(&error))?
            {
                client_id = random_key();
            }
            self.store(*id, owner, &client_id, changes)?;
            if moves {
                self.writer.bury(&old).map_err(|error| broken(&error))?;
            }
        }
        Ok(())
    }

    fn store(
        &mut self,
        id: i64,
        owner: Option<i64>,
        client_id: &str,
        changes: &ColumnChanges,
    ) -> Result<(), RequestError> {
        let writer = &mut *self.writer;
        let revision = writer.revision().map_err(|error| broken(&error))?;
        let sql = "update todos set user_id = ?2, client_id = ?3, revision = ?4, updated_at = ?5, \
                   text = case when ?6 then ?7 else text end where id = ?1";
        writer
            .transaction
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement.execute(params![
                    id,
                    owner,
                    client_id,
                    revision,
                    writer.now,
                    changes.text != Set::Kept,
                    match &changes.text {
                        Set::To(text) => text.as_deref(),
                        Set::Kept => None,
                    },
                ])
            })
            .map_err(|error| failed(&error))?;
        writer.changed = true;
        writer
            .raise(owner, revision)
            .map_err(|error| broken(&error))
    }

    /// The rows of every `returning`, by response key.
    pub(super) fn lists(&self, ids: &[i64]) -> Result<Map<String, Value>, RequestError> {
        let fields = self.field.fields.iter();
        fields
            .filter(|field| field.name == "returning")
            .map(|field| {
                let rows = self.returned(ids, &field.fields)?;
                Ok((field.key.clone(), Value::Array(rows)))
            })
            .collect()
    }

    pub(super) fn returned(
        &self,
        ids: &[i64],
        fields: &[Selected],
    ) -> Result<Vec<Value>, RequestError> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let connection = self.writer.transaction;
        let rows = ids.iter().filter_map(|id| {
            select::returned(connection, self.grant.table, *id, fields).transpose()
        });
        rows.collect()
    }

    /// `{affected_rows, returning}` as selected.
    pub(super) fn response(&self, affected: usize, mut lists: Map<String, Value>) -> Value {
        let shown = self.field.fields.iter().map(|field| {
            let value = match field.name.as_str() {
                "affected_rows" => json!(affected),
                "returning" => lists.remove(&field.key).unwrap_or_else(|| json!([])),
                _ => Value::String(field.parent.clone()),
            };
            (field.key.clone(), value)
        });
        Value::Object(shown.collect())
    }
}

/// The value that an update sets a nullable column to, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Set<T> {
    Kept,
    To(Option<T>),
}

fn sets_nothing(set: Option<&Value>) -> bool {
    set.and_then(Value::as_object).is_none_or(Map::is_empty)
}

/// The columns that an update sets.
#[derive(Debug)]
pub(super) struct ColumnChanges {
    pub(super) text: Set<String>,
    pub(super) owner: Set<i64>,
    /// None keeps the key, which is never null.
    pub(super) client_id: Option<String>,
}

impl ColumnChanges {
    /// None when nothing is set: such an update touches no row.
    fn read(set: Option<&Value>) -> Result<Option<Self>, RequestError> {
        let Some(Value::Object(set)) = set.filter(|set| !sets_nothing(Some(set))) else {
            return Ok(None);
        };
        let text = match set.get("text") {
            Some(given) => Set::To(optional_text(ColumnType::Text, Some(given))?),
            None => Set::Kept,
        };
        let owner = match set.get("user_id") {
            Some(given) => Set::To(optional_integer(given)?),
            None => Set::Kept,
        };
        let client_id = optional_text(ColumnType::Uuid, set.get("client_id"))?;
        Ok(Some(Self {
            text,
            owner,
            client_id,
        }))
    }
}

pub(super) fn optional_text(
    kind: ColumnType,
    given: Option<&Value>,
) -> Result<Option<String>, RequestError> {
    use rusqlite::types::Value as Sql;
    Ok(match given.map(|value| kind.to_sql(value)).transpose()? {
        Some(Sql::Text(text)) => Some(text),
        Some(Sql::Null | Sql::Integer(_) | Sql::Real(_) | Sql::Blob(_)) | None => None,
    })
}

pub(super) fn optional_integer(given: &Value) -> Result<Option<i64>, RequestError> {
    use rusqlite::types::Value as Sql;
    Ok(match ColumnType::Integer.to_sql(given)? {
        Sql::Integer(number) => Some(number),
        Sql::Null | Sql::Text(_) | Sql::Real(_) | Sql::Blob(_) => None,
    })
}
