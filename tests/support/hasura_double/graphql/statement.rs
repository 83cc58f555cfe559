//! One root field as one SQL statement.

use postgres::Transaction;
use serde_json::{Map, Value};

use super::super::metadata;
use super::{Asked, Refusal, Session, refuse};

/// The tables of the metadata, as a session may use them.
#[derive(Debug)]
pub(super) struct Tables<'a> {
    metadata: &'a Value,
    session: &'a Session,
    everything: &'a Value,
}

/// What an administrator may do: a permission on all columns of each table.
pub(super) fn everything(columns: &[(String, String)]) -> Value {
    let mut tables = Map::new();
    for (table, column) in columns {
        let permission = tables.entry(table.clone()).or_insert_with(
            || serde_json::json!({"columns": [], "filter": {}, "check": {}, "set": {}}),
        );
        if let Some(columns) = permission["columns"].as_array_mut() {
            columns.push(Value::from(column.as_str()));
        }
    }
    Value::Object(tables)
}

/// SQL that answers one JSON cell, and whether a false second cell refuses it.
#[derive(Debug)]
pub(super) struct Statement {
    sql: String,
}

impl Statement {
    /// Runs it. The second cell says whether every new row passed its check.
    pub(super) fn run(&self, transaction: &mut Transaction<'_>) -> Result<Value, Refusal> {
        let row = match transaction.query_one(self.sql.as_str(), &[]) {
            Ok(row) => row,
            Err(error) => return Err(database(&error)),
        };
        let passed: Option<bool> = row.try_get(1).unwrap_or_default();
        if passed == Some(false) {
            let message = "check constraint of an insert/update permission has failed";
            return refuse("permission-error", message, "$");
        }
        Ok(row
            .try_get::<_, Option<Value>>(0)
            .ok()
            .flatten()
            .unwrap_or_default())
    }
}

fn database(error: &postgres::Error) -> Refusal {
    let state = error.code().map_or("", postgres::error::SqlState::code);
    let code = match state.get(..2) {
        Some("23") => "constraint-violation",
        Some("22") => "data-exception",
        _ => "unexpected",
    };
    let message = error
        .as_db_error()
        .map_or("", postgres::error::DbError::message);
    (code.to_owned(), message.to_owned(), "$".to_owned())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A JSON value as an SQL literal; PostgreSQL gives it the column's type.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            format!("'{}'", value.to_string().replace('\'', "''"))
        }
    }
}

/// The row as JSON, with the fields that are asked for and permitted.
fn object(table: &str, permission: &Value, fields: &[Asked]) -> Result<String, Refusal> {
    let allowed: Vec<&str> = permission["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut pairs = Vec::new();
    for field in fields {
        let key = literal(&Value::from(field.key.as_str()));
        if field.name == "__typename" {
            pairs.push(format!("{key}, {}", literal(&Value::from(table))));
        } else if allowed.contains(&field.name.as_str()) {
            pairs.push(format!("{key}, t.{}", quoted(&field.name)));
        } else {
            let message = format!("field '{}' not found in type: '{table}'", field.name);
            let path = format!("$.selectionSet.{table}.selectionSet.{}", field.name);
            return refuse("validation-failed", message, path);
        }
    }
    Ok(format!("json_build_object({})", pairs.join(", ")))
}

impl<'a> Tables<'a> {
    pub(super) const fn new(
        metadata: &'a Value,
        session: &'a Session,
        everything: &'a Value,
    ) -> Self {
        Self {
            metadata,
            session,
            everything,
        }
    }

    /// Names of the tables that are served.
    pub(super) fn names(&self) -> Vec<&'a str> {
        metadata::tables(self.metadata)
            .filter_map(|entry| entry.pointer("/table/name")?.as_str())
            .collect()
    }

    /// The session's permission for `kind` on a table.
    pub(super) fn permission(&self, table: &str, kind: &str) -> Option<&'a Value> {
        let entry =
            metadata::tables(self.metadata).find(|entry| entry["table"]["name"] == table)?;
        if self.session.role == "admin" {
            return self.everything.get(table);
        }
        let list = entry.get(format!("{kind}_permissions"))?.as_array()?;
        let ours = list
            .iter()
            .find(|it| it["role"] == self.session.role.as_str())?;
        ours.get("permission")
    }

    fn columns(permission: &'a Value) -> Vec<&'a str> {
        let columns = permission["columns"].as_array().into_iter().flatten();
        columns.filter_map(Value::as_str).collect()
    }

    /// A query's root field; `None` when the role has no such field.
    pub(super) fn query(&self, field: &Asked) -> Result<Option<Statement>, Refusal> {
        let by_pk = field.name.strip_suffix("_by_pk");
        let table = by_pk.unwrap_or(&field.name);
        let Some(permission) = self.permission(table, "select") else {
            return Ok(None);
        };
        let row = object(table, permission, &field.fields)?;
        let mut filter = self.filter(&permission["filter"])?;
        let argument = |name: &str| field.arguments.get(name);
        if let Some(condition) = argument("where") {
            filter = format!("{filter} and {}", self.filter(condition)?);
        }
        if by_pk.is_some() {
            let id = argument("id").map_or_else(|| "null".to_owned(), literal);
            let sql = format!(
                "select (select {row} from public.{} t where {filter} and t.id = {id}), null::bool",
                quoted(table)
            );
            return Ok(Some(Statement { sql }));
        }
        let order = order_by(argument("order_by"));
        let limit = ["limit", "offset"].map(|name| match argument(name) {
            Some(number) if !number.is_null() => format!(" {name} {number}"),
            _ => String::new(),
        });
        let sql = format!(
            "select coalesce(json_agg(o), '[]'), null::bool from \
             (select {row} as o from public.{} t where {filter}{order}{}) s",
            quoted(table),
            limit.concat()
        );
        Ok(Some(Statement { sql }))
    }

    /// A condition as SQL about the row `t`.
    fn filter(&self, condition: &Value) -> Result<String, Refusal> {
        let mut parts = vec!["true".to_owned()];
        for (name, value) in condition.as_object().into_iter().flatten() {
            parts.push(match name.as_str() {
                "_and" | "_or" => {
                    let members = value.as_array().into_iter().flatten();
                    let members: Vec<String> = members
                        .map(|it| self.filter(it))
                        .collect::<Result<_, _>>()?;
                    let (word, empty) = if name == "_and" {
                        (" and ", "true")
                    } else {
                        (" or ", "false")
                    };
                    if members.is_empty() {
                        empty.to_owned()
                    } else {
                        members.join(word)
                    }
                }
                "_not" => format!("not {}", self.filter(value)?),
                column => self.comparison(column, value)?,
            });
        }
        Ok(format!("({})", parts.join(" and ")))
    }

    fn comparison(&self, column: &str, operators: &Value) -> Result<String, Refusal> {
        let column = quoted(column);
        let mut parts = vec!["true".to_owned()];
        for (operator, value) in operators.as_object().into_iter().flatten() {
            let list = || -> Result<String, Refusal> {
                let values = value.as_array().into_iter().flatten();
                let values: Vec<String> =
                    values.map(|it| self.value(it)).collect::<Result<_, _>>()?;
                Ok(if values.is_empty() {
                    "null".to_owned()
                } else {
                    values.join(", ")
                })
            };
            parts.push(match operator.as_str() {
                "_in" => format!("t.{column} in ({})", list()?),
                "_nin" => format!("t.{column} not in ({})", list()?),
                "_is_null" if *value == Value::Bool(true) => format!("t.{column} is null"),
                "_is_null" => format!("t.{column} is not null"),
                _ => {
                    let sign = match operator.as_str() {
                        "_eq" => "=",
                        "_neq" => "<>",
                        "_gt" => ">",
                        "_gte" => ">=",
                        "_lt" => "<",
                        "_lte" => "<=",
                        _ => {
                            return refuse(
                                "validation-failed",
                                format!("field '{operator}' not found"),
                                "$",
                            );
                        }
                    };
                    format!("t.{column} {sign} {}", self.value(value)?)
                }
            });
        }
        Ok(parts.join(" and "))
    }

    /// A literal, or the session variable that it names.
    fn value(&self, value: &Value) -> Result<String, Refusal> {
        let name = value.as_str().map(str::to_lowercase);
        match name.filter(|name| name.starts_with("x-hasura-")) {
            None => Ok(literal(value)),
            Some(name) => match self.session.variables.get(&name) {
                Some(found) => Ok(literal(found)),
                None => refuse(
                    "not-found",
                    format!("missing session variable: \"{name}\""),
                    "$",
                ),
            },
        }
    }

    /// A mutation's root field; `None` when the role has no such field.
    pub(super) fn mutation(&self, field: &Asked) -> Result<Option<Statement>, Refusal> {
        let is_allowed = ["insert", "update", "delete"].iter().any(|kind| {
            self.names()
                .iter()
                .any(|table| self.permission(table, kind).is_some())
        });
        if !is_allowed {
            return refuse("validation-failed", "no mutations exist", "$");
        }
        let Some((kind, rest)) = field.name.split_once('_') else {
            return Ok(None);
        };
        let suffix = ["_one", "_by_pk", "_many"]
            .into_iter()
            .find(|it| rest.ends_with(it));
        let table = rest
            .strip_suffix(suffix.unwrap_or_default())
            .unwrap_or(rest);
        let Some(permission) = self.permission(table, kind) else {
            return Ok(None);
        };
        let single = matches!(suffix, Some("_one" | "_by_pk"));
        let rows = match kind {
            "insert" => vec![self.insert(table, permission, field, single)?],
            "update" if suffix == Some("_many") => {
                let updates = field.arguments.get("updates").and_then(Value::as_array);
                let updates = updates.into_iter().flatten();
                updates
                    .map(|it| self.update(table, permission, &it["where"], &it["_set"]))
                    .collect::<Result<_, _>>()?
            }
            "update" => {
                let condition = condition(field, "pk_columns");
                let set = field.arguments.get("_set").cloned().unwrap_or_default();
                vec![self.update(table, permission, &condition, &set)?]
            }
            "delete" => {
                let filter = self.filter(&permission["filter"])?;
                let condition = self.filter(&condition(field, ""))?;
                let name = quoted(table);
                vec![format!(
                    "delete from public.{name} t where {filter} and {condition} returning t.*, true as passed"
                )]
            }
            _ => return Ok(None),
        };
        let answered = self.answered(table, field, single)?;
        let mut with = Vec::new();
        let mut cells = Vec::new();
        let mut passed = Vec::new();
        for (place, statement) in rows.iter().enumerate() {
            with.push(format!("r{place} as ({statement})"));
            cells.push(format!("(select {answered} from r{place} t)"));
            passed.push(format!(
                "coalesce((select bool_and(passed) from r{place}), true)"
            ));
        }
        let cell = if suffix == Some("_many") {
            format!("json_build_array({})", cells.join(", "))
        } else {
            cells.concat()
        };
        let sql = format!(
            "with {} select {cell}, {}",
            with.join(", "),
            passed.join(" and ")
        );
        Ok(Some(Statement { sql }))
    }

    fn insert(
        &self,
        table: &str,
        permission: &'a Value,
        field: &Asked,
        single: bool,
    ) -> Result<String, Refusal> {
        let objects = match field
            .arguments
            .get(if single { "object" } else { "objects" })
        {
            Some(Value::Array(objects)) => objects.clone(),
            Some(object) => vec![object.clone()],
            None => Vec::new(),
        };
        let allowed = Self::columns(permission);
        let presets = permission["set"].as_object().cloned().unwrap_or_default();
        let mut columns: Vec<&str> = allowed.clone();
        columns.extend(presets.keys().map(String::as_str));
        let mut rows = Vec::new();
        for object in &objects {
            let object = object.as_object().cloned().unwrap_or_default();
            if let Some(other) = object.keys().find(|name| !allowed.contains(&name.as_str())) {
                let message = format!("field '{other}' not found in type: '{table}_insert_input'");
                return refuse("validation-failed", message, "$");
            }
            let cell = |column: &&str| match (presets.get(*column), object.get(*column)) {
                (Some(preset), _) => self.value(preset),
                (None, Some(value)) => Ok(literal(value)),
                (None, None) => Ok("default".to_owned()),
            };
            let cells: Vec<String> = columns.iter().map(cell).collect::<Result<_, _>>()?;
            rows.push(format!("({})", cells.join(", ")));
        }
        let conflict = match field.arguments.get("on_conflict") {
            Some(Value::Object(conflict)) => on_conflict(conflict),
            _ => String::new(),
        };
        let check = self.filter(&permission["check"])?;
        let columns: Vec<String> = columns.into_iter().map(quoted).collect();
        Ok(format!(
            "insert into public.{} as t ({}) values {}{conflict} returning t.*, {check} as passed",
            quoted(table),
            columns.join(", "),
            rows.join(", ")
        ))
    }

    fn update(
        &self,
        table: &str,
        permission: &'a Value,
        condition: &Value,
        set: &Value,
    ) -> Result<String, Refusal> {
        let allowed = Self::columns(permission);
        let mut pairs = Vec::new();
        for (column, value) in set.as_object().into_iter().flatten() {
            if !allowed.contains(&column.as_str()) {
                let message = format!("field '{column}' not found in type: '{table}_set_input'");
                return refuse("validation-failed", message, "$");
            }
            pairs.push(format!("{} = {}", quoted(column), literal(value)));
        }
        let filter = self.filter(&permission["filter"])?;
        let condition = self.filter(condition)?;
        let check = self.filter(permission.get("check").unwrap_or(&Value::Null))?;
        Ok(format!(
            "update public.{} t set {} where {filter} and {condition} returning t.*, {check} as passed",
            quoted(table),
            pairs.join(", ")
        ))
    }

    /// The answer to a mutation, as SQL over its rows `t`.
    fn answered(&self, table: &str, field: &Asked, single: bool) -> Result<String, Refusal> {
        let select = self.permission(table, "select");
        let row = |fields: &[Asked]| match select {
            Some(select) => object(table, select, fields),
            None => refuse(
                "validation-failed",
                format!("field 'returning' not found in type: '{table}_mutation_response'"),
                "$",
            ),
        };
        if single {
            return Ok(format!("(json_agg({}) -> 0)", row(&field.fields)?));
        }
        let mut pairs = Vec::new();
        for part in &field.fields {
            let key = literal(&Value::from(part.key.as_str()));
            pairs.push(match part.name.as_str() {
                "affected_rows" => format!("{key}, count(*)"),
                "returning" => {
                    format!("{key}, coalesce(json_agg({}), '[]')", row(&part.fields)?)
                }
                _ => format!("{key}, '{table}_mutation_response'"),
            });
        }
        Ok(format!("json_build_object({})", pairs.join(", ")))
    }
}

/// `where`, or the primary key: its columns as equalities.
fn condition(field: &Asked, key: &str) -> Value {
    if let Some(condition) = field.arguments.get("where") {
        return condition.clone();
    }
    let columns = field.arguments.get(key).and_then(Value::as_object);
    let columns = columns.cloned().unwrap_or_else(|| {
        let id = field.arguments.get("id").cloned().unwrap_or_default();
        Map::from_iter([("id".to_owned(), id)])
    });
    let equal = |(name, value)| (name, serde_json::json!({"_eq": value}));
    columns.into_iter().map(equal).collect()
}

fn on_conflict(conflict: &Map<String, Value>) -> String {
    let constraint = conflict
        .get("constraint")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let update = conflict.get("update_columns").and_then(Value::as_array);
    let update: Vec<String> = update
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|column| format!("{0} = excluded.{0}", quoted(column)))
        .collect();
    let action = if update.is_empty() {
        "nothing".to_owned()
    } else {
        format!("update set {}", update.join(", "))
    };
    format!(
        " on conflict on constraint {} do {action}",
        quoted(constraint)
    )
}

fn order_by(argument: Option<&Value>) -> String {
    let keys = match argument {
        Some(Value::Array(keys)) => keys.clone(),
        Some(key @ Value::Object(_)) => vec![key.clone()],
        _ => return String::new(),
    };
    let each = keys.iter().filter_map(Value::as_object).flatten();
    let parts: Vec<String> = each
        .map(|(column, direction)| {
            let is_down = direction.as_str().is_some_and(|it| it.starts_with("desc"));
            format!(
                "t.{} {}",
                quoted(column),
                if is_down { "desc" } else { "asc" }
            )
        })
        .collect();
    format!(" order by {}", parts.join(", "))
}
