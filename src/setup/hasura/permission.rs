//! Merge of the required parts into one permission of the role.
//!
//! Additional columns, limits and aggregations are kept. The row filter, the
//! check and the owner preset are replaced: they separate the users.

use serde_json::{Map, Value};

use super::raw::Object;

/// Merges `wanted` into the permission. The descriptions of the changes contain
/// nothing of the old one.
pub(super) fn merged(
    mut body: Object,
    list: &str,
    wanted: &Value,
) -> Option<(Object, Vec<String>)> {
    let mut changes = Vec::new();
    for (member, wanted) in wanted.as_object()? {
        let found = body.value(member);
        match member.as_str() {
            "columns" => {
                if let Some((columns, added)) = with_columns(found.as_ref(), wanted) {
                    body.set(member, &columns).ok()?;
                    changes.push(format!("+ {}", added.join(", ")));
                }
            }
            "set" => {
                if let Some(preset) = with_preset(found.as_ref(), wanted) {
                    body.set(member, &preset).ok()?;
                    changes.push("presets user_id".to_owned());
                }
            }
            _ if found
                .as_ref()
                .is_some_and(|found| same_filter(found, wanted)) => {}
            _ => {
                body.set(member, wanted).ok()?;
                changes.push(filter_change(member, found.as_ref()));
            }
        }
    }
    unblock(&mut body, list, &mut changes)?;
    Some((body, changes))
}

fn filter_change(member: &str, found: Option<&Value>) -> String {
    let is_open =
        found.is_none_or(|found| found.is_null() || found.as_object().is_some_and(Map::is_empty));
    match (member, is_open) {
        ("check", true) => "adds the check that the row is the user's own".to_owned(),
        ("check", false) => "replaces the check: the row is the user's own".to_owned(),
        (_, true) => "limits rows of every user to the user's own".to_owned(),
        (_, false) => "replaces the row filter: the user's own rows".to_owned(),
    }
}

/// Adds the missing columns of `wanted` to `found`; `None` when it has all.
fn with_columns(found: Option<&Value>, wanted: &Value) -> Option<(Vec<Value>, Vec<String>)> {
    if found.is_some_and(|found| found == "*") {
        return None;
    }
    let mut columns = found.and_then(Value::as_array).cloned().unwrap_or_default();
    let missing: Vec<Value> = wanted
        .as_array()
        .into_iter()
        .flatten()
        .filter(|column| !columns.contains(column))
        .cloned()
        .collect();
    if missing.is_empty() {
        return None;
    }
    let text = |column: &Value| column.as_str().unwrap_or_default().to_owned();
    let added = missing.iter().map(text).collect();
    columns.extend(missing);
    Some((columns, added))
}

/// Adds the owner preset and removes presets of columns that clients set.
fn with_preset(found: Option<&Value>, wanted: &Value) -> Option<Map<String, Value>> {
    let old = found
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let mut preset = old.clone();
    preset.remove("text");
    preset.remove("client_id");
    for (column, value) in wanted.as_object().into_iter().flatten() {
        if !preset
            .get(column)
            .is_some_and(|found| same_filter(found, value))
        {
            preset.insert(column.clone(), value.clone());
        }
    }
    (preset != old).then_some(preset)
}

/// Removes settings that hide a permitted operation.
fn unblock(body: &mut Object, list: &str, changes: &mut Vec<String>) -> Option<()> {
    if body.value("backend_only") == Some(Value::Bool(true)) {
        body.remove("backend_only");
        changes.push("no longer restricted to backends".to_owned());
    }
    if list == "select_permissions" {
        for member in ["query_root_fields", "subscription_root_fields"] {
            let Some(Value::Array(mut fields)) = body.value(member) else {
                continue;
            };
            if !fields.iter().any(|field| field == "select") {
                fields.push(Value::from("select"));
                body.set(member, &fields).ok()?;
                changes.push(format!("+ select in {member}"));
            }
        }
    }
    Some(())
}

/// Compares filters; names of session variables are case-insensitive.
fn same_filter(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::String(found), Value::String(wanted)) => {
            let is_session = |text: &str| text.to_ascii_lowercase().starts_with("x-hasura-");
            found == wanted
                || (is_session(found) && is_session(wanted) && found.eq_ignore_ascii_case(wanted))
        }
        (Value::Object(found), Value::Object(wanted)) => {
            found.len() == wanted.len()
                && wanted.iter().all(|(name, value)| {
                    found
                        .get(name)
                        .is_some_and(|found| same_filter(found, value))
                })
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found
                    .iter()
                    .zip(wanted)
                    .all(|(found, wanted)| same_filter(found, wanted))
        }
        (found, wanted) => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn completed(list: &str, found: &str, wanted: &Value) -> Option<(String, Vec<String>)> {
        let body: Object = serde_json::from_str(found).ok()?;
        let (body, changes) = merged(body, list, wanted)?;
        Some((body.close().ok()?.get().to_owned(), changes))
    }

    #[test]
    fn columns_and_limits_of_others_stay_and_an_open_filter_does_not() {
        let wanted = json!({
            "columns": ["id", "text", "revision"],
            "filter": {"user_id": {"_eq": "X-Hasura-User-Id"}}
        });
        let found = r#"{"limit":50,"columns":["id","text","done"],"filter":{}}"#;
        let (body, changes) = completed("select_permissions", found, &wanted).unwrap_or_default();
        assert_eq!(
            body,
            r#"{"limit":50,"columns":["id","text","done","revision"],"filter":{"user_id":{"_eq":"X-Hasura-User-Id"}}}"#
        );
        assert_eq!(
            changes,
            ["+ revision", "limits rows of every user to the user's own"]
        );
    }

    #[test]
    fn a_permission_that_allows_enough_is_not_touched() {
        let wanted = json!({"columns": ["id"], "filter": {"id": {"_eq": "X-Hasura-User-Id"}}});
        for found in [
            r#"{"columns":"*","filter":{"id":{"_eq":"x-hasura-user-id"}}}"#,
            r#"{"columns":["email","id"],"filter":{"id":{"_eq":"X-HASURA-USER-ID"}},"limit":1e2}"#,
        ] {
            let expected = Some((found.to_owned(), Vec::new()));
            assert_eq!(completed("select_permissions", found, &wanted), expected);
        }
    }

    #[test]
    fn what_hides_a_permitted_operation_is_removed() {
        let wanted = json!({"columns": ["text"], "set": {"user_id": "x-hasura-User-Id"}});
        let found = r#"{"columns":["text"],"set":{"text":"x","kind":"a"},"backend_only":true}"#;
        let (body, changes) = completed("insert_permissions", found, &wanted).unwrap_or_default();
        assert_eq!(
            body,
            r#"{"columns":["text"],"set":{"kind":"a","user_id":"x-hasura-User-Id"}}"#
        );
        assert_eq!(
            changes,
            ["presets user_id", "no longer restricted to backends"]
        );

        let wanted = json!({"columns": ["id"]});
        let found = r#"{"columns":["id"],"query_root_fields":[]}"#;
        let (body, _) = completed("select_permissions", found, &wanted).unwrap_or_default();
        assert_eq!(body, r#"{"columns":["id"],"query_root_fields":["select"]}"#);
    }
}
