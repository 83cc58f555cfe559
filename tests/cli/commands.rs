//! Commands that scripts rely on: `show`, `redo`, `man`, handles on stdin, fields.

use std::fmt::Write as _;

use crate::support::{Checked, Machine, Sandbox};

fn start() -> Checked<(Sandbox, Machine)> {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    Ok((sandbox, machine))
}

#[test]
fn words_with_a_sign_or_leading_zeros_are_no_handles() -> Checked {
    let (sandbox, machine) = start()?;
    machine.run(&["add", "one"])?.ended(0)?;

    for word in ["+1", "01", "001", "0"] {
        machine.run(&["rm", "--yes", word])?.ended(3)?;
    }

    assert_eq!(sandbox.texts()?, ["one"]);
    Ok(())
}

#[test]
fn eight_digits_are_tried_as_the_start_of_a_key() -> Checked {
    let (sandbox, machine) = start()?;
    for key in [
        "12345678-1111-7111-8111-111111111111",
        "12345678-2222-7111-8111-111111111111",
        "00345678-2222-7111-8111-111111111111",
    ] {
        machine.run(&["add", "--key", key, "todo"])?.ended(0)?;
    }

    let ran = machine.run(&["rm", "--yes", "12345678"])?.ended(3)?;
    assert!(ran.stderr.contains("12345678-2222"), "{ran:?}");
    machine.run(&["rm", "--yes", "00345678"])?.ended(0)?;
    assert_eq!(sandbox.texts()?.len(), 2);
    Ok(())
}

#[test]
fn a_text_that_is_a_handle_needs_literal() -> Checked {
    let (sandbox, machine) = start()?;
    machine.run(&["add", "one"])?.ended(0)?;

    for words in [&["edit", "1", "6"][..], &["edit", "1", "6", "n7"]] {
        let ran = machine.run(words)?.ended(2)?;
        assert!(ran.stderr.contains("--literal"), "{ran:?}");
    }
    assert_eq!(sandbox.texts()?, ["one"]);

    machine.run(&["edit", "1", "6", "--literal"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["6"]);
    Ok(())
}

#[test]
fn handles_are_read_from_stdin() -> Checked {
    let (sandbox, machine) = start()?;
    machine
        .feed(&["add", "-"], b"one\ntwo\nthree\n")?
        .ended(0)?;

    machine.feed(&["done", "-"], b"1\n2\n")?.ended(0)?;
    machine.feed(&["rm", "-"], b"3\n")?.ended(2)?;
    let ran = machine.feed(&["rm", "--yes", "-"], b"3 99\n")?.ended(3)?;
    assert!(ran.stderr.contains("99"), "{ran:?}");
    machine.feed(&["rm", "--yes", "-"], b"\n")?.ended(0)?;
    machine.feed(&["edit", "-", "text"], b"1\n")?.ended(2)?;
    machine
        .feed(&["edit", "-", "--add-tag", "+a"], b"1 2\n")?
        .ended(0)?;

    let texts = sandbox.texts()?;
    assert_eq!(texts.len(), 2);
    assert!(texts.iter().all(|text| text.starts_with("x ")), "{texts:?}");
    assert!(texts.iter().all(|text| text.ends_with("+a")), "{texts:?}");
    Ok(())
}

#[test]
fn ten_thousand_handles_on_stdin_are_one_step() -> Checked {
    let (sandbox, machine) = start()?;
    let (mut lines, mut handles) = (String::new(), String::new());
    for number in 1..=10_000 {
        writeln!(lines, "todo number {number}")?;
        writeln!(handles, "n{number}")?;
    }
    machine
        .feed(&["add", "-", "--offline"], lines.as_bytes())?
        .ended(0)?;

    machine
        .feed(&["rm", "--yes", "--offline", "-"], handles.as_bytes())?
        .ended(0)?;
    let status = machine.json(&["status", "--json"])?;
    assert_eq!(status["open"], 0);
    let listed = machine.json(&["undo", "--list", "--json"])?;
    assert_eq!(listed["acts"][0]["count"], 10_000);
    assert!(sandbox.texts()?.is_empty());
    Ok(())
}

#[test]
fn add_takes_a_due_date_a_priority_and_a_key() -> Checked {
    let (sandbox, machine) = start()?;
    let key = "01890000-0000-7000-8000-000000000001";
    let add = [
        "add",
        "milk",
        "--due",
        "2027-01-02",
        "--pri",
        "b",
        "--key",
        key,
    ];

    let first = machine.run(&add)?.ended(0)?;
    let second = machine.run(&add)?.ended(0)?;

    assert_eq!(first.stdout, second.stdout);
    assert_eq!(sandbox.texts()?, ["(B) milk due:2027-01-02"]);
    machine
        .run(&["add", "milk", "--due", "nonsense"])?
        .ended(2)?;
    machine.run(&["add", "milk", "--key", "1234"])?.ended(2)?;
    machine
        .feed(&["add", "-", "--key", key], b"a\nb\n")?
        .ended(2)?;
    assert_eq!(sandbox.texts()?.len(), 1);
    Ok(())
}

#[test]
fn show_prints_all_details_of_a_todo() -> Checked {
    let (_sandbox, machine) = start()?;
    machine
        .run(&["add", "(A) buy milk +home @shop due:2027-01-02"])?
        .ended(0)?;

    let ran = machine.run(&["show", "1"])?.ended(0)?;
    for part in ["buy milk", "2027-01-02", "home", "shop", "synced", "added"] {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
    let answer = machine.json(&["show", "1", "--json=id,due"])?;
    assert_eq!(answer["todos"][0]["due"], "2027-01-02");
    assert_eq!(answer["todos"][0]["text"], serde_json::Value::Null);
    assert_eq!(answer["changes"], serde_json::json!([]));

    machine
        .run(&["edit", "1", "other", "--offline"])?
        .ended(0)?;
    let answer = machine.json(&["show", "1", "--json"])?;
    assert_eq!(answer["changes"][0]["state"], "pending");
    machine.run(&["show", "99"])?.ended(3)?;
    Ok(())
}

#[test]
fn redo_redoes_what_undo_undid() -> Checked {
    let (sandbox, machine) = start()?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["redo"])?.ended(1)?;
    machine.run(&["edit", "1", "bread"])?.ended(0)?;
    machine.run(&["undo"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk"]);

    let ran = machine.run(&["redo", "--dry-run"])?.ended(0)?;
    assert!(ran.stdout.starts_with("would redo"), "{ran:?}");
    let answer = machine.json(&["redo", "--json"])?;

    assert_eq!(answer["redone"]["verb"], "changed");
    assert_eq!(sandbox.texts()?, ["bread"]);
    machine.run(&["redo"])?.ended(1)?;
    Ok(())
}

#[test]
fn writes_print_the_fields_asked_for() -> Checked {
    let (_sandbox, machine) = start()?;

    let added = machine.json(&["add", "milk", "--json=text,id,text"])?;
    assert_eq!(
        added["todos"][0],
        serde_json::json!({ "text": "milk", "id": 1 })
    );
    let done = machine.json(&["done", "1", "--json=handle"])?;
    assert_eq!(done["changed"][0], serde_json::json!({ "handle": "1" }));
    machine.run(&["rm", "1", "--json=txt"])?.ended(2)?;
    Ok(())
}

#[test]
fn fields_after_a_space_are_refused_with_the_right_spelling() -> Checked {
    let (_sandbox, machine) = start()?;
    machine.run(&["add", "say done"])?.ended(0)?;

    let ran = machine.run(&["list", "--json", "id,text"])?.ended(2)?;
    assert!(ran.stderr.contains("--json=id,text"), "{ran:?}");
    let found = machine.json(&["list", "--json", "--", "done"])?;
    assert_eq!(found["todos"][0]["text"], "say done");
    Ok(())
}

#[test]
fn a_dry_run_of_nothing_says_only_that_there_is_no_such_todo() -> Checked {
    let (_sandbox, machine) = start()?;

    let ran = machine.run(&["done", "99", "--dry-run"])?.ended(3)?;

    assert!(!ran.stderr.contains("dry run"), "{ran:?}");
    Ok(())
}

#[test]
fn man_pages_are_printed_or_written() -> Checked {
    let machine = Machine::new()?;

    let ran = machine.run(&["man"])?.ended(0)?;
    assert!(ran.stdout.contains(".TH tudone 1"), "{}", ran.stdout);
    let directory = machine.path("pages");
    machine
        .run(&["man", directory.to_str().ok_or("path")?])?
        .ended(0)?;
    assert!(directory.join("man1/tudone-list.1").exists());
    Ok(())
}

#[cfg(unix)]
#[test]
fn the_editor_is_split_as_a_shell_splits_words() -> Checked {
    use std::os::unix::fs::PermissionsExt as _;

    let (sandbox, mut machine) = start()?;
    machine.run(&["add", "one"])?.ended(0)?;
    let editor = machine.path("my ed.sh");
    std::fs::write(&editor, "#!/bin/sh\n[ \"$1\" = '' ] && echo two >\"$2\"\n")?;
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700))?;

    machine.set("EDITOR", format!("\"{}\" \"\"", editor.display()));
    machine.run(&["edit", "1"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["two"]);

    machine.set("EDITOR", "vi \"");
    machine.run(&["edit", "1"])?.ended(2)?;
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_text_refused_from_the_editor_is_kept_in_a_file() -> Checked {
    let (sandbox, mut machine) = start()?;
    machine.run(&["add", "one"])?.ended(0)?;
    let editor = machine.path("editor");
    std::fs::write(&editor, "printf 'two\\nlines\\n' >\"$1\"\n")?;
    machine.set("EDITOR", format!("sh {}", editor.display()));

    let ran = machine.run(&["edit", "1"])?.ended(2)?;

    let said = ran.stderr.split("kept in ").nth(1).ok_or("no path")?;
    let path = said.split([':', '\n']).next().unwrap_or_default().trim();
    assert_eq!(std::fs::read_to_string(path)?, "two\nlines\n");
    std::fs::remove_file(path)?;
    assert_eq!(sandbox.texts()?, ["one"]);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_text_from_the_editor_that_cannot_be_saved_is_kept_in_a_file() -> Checked {
    let (_sandbox, mut machine) = start()?;
    machine.run(&["add", "one"])?.ended(0)?;
    let editor = machine.path("editor");
    let program = env!("CARGO_BIN_EXE_tudone");
    let script = format!("printf 'two\\n' >\"$1\"; '{program}' rm --yes --quiet 1 >&2\n");
    std::fs::write(&editor, script)?;
    machine.set("EDITOR", format!("sh {}", editor.display()));

    let ran = machine.run(&["edit", "1"])?.ended(3)?;

    let said = ran.stderr.split("kept in ").nth(1).ok_or("no path")?;
    let path = said.split([':', '\n']).next().unwrap_or_default().trim();
    assert_eq!(std::fs::read_to_string(path)?, "two\n");
    std::fs::remove_file(path)?;
    Ok(())
}

#[test]
fn a_list_is_narrowed_turned_around_and_counted() -> Checked {
    let (_sandbox, mut machine) = start()?;
    machine.set("TUDONE_TEST_NOW", "2026-12-02T10:00:00Z");
    let lines = "one due:2026-12-01\ntwo\nx three\nfour due:2026-12-02\nfive t:2027-01-01\n";
    machine.feed(&["add", "-"], lines.as_bytes())?.ended(0)?;
    let ids = |words: &[&str]| -> Checked<Vec<i64>> {
        let all = [&["list", "--offline", "--json=id"], words].concat();
        let todos = machine.json(&all)?["todos"].clone();
        let todos = todos.as_array().cloned().unwrap_or_default();
        Ok(todos
            .iter()
            .filter_map(|todo| todo["id"].as_i64())
            .collect())
    };

    assert_eq!(ids(&[])?, [1, 2, 4]);
    assert_eq!(ids(&["--reverse"])?, [4, 2, 1]);
    assert_eq!(ids(&["--done"])?, [3]);
    assert_eq!(ids(&["--all"])?, [1, 2, 3, 4, 5]);
    assert_eq!(ids(&["--view", "today"])?, [1, 4]);
    assert_eq!(ids(&["--view", "today", "four"])?, [4]);
    let count = machine.run(&["list", "--count", "--offline"])?.ended(0)?;
    assert_eq!(count.stdout, "3\n");
    machine.run(&["list", "--view", "todya"])?.ended(2)?;
    Ok(())
}

#[test]
fn status_counts_what_is_due_overdue_and_waiting() -> Checked {
    let (_sandbox, mut machine) = start()?;
    machine.set("TUDONE_TEST_NOW", "2026-12-02T10:00:00Z");
    let lines = "one due:2026-12-01\ntwo\nx three\nfour due:2026-12-02\nfive t:2027-01-01\n";
    machine.feed(&["add", "-"], lines.as_bytes())?.ended(0)?;

    let status = machine.json(&["status", "--json"])?;
    for (name, count) in [
        ("open", 3),
        ("done", 1),
        ("overdue", 1),
        ("due_today", 1),
        ("waiting", 1),
    ] {
        assert_eq!(status[name], count, "{name}");
    }
    let ran = machine.run(&["status", "--format", "{overdue}/{open} todos"])?;
    assert_eq!(ran.ended(0)?.stdout, "1/3 todos\n");
    machine
        .run(&["status", "--format", "{nonsense}"])?
        .ended(2)?;
    Ok(())
}
