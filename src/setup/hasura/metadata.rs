//! Merge of tudone's tables and permissions into the metadata of a server.
//!
//! Parses only the entries of these tables in one source, and in them only the
//! permissions of the role. Everything else keeps its bytes.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::error::HasuraError;
use super::permission::merged;
use super::plan::{BackendPart, PartKind};
use super::raw::{Array, Object};
use super::tables::{PERMISSIONS, ROLE, WantedTable};

/// The merged metadata and its changes.
#[derive(Debug)]
pub(super) struct Patched {
    pub(super) metadata: Box<RawValue>,
    pub(super) parts: Vec<BackendPart>,
    pub(super) notes: Vec<String>,
}

/// Merges `tables` into `metadata`; `None` when it is not a valid export.
pub(super) fn patch(
    metadata: &RawValue,
    source: &str,
    tables: &[WantedTable],
) -> Option<Result<Patched, HasuraError>> {
    let mut whole = Object::open(metadata)?;
    let mut sources = whole.array("sources");
    let opened: Vec<Object> = sources.iter().filter_map(|raw| Object::open(raw)).collect();
    let named = |found: &Object| found.text("name").is_some_and(|name| name == source);
    let Some(place) = opened
        .iter()
        .position(named)
        .filter(|_| opened.len() == sources.len())
    else {
        return Some(Err(HasuraError::NoSource {
            source_name: source.to_owned(),
            sources: opened
                .iter()
                .filter_map(|found| found.text("name"))
                .collect(),
        }));
    };
    let mut ours = opened.into_iter().nth(place)?;
    if let Err(error) = check_source(&ours, source) {
        return Some(Err(error));
    }
    let mut parts = Vec::new();
    let mut entries = ours.array("tables");
    for table in tables {
        match patch_table(&mut entries, table, &mut parts)? {
            Ok(()) => {}
            Err(error) => return Some(Err(error)),
        }
    }
    let notes = isolation_note(&ours).into_iter().collect();
    if !parts.iter().any(BackendPart::is_change) {
        return Some(Ok(Patched {
            metadata: metadata.to_owned(),
            parts,
            notes,
        }));
    }
    ours.set("tables", &entries).ok()?;
    *sources.get_mut(place)? = ours.close().ok()?;
    whole.set("sources", &sources).ok()?;
    Some(Ok(Patched {
        metadata: whole.close().ok()?,
        parts,
        notes,
    }))
}

fn check_source(source: &Object, name: &str) -> Result<(), HasuraError> {
    let kind = source.text("kind").unwrap_or_default();
    if !matches!(kind.as_str(), "postgres" | "pg") {
        return Err(HasuraError::SourceKind {
            source_name: name.to_owned(),
            kind,
        });
    }
    if source.value("customization").is_some_and(|it| renames(&it)) {
        return Err(HasuraError::Renamed {
            place: format!("the source `{name}`"),
        });
    }
    Ok(())
}

/// Returns whether a customisation changes names, also by a naming convention.
fn renames(customization: &Value) -> bool {
    match customization {
        Value::Null => false,
        Value::String(text) => !text.is_empty() && text != "hasura-default",
        Value::Object(members) => members.values().any(renames),
        Value::Array(elements) => elements.iter().any(renames),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn isolation_note(source: &Object) -> Option<String> {
    let connection = source.object("configuration")?.object("connection_info")?;
    let level = connection.text("isolation_level")?;
    let strict = matches!(level.as_str(), "repeatable-read" | "serializable");
    strict.then(|| {
        format!(
            "the source uses the isolation level {level}: concurrent changes of one user fail \
             and are sent again; read-committed avoids that"
        )
    })
}

fn patch_table(
    entries: &mut Array,
    table: &WantedTable,
    parts: &mut Vec<BackendPart>,
) -> Option<Result<(), HasuraError>> {
    let Some(place) = entries
        .iter()
        .position(|raw| Object::open(raw).is_some_and(|entry| is_named(&entry, &table.name)))
    else {
        parts.push(BackendPart::new(false, PartKind::Tracked, &table.name));
        for list in PERMISSIONS {
            if table.permission(list).is_some() {
                parts.push(BackendPart::new(
                    false,
                    PartKind::Permission,
                    named(&table.name, list),
                ));
            }
        }
        entries.push(to_raw_value(&table.entry).ok()?);
        return Some(Ok(()));
    };
    let raw = entries.get_mut(place)?;
    let mut entry = Object::open(raw)?;
    if has_other_names(&entry) {
        return Some(Err(HasuraError::Renamed {
            place: format!("the table `{}`", table.name),
        }));
    }
    parts.push(BackendPart::new(true, PartKind::Tracked, &table.name));
    let mut changed = false;
    for list in PERMISSIONS {
        if let Some(wanted) = table.permission(list) {
            let part = patch_permission(&mut entry, &table.name, list, wanted)?;
            changed |= part.is_change();
            parts.push(part);
        }
    }
    if changed {
        *raw = entry.close().ok()?;
    }
    Some(Ok(()))
}

/// Formats the name of a permission in a plan: `todos select user`.
fn named(table: &str, list: &str) -> String {
    let kind = list.split('_').next().unwrap_or_default();
    format!("{table} {kind} {ROLE}")
}

fn is_named(entry: &Object, name: &str) -> bool {
    match entry.value("table") {
        Some(Value::String(found)) => found == name,
        Some(table) => {
            let schema = table.get("schema").and_then(Value::as_str);
            table.get("name").is_some_and(|found| found == name)
                && schema.is_none_or(|schema| schema == "public")
        }
        None => false,
    }
}

/// Returns whether the table or its columns have custom GraphQL names.
fn has_other_names(entry: &Object) -> bool {
    let Some(configuration) = entry.object("configuration") else {
        return false;
    };
    let named = |name: &str| configuration.value(name).is_some_and(|it| renames(&it));
    let column = configuration.value("column_config").unwrap_or_default();
    let columns = column.as_object().into_iter().flatten();
    let column_renamed =
        |(_, config): (&String, &Value)| config.get("custom_name").is_some_and(renames);
    named("custom_name")
        || named("custom_root_fields")
        || named("custom_column_names")
        || columns.into_iter().any(column_renamed)
}

/// Adds or completes the permission of the role in `list`.
fn patch_permission(
    entry: &mut Object,
    table: &str,
    list: &str,
    wanted: &Value,
) -> Option<BackendPart> {
    let name = named(table, list);
    let mut permissions = entry.array(list);
    let place = permissions.iter().position(|raw| {
        Object::open(raw).is_some_and(|it| it.text("role").is_some_and(|role| role == ROLE))
    });
    let Some(place) = place else {
        let ours = json!({"role": ROLE, "permission": wanted});
        permissions.push(to_raw_value(&ours).ok()?);
        entry.set(list, &permissions).ok()?;
        return Some(BackendPart::new(false, PartKind::Permission, name));
    };
    let raw = permissions.get_mut(place)?;
    let mut permission = Object::open(raw)?;
    let body = permission.object("permission").unwrap_or_default();
    let (body, changes) = merged(body, list, wanted)?;
    if changes.is_empty() {
        return Some(BackendPart::new(true, PartKind::Permission, name));
    }
    permission.set("permission", &body).ok()?;
    *raw = permission.close().ok()?;
    entry.set(list, &permissions).ok()?;
    Some(BackendPart::changed(
        PartKind::Permission,
        name,
        changes.join("; "),
    ))
}
