//! Repeating todos, as users complete them.

use crate::support::{Checked, Machine, Sandbox};

#[test]
fn completing_a_repeating_todo_names_the_next_one_and_undo_removes_it() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine
        .run(&["add", "water rec:+1w due:2026-12-01"])?
        .ended(0)?;
    let ran = machine.run(&["done", "1"])?.ended(0)?;
    assert!(
        ran.stderr.contains("next: 2  water rec:+1w due:2026-12-08"),
        "{ran:?}"
    );
    let mut texts = sandbox.texts()?;
    texts.sort();
    assert_eq!(texts[0], "water rec:+1w due:2026-12-08");
    assert_eq!(texts.len(), 2);

    machine.run(&["undo"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["water rec:+1w due:2026-12-01"]);

    // Also by an edit, offline; what was changed of it stays.
    machine
        .run(&[
            "edit",
            "1",
            "--offline",
            "x 2026-12-01 water rec:+1w due:2026-12-01",
        ])?
        .ended(0)?;
    let listed = machine.json(&["list", "--offline", "--json"])?;
    let next = listed["todos"][0]["handle"]
        .as_str()
        .ok_or("no successor")?
        .to_owned();
    machine
        .run(&[
            "edit",
            &next,
            "--offline",
            "water the roses rec:+1w due:2026-12-08",
        ])?
        .ended(0)?;
    let ran = machine.run(&["reopen", "1"])?.ended(0)?;
    assert!(
        ran.stderr
            .contains("was changed since and stays: water the roses"),
        "{ran:?}"
    );
    Ok(())
}

#[test]
fn on_a_bare_backend_the_limit_is_said_once() -> Checked {
    let sandbox = Sandbox::start_with(&["--bare"])?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "water rec:1w"])?.ended(0)?;
    machine.run(&["add", "mow rec:2w"])?.ended(0)?;
    let ran = machine.run(&["done", "1", "2"])?.ended(0)?;
    assert!(ran.stderr.contains("setup hasura"), "{ran:?}");
    let ran = machine.run(&["done", "3"])?.ended(0)?;
    assert!(ran.stderr.contains("next: 5"), "{ran:?}");
    assert!(!ran.stderr.contains("setup hasura"), "{ran:?}");
    assert_eq!(sandbox.texts()?.len(), 5);
    Ok(())
}
