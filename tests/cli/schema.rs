//! What commands answer with --json, held against `assets/json.schema.json`.

use serde_json::Value;

use crate::support::{Checked, Machine, Sandbox};

const SCHEMA: &str = include_str!("../../assets/json.schema.json");

/// Checks a value against a schema; `place` is where it stands.
///
/// Knows the keywords that the schema uses, and refuses others.
fn check(root: &Value, schema: &Value, value: &Value, place: &str) -> Checked {
    let Some(keywords) = schema.as_object() else {
        return Err(format!("{place}: no schema").into());
    };
    let fails = |why: String| Err(format!("{place}: {why}: {value}").into());
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().and_then(|it| it.strip_prefix('#'));
                let target = pointer.and_then(|it| root.pointer(it));
                check(root, target.ok_or("a dangling $ref")?, value, place)?;
            }
            "type" => {
                let one = std::slice::from_ref(rule);
                let types = rule.as_array().map_or(one, Vec::as_slice);
                if !types.iter().any(|name| is(value, name)) {
                    return fails(format!("not {rule}"));
                }
            }
            "enum" if !rule.as_array().is_some_and(|it| it.contains(value)) => {
                return fails(format!("none of {rule}"));
            }
            "anyOf" => {
                let mut any = rule.as_array().into_iter().flatten();
                if !any.any(|schema| check(root, schema, value, place).is_ok()) {
                    return fails("matches no alternative".to_owned());
                }
            }
            "minimum" if value.as_i64() < rule.as_i64() => return fails("too small".to_owned()),
            "format" => {
                if value.as_str().is_some_and(|text| !has_format(text, rule)) {
                    return fails(format!("not a {rule}"));
                }
            }
            "required" if value.is_object() => {
                for name in rule.as_array().into_iter().flatten() {
                    let name = name.as_str().unwrap_or_default();
                    if value.get(name).is_none() {
                        return fails(format!("without {name}"));
                    }
                }
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{place}[{n}]"))?;
                }
            }
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    let place = format!("{place}.{name}");
                    match (rule.get(name), schema.get("additionalProperties")) {
                        (Some(schema), _) => check(root, schema, field, &place)?,
                        (None, Some(Value::Bool(false))) => {
                            return Err(format!("{place} is not in the schema").into());
                        }
                        (None, _) => {}
                    }
                }
            }
            "additionalProperties" if rule.is_object() => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    check(root, rule, field, &format!("{place}.{name}"))?;
                }
            }
            "enum" | "minimum" | "required" | "additionalProperties" => {}
            other => return Err(format!("{place}: unknown keyword {other}").into()),
        }
    }
    Ok(())
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}

fn has_format(text: &str, format: &Value) -> bool {
    match format.as_str() {
        Some("uuid") => uuid::Uuid::parse_str(text).is_ok(),
        Some("date") => text.parse::<jiff::civil::Date>().is_ok(),
        Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
        _ => false,
    }
}

fn conforms(name: &str, value: &Value) -> Checked {
    let root: Value = serde_json::from_str(SCHEMA)?;
    let schema = root
        .pointer(&format!("/$defs/{name}"))
        .ok_or("no such definition")?;
    check(&root, schema, value, name)
}

#[test]
fn every_answer_is_as_its_schema_says() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    for (name, words) in [
        ("status", &["status", "--json"][..]),
        ("whoami", &["whoami", "--json"]),
        (
            "add",
            &[
                "add",
                "--json",
                "(A) milk +shop @town due:2026-12-01 t:2026-11-20 rec:1w k:v",
            ],
        ),
        ("add", &["add", "--json", "--dry-run", "bread"]),
        ("add", &["add", "--json", "--offline", "tea"]),
        ("list", &["list", "--json", "--all", "--offline"]),
        ("queue", &["queue", "--json"]),
        ("show", &["show", "--json", "1", "n2"]),
        ("sync", &["sync", "--json"]),
        ("changed", &["edit", "--json", "1", "--pri", "B"]),
        ("changed", &["done", "--json", "2"]),
        ("changed", &["reopen", "--json", "2"]),
        ("changed", &["rm", "--json", "--yes", "2"]),
        ("undo-list", &["undo", "--list", "--json"]),
        ("undo", &["undo", "--json"]),
        ("list", &["list", "--json", "--all"]),
        ("status", &["status", "--json"]),
    ] {
        let answer = machine
            .json(words)
            .map_err(|error| format!("{words:?}: {error}"))?;
        conforms(name, &answer).map_err(|error| format!("{words:?}: {error}"))?;
    }
    let checked = machine.run(&["doctor", "--json"])?;
    conforms("doctor", &checked.json()?)?;
    let imported = machine.feed(&["import", "-", "--format", "todotxt", "--json"], b"eggs\n")?;
    conforms("import", &imported.ended(0)?.json()?)?;
    let lines = machine.run(&["list", "--all", "--jsonl"])?.ended(0)?.stdout;
    assert!(lines.lines().count() > 1);
    for line in lines.lines() {
        conforms("todo", &serde_json::from_str(line)?)?;
    }
    for words in [&["done", "99", "--json"][..], &["list", "--json=nonsense"]] {
        let ran = machine.run(words)?;
        let line = ran.stderr.lines().find(|line| line.starts_with('{'));
        conforms("error", &serde_json::from_str(line.ok_or("no error")?)?)?;
    }
    conforms("logout", &machine.json(&["logout", "--json"])?)?;
    let events = machine.log_in(&sandbox, "ada@example.com")?;
    assert!(events.len() > 1);
    for event in &events {
        conforms("login", event)?;
    }
    Ok(())
}

#[test]
fn the_schema_names_every_field_of_a_todo() -> Checked {
    let root: Value = serde_json::from_str(SCHEMA)?;
    let named = root["$defs"]["todo"]["properties"]
        .as_object()
        .ok_or("no fields")?;
    let ran = Machine::new()?.run(&["__complete", "--", "tudone", "list", "--json="])?;
    let fields: Vec<&str> = ran
        .stdout
        .lines()
        .filter_map(|it| it.strip_prefix("--json="))
        .collect();
    assert_eq!(fields.len(), named.len(), "{fields:?}");
    for field in fields {
        assert!(named.contains_key(field), "{field}");
    }
    let broken = serde_json::json!({"sub": 7});
    assert!(conforms("whoami", &broken).is_err());
    Ok(())
}
