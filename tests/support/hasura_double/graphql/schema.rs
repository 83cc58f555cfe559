//! Introspection: names only, as far as this program asks.

use serde_json::{Map, Value, json};

use super::Asked;
use super::statement::Tables;

/// Answers `__type` or `__schema`.
pub(super) fn introspect(
    tables: &Tables<'_>,
    columns: &[(String, String)],
    field: &Asked,
) -> Value {
    if field.name == "__schema" {
        let whole = json!({
            "queryType": {"name": "query_root"},
            "mutationType": names(tables, "mutation_root", columns).map(|_| json!({"name": "mutation_root"})),
        });
        return picked(&whole, &field.fields);
    }
    let name = field
        .arguments
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(names) = names(tables, name, columns) else {
        return Value::Null;
    };
    let list: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    let mut whole = json!({"name": name, "fields": null, "inputFields": null, "enumValues": null});
    let member = match name {
        _ if name.ends_with("_input") => "inputFields",
        _ if name.ends_with("_constraint") => "enumValues",
        _ => "fields",
    };
    whole[member] = Value::Array(list);
    picked(&whole, &field.fields)
}

fn picked(whole: &Value, fields: &[Asked]) -> Value {
    if fields.is_empty() {
        return whole.clone();
    }
    match whole {
        Value::Array(elements) => elements.iter().map(|it| picked(it, fields)).collect(),
        Value::Object(members) => {
            let one = |field: &Asked| {
                let found = members.get(&field.name).cloned().unwrap_or_default();
                (field.key.clone(), picked(&found, &field.fields))
            };
            Value::Object(fields.iter().map(one).collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => whole.clone(),
    }
}

/// Members of a type; `None` where the role does not see it.
fn names(tables: &Tables<'_>, name: &str, columns: &[(String, String)]) -> Option<Vec<String>> {
    let listed = |permission: &Value| -> Vec<String> {
        let columns = permission["columns"].as_array().into_iter().flatten();
        columns
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let mut found = Vec::new();
    if name == "query_root" || name == "mutation_root" {
        for table in tables.names() {
            let has = |kind: &str| tables.permission(table, kind).is_some();
            if name == "query_root" && has("select") {
                found.extend([table.to_owned(), format!("{table}_by_pk")]);
            }
            if name == "mutation_root" {
                for (kind, suffixes) in [
                    ("insert", &["", "_one"][..]),
                    ("update", &["", "_by_pk", "_many"][..]),
                    ("delete", &["", "_by_pk"][..]),
                ] {
                    if has(kind) {
                        found.extend(suffixes.iter().map(|it| format!("{kind}_{table}{it}")));
                    }
                }
            }
        }
        return (!found.is_empty()).then_some(found);
    }
    if let Some(table) = name.strip_suffix("_insert_input") {
        return tables.permission(table, "insert").map(listed);
    }
    if let Some(table) = name.strip_suffix("_set_input") {
        return tables.permission(table, "update").map(listed);
    }
    if let Some(table) = name.strip_suffix("_constraint") {
        tables.permission(table, "insert")?;
        let is_full = columns
            .iter()
            .any(|(of, column)| of == table && column == "client_id");
        found.push(format!("{table}_pkey"));
        if is_full {
            found.push(format!("{table}_user_id_client_id_key"));
        }
        return Some(found);
    }
    tables.permission(name, "select").map(listed)
}
