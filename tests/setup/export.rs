//! `tudone setup export`: the files of the backend in a directory.

use std::fs;

use crate::support::{Checked, Machine};
use serde_json::Value;

fn written(answer: &Value) -> Vec<&str> {
    let files = answer["files"].as_array().into_iter().flatten();
    files
        .filter(|file| file["written"] == true)
        .filter_map(|file| file["path"].as_str())
        .collect()
}

#[test]
fn the_second_export_writes_nothing() -> Checked {
    let machine = Machine::new()?;
    let directory = machine.path("backend").display().to_string();

    let first = machine.json(&["setup", "export", &directory, "--json"])?;
    assert!(written(&first).contains(&"hasura/config.yaml"));
    assert!(written(&first).contains(&"compose.yaml"));
    let sql = machine.path("backend/hasura/migrations/default/1795478401000_full/up.sql");
    assert!(fs::read_to_string(sql)?.contains("todo_tombstones"));

    let second = machine.json(&["setup", "export", &directory, "--json"])?;
    assert!(written(&second).is_empty());
    Ok(())
}

#[test]
fn an_edited_file_is_kept_without_yes() -> Checked {
    let machine = Machine::new()?;
    let directory = machine.path("backend").display().to_string();
    machine.run(&["setup", "export", &directory])?.ended(0)?;
    let edited = machine.path("backend/compose.yaml");
    fs::write(&edited, "services: {}\n")?;

    machine.run(&["setup", "export", &directory])?.ended(2)?;
    assert_eq!(fs::read_to_string(&edited)?, "services: {}\n");

    let ran = machine.run(&["setup", "export", &directory, "--yes", "--json"])?;
    assert_eq!(written(&ran.ended(0)?.json()?), ["compose.yaml"]);
    Ok(())
}
