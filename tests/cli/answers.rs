//! Answers that say what happened, and nothing else.

use reqwest::Method;
use serde_json::json;

use crate::support::{Checked, Machine, Sandbox};

#[test]
fn a_tip_names_likely_options_and_the_commands_that_have_the_one_typed() -> Checked {
    let machine = Machine::new()?;

    let ran = machine.run(&["--reverse", "ls"])?.ended(2)?;
    assert!(!ran.stderr.contains("--verbose"), "{ran:?}");
    assert!(
        ran.stderr
            .contains("--reverse is an option of `tudone list`"),
        "{ran:?}"
    );
    let ran = machine.run(&["done", "1", "--reverse"])?.ended(2)?;
    assert!(!ran.stderr.contains("--every"), "{ran:?}");
    assert!(ran.stderr.contains("Usage: tudone done"), "{ran:?}");
    let ran = machine.run(&["list", "--revers"])?.ended(2)?;
    assert!(ran.stderr.contains("exists: '--reverse'"), "{ran:?}");
    let ran = machine.run(&["add", "--food"])?.ended(2)?;
    assert!(ran.stderr.contains("use '-- --food'"), "{ran:?}");
    let ran = machine.run(&["add", "--food", "--", "milk"])?.ended(2)?;
    assert!(!ran.stderr.contains("tip"), "{ran:?}");
    Ok(())
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    machine.set("TUDONE_DATA_DIR", "/dev/null/tudone");

    for words in [&["list"][..], &["add", "milk"], &["whoami"]] {
        let ran = machine.run(words)?.ended(8)?;
        assert!(ran.stderr.contains("/dev/null/tudone"), "{ran:?}");
        assert!(!ran.stderr.contains("not logged in"), "{ran:?}");
    }
    Ok(())
}

#[test]
fn a_configuration_that_is_no_text_names_the_line() -> Checked {
    let machine = Machine::new()?;
    std::fs::create_dir_all(machine.path("config"))?;
    std::fs::write(
        machine.path("config/config.toml"),
        b"[ui]\ntheme = \"dark\"\n# \xff\n",
    )?;

    let ran = machine.run(&["list"])?.ended(8)?;

    assert!(
        ran.stderr.contains("config.toml:3: invalid UTF-8"),
        "{ran:?}"
    );
    Ok(())
}

#[test]
fn a_logout_that_asks_nothing_accepts_a_yes() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;

    let ran = machine.run(&["logout", "--yes"])?.ended(0)?;

    assert!(ran.stdout.contains("Logged out"), "{ran:?}");
    Ok(())
}

#[test]
fn the_account_of_a_stored_login_is_known_again_after_its_files_were_deleted() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let delete = || -> Checked {
        std::fs::remove_dir_all(machine.path("data/profiles"))?;
        Ok(std::fs::remove_dir_all(machine.path("data/accounts"))?)
    };

    let known = machine.json(&["status", "--json"])?["account"]["sub"].clone();
    delete()?;
    let status = machine.json(&["status", "--json"])?;
    assert_eq!(status["account"]["sub"], known);
    let listed = machine.run(&["list", "--fresh"])?.ended(0)?;
    assert!(listed.stdout.contains("milk"), "{listed:?}");

    delete()?;
    machine.run(&["add", "bread"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    machine.run(&["logout", "--purge"])?.ended(0)?;
    machine.run(&["list"])?.ended(4)?;
    Ok(())
}

/// Lets the next `skip` requests through; those after them fail.
fn fail_after(sandbox: &Sandbox, skip: u64) -> Checked {
    let order = json!({"route": "graphql", "fault": "status", "status": 502, "skip": skip});
    sandbox.control(Method::POST, "/faults", Some(order))?;
    Ok(())
}

#[test]
fn what_the_server_answered_is_not_called_queued() -> Checked {
    let sandbox = Sandbox::start_with(&["--bare"])?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    // The role's permissions and the todo; the pull fails.
    fail_after(&sandbox, 2)?;

    let ran = machine.run(&["add", "milk"])?.ended(0)?;

    assert_eq!(sandbox.texts()?, ["milk"]);
    assert!(!ran.stderr.contains("queued"), "{ran:?}");
    assert!(
        ran.stderr.contains("sent, but the list is not up to date"),
        "{ran:?}"
    );
    Ok(())
}

#[test]
fn only_what_is_unanswered_is_counted_as_queued() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    fail_after(&sandbox, 1)?;
    let lines = "milk\n".repeat(2100);

    let ran = machine
        .feed(&["add", "-", "--wait", "1m"], lines.as_bytes())?
        .ended(0)?;

    assert_eq!(sandbox.texts()?.len(), 2000, "in one request");
    assert!(ran.stderr.contains("100 changes queued"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn a_conflict_is_not_called_a_rejection_by_the_server() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "buy milk"])?.ended(0)?;
    machine
        .run(&["edit", "1", "buy oat milk", "--offline"])?
        .ended(0)?;
    sandbox.person(&machine)?.edit("buy milk", "buy soy milk")?;

    let ran = machine.run(&["sync"])?.ended(6)?;

    assert!(!ran.stderr.contains("server rejected"), "{ran:?}");
    let asked = "your decision is needed for 1: the todo was changed elsewhere";
    assert!(ran.stderr.contains(asked), "{ran:?}");
    Ok(())
}

#[test]
fn a_backend_that_records_no_times_says_so_for_changed() -> Checked {
    let bare = Sandbox::start_with(&["--bare"])?;
    let full = Sandbox::start()?;
    for (sandbox, says) in [(&bare, true), (&full, false)] {
        let machine = Machine::logged_in(sandbox, "ada@example.com")?;
        machine.run(&["add", "milk"])?.ended(0)?;
        let listing = ["list", "not:changed:today", "--offline"];
        let completing = ["done", "--dry-run", "--filter", "changed:today"];
        for words in [&listing[..], &completing] {
            let ran = machine.run(words)?.ended(0)?;
            assert_eq!(
                ran.stderr.contains("`changed:` matches no todo"),
                says,
                "{ran:?}"
            );
        }
    }
    Ok(())
}

#[test]
fn an_undo_of_many_says_how_many() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.feed(&["add", "-"], b"a\nb\nc\n")?.ended(0)?;

    let ran = machine.run(&["undo"])?.ended(0)?;

    assert!(ran.stdout.contains("undone: added 3 todos"), "{ran:?}");
    Ok(())
}

#[test]
fn a_bad_filter_names_the_help_that_lists_the_terms() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let terms = machine.run(&["help", "terms"])?.ended(0)?.stdout;

    for (term, topic) in [("due:sometime", "help dates"), ("no:socks", "help terms")] {
        let ran = machine.run(&["list", term])?.ended(2)?;
        assert!(ran.stderr.contains(term), "{ran:?}");
        assert!(ran.stderr.contains(topic), "{ran:?}");
        // What it lists besides is in the help.
        let quoted = ran.stderr.split('`').skip(1).step_by(2);
        for word in quoted.filter(|word| *word != term && !word.starts_with("tudone")) {
            assert!(terms.contains(word), "{word} is not in the help: {ran:?}");
        }
    }
    Ok(())
}

#[test]
fn the_status_says_why_the_last_sync_failed_and_when_it_is_tried_again() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    let status = machine.json(&["status", "--json"])?;
    assert!(status["last_error"].is_null() && status["next_try"].is_null());

    drop(sandbox);
    machine.run(&["add", "milk"])?.ended(0)?;
    let status = machine.json(&["status", "--json"])?;
    let why = status["last_error"].as_str().unwrap_or_default();
    assert!(why.contains("cannot reach"), "{status}");
    assert!(status["next_try"].is_string(), "{status}");
    let text = machine.run(&["status"])?.ended(0)?.stdout;
    assert!(text.contains(why), "{text}");
    Ok(())
}

#[test]
fn help_names_a_subcommand_or_says_that_there_is_none() -> Checked {
    let machine = Machine::new()?;
    let help = machine.run(&["help", "setup", "hasura"])?.ended(0)?.stdout;
    assert!(help.contains("Usage: tudone setup hasura"), "{help}");
    let ran = machine.run(&["help", "setup", "nonsense"])?.ended(2)?;
    assert!(ran.stderr.contains("no subcommand `nonsense`"), "{ran:?}");
    machine.run(&["help", "terms", "nonsense"])?.ended(2)?;
    Ok(())
}

#[test]
fn the_key_of_a_deleted_todo_is_refused_with_what_to_do() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let key = "5f9e919a-9c1a-4a55-8b5f-2f7e6d0c1a11";
    machine.run(&["add", "--key", key, "milk"])?.ended(0)?;
    machine.run(&["rm", "--yes", key])?.ended(0)?;
    let ran = machine.run(&["add", "--key", key, "milk"])?.ended(6)?;
    assert!(ran.stderr.contains("Use another key"), "{ran:?}");
    Ok(())
}

#[test]
fn the_history_of_a_todo_is_its_own_and_keeps_what_was_done_under_another_text() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.feed(&["add", "-"], b"milk\nmilk\n")?.ended(0)?;
    machine.run(&["edit", "1", "oat milk"])?.ended(0)?;
    machine.run(&["done", "1"])?.ended(0)?;

    let shown = machine.run(&["show", "1"])?.ended(0)?.stdout;
    let history: Vec<_> = shown
        .lines()
        .filter(|line| line.contains("on this device"))
        .collect();
    let verbs = ["completed", "changed", "added"];
    assert_eq!(history.len(), verbs.len(), "{shown}");
    for (line, verb) in history.iter().zip(verbs) {
        assert!(line.contains(verb), "{verb} in {shown}");
    }
    let other = machine.run(&["show", "2"])?.ended(0)?.stdout;
    assert_eq!(other.matches("on this device").count(), 1, "{other}");

    machine.run(&["undo"])?.ended(0)?;
    let shown = machine.run(&["show", "1"])?.ended(0)?.stdout;
    assert!(!shown.contains("completed"), "{shown}");
    Ok(())
}
