//! A database that a newer program created, or migrates while an older one runs.

use std::fs;

use rusqlite::Connection;

use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Sandbox};

/// Raises the database's version, as a newer program would.
fn migrate(machine: &Machine) -> Checked {
    let connection = Connection::open(machine.database()?)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    connection.execute_batch(&format!("PRAGMA user_version = {}", version + 1))?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

#[test]
fn a_newer_database_is_rejected_with_help_and_stays_unchanged() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    migrate(&machine)?;
    let before = fs::read(machine.database()?)?;

    for words in [
        ["add", "tea"].as_slice(),
        &["list"],
        &["list", "--offline"],
        &["sync"],
        &["status"],
        &["done", "1"],
    ] {
        let ran = machine.run(words)?.ended(1)?;
        assert_eq!(ran.stdout, "", "{words:?}");
        assert!(ran.stderr.contains("newer"), "{ran:?}");
        assert!(ran.stderr.contains("install the newest version"), "{ran:?}");
    }
    assert_eq!(Seat::take(&machine, &[])?.ended()?, 1);

    assert_eq!(fs::read(machine.database()?)?, before);
    let log = format!("{}-wal", machine.database()?.display());
    assert!(
        fs::metadata(log).map_or(0, |log| log.len()) == 0,
        "something was written"
    );
    Ok(())
}

#[test]
fn screens_whose_database_a_newer_program_migrates_only_read_and_say_restart() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["add", "bread"])?.ended(0)?;
    let mut seat = Seat::take(&machine, &[])?;
    seat.wait_until(|screen| screen.contains("bread") && screen.contains("live"))?;

    migrate(&machine)?;

    seat.wait_until(|screen| screen.contains("Restart tudone"))?;
    seat.press("/")?;
    seat.press("bre")?;
    let screen = seat.wait_until(|screen| !screen.contains("milk"))?;
    assert!(screen.contains("bread"), "reading still works:\n{screen}");
    seat.press("\u{1b}")?;
    seat.wait_until(|screen| screen.contains("milk"))?;
    seat.press("a")?;
    seat.press("tea\r")?;
    let screen = seat.wait_until(|screen| screen.contains("not saved"))?;
    assert!(screen.contains("› tea"), "{screen}");
    seat.press("\u{1b}")?;
    seat.wait_until(|screen| !screen.contains("New todo"))?;
    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}
