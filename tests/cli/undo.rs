//! Taking back what the last command changed.

use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Checked, Machine, Sandbox};

const FULL: &[&str] = &[];
const BARE: &[&str] = &["--bare"];

/// A logged-in machine, with a backend of this shape.
fn start(shape: &[&str]) -> Checked<(Sandbox, Machine)> {
    let sandbox = Sandbox::start_with(shape)?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    Ok((sandbox, machine))
}

/// Runs each command, which must exit 0.
fn all(machine: &Machine, commands: &[&[&str]]) -> Checked {
    for words in commands {
        machine.run(words)?.ended(0)?;
    }
    Ok(())
}

/// The key of the todo that a handle names here, without asking the server.
fn named(machine: &Machine, handle: &str) -> Checked<Option<String>> {
    let ran = machine.run(&["done", handle, "--dry-run", "--offline", "--json"])?;
    Ok(match ran.code {
        Some(0) => ran.json()?["changed"][0]["key"].as_str().map(str::to_owned),
        _ => None,
    })
}

fn keys(machine: &Machine) -> Checked<Vec<String>> {
    let listed = machine.json(&["list", "--all", "--offline", "--json"])?;
    let todos = listed["todos"].as_array().into_iter().flatten();
    Ok(todos
        .filter_map(|todo| todo["key"].as_str().map(str::to_owned))
        .collect())
}

fn acts(machine: &Machine) -> Checked<Vec<(String, u64)>> {
    let listed = machine.json(&["undo", "--list", "--json"])?;
    let acts = listed["acts"].as_array().ok_or("no acts")?.iter();
    Ok(acts
        .map(|act| {
            let verb = act["verb"].as_str().unwrap_or_default().to_owned();
            (verb, act["count"].as_u64().unwrap_or_default())
        })
        .collect())
}

#[test]
fn synced_changes_are_undone_newest_first() -> Checked {
    for shape in [FULL, BARE] {
        let (sandbox, machine) = start(shape)?;
        all(
            &machine,
            &[
                &["add", "(A) buy milk +home"],
                &["edit", "1", "(A) buy oat milk +home"],
                &["done", "1"],
            ],
        )?;
        let verbs = ["completed", "changed", "added"].map(|verb| (verb.to_owned(), 1));
        assert_eq!(acts(&machine)?, verbs);

        let ran = machine.run(&["undo"])?.ended(0)?;
        assert!(ran.stdout.starts_with("undone: completed `x "), "{ran:?}");
        assert_eq!(sandbox.texts()?, ["(A) buy oat milk +home"]);

        let answer = machine.json(&["undo", "--json"])?;
        assert_eq!(answer["undone"]["verb"], "changed");
        assert_eq!(answer["changed"][0]["text"], "(A) buy milk +home");
        assert_eq!(answer["changed"][0]["state"], "synced");
        assert_eq!(sandbox.texts()?, ["(A) buy milk +home"]);

        all(&machine, &[&["undo"]])?;
        assert_eq!(sandbox.texts()?, [""; 0]);
        assert_eq!(keys(&machine)?, [""; 0]);
        let ran = machine.run(&["undo", "--json"])?.ended(1)?;
        assert_eq!(ran.error()?["code"], "nothing-to-undo");
    }
    Ok(())
}

#[test]
fn what_was_not_sent_leaves_nothing_to_send() -> Checked {
    for shape in [FULL, BARE] {
        let (sandbox, machine) = start(shape)?;
        all(&machine, &[&["add", "milk"], &["sync"]])?;
        let before = keys(&machine)?;
        sandbox.control(Method::DELETE, "/log", None)?;
        for words in [
            ["add", "bread", "--offline"].as_slice(),
            &["done", "1", "--offline"],
            &["rm", "1", "--yes", "--offline"],
        ] {
            machine.run(words)?.ended(0)?;
            let ran = machine.run(&["undo", "--offline"])?.ended(0)?;

            assert_eq!(ran.stderr, "", "{words:?}");
            assert_eq!(machine.json(&["status", "--json"])?["pending"], 0);
            assert_eq!(keys(&machine)?, before, "{words:?}");
        }
        assert_eq!(sandbox.requests("graphql")?, 0);
        machine.run(&["sync"])?.ended(0)?;
        assert_eq!(sandbox.texts()?, ["milk"]);
    }
    Ok(())
}

#[test]
fn a_removal_comes_back_under_every_old_name() -> Checked {
    for shape in [FULL, BARE] {
        let rows = tempfile::tempdir()?;
        let rows = rows.path().to_str().ok_or("path")?;
        let shape = [&["--data", rows], shape].concat();
        let (sandbox, machine) = start(&shape)?;
        // On some backends the key becomes another with the first sync.
        all(&machine, &[&["add", "milk", "--offline"]])?;
        let unsent = keys(&machine)?.pop().ok_or("a key")?;
        all(&machine, &[&["sync"]])?;
        let synced = keys(&machine)?.pop().ok_or("a key")?;
        let prefix = synced[..18].to_owned();
        let names = ["1", "n1", unsent.as_str(), synced.as_str(), prefix.as_str()];

        all(&machine, &[&["rm", "1", "--yes"]])?;
        assert_eq!(sandbox.texts()?, [""; 0]);
        let back = machine.json(&["undo", "--json", "--offline"])?;
        let new = back["changed"][0]["key"].as_str().ok_or("a key")?;
        assert_ne!(new, synced, "removals are final");
        for name in names {
            assert_eq!(named(&machine, name)?.as_deref(), Some(new), "{name}");
        }

        machine.run(&["sync"])?.ended(0)?;
        assert_eq!(sandbox.texts()?, ["milk"]);
        sandbox.stop()?;
        let sandbox = Sandbox::start_with(&shape)?;
        all(&machine, &[&["sync", "--full"]])?;
        let new = keys(&machine)?.pop().ok_or("a key")?;
        for name in names {
            let found = named(&machine, name)?;
            assert_eq!(found.as_ref(), Some(&new), "{name} after a restart");
        }
        all(&machine, &[&["edit", "1", "oat milk"], &["undo"]])?;
        assert_eq!(sandbox.texts()?, ["milk"]);
    }
    Ok(())
}

#[test]
fn a_bulk_command_is_one_action() -> Checked {
    // A bare backend takes one request a todo.
    for (shape, count) in [(FULL, 1000), (BARE, 40)] {
        let (sandbox, machine) = start(shape)?;
        let texts: Vec<String> = (0..count).map(|n| format!("todo {n} +bulk")).collect();
        let sevens = texts.iter().filter(|text| text.contains('7')).count();
        let open = texts.len() - sevens;
        machine
            .feed(&["add", "-"], texts.join("\n").as_bytes())?
            .ended(0)?;
        all(
            &machine,
            &[
                &["done", "--yes", "--filter", "+bulk", "7"],
                &["rm", "--yes", "--filter", "+bulk"],
                &["sync", "--wait", "30s"],
            ],
        )?;
        assert_eq!(sandbox.texts()?.len(), sevens, "only what was done is left");
        let ran = machine.run(&["undo", "--list"])?.ended(0)?;
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines.len(), 3, "{ran:?}");
        let removed = format!("deleted {open} todos: `todo 0 +bulk` …");
        assert!(lines[0].ends_with(&removed), "{lines:?}");
        let added = format!("added {count} todos: `todo 0 +bulk` …");
        assert!(lines[2].ends_with(&added), "{lines:?}");

        for left in [count, count, 0] {
            all(&machine, &[&["undo"], &["sync", "--wait", "30s"]])?;
            let found = sandbox.texts()?;
            assert_eq!(found.len(), left);
        }
        assert_eq!(machine.json(&["status", "--json"])?["pending"], 0);
    }
    Ok(())
}

#[test]
fn words_written_elsewhere_since_are_kept() -> Checked {
    for shape in [FULL, BARE] {
        let (sandbox, here) = start(shape)?;
        let there = Machine::logged_in(&sandbox, "ada@example.com")?;
        all(&here, &[&["add", "(A) milk"], &["add", "(B) tea"]])?;
        all(&here, &[&["done", "1"], &["done", "2"], &["sync"]])?;
        let done = sandbox.texts()?;
        all(&there, &[&["sync"]])?;
        for (handle, text) in ["1", "2"].into_iter().zip(&done) {
            let text = text.replace("milk", "oat milk").replace("tea", "green tea");
            all(&there, &[&["edit", handle, &text]])?;
        }

        // One undo knows of the edit, the other learns of it with the sync.
        all(&here, &[&["undo", "--offline"], &["sync"]])?;
        assert_eq!(sandbox.texts()?[1], "(B) green tea", "{shape:?}");
        all(&here, &[&["undo"]])?;
        assert_eq!(sandbox.texts()?, ["(A) oat milk", "(B) green tea"]);
    }
    Ok(())
}

#[test]
fn an_undo_that_would_lose_words_exits_1_and_can_be_retried() -> Checked {
    for shape in [FULL, BARE] {
        let (sandbox, here) = start(shape)?;
        let there = Machine::logged_in(&sandbox, "ada@example.com")?;
        all(&here, &[&["add", "buy milk"]])?;
        all(&here, &[&["edit", "1", "buy oat milk"]])?;
        all(&there, &[&["sync"], &["edit", "1", "buy soy milk"]])?;

        let ran = here.run(&["undo", "--json"])?.ended(1)?;

        let error = ran.error()?;
        assert_eq!(error["code"], "changed-since");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains("`buy soy milk`"), "{message}");
        assert!(message.contains("`buy milk`"), "{message}");
        let answer = ran.json()?;
        assert_eq!(answer["changed"], json!([]));
        assert_eq!(answer["changed_since"][0]["text"], "buy soy milk");
        assert_eq!(answer["undone"], Value::Null);
        assert_eq!(sandbox.texts()?, ["buy soy milk"]);
        assert_eq!(acts(&here)?.len(), 2, "the act is kept");

        all(&there, &[&["edit", "1", "buy oat milk +home"]])?;
        all(&here, &[&["undo"]])?;
        assert_eq!(sandbox.texts()?, ["buy milk +home"]);
        here.run(&["undo"])?.ended(1)?;
        assert_eq!(sandbox.texts()?, ["buy milk +home"], "no longer as added");
    }
    Ok(())
}

#[test]
fn a_todo_deleted_elsewhere_exits_3_and_does_not_block_the_next_undo() -> Checked {
    for shape in [FULL, BARE] {
        let (sandbox, here) = start(shape)?;
        let there = Machine::logged_in(&sandbox, "ada@example.com")?;
        all(&here, &[&["add", "milk"], &["add", "tea"]])?;
        all(&here, &[&["done", "2"], &["done", "1"], &["sync"]])?;
        all(&here, &[&["edit", "1", "--pri", "A"]])?;
        all(&there, &[&["sync"], &["rm", "1", "--yes"]])?;

        let ran = here.run(&["undo"])?.ended(3)?;
        assert_eq!(ran.stdout, "", "nothing was taken back");

        let ran = here.run(&["undo", "--json"])?.ended(3)?;
        assert_eq!(ran.json()?["not_found"], json!(["1"]));
        let message = ran.error()?["message"].clone();
        let reported = |text: &str| text.contains("deleted since");
        assert!(message.as_str().is_some_and(reported), "{message}");

        all(&here, &[&["undo"]])?;
        assert_eq!(sandbox.texts()?, ["tea"]);
    }
    Ok(())
}

#[test]
fn without_a_server_an_undo_is_queued_like_any_change() -> Checked {
    for shape in [FULL, BARE] {
        let (sandbox, machine) = start(shape)?;
        all(&machine, &[&["add", "milk"], &["done", "1"], &["sync"]])?;
        sandbox.fault("graphql", "refuse")?;

        let ran = machine.run(&["undo", "--json"])?.ended(0)?;

        assert!(ran.stderr.contains("queued"), "{ran:?}");
        assert_eq!(ran.json()?["changed"][0]["state"], "pending");
        assert!(sandbox.texts()?[0].starts_with("x "));
        sandbox.heal()?;
        all(&machine, &[&["sync"]])?;
        assert_eq!(sandbox.texts()?, ["milk"]);
    }
    Ok(())
}

#[test]
fn a_change_whose_answer_was_lost_can_still_be_undone() -> Checked {
    let (sandbox, machine) = start(FULL)?;
    all(&machine, &[&["add", "milk"]])?;
    let lose = json!({"route": "graphql", "fault": "drop_after", "times": 1});
    sandbox.control(Method::POST, "/faults", Some(lose.clone()))?;
    all(
        &machine,
        &[&["add", "bread"], &["undo", "--wait", "5s"], &["sync"]],
    )?;
    assert_eq!(sandbox.texts()?, ["milk"]);

    sandbox.control(Method::POST, "/faults", Some(lose))?;
    all(
        &machine,
        &[&["rm", "1", "--yes"], &["undo", "--wait", "5s"], &["sync"]],
    )?;
    assert_eq!(sandbox.texts()?, ["milk"]);
    Ok(())
}

#[test]
fn a_dry_run_shows_what_would_be_undone_and_changes_nothing() -> Checked {
    let (sandbox, machine) = start(FULL)?;
    all(&machine, &[&["add", "milk"], &["done", "1"]])?;
    let before = (sandbox.texts()?, acts(&machine)?);

    let ran = machine.run(&["undo", "--dry-run", "--json"])?.ended(0)?;
    let answer = ran.json()?;
    assert_eq!(answer["dry_run"], true);
    assert_eq!(answer["changed"][0]["text"], "milk");
    assert_eq!(answer["changed"][0]["state"], "synced");
    let ran = machine.run(&["undo", "--dry-run"])?.ended(0)?;
    assert!(ran.stdout.starts_with("would undo: completed `x "));
    assert!(!ran.stdout.contains("pending"), "{ran:?}");

    assert_eq!((sandbox.texts()?, acts(&machine)?), before);
    Ok(())
}

#[test]
fn an_empty_history_is_said_and_listing_it_is_no_failure() -> Checked {
    let (sandbox, machine) = start(FULL)?;
    sandbox.control(Method::DELETE, "/log", None)?;

    let ran = machine.run(&["undo"])?.ended(1)?;
    assert!(ran.stderr.contains("nothing to undo"), "{ran:?}");
    machine.run(&["undo", "--dry-run"])?.ended(1)?;
    let ran = machine.run(&["undo", "--list"])?.ended(0)?;
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("nothing to undo"), "{ran:?}");
    let listed = machine.json(&["undo", "--list", "--json"])?;
    assert_eq!(listed, json!({"acts": []}));
    assert_eq!(sandbox.requests("graphql")?, 0);
    Ok(())
}

#[test]
fn two_undos_at_once_undo_two_actions() -> Checked {
    let (sandbox, machine) = start(FULL)?;
    all(
        &machine,
        &[&["add", "milk"], &["add", "tea"], &["add", "bread"]],
    )?;

    let mut both = Vec::new();
    for _ in 0..2 {
        both.push(
            machine
                .tudone(["undo", "--wait", "30s", "--quiet"])
                .stdout(Stdio::null())
                .spawn()?,
        );
    }
    for mut child in both {
        assert_eq!(child.wait()?.code(), Some(0));
    }

    assert_eq!(acts(&machine)?, [("added".to_owned(), 1)]);
    all(&machine, &[&["sync"]])?;
    assert_eq!(sandbox.texts()?, ["milk"]);
    Ok(())
}

#[test]
fn an_undo_that_the_role_may_not_make_stays_in_the_history() -> Checked {
    let (sandbox, machine) = start(FULL)?;
    all(&machine, &[&["add", "milk"], &["rm", "1", "--yes"]])?;
    sandbox.control(Method::POST, "/config", Some(json!({"insert": false})))?;
    machine.run(&["add", "tea"])?.ended(6)?;
    all(&machine, &[&["undo"]])?;
    assert_eq!(machine.json(&["status", "--json"])?["pending"], 0);

    let ran = machine.run(&["undo", "--json"])?.ended(6)?;
    assert_eq!(ran.error()?["code"], "not-allowed");
    assert_eq!(acts(&machine)?.len(), 2);

    sandbox.control(Method::POST, "/config", Some(json!({"insert": true})))?;
    all(&machine, &[&["undo"]])?;
    assert_eq!(sandbox.texts()?, ["milk"]);
    Ok(())
}

#[test]
fn what_the_role_turned_out_not_to_be_allowed_can_be_called_off() -> Checked {
    let (sandbox, machine) = start(FULL)?;
    all(&machine, &[&["add", "milk"]])?;
    sandbox.control(Method::POST, "/config", Some(json!({"delete": false})))?;

    machine.run(&["rm", "1", "--yes"])?.ended(6)?;
    all(&machine, &[&["undo"]])?;
    // A removal that is never sent needs no permission.
    all(&machine, &[&["add", "tea", "--offline"], &["undo"]])?;

    assert_eq!(machine.json(&["queue", "--json"])?["entries"], json!([]));
    assert_eq!(sandbox.texts()?, ["milk"]);
    machine.run(&["undo"])?.ended(6)?;
    assert_eq!(acts(&machine)?, [("added".to_owned(), 1)]);
    Ok(())
}

#[test]
fn an_undone_addition_is_listed_as_deleted() -> Checked {
    let (_sandbox, machine) = start(FULL)?;
    for extra in [&[][..], &["--offline"]] {
        machine.run(&[&["add", "milk"], extra].concat())?.ended(0)?;

        let ran = machine.run(&[&["undo"], extra].concat())?.ended(0)?;
        let line = ran.stdout.lines().nth(1).unwrap_or_default();
        assert!(line.starts_with("deleted  "), "{extra:?}: {ran:?}");

        let ran = machine.run(&[&["redo"], extra].concat())?.ended(0)?;
        let line = ran.stdout.lines().nth(1).unwrap_or_default();
        assert!(line.starts_with(' '), "{extra:?}: {ran:?}");
    }
    Ok(())
}
