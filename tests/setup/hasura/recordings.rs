//! The double answers what a real engine answered.

use serde_json::Value;

use crate::database::Fallible;
use crate::hasura::stage_or_skip;
use crate::hasura_double::{Dialect, SECRET};

/// Recordings about parts that the double does not have.
const LEFT_OUT: [&str; 6] = [
    "health",
    "health strict",
    "config",
    "config without a secret",
    "body is not JSON",
    "test environment of the source",
];

#[test]
fn the_double_answers_as_the_recorded_engine_did() -> Fallible {
    let stage = stage_or_skip!();
    stage.hasura.state().dialect = Dialect::V2_13;
    let text = include_str!("../../recordings/admin.json");
    let whole: Value = serde_json::from_str(text)?;
    let recordings = whole["recordings"].as_array().ok_or("no recordings")?;
    let client = tudone::http::client(&stage.hasura.address().parse()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut compared = 0;
    for recording in recordings {
        let name = recording["name"].as_str().unwrap_or_default();
        if LEFT_OUT.contains(&name) || name == "version" {
            continue;
        }
        let request = &recording["request"];
        let path = request["path"].as_str().unwrap_or_default();
        let url = format!("{}{path}", stage.hasura.address());
        let mut sent = match request["method"].as_str() {
            Some("GET") => client.get(url),
            _ => client.post(url),
        };
        let secret = request["admin_secret"].as_str().unwrap_or_default();
        if secret.starts_with("right") {
            sent = sent.header("x-hasura-admin-secret", SECRET);
        }
        if secret == "wrong" {
            sent = sent.header("x-hasura-admin-secret", "wrong");
        }
        if secret.contains("x-hasura-role") {
            sent = sent
                .header("x-hasura-role", "user")
                .header("x-hasura-user-id", "1");
        }
        let mut body = full(request["body"].clone());
        // The recorded engine had counted more commands.
        if body["resource_version"] == 11 {
            body["resource_version"] = stage.hasura.state().resource_version.into();
        }
        if !body.is_null() {
            sent = sent.json(&body);
        }
        let (status, found) = runtime.block_on(async {
            let answer = sent.send().await?;
            let status = answer.status().as_u16();
            Ok::<_, reqwest::Error>((status, answer.json::<Value>().await?))
        })?;
        let recorded = &recording["answer"];
        assert_eq!(status, recorded["status"], "{name}: {found}");
        assert!(
            same(&recorded["body"], &found),
            "{name}:\n{}\n{found}",
            recorded["body"]
        );
        compared += 1;
    }
    assert!(compared >= 50, "only {compared}");
    Ok(())
}

/// The migrations stand for the text that the recording leaves out.
fn full(mut body: Value) -> Value {
    if body.pointer("/args/sql") == Some(&Value::from("…")) {
        body["args"]["sql"] = Value::from(crate::database::migration::FULL_UP);
    }
    body
}

/// Compares what decides: not versions that count other commands, and of
/// inconsistent objects only their names.
fn same(recorded: &Value, found: &Value) -> bool {
    match (recorded, found) {
        (Value::Object(recorded), Value::Object(found)) => {
            recorded.len() == found.len()
                && recorded.iter().all(|(name, value)| {
                    matches!(name.as_str(), "resource_version" | "definition")
                        || found.get(name).is_some_and(|found| same(value, found))
                })
        }
        (Value::Array(recorded), Value::Array(found)) => {
            recorded.len() == found.len()
                && recorded
                    .iter()
                    .zip(found)
                    .all(|(recorded, found)| same(recorded, found))
        }
        (recorded, found) => recorded == found,
    }
}
