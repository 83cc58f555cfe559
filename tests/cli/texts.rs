//! No part of a text is lost or turned into something else by an edit.

use crate::support::{Checked, Machine, Sandbox};

/// A machine whose sandbox has these texts, by `--literal`.
fn with_texts(sandbox: &Sandbox, texts: &[&str]) -> Checked<Machine> {
    let machine = Machine::logged_in(sandbox, "ada@example.com")?;
    for text in texts {
        machine.run(&["add", "--literal", text])?.ended(0)?;
    }
    Ok(machine)
}

#[test]
fn an_edit_of_one_part_never_makes_something_else_of_the_rest() -> Checked {
    let sandbox = Sandbox::start()?;
    let texts = [
        "due:2027-02-03 x ray",
        "(A) x Find prices",
        "+p (A) foo",
        "+alone",
        "x 2026-11-01 x foo",
    ];
    let machine = with_texts(&sandbox, &texts)?;

    for (words, reason) in [
        (&["edit", "1", "--due", "none"][..], "done"),
        (&["edit", "2", "--pri", "none"], "done"),
        (&["edit", "3", "--remove-tag", "+p"], "priority"),
        (&["edit", "4", "--remove-tag", "+alone"], "no text"),
        (&["reopen", "5"], "done"),
    ] {
        let ran = machine.run(words)?.ended(2)?;
        assert!(ran.stderr.contains(reason), "{words:?}: {ran:?}");
        assert!(ran.stderr.contains(words[1]), "{words:?}: {ran:?}");
    }

    assert_eq!(sandbox.texts()?, texts);
    Ok(())
}

#[test]
fn tags_are_removed_in_any_case_and_checked_as_typed_text() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_texts(&sandbox, &["milk +Work ", "bread"])?;

    machine
        .run(&["edit", "1", "--add-tag", "+new", "--remove-tag", "+work"])?
        .ended(0)?;
    machine
        .run(&["edit", "1", "--remove-tag", "+new"])?
        .ended(0)?;
    for refused in ["+a\u{1b}[31m", "+a\nb", "+a b", "plain"] {
        machine
            .run(&["edit", "2", "--add-tag", refused])?
            .ended(2)?;
    }
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);

    machine
        .run(&["edit", "2", "--add-tag", "due:tomorow"])?
        .ended(0)?;
    let ran = machine.run(&["edit", "2", "--due", "2026-12-01"])?;
    assert_eq!(ran.ended(0)?.stderr, "");
    assert_eq!(sandbox.texts()?[1], "bread due:tomorow due:2026-12-01");
    Ok(())
}

#[test]
fn an_editor_that_changes_nothing_changes_nothing() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = with_texts(&sandbox, &["lead"])?;
    let foreign = "  lead and  trail  due:tomorrow ";
    sandbox.person(&machine)?.add(foreign)?;
    machine.run(&["sync"])?.ended(0)?;
    let before = sandbox.texts()?;

    machine.set("EDITOR", "true");
    let ran = machine.run(&["edit", "2"])?.ended(0)?;
    assert!(ran.stdout.starts_with("unchanged"), "{ran:?}");
    let editor = machine.path("editor");
    std::fs::write(&editor, "sed -i s/lead/LEAD/ \"$1\"\n")?;
    machine.set("EDITOR", format!("sh {}", editor.display()));
    machine.run(&["edit", "2"])?.ended(0)?;

    assert_eq!(before[1], foreign);
    assert_eq!(sandbox.texts()?[1], "  LEAD and  trail  due:tomorrow ");
    Ok(())
}

#[test]
fn tabs_become_spaces_and_a_byte_order_mark_is_skipped() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_texts(&sandbox, &[])?;

    machine
        .feed(&["add", "-"], "\u{feff}(A)\tx\n\tb\tc\n".as_bytes())?
        .ended(0)?;

    assert_eq!(sandbox.texts()?, ["(A) x", "b c"]);
    Ok(())
}
