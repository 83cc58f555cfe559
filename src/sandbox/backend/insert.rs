//! Inserting todos: keys that exist, keys that were removed, upserts.

use rusqlite::{OptionalExtension as _, params_from_iter};
use serde_json::{Map, Value};

use super::{
    answer::{ErrorCode, ErrorPath, RequestError},
    filter::{self, SqlCondition},
    mutate::{
        ColumnChanges, DUPLICATE, Mutation, Set, failed, optional_integer, optional_text, violation,
    },
    store::{TodoKeys, broken, random_key},
    table::ColumnType,
};

/// The action of an insert on a row whose key exists.
struct OnConflict<'a> {
    constraint: &'a str,
    update_columns: Vec<&'a str>,
    condition: SqlCondition,
}

impl Mutation<'_, '_> {
    /// `insert_todos`.
    pub(super) fn insert(&mut self) -> Result<Value, RequestError> {
        let objects = match self.field.arguments.get("objects") {
            Some(Value::Array(objects)) => objects.clone(),
            Some(_) | None => Vec::new(),
        };
        let ids = self.insert_rows(&objects, "objects")?;
        let lists = self.lists(&ids)?;
        Ok(self.response(ids.len(), lists))
    }

    /// `insert_todos_one`: null when the row was skipped.
    pub(super) fn insert_one(&mut self) -> Result<Value, RequestError> {
        let object = self.field.arguments.get("object").cloned();
        let ids = self.insert_rows(&object.into_iter().collect::<Vec<_>>(), "object")?;
        let rows = self.returned(&ids, &self.field.fields)?;
        Ok(rows.into_iter().next().unwrap_or(Value::Null))
    }

    /// The ids of the rows that were inserted or updated.
    fn insert_rows(&mut self, objects: &[Value], argument: &str) -> Result<Vec<i64>, RequestError> {
        let preset = self.grant.owner_preset.then(|| filter::owner(self.session));
        // A missing session variable is the request's fault, a broken one the row's.
        let preset = match preset {
            Some(Err(fault)) if fault.code == ErrorCode::NotFound => return Err(fault),
            other => other.transpose(),
        };
        let work = |own: &mut Self| {
            let preset = preset?;
            let conflict = own.on_conflict()?;
            let mut ids = Vec::new();
            for object in objects.iter().filter_map(Value::as_object) {
                ids.extend(own.insert_row(object, preset, conflict.as_ref(), &ids)?);
            }
            Ok(ids)
        };
        work(self).map_err(|mut fault: RequestError| {
            fault.path = ErrorPath::argument(&self.field.name, argument).to_string();
            fault
        })
    }

    fn on_conflict(&self) -> Result<Option<OnConflict<'static>>, RequestError> {
        let Some(Value::Object(given)) = self.field.arguments.get("on_conflict") else {
            return Ok(None);
        };
        let wanted = given.get("constraint").and_then(Value::as_str);
        let constraint = self.grant.constraints.iter().map(|known| known.name);
        let constraint = constraint.into_iter().find(|name| Some(*name) == wanted);
        let named = given.get("update_columns").and_then(Value::as_array);
        let update_columns = named
            .into_iter()
            .flatten()
            .filter_map(|name| self.grant.table.column(name.as_str()?))
            .map(|column| column.name)
            .collect();
        let mut parts = vec![filter::reachable(self.grant, self.session)?];
        if let Some(Value::Object(wanted)) = given.get("where") {
            parts.push(filter::filter(self.grant.table, wanted)?);
        }
        Ok(Some(OnConflict {
            constraint: constraint.unwrap_or_default(),
            update_columns,
            condition: SqlCondition::all(parts),
        }))
    }

    /// The row's id, unless it was skipped.
    fn insert_row(
        &mut self,
        object: &Map<String, Value>,
        preset: Option<i64>,
        conflict: Option<&OnConflict<'_>>,
        before: &[i64],
    ) -> Result<Option<i64>, RequestError> {
        let owner = match (preset, object.get("user_id")) {
            (Some(owner), _) => Some(owner),
            (None, Some(given)) => optional_integer(given)?,
            (None, None) => None,
        };
        let text = optional_text(ColumnType::Text, object.get("text"))?;
        let client_id = optional_text(ColumnType::Uuid, object.get("client_id"))?;
        let client_id = client_id.unwrap_or_else(random_key);
        let key = TodoKeys {
            id: self
                .writer
                .next("todos_id")
                .map_err(|error| broken(&error))?,
            owner,
            client_id,
        };
        let removed = self.writer.is_removed(owner, &key.client_id);
        if removed.map_err(|error| broken(&error))? {
            return Ok(None);
        }
        let holder = self.writer.holder(owner, &key.client_id);
        if let Some(id) = holder.map_err(|error| broken(&error))? {
            return self.conflicting(id, text.as_deref(), conflict, before);
        }
        self.check_owner(owner)?;
        let revision = self
            .writer
            .add(&key, text.as_deref())
            .map_err(|error| failed(&error))?;
        self.writer
            .raise(owner, revision)
            .map_err(|error| broken(&error))?;
        Ok(Some(key.id))
    }

    /// Handles an existing key: skip, update, or error.
    fn conflicting(
        &mut self,
        id: i64,
        text: Option<&str>,
        conflict: Option<&OnConflict<'_>>,
        before: &[i64],
    ) -> Result<Option<i64>, RequestError> {
        let Some(conflict) = conflict else {
            return Err(violation(DUPLICATE));
        };
        if conflict.constraint != "todos_user_id_client_id_key" {
            return Err(violation(DUPLICATE));
        }
        if conflict.update_columns.is_empty() {
            return Ok(None);
        }
        if before.contains(&id) {
            // "ON CONFLICT DO UPDATE command cannot affect row a second time"
            return Err(RequestError::new(
                ErrorCode::Unexpected,
                "database query error",
            ));
        }
        let mut condition = conflict.condition.clone();
        condition.sql = format!("select id from todos where {} and id = ?", condition.sql);
        condition.values.push(id.into());
        let found: Option<i64> = self
            .writer
            .transaction
            .query_row(&condition.sql, params_from_iter(condition.values), |row| {
                row.get(0)
            })
            .optional()
            .map_err(|error| broken(&error))?;
        if found.is_none() {
            return Ok(None);
        }
        let sets_text = conflict.update_columns.contains(&"text");
        let changes = ColumnChanges {
            text: if sets_text {
                Set::To(text.map(str::to_owned))
            } else {
                Set::Kept
            },
            owner: Set::Kept,
            client_id: None,
        };
        self.change(&[id], &changes)?;
        Ok(Some(id))
    }
}
