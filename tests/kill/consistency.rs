//! Checks acknowledged adds against the device and the server.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Checked, Machine, Sandbox};

/// Sends queued changes, and checks that `machine` and the server agree, that every
/// text exists once, and that each acknowledged one exists.
pub(crate) fn check_todos<'a>(
    sandbox: &Sandbox,
    machine: &Machine,
    acknowledged: impl IntoIterator<Item = &'a str>,
) -> Checked {
    sandbox.heal()?;
    machine.run(&["sync", "--wait", "50s"])?.ended(0)?;
    let status = machine.json(&["status", "--json"])?;
    for state in ["pending", "sent", "rejected"] {
        assert_eq!(status[state], 0, "{status}");
    }
    let there = sandbox.texts()?;
    let once: HashSet<&str> = there.iter().map(String::as_str).collect();
    assert_eq!(once.len(), there.len(), "doubled: {:?}", doubled(&there));
    let listed = machine.json(&["list", "--all", "--json=text", "--fresh"])?;
    let listed: Vec<&str> = texts(&listed["todos"]);
    assert_eq!(listed.len(), there.len(), "{status}");
    assert_eq!(listed.iter().copied().collect::<HashSet<_>>(), once);
    let lost: Vec<&str> = acknowledged
        .into_iter()
        .filter(|text| !once.contains(text))
        .collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    sound(machine)
}

/// Checks that each handle names the todo that it was printed for.
pub(crate) fn check_handles(machine: &Machine, printed: &[(String, String)]) -> Checked {
    for printed in printed.chunks(500) {
        let mut words = vec![
            "edit",
            "--add-tag",
            "@x",
            "--dry-run",
            "--json",
            "--offline",
        ];
        words.extend(printed.iter().map(|(handle, _)| handle.as_str()));
        let answer = machine.json(&words)?;
        let named = texts(&answer["changed"]);
        let meant: Vec<String> = printed
            .iter()
            .map(|(_, text)| format!("{text} @x"))
            .collect();
        assert_eq!(named, meant);
    }
    Ok(())
}

/// Checks the integrity of the database.
fn sound(machine: &Machine) -> Checked {
    let connection = Connection::open(machine.database()?)?;
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(said, "ok");
    Ok(())
}

fn texts(todos: &Value) -> Vec<&str> {
    let todos = todos.as_array().into_iter().flatten();
    todos.filter_map(|todo| todo["text"].as_str()).collect()
}

fn doubled(texts: &[String]) -> Vec<&str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    let doubled = counts.into_iter().filter(|(_, count)| *count > 1);
    doubled.map(|(text, _)| text).collect()
}
