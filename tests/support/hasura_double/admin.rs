//! `/v1/metadata` and `/v2/query`.

use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Dialect, Fault, Reply, Shared, metadata, refusal, sql, with};

#[derive(Deserialize)]
struct Command {
    r#type: String,
    #[serde(default)]
    args: Option<Box<RawValue>>,
    #[serde(default)]
    version: Option<u8>,
    #[serde(default)]
    resource_version: Option<u64>,
}

#[derive(Deserialize)]
struct Replacement {
    #[serde(default)]
    allow_inconsistent_metadata: bool,
    metadata: Box<RawValue>,
}

#[derive(Deserialize)]
struct NewState {
    r#type: String,
    state: Box<RawValue>,
}

/// Answers one command.
pub(super) fn answer(state: &mut Shared, path: &str, headers: &HeaderMap, body: &str) -> Reply {
    if let Some(refusal) = state.refuse_caller(headers) {
        return with(401, &refusal);
    }
    match serde_json::from_str::<Command>(body) {
        Ok(command) => carry_out(state, path, &command),
        Err(_) => with(
            400,
            &refusal("invalid-json", "Error in $: not a command", "$"),
        ),
    }
}

fn success() -> Reply {
    with(200, &json!({"message": "success"}))
}

fn carry_out(state: &mut Shared, path: &str, command: &Command) -> Reply {
    let raw = command.args.as_ref().map_or("{}", |args| args.get());
    let args: Value = serde_json::from_str(raw).unwrap_or_default();
    if path == "/v2/query" {
        return match command.r#type.as_str() {
            "run_sql" => run_sql(state, &args),
            kind => unknown(state, kind),
        };
    }
    match command.r#type.as_str() {
        "export_metadata" => export(state, command.version),
        "replace_metadata" => replace(state, command, raw),
        "get_inconsistent_metadata" => {
            let found = state.misfits(&state.value());
            let answer = json!({"is_consistent": found.is_empty(), "inconsistent_objects": found});
            with(200, &answer)
        }
        "reload_metadata" => {
            let consistent = state.misfits(&state.value()).is_empty();
            with(
                200,
                &json!({"is_consistent": consistent, "message": "success"}),
            )
        }
        "get_catalog_state" => {
            let cli_state = state.cli_state.get();
            let id = "496977cf-8387-4429-9766-38df0e3ac0b9";
            (
                200,
                format!(r#"{{"id":"{id}","cli_state":{cli_state},"console_state":{{}}}}"#),
            )
        }
        "set_catalog_state" => match serde_json::from_str::<NewState>(raw) {
            Ok(new) if new.r#type == "cli" => {
                state.cli_state = new.state;
                success()
            }
            _ => with(400, &refusal("parse-failed", "not a state", "$.args")),
        },
        "bulk" => bulk(state, raw),
        kind => metadata::edit(state, kind, &args).unwrap_or_else(|| unknown(state, kind)),
    }
}

fn export(state: &Shared, version: Option<u8>) -> Reply {
    let metadata = state.metadata.get();
    match version {
        Some(2) => {
            let number = state.resource_version;
            (
                200,
                format!(r#"{{"resource_version":{number},"metadata":{metadata}}}"#),
            )
        }
        _ => (200, metadata.to_owned()),
    }
}

fn unknown(state: &Shared, kind: &str) -> Reply {
    let message = match (state.dialect, kind.split_once('_')) {
        (Dialect::V2_13, Some((backend, rest))) => {
            let backend = if backend == "pg" { "postgres" } else { backend };
            format!("unknown metadata command \"{rest}\" for backend {backend}")
        }
        _ => format!("unknown metadata command \"{kind}\""),
    };
    with(400, &refusal("parse-failed", &message, "$"))
}

fn run_sql(state: &mut Shared, args: &Value) -> Reply {
    let source = args["source"].as_str().unwrap_or("default");
    let value = state.value();
    let sources = value["sources"].as_array().into_iter().flatten();
    if !sources.into_iter().any(|it| it["name"] == source) {
        let message = format!("source with name \"{source}\" does not exist");
        return with(400, &refusal("not-exists", &message, "$.args"));
    }
    let answer = sql::run(state, args);
    if answer.0 == 200 && args["read_only"] != true {
        drop_missing_tables(state, value);
    }
    answer
}

/// A dropped table leaves the metadata with the statement that dropped it.
fn drop_missing_tables(state: &mut Shared, mut value: Value) {
    let columns = sql::columns(state).unwrap_or_default();
    let sources = value["sources"].as_array_mut().into_iter().flatten();
    let ours = sources
        .into_iter()
        .find(|source| source["name"] == "default");
    let Some(tables) = ours.and_then(|source| source["tables"].as_array_mut()) else {
        return;
    };
    let before = tables.len();
    tables.retain(|entry| {
        let name = entry
            .pointer("/table/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        columns.iter().any(|(table, _)| table == name)
    });
    if tables.len() != before {
        state.store(value);
    }
}

fn replace(state: &mut Shared, command: &Command, raw: &str) -> Reply {
    for fault in &mut state.faults {
        if let Fault::Conflicts(left @ 1..) = fault {
            let changed = format!(r#""version":3,"by_others_{left}":true"#);
            *left -= 1;
            let metadata = state.metadata.get().replacen(r#""version":3"#, &changed, 1);
            if let Ok(raw) = RawValue::from_string(metadata) {
                state.metadata = raw;
            }
            state.resource_version += 1;
            break;
        }
    }
    let now = state.resource_version;
    if let Some(referenced) = command.resource_version
        && referenced != now
    {
        let message = format!(
            "metadata resource version referenced ({referenced}) did not match current version"
        );
        return with(409, &refusal("conflict", &message, "$"));
    }
    let Ok(replacement) = serde_json::from_str::<Replacement>(raw) else {
        return with(400, &refusal("parse-failed", "not a replacement", "$.args"));
    };
    let value: Value = serde_json::from_str(replacement.metadata.get()).unwrap_or_default();
    let found = state.misfits(&value);
    if !found.is_empty() && !replacement.allow_inconsistent_metadata {
        let message = "cannot continue due to inconsistent metadata";
        let mut body = refusal("unexpected", message, "$.args");
        body["internal"] = Value::Array(found);
        return with(400, &body);
    }
    state.metadata = replacement.metadata;
    state.resource_version += 1;
    let answer = json!({"is_consistent": found.is_empty(), "inconsistent_objects": found});
    with(200, &answer)
}

/// Runs commands in order until one fails, which undoes those before.
fn bulk(state: &mut Shared, raw: &str) -> Reply {
    let commands: Vec<Command> = serde_json::from_str(raw).unwrap_or_default();
    let mut answers = Vec::new();
    let before = state.metadata.clone();
    for (place, command) in commands.iter().enumerate() {
        let (status, body) = carry_out(state, "/v1/metadata", command);
        let mut body: Value = serde_json::from_str(&body).unwrap_or_default();
        if status != 200 {
            state.metadata = before;
            let path = body["path"].as_str().unwrap_or("$").replacen('$', "", 1);
            body["path"] = Value::from(format!("$.args[{place}]{path}"));
            return with(status, &body);
        }
        answers.push(body);
    }
    with(200, &Value::Array(answers))
}
