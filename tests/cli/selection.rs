//! A selection is never wider than what was typed.

use crate::support::{Checked, Machine, Sandbox};

/// Blank as an unset variable, or as white space of any kind.
const BLANK: [&str; 5] = ["", " ", "\t", "\u{a0}", "\u{200b}"];

const SELECTING: [&[&str]; 4] = [
    &["rm", "--yes", "--filter"],
    &["done", "--yes", "--filter"],
    &["reopen", "--yes", "--filter"],
    &["edit", "--yes", "--add-tag", "+lost", "--filter"],
];

fn machine_with_todos(sandbox: &Sandbox) -> Checked<Machine> {
    let machine = Machine::logged_in(sandbox, "ada@example.com")?;
    machine.run(&["add", "one @kitchen"])?.ended(0)?;
    machine.run(&["add", "two"])?.ended(0)?;
    machine.run(&["add", "x 2026-11-20 three"])?.ended(0)?;
    Ok(machine)
}

fn texts(machine: &Machine) -> Checked<String> {
    Ok(machine
        .run(&["list", "--all", "--offline"])?
        .ended(0)?
        .stdout)
}

#[test]
fn a_blank_filter_selects_nothing_and_says_so() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = machine_with_todos(&sandbox)?;
    let before = texts(&machine)?;

    for command in SELECTING {
        for blank in BLANK {
            for terms in [&[blank][..], &[blank, "@kitchen"], &["@kitchen", blank]] {
                let words = [command, terms].concat();
                let ran = machine.run(&words)?.ended(2)?;

                assert!(ran.stderr.contains("is blank"), "{words:?}: {ran:?}");
                assert!(ran.stderr.contains("--every"), "{words:?}: {ran:?}");
            }
        }
    }

    assert_eq!(texts(&machine)?, before);
    Ok(())
}

#[test]
fn a_blank_term_lists_nothing() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = machine_with_todos(&sandbox)?;

    for blank in BLANK {
        let ran = machine.run(&["list", blank])?.ended(2)?;
        assert_eq!(ran.stdout, "");
    }
    Ok(())
}

#[test]
fn every_selects_all_todos() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = machine_with_todos(&sandbox)?;

    machine.run(&["done", "--every"])?.ended(2)?;
    machine.run(&["done", "--every", "--yes"])?.ended(0)?;
    let done = machine.json(&["list", "--all", "--json"])?;
    let todos = done["todos"].as_array().cloned().unwrap_or_default();
    assert_eq!(todos.len(), 3);
    assert!(todos.iter().all(|todo| todo["done"] == true));

    machine.run(&["rm", "--every", "--yes"])?.ended(0)?;
    assert!(sandbox.texts()?.is_empty());
    Ok(())
}

#[test]
fn a_handle_beside_a_selection_is_wrong_usage() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = machine_with_todos(&sandbox)?;
    let before = texts(&machine)?;

    for words in [
        &["rm", "1", "--yes", "--filter", "two"][..],
        &["rm", "1", "--yes", "--every"],
        &["done", "1", "--filter", "two"],
        &["edit", "1", "--add-tag", "+a", "--every"],
        &["rm", "--every", "--filter", "two", "--yes"],
    ] {
        machine.run(words)?.ended(2)?;
    }

    assert_eq!(texts(&machine)?, before);
    Ok(())
}
