//! Commands without a server, or without a login.

use reqwest::Method;
use serde_json::json;

use crate::support::{Checked, Machine, Sandbox, ended};

#[test]
fn an_account_that_was_never_fetched_cannot_be_listed_offline() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;

    let ran = machine.run(&["list", "--offline", "--json"])?.ended(5)?;
    assert_eq!(ran.error()?["code"], "unreachable");

    machine.run(&["sync"])?.ended(0)?;
    let listed = machine.json(&["list", "--offline", "--json"])?;
    assert_eq!(listed["todos"].as_array().map(Vec::len), Some(0));
    Ok(())
}

#[test]
fn a_dead_network_is_tried_once_a_minute() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    sandbox.fault("graphql", "refuse")?;
    machine.run(&["add", "one"])?.ended(0)?;
    sandbox.control(Method::DELETE, "/log", None)?;

    let ran = machine.run(&["add", "two"])?.ended(0)?;
    machine.run(&["list", "--max-age", "0s"])?.ended(0)?;

    assert!(ran.stderr.contains("queued"), "{ran:?}");
    assert_eq!(sandbox.requests("graphql")?, 0);
    sandbox.heal()?;
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["one", "two"]);
    Ok(())
}

#[test]
fn a_server_that_never_answers_is_tried_once_a_minute() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    hang_after(&sandbox, 0)?;

    machine.run(&["list"])?.ended(5)?;
    sandbox.control(Method::DELETE, "/log", None)?;
    sandbox.heal()?;

    let ran = machine.run(&["list", "--json"])?.ended(5)?;
    assert_eq!(ran.error()?["code"], "unreachable");
    assert_eq!(sandbox.requests("graphql")?, 0);
    Ok(())
}

#[test]
fn a_first_pull_that_takes_too_long_for_a_command_goes_on_with_the_next() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let person = sandbox.person(&machine)?;
    person.add("milk")?;
    person.add("bread")?;
    sandbox.control(Method::POST, "/config", Some(json!({"row_limit": 1})))?;

    // It answers what the role may do: then time is up.
    hang_after(&sandbox, 1)?;
    let ran = machine.run(&["list", "--json"])?.ended(5)?;
    let message = ran.error()?["message"].clone();
    let message = message.as_str().unwrap_or_default();
    assert!(message.contains("not everything was received"), "{message}");

    // It answers one page, which does not reach the end.
    hang_after(&sandbox, 1)?;
    let ran = machine.run(&["list", "--json"])?.ended(0)?;
    let listed = ran.json()?;
    assert_eq!(listed["todos"][0]["text"], "milk", "a page is kept");
    assert_eq!(listed["stale"], true);
    assert!(
        ran.stderr.contains("not everything was received"),
        "{ran:?}"
    );

    sandbox.heal()?;
    let ran = machine.run(&["list", "--json"])?.ended(0)?;
    assert_eq!(ran.json()?["stale"], false);
    assert_eq!(ran.stderr, "");
    Ok(())
}

/// Lets so many requests pass; those after them are never answered.
fn hang_after(sandbox: &Sandbox, requests: usize) -> Checked {
    sandbox.heal()?;
    for order in [
        json!({"route": "graphql", "fault": "delay", "ms": 0, "times": requests}),
        json!({"route": "graphql", "fault": "delay", "ms": 600_000}),
    ] {
        sandbox.control(Method::POST, "/faults", Some(order))?;
    }
    Ok(())
}

#[test]
fn offline_nothing_is_sent_and_every_change_is_queued() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    sandbox.control(Method::DELETE, "/log", None)?;

    let added = machine.run(&["add", "bread", "--offline"])?.ended(0)?;
    let handle = added.stdout.trim().to_owned();
    assert!(handle.starts_with('n'), "{added:?}");
    machine
        .run(&["edit", &handle, "rye bread", "--offline"])?
        .ended(0)?;
    machine.run(&["done", "1", "--offline"])?.ended(0)?;

    assert_eq!(sandbox.requests("graphql")?, 0);
    let queue = machine.json(&["queue", "--json", "--offline"])?;
    assert_eq!(
        queue["entries"].as_array().map(Vec::len),
        Some(2),
        "{queue}"
    );
    machine.run(&["sync"])?.ended(0)?;
    machine
        .run(&["edit", &handle, "rye bread, sliced"])?
        .ended(0)?;
    assert_eq!(sandbox.texts()?[1], "rye bread, sliced");
    Ok(())
}

#[test]
fn logged_out_the_cache_stays_and_changes_are_queued() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;

    machine.run(&["logout"])?.ended(0)?;

    machine.run(&["whoami"])?.ended(4)?;
    let status = machine.json(&["status", "--json"])?;
    assert_eq!(status["logged_in"], false);
    assert_eq!(status["open"], 1);
    assert!(machine.run(&["list"])?.ended(0)?.stdout.contains("milk"));
    let ran = machine.run(&["add", "bread"])?.ended(0)?;
    assert!(ran.stderr.contains("login"), "{ran:?}");
    machine.run(&["list", "--fresh"])?.ended(4)?;

    machine.log_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn purging_unsent_changes_needs_a_yes() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk", "--offline"])?.ended(0)?;

    machine.run(&["logout", "--purge"])?.ended(2)?;
    machine.run(&["whoami"])?.ended(0)?;
    machine.run(&["logout", "--purge", "--yes"])?.ended(0)?;

    machine.run(&["list", "--offline"])?.ended(4)?;
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_does_not_make_a_script_repeat_the_change() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let file = machine.path("bread.txt");
    std::fs::write(&file, "bread\n")?;
    let file = file.to_str().ok_or("path")?;
    for (words, said) in [
        (&["add", "milk"][..], "added 1;"),
        (&["done", "1", "--json"], "completed 1;"),
        (&["import", file], "added 1 todo;"),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full")?;
        let mut command = machine.tudone(words);
        command.stdout(full);
        let ran = ended(command)?.ended(0)?;
        assert!(ran.stderr.contains(said), "{ran:?}");
        assert!(ran.stderr.contains("cannot write the output"), "{ran:?}");
    }
    assert_eq!(sandbox.texts()?.len(), 2);
    Ok(())
}

#[test]
fn all_requests_of_a_command_share_its_two_seconds() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    let other = Machine::logged_in(&sandbox, "ada@example.com")?;
    other.run(&["add", "milk"])?.ended(0)?;
    let slow = json!({"route": "graphql", "fault": "delay", "ms": 1200});
    sandbox.control(Method::POST, "/faults", Some(slow))?;

    // Found by a first round, completed by a second.
    let ran = machine.run(&["done", "1"])?.ended(0)?;

    assert!(ran.stdout.contains("milk"), "{ran:?}");
    assert!(ran.stderr.contains("queued"), "{ran:?}");
    Ok(())
}
