//! Answers and exit codes with a server that works, refuses or talks nonsense.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Checked, Machine, Sandbox};

/// A logged-in machine whose user has these rows.
fn with_rows(sandbox: &Sandbox, texts: &[&str]) -> Checked<Machine> {
    let machine = Machine::logged_in(sandbox, "ada@example.com")?;
    for text in texts {
        machine.run(&["add", "--literal", text])?.ended(0)?;
    }
    Ok(machine)
}

#[test]
fn an_unknown_handle_exits_3_after_the_others_were_changed() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk"])?;

    let ran = machine
        .run(&["done", "1", "999", "nonsense", "--json"])?
        .ended(3)?;

    let answer = ran.json()?;
    assert_eq!(answer["changed"][0]["done"], true);
    assert_eq!(answer["not_found"], json!(["999", "nonsense"]));
    assert_eq!(ran.error()?["code"], "not-found");
    Ok(())
}

#[test]
fn a_todo_as_json_has_every_field() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;

    let text = "(B) buy milk +home @shop due:2026-12-01 note:x";
    let added = machine.json(&["add", text, "--json"])?;

    let todo = &added["todos"][0];
    assert_eq!(todo["text"], text);
    assert_eq!(todo["done"], false);
    assert_eq!(todo["priority"], "B");
    assert_eq!(todo["projects"], json!(["home"]));
    assert_eq!(todo["contexts"], json!(["shop"]));
    assert_eq!(todo["due"], "2026-12-01");
    assert_eq!(todo["tags"]["note"], "x");
    assert_eq!(todo["completed_on"], Value::Null);
    assert_eq!(todo["state"], "synced");
    assert_eq!(todo["handle"], todo["id"].to_string());
    assert!(todo["key"].as_str().is_some_and(|key| key.len() == 36));
    assert!(todo["created_at"].is_string());

    let lines = machine.run(&["list", "--jsonl"])?.ended(0)?.stdout;
    assert_eq!(lines.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&lines)?, *todo);
    let part = machine.json(&["list", "--json=id,text"])?;
    assert_eq!(part["todos"][0], json!({"id": todo["id"], "text": text}));
    Ok(())
}

#[test]
fn control_characters_reach_json_untouched_and_a_terminal_never() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let hostile = "pay\u{1b}[2Jme\nnow\u{202e}!";
    let sub = machine.json(&["whoami", "--json"])?["sub"].clone();
    let rows = json!({"fixture": {
        "users": [{"id": 1, "auth0_id": sub, "email": "ada@example.com"}],
        "todos": [{"id": 1, "user_id": 1, "text": hostile}],
    }});
    sandbox.control(Method::POST, "/reset", Some(rows))?;

    let listed = machine.json(&["list", "--json", "--fresh"])?;
    assert_eq!(listed["todos"][0]["text"], hostile);

    let shown = machine.run(&["list"])?.ended(0)?.stdout;
    assert_eq!(shown.lines().count(), 1, "{shown:?}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    Ok(())
}

#[test]
fn typed_control_characters_exit_2_and_add_nothing() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;

    machine.run(&["add", "a\u{1b}b"])?.ended(2)?;
    machine.run(&["add", "a\nb"])?.ended(2)?;
    machine.run(&["add", "  "])?.ended(2)?;
    let ran = machine
        .feed(&["add", "-", "--json"], b"good\nb\x07ad\n")?
        .ended(2)?;

    assert!(
        ran.error()?["message"]
            .as_str()
            .is_some_and(|it| it.contains("line 2"))
    );
    assert!(sandbox.texts()?.is_empty());
    Ok(())
}

#[test]
fn todos_are_read_from_standard_input() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;

    let lines = machine.feed(&["add", "-"], b"one\r\n\ntwo\n")?.ended(0)?;
    let nuls = machine.feed(&["add", "-0"], b"three\0four")?.ended(0)?;

    assert_eq!(lines.stdout.lines().count(), 2);
    assert_eq!(nuls.stdout.lines().count(), 2);
    assert_eq!(sandbox.texts()?, ["one", "two", "three", "four"]);
    Ok(())
}

#[test]
fn rm_without_a_terminal_needs_yes() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk +home", "tea +home", "bread"])?;

    machine.run(&["rm", "1"])?.ended(2)?;
    machine.run(&["done", "--filter", "+home"])?.ended(2)?;
    let dry = machine
        .run(&["rm", "--filter", "+home", "--dry-run", "--json"])?
        .ended(0)?;
    assert_eq!(dry.json()?["changed"].as_array().map(Vec::len), Some(2));
    assert_eq!(sandbox.texts()?.len(), 3, "a dry run removed something");

    machine
        .run(&["rm", "--yes", "--filter", "+home"])?
        .ended(0)?;
    assert_eq!(sandbox.texts()?, ["bread"]);
    Ok(())
}

#[test]
fn edit_changes_words_or_opens_the_editor() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = with_rows(&sandbox, &["milk +home", "tea"])?;

    let words = [
        "edit",
        "1",
        "2",
        "--add-tag",
        "@shop",
        "--due",
        "2026-12-01",
        "--pri",
        "b",
    ];
    machine.run(&words)?.ended(0)?;
    machine
        .run(&["edit", "1", "--remove-tag", "+home", "--pri", "none"])?
        .ended(0)?;
    assert_eq!(
        sandbox.texts()?,
        ["milk @shop due:2026-12-01", "(B) tea @shop due:2026-12-01"]
    );

    let editor = machine.path("editor");
    std::fs::write(&editor, "printf 'drink tea\\n' > \"$1\"\n")?;
    machine.set("EDITOR", format!("sh {}", editor.display()));
    machine.run(&["edit", "2"])?.ended(0)?;
    assert_eq!(sandbox.texts()?[1], "drink tea");

    machine.run(&["edit", "2", "--due", "someday"])?.ended(2)?;
    Ok(())
}

#[test]
fn done_and_reopen_are_each_others_reverse() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["(A) milk"])?;

    let done = machine.json(&["done", "1", "--json"])?;
    assert_eq!(done["changed"][0]["priority"], "A");
    assert!(done["changed"][0]["completed_on"].is_string());
    assert!(texts(&machine.json(&["list", "--json"])?).is_empty());
    machine.run(&["reopen", "1"])?.ended(0)?;

    assert_eq!(sandbox.texts()?, ["(A) milk"]);
    Ok(())
}

#[test]
fn a_dry_run_sends_nothing_that_waits() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk", "tea"])?;
    machine.run(&["rm", "1", "--yes", "--offline"])?.ended(0)?;

    for words in [
        ["rm", "9", "--dry-run"].as_slice(),
        &["done", "2", "9", "--dry-run"],
        &["edit", "1", "soy milk", "--dry-run"],
    ] {
        machine.run(words)?.ended(3)?;
    }
    machine.run(&["undo", "--dry-run"])?.ended(0)?;

    assert_eq!(sandbox.texts()?, ["milk", "tea"]);
    Ok(())
}

#[test]
fn a_try_without_time_is_no_news_of_the_server() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk"])?;

    let ran = machine.run(&["add", "tea", "--wait", "0s"])?.ended(0)?;
    assert!(ran.stderr.contains("queued"), "{ran:?}");
    machine.run(&["add", "bread"])?.ended(0)?;

    assert_eq!(sandbox.texts()?, ["milk", "tea", "bread"]);
    Ok(())
}

#[test]
fn unchanged_todos_and_dry_runs_are_not_reported_as_done() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk", "x tea"])?;
    let lines = |words: &[&str]| -> Checked<Vec<String>> {
        let ran = machine.run(words)?.ended(0)?;
        let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(ran.stdout.lines().map(line).collect())
    };

    let dry = lines(&["reopen", "1", "2", "--dry-run"])?;
    assert_eq!(dry, ["already open 1 milk", "would be reopened 2 tea"]);
    let both = lines(&["reopen", "1", "2"])?;
    assert_eq!(both, ["already open 1 milk", "reopened 2 tea"]);
    let done = "x 2026-11-24 milk";
    machine.run(&["edit", "1", done])?.ended(0)?;
    assert_eq!(lines(&["done", "1"])?, [format!("already done 1 {done}")]);
    assert_eq!(
        lines(&["edit", "1", done])?,
        [format!("unchanged 1 {done}")]
    );
    Ok(())
}

#[test]
fn an_answer_that_is_no_answer_counts_as_unreachable() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk"])?;

    for fault in ["html", "truncate", "refuse", "status"] {
        sandbox.fault("graphql", fault)?;
        let ran = machine.run(&["list", "--json", "--fresh"])?.ended(5)?;
        assert_eq!(ran.stdout, "", "{fault}");
        assert_eq!(ran.error()?["code"], "unreachable", "{fault}");
        let ran = machine
            .run(&["list", "--json", "--max-age", "0s"])?
            .ended(0)?;
        assert_eq!(ran.json()?["stale"], true, "{fault}");
        assert!(ran.stderr.contains("as of "), "{fault}: {ran:?}");
        sandbox.heal()?;
    }
    Ok(())
}

#[test]
fn what_the_role_may_not_do_exits_6_and_waits_only_the_first_time() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk"])?;
    sandbox.control(Method::POST, "/config", Some(json!({"delete": false})))?;

    let ran = machine.run(&["rm", "1", "--yes", "--json"])?.ended(6)?;
    assert_eq!(ran.error()?["code"], "not-allowed");
    let queue = machine.json(&["queue", "--json"])?;
    assert_eq!(queue["entries"][0]["act"], "remove", "{queue}");
    machine.run(&["queue", "drop", "1"])?.ended(0)?;

    machine.run(&["rm", "1", "--yes"])?.ended(6)?;
    assert_eq!(machine.json(&["queue", "--json"])?["entries"], json!([]));
    assert_eq!(sandbox.texts()?, ["milk"]);

    sandbox.control(Method::POST, "/config", Some(json!({"delete": true})))?;
    machine.run(&["rm", "1", "--yes"])?.ended(0)?;
    assert!(sandbox.texts()?.is_empty());
    Ok(())
}

#[test]
fn a_lost_race_exits_6_and_keeps_both_texts() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = with_rows(&sandbox, &["buy milk"])?;
    let there = Machine::logged_in(&sandbox, "ada@example.com")?;
    there.run(&["sync"])?.ended(0)?;

    here.run(&["edit", "1", "buy oat milk", "--offline"])?
        .ended(0)?;
    there.run(&["edit", "1", "buy soy milk"])?.ended(0)?;
    let ran = here.run(&["sync", "--json"])?.ended(6)?;

    assert_eq!(ran.json()?["rejected"], 1);
    assert_eq!(ran.error()?["code"], "refused");
    let entry = &here.json(&["queue", "--json"])?["entries"][0];
    assert_eq!(entry["state"], "rejected");
    assert_eq!(entry["text"], "buy oat milk");
    assert_eq!(entry["theirs"], "buy soy milk");
    here.run(&["done", "1"])?.ended(0)?;
    here.run(&["queue", "retry", "1"])?.ended(6)?;
    assert_eq!(
        here.json(&["queue", "--json"])?["entries"][0]["text"],
        "buy oat milk"
    );
    there.run(&["edit", "1", "buy milk +shop"])?.ended(0)?;
    here.run(&["queue", "retry", "1"])?.ended(0)?;
    let text = sandbox.texts()?.concat();
    assert!(text.starts_with("x "), "completed since: {text}");
    assert!(text.ends_with(" buy oat milk +shop"), "{text}");
    Ok(())
}

#[test]
fn a_full_sync_reads_every_row_again() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk", "bread", "tea"])?;

    assert_eq!(machine.json(&["sync", "--json"])?["pulled"], 0);
    assert_eq!(machine.json(&["sync", "--json", "--full"])?["pulled"], 3);
    Ok(())
}

#[test]
fn colours_come_only_where_they_were_asked_for() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = with_rows(&sandbox, &["(A) milk"])?;
    let coloured = |ran: crate::support::Ran| ran.stdout.contains('\u{1b}');

    assert!(!coloured(machine.run(&["list"])?));
    assert!(coloured(machine.run(&["list", "--color", "always"])?));
    machine.set("CLICOLOR_FORCE", "1");
    assert!(coloured(machine.run(&["list"])?));
    machine.set("NO_COLOR", "1");
    assert!(!coloured(machine.run(&["list"])?));
    Ok(())
}

fn texts(listed: &Value) -> Vec<&str> {
    let todos = listed["todos"].as_array().into_iter().flatten();
    todos.filter_map(|todo| todo["text"].as_str()).collect()
}

#[test]
fn completing_a_todo_whose_text_was_refused_keeps_that_text() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = Machine::logged_in(&sandbox, "ada@example.com")?;
    let there = Machine::logged_in(&sandbox, "ada@example.com")?;
    here.run(&["add", "milk"])?.ended(0)?;
    here.run(&["--offline", "edit", "1", "milk from the farm"])?
        .ended(0)?;
    there.run(&["edit", "1", "oat milk"])?.ended(0)?;
    here.run(&["sync"])?.ended(6)?;

    here.run(&["done", "1"])?.ended(0)?;

    assert!(sandbox.texts()?[0].ends_with("oat milk"));
    let kept = here.run(&["queue", "show", "1"])?.ended(0)?;
    assert!(kept.stdout.contains("milk from the farm"), "{kept:?}");
    Ok(())
}

#[test]
fn a_conflict_found_while_the_backend_changes_shape_exits_6_and_is_reported_once() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = Machine::logged_in(&sandbox, "ada@example.com")?;
    let there = Machine::logged_in(&sandbox, "ada@example.com")?;
    let hide = |tables: Value| {
        let order = json!({"hidden_tables": tables});
        sandbox.control(Method::POST, "/config", Some(order))
    };
    here.run(&["add", "milk"])?.ended(0)?;
    hide(json!(["todo_changes"]))?;
    here.run(&["sync"])?.ended(0)?;
    assert_eq!(here.json(&["status", "--json"])?["backend"], "bare");
    hide(json!([]))?;
    here.run(&["--offline", "edit", "1", "oat milk"])?
        .ended(0)?;
    there.run(&["edit", "1", "soy milk"])?.ended(0)?;

    let ran = here.run(&["sync", "--json"])?.ended(6)?;
    assert_eq!(ran.json()?["rejected"], 1);

    let again = here.run(&["sync", "--json"])?.ended(0)?;
    assert_eq!(again.json()?["rejected"], 0);
    Ok(())
}

#[test]
fn a_list_that_may_not_be_read_for_a_while_leaves_everything_as_it_is() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let order = json!({"select": false});
    sandbox.control(Method::POST, "/config", Some(order))?;

    machine.run(&["sync"])?.ended(6)?;

    assert_eq!(machine.json(&["status", "--json"])?["backend"], "full");
    let listed = machine.json(&["list", "--offline", "--json"])?;
    assert_eq!(listed["todos"][0]["text"], "milk");
    Ok(())
}

#[test]
fn a_backend_that_was_started_over_gets_what_waits_and_nothing_of_before() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_rows(&sandbox, &["milk", "bread"])?;
    machine.run(&["add", "tea", "--offline"])?.ended(0)?;
    sandbox.control(Method::POST, "/reset", None)?;

    machine.run(&["sync"])?.ended(0)?;

    assert_eq!(sandbox.texts()?, ["tea"]);
    let listed = machine.json(&["list", "--all", "--offline", "--json"])?;
    assert_eq!(
        listed["todos"].as_array().map(Vec::len),
        Some(1),
        "{listed}"
    );
    assert_eq!(listed["todos"][0]["state"], "synced");
    Ok(())
}
