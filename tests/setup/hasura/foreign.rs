//! What belongs to others.

use crate::database::Fallible;
use crate::hasura::{marked, stage_or_skip};
use crate::hasura_double::{DATABASE_PASSWORD, Fault};
use serde_json::json;

/// Parts of a metadata that are none of ours, spelled in unusual ways.
const FOREIGN: [&str; 7] = [
    r#""version":3"#,
    r#"{"zeta":1.50,"name":"other","kind":"mssql","tables":[],"alpha":100000000000000000000,"e":1E+2,"configuration":{"connection_string":"postgres://hasura:hunter2@db/x"}}"#,
    r#"{"table":{"schema":"public","name":"notes"},"is_enum":false}"#,
    r#"{"role":"support","comment":"caf\u00e9","permission":{"filter":{},"columns":["id","text"],"limit":1e3}}"#,
    r#"{"role":"user","comment":"ours, theirs","permission":{"allow_aggregations":true,"columns":["id","text","done","user_id","client_id","revision","created_at","updated_at"],"filter":{"user_id":{"_eq":"x-hasura-user-id"}},"limit":5.0}}"#,
    r#""object_relationships":[{"using":{"foreign_key_constraint_on":"user_id"},"name":"user"}]"#,
    r#""remote_schemas":[{"name":"r","definition":{"url":"https://r.example","headers":[{"value":"hunter2","name":"k"}],"timeout_seconds":60.0}}],"actions":[{"name":"a","definition":{"kind":"synchronous"}}],"unknown_section":{"b":[1,2.0,-0]}"#,
];

#[test]
fn everything_of_others_stays_byte_by_byte() -> Fallible {
    let stage = stage_or_skip!();
    let [version, source, notes, support, ours, relationships, rest] = FOREIGN;
    let old_user = ours.replace(r#","client_id","revision","created_at","updated_at""#, "");
    stage.database.connect()?.batch_execute(
        "create table users(id serial primary key, auth0_id text unique, email text);
         create table todos(id serial primary key, user_id int, text text, done bool default false);
         create table notes(id int)",
    )?;
    let text = format!(
        r#"{{{rest},{version},"sources":[{source},{{"kind":"postgres","name":"default","tables":[{notes},{{"select_permissions":[{support},{old_user}],{relationships},"table":{{"schema":"public","name":"todos"}}}}],"functions":[]}}]}}"#
    );
    stage.hasura.set_metadata(&text)?;

    let applied = stage.apply()?;
    assert_eq!(marked(&applied, "~"), ["permission todos select user"]);
    let metadata = stage.hasura.metadata();
    for part in FOREIGN {
        assert!(metadata.contains(part), "{part}\nis not in\n{metadata}");
    }
    let places: Vec<_> = [rest, version, source, notes, support, ours, relationships]
        .iter()
        .map(|part| metadata.find(part))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    let log = stage.hasura.state().log.clone();
    let sent = log
        .iter()
        .find(|it| it.kind == "replace_metadata")
        .ok_or("not replaced")?;
    assert!(sent.body.contains(&metadata));
    stage.assert_complete()
}

#[test]
fn other_migrations_stay_in_the_records() -> Fallible {
    let stage = stage_or_skip!();
    let records = r#"{"settings":{"migration_mode":"true"},"migrations":{"other":{"1":false},"default":{"42":true}}}"#;
    stage.hasura.state().cli_state = serde_json::from_str(records)?;
    stage.apply()?;
    assert_eq!(
        stage.hasura.state().cli_state.get(),
        r#"{"settings":{"migration_mode":"true"},"migrations":{"other":{"1":false},"default":{"42":true,"1795478400000":false,"1795478401000":false}}}"#
    );
    Ok(())
}

#[test]
fn metadata_that_is_inconsistent_for_other_reasons_is_no_obstacle() -> Fallible {
    let stage = stage_or_skip!();
    stage.hasura.state().inconsistent = vec![broken_source()];
    let applied = stage.apply()?;
    let note = "the metadata is already inconsistent: source legacy";
    assert_eq!(applied["notes"], json!([note]));
    stage.assert_complete()
}

#[test]
fn metadata_that_becomes_more_inconsistent_is_put_back() -> Fallible {
    let stage = stage_or_skip!();
    stage.hasura.state().inconsistent = vec![broken_source()];
    let before = stage.hasura.metadata();
    stage.hasura.set_faults(vec![Fault::Spoils]);
    let ran = stage.setup(&["--yes", "--json"])?;
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(ran.stderr.contains("remote_schema spoilt"), "{ran:?}");
    assert!(
        ran.stderr.contains("the previous metadata is in place"),
        "{ran:?}"
    );
    assert!(!format!("{ran:?}").contains(DATABASE_PASSWORD));
    assert_eq!(stage.hasura.metadata(), before);

    // Consistent before: the server itself refuses.
    let stage = stage_or_skip!();
    let before = stage.hasura.metadata();
    stage.hasura.set_faults(vec![Fault::Spoils]);
    let ran = stage.setup(&["--yes", "--json"])?;
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(ran.stderr.contains("remote_schema spoilt"), "{ran:?}");
    assert!(!format!("{ran:?}").contains(DATABASE_PASSWORD));
    assert_eq!(stage.hasura.metadata(), before);
    Ok(())
}

fn broken_source() -> serde_json::Value {
    json!({
        "type": "source", "name": "legacy",
        "reason": "connection error: postgres://hasura:hunter2@db/legacy",
        "definition": {"database_url": "postgres://hasura:hunter2@db/legacy"},
    })
}
