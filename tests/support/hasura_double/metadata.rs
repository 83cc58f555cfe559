//! Metadata: a fresh one, commands that edit it, and whether it fits the tables.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::{Fallible, Fault, Reply, Shared, refusal, sql, with};

/// What a fresh engine exports.
pub(super) fn fresh() -> Fallible<Box<RawValue>> {
    let text = r#"{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"},"isolation_level":"read-committed","pool_settings":{"connection_lifetime":600,"idle_timeout":180,"max_connections":50,"retries":1},"use_prepared_statements":true}}}]}"#;
    Ok(RawValue::from_string(text.to_owned())?)
}

impl Shared {
    pub(super) fn value(&self) -> Value {
        serde_json::from_str(self.metadata.get()).unwrap_or_default()
    }

    /// Stores an edited value: tables by name, permissions by role, as exported.
    pub(super) fn store(&mut self, mut value: Value) {
        let sources = value.get_mut("sources").and_then(Value::as_array_mut);
        for source in sources.into_iter().flatten() {
            if let Some(tables) = source.get_mut("tables").and_then(Value::as_array_mut) {
                tables.sort_by_key(|table| table.pointer("/table/name").map(Value::to_string));
            }
        }
        if let Ok(raw) = to_raw_value(&value) {
            self.metadata = raw;
            self.resource_version += 1;
        }
    }

    /// Everything that does not fit the tables, as engines list it.
    pub(super) fn misfits(&self, metadata: &Value) -> Vec<Value> {
        let columns = sql::columns(self).unwrap_or_default();
        let mut found = self.inconsistent.clone();
        if self.faults.contains(&Fault::Spoils) && metadata.to_string().contains("todo_changes") {
            found.push(json!({
                "type": "remote_schema", "name": "spoilt",
                "reason": "postgres://hasura:hunter2@db/todos",
                "definition": {"url": "postgres://hasura:hunter2@db/todos"},
            }));
        }
        for entry in tables(metadata) {
            let name = entry
                .pointer("/table/name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if !columns.iter().any(|(table, _)| table == name) {
                found.push(json!({
                    "definition": entry["table"],
                    "name": format!("table {name} in source default"),
                    "reason": missing(name),
                    "type": "table",
                }));
                continue;
            }
            found.extend(permission_misfits(entry, name, &columns));
        }
        found
    }
}

/// The tables of the source `default`.
pub(super) fn tables(metadata: &Value) -> impl Iterator<Item = &Value> {
    let sources = metadata["sources"].as_array().into_iter().flatten();
    let ours = sources.filter(|source| source["name"] == "default");
    ours.filter_map(|source| source["tables"].as_array())
        .flatten()
}

pub(super) fn missing(name: &str) -> String {
    format!("Inconsistent object: no such table/view exists in source: \"{name}\"")
}

fn permission_misfits(entry: &Value, table: &str, columns: &[(String, String)]) -> Vec<Value> {
    let mut found = Vec::new();
    for kind in ["select", "insert", "update", "delete"] {
        let list = entry
            .get(format!("{kind}_permissions"))
            .and_then(Value::as_array);
        for permission in list.into_iter().flatten() {
            let role = permission["role"].as_str().unwrap_or_default();
            let named = permission
                .pointer("/permission/columns")
                .and_then(Value::as_array);
            for column in named.into_iter().flatten().filter_map(Value::as_str) {
                if columns
                    .iter()
                    .any(|(of, name)| of == table && name == column)
                {
                    continue;
                }
                found.push(json!({
                    "definition": {"permission": permission["permission"], "role": role},
                    "name": format!("{kind}_permission {role} in table {table} in source default"),
                    "reason": format!(
                        "Inconsistent object: in table \"{table}\": in permission for role \"{role}\": column \"{column}\" does not exist"
                    ),
                    "type": format!("{kind}_permission"),
                }));
            }
        }
    }
    found
}

/// Carries out a command on one table: tracking and permissions.
pub(super) fn edit(state: &mut Shared, kind: &str, args: &Value) -> Option<Reply> {
    let source = args["source"].as_str().unwrap_or("default");
    let refuse = |code: &str, message: &str| Some(with(400, &refusal(code, message, "$.args")));
    let mut value = state.value();
    let sources = value.get_mut("sources")?.as_array_mut()?;
    let Some(source) = sources.iter_mut().find(|it| it["name"] == source) else {
        let message = format!("source with name \"{source}\" does not exist");
        return refuse("not-exists", &message);
    };
    let name = args.pointer("/table/name")?.as_str()?.to_owned();
    let tables = source.get_mut("tables")?.as_array_mut()?;
    let place = tables
        .iter()
        .position(|entry| entry["table"]["name"] == name.as_str());
    if kind == "pg_track_table" {
        if place.is_some() {
            let message = format!("view/table already tracked: \"{name}\"");
            return refuse("already-tracked", &message);
        }
        tables.push(json!({"table": {"name": name, "schema": "public"}}));
        return Some(stored(state, value));
    }
    let verb = kind.strip_prefix("pg_")?.strip_suffix("_permission")?;
    let (verb, kind) = verb.split_once('_')?;
    let Some(entry) = place.and_then(|place| tables.get_mut(place)) else {
        let message = format!("table \"{name}\" does not exist in source: default");
        return refuse("not-exists", &message);
    };
    let role = args["role"].as_str()?;
    let list = format!("{kind}_permissions");
    let permissions = entry
        .as_object_mut()?
        .entry(list.clone())
        .or_insert_with(|| json!([]));
    let permissions = permissions.as_array_mut()?;
    let known = permissions.iter().position(|it| it["role"] == role);
    match (verb, known) {
        ("create", None) => {
            permissions.push(json!({"role": role, "permission": args["permission"]}));
            permissions.sort_by_key(|it| it["role"].to_string());
        }
        ("drop", Some(place)) => {
            permissions.remove(place);
        }
        ("create", Some(_)) => {
            let message = format!(
                "{kind} permission already defined on table \"{name}\" with role \"{role}\""
            );
            return refuse("already-exists", &message);
        }
        _ => {
            let message =
                format!("{kind} permission on \"{name}\" for role \"{role}\" does not exist");
            return refuse("permission-denied", &message);
        }
    }
    if permissions.is_empty() {
        entry.as_object_mut()?.remove(&list);
    }
    Some(stored(state, value))
}

/// Stores an edit, unless it makes something inconsistent.
fn stored(state: &mut Shared, value: Value) -> Reply {
    let before = state.misfits(&state.value());
    let mut new = state.misfits(&value);
    new.retain(|object| !before.contains(object));
    if let Some(first) = new.first() {
        let reason = first["reason"].as_str().unwrap_or_default().to_owned();
        let mut body = refusal("invalid-configuration", &reason, "$.args");
        body["internal"] = Value::Array(new);
        return with(400, &body);
    }
    state.store(value);
    with(200, &json!({"message": "success"}))
}
