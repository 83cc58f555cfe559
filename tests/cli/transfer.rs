//! Import and export: what goes out comes in again, once.

use serde_json::json;

use crate::support::{Checked, Machine, Sandbox};

/// Texts that a format may stumble over.
const TEXTS: [&str; 7] = [
    "(A) buy milk +home @shop due:2027-01-02",
    "x 2026-11-01 done and gone pri:B",
    "  lead and  trail ",
    "quotes \" and, commas; [x] - boxes",
    "wide 買い物 🎉 e\u{301}",
    "same",
    "same",
];

fn texts_of(sandbox: &Sandbox) -> Checked<Vec<String>> {
    let mut texts = sandbox.texts()?;
    texts.sort();
    Ok(texts)
}

#[test]
fn what_is_exported_is_imported_byte_for_byte_and_once() -> Checked {
    let source = Sandbox::start()?;
    let machine = Machine::logged_in(&source, "ada@example.com")?;
    let person = source.person(&machine)?;
    for text in TEXTS {
        person.add(text)?;
    }
    person.add("two\nlines")?;
    machine.run(&["sync"])?.ended(0)?;
    let expected = texts_of(&source)?;
    assert_eq!(expected.len(), TEXTS.len() + 1);

    for name in ["a.txt", "a.json", "a.jsonl", "a.csv", "a.md"] {
        let path = machine.path(name);
        let path = path.to_str().ok_or("path")?;
        machine.run(&["export", path])?.ended(0)?;

        let target = Sandbox::start()?;
        let other = Machine::logged_in(&target, "bob@example.com")?;
        other.run(&["import", path])?.ended(0)?;
        assert_eq!(texts_of(&target)?, expected, "{name}");
        let ran = other.run(&["import", path])?.ended(0)?;
        assert!(ran.stdout.contains("8 already there"), "{name}: {ran:?}");
        assert_eq!(texts_of(&target)?, expected, "{name}");
    }
    Ok(())
}

#[test]
fn one_bad_line_is_named_and_the_rest_is_imported() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let lines = b"one\n\n\xff\xfe bad\ntwo\n";

    let import = ["import", "-", "--format", "todotxt"];
    let strict = [&import[..], &["--strict"]].concat();
    machine.feed(&strict, lines)?.ended(1)?;
    assert!(sandbox.texts()?.is_empty());
    let dry = [&import[..], &["--dry-run"]].concat();
    let ran = machine.feed(&dry, lines)?.ended(1)?;
    assert!(ran.stdout.contains("would be added: two"), "{ran:?}");
    assert!(sandbox.texts()?.is_empty());

    let ran = machine.feed(&import, lines)?.ended(1)?;
    assert!(ran.stderr.contains("line 3 "), "{ran:?}");
    assert_eq!(sandbox.texts()?, ["one", "two"]);
    let again = [&import[..], &["--again"]].concat();
    machine.feed(&again, b"one\n")?.ended(0)?;
    assert_eq!(sandbox.texts()?.len(), 3);
    machine.feed(&["import", "-"], b"one\n")?.ended(2)?;
    Ok(())
}

#[test]
fn a_json_file_is_imported_element_by_element_or_not_at_all() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let import = ["import", "-", "--format", "json"];
    for broken in [r#"[{"text":"cut"},{"te"#, r#"{"text":"no list"}"#, "1"] {
        machine.feed(&import, broken.as_bytes())?.ended(2)?;
        assert!(sandbox.texts()?.is_empty(), "{broken}");
    }

    let file =
        r#" {"as_of": null, "todos": [{"text": "one", "tags": {"a": "b"}}, 2, {"text": "three"}]}"#;
    let ran = machine.feed(&import, file.as_bytes())?.ended(1)?;
    assert!(ran.stderr.contains("line 2 invalid type"), "{ran:?}");
    assert_eq!(sandbox.texts()?, ["one", "three"]);

    let again = [&import[..], &["--json=text"]].concat();
    let file = br#"[{"text": "four"}, {"text": "one"}]"#;
    let answer = machine.feed(&again, file)?.ended(0)?.json()?;
    assert_eq!(answer["todos"], json!([{"text": "four"}]));
    assert_eq!(answer["already_there"], 1);
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn a_large_file_is_imported_todo_by_todo() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let path = machine.path("large.txt");
    let line = |number| format!("{number} {}\n", "word ".repeat(4000));
    let content: String = (0..900).map(line).collect();
    // The file, its texts in the history, SQLite's copy of these, and the program.
    let limit = 4 * content.len() / 1024 + 8 * 1024;
    std::fs::write(&path, content)?;
    let limited = format!("ulimit -d {limit}; exec \"$@\"");
    machine.launch_through(&["sh", "-c", &limited, "sh"]);

    let path = path.to_str().ok_or("path")?;
    let ran = machine.run(&["import", "--offline", path])?.ended(0)?;

    assert_eq!(ran.stdout, "added 900 todos\n");
    Ok(())
}

#[test]
fn tasks_of_taskwarrior_keep_what_a_line_can_hold() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.set("TZ", "UTC");
    let tasks = r#"[
{"id":1,"description":"Pay rent","status":"pending","due":"20261201T080000Z","priority":"H",
 "project":"Home","recur":"monthly","tags":["bank"],"uuid":"a1b2c3d4-0000-4000-8000-000000000001",
 "annotations":[{"description":"iban"}]},
{"id":0,"description":"Old","status":"completed","end":"20261101T120000Z","priority":"L",
 "uuid":"a1b2c3d4-0000-4000-8000-000000000002"},
{"id":0,"description":"Gone","status":"deleted","uuid":"a1b2c3d4-0000-4000-8000-000000000003"}
]"#;

    let ran = machine.feed(&["import", "-"], tasks.as_bytes())?.ended(0)?;

    assert!(ran.stderr.contains("1 annotations"), "{ran:?}");
    assert_eq!(
        texts_of(&sandbox)?,
        [
            "(A) Pay rent +Home @bank due:2026-12-01 rec:+1m",
            "x 2026-11-01 Old pri:C",
        ]
    );
    let listed = machine.json(&["list", "--json=key"])?;
    assert_eq!(
        listed["todos"][0]["key"],
        "a1b2c3d4-0000-4000-8000-000000000001"
    );
    Ok(())
}

#[test]
fn a_todoist_backup_keeps_sections_and_priorities() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let rows = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE\n\
        task,Buy milk @shop,,1,1,,,2026-12-01,en,UTC\n\
        ,,,,,,,,,\n\
        section,Big plans,,,,,,,,\n\
        task,\"Write, then read\",why,4,2,,,every day,en,UTC\n\
        note,a comment,,,,,,,,\n";

    let ran = machine.feed(&["import", "-"], rows.as_bytes())?.ended(0)?;

    for lost in [
        "comments",
        "descriptions",
        "due dates in words",
        "sub-tasks",
    ] {
        assert!(ran.stderr.contains(lost), "{lost}: {ran:?}");
    }
    assert_eq!(
        texts_of(&sandbox)?,
        [
            "(A) Buy milk @shop due:2026-12-01",
            "Write, then read +Big_plans",
        ]
    );
    Ok(())
}

#[test]
fn the_help_of_export_names_only_formats_it_can_write() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let help = machine.run(&["export", "--help"])?.ended(0)?.stdout;
    assert!(help.contains("markdown"), "{help}");
    assert!(!help.contains("taskwarrior"), "{help}");
    Ok(())
}

#[test]
fn an_export_into_a_directory_that_does_not_exist_creates_none() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let folder = tempfile::tempdir()?;
    let misspelt = folder.path().join("bakcups");
    let file = misspelt.join("todo.txt");

    let ran = machine.run(&["export", &file.to_string_lossy()])?;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("bakcups"), "{ran:?}");
    assert!(!misspelt.exists());

    let file = folder.path().join("todo.txt");
    let ran = machine
        .run(&["export", &file.to_string_lossy()])?
        .ended(0)?;
    assert!(ran.stderr.contains("exported 1 todo\n"), "{ran:?}");
    assert!(file.exists());
    Ok(())
}
