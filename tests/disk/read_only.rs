//! A data directory that cannot be written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Sandbox};

/// Sets the modes of everything under `path`.
fn set_modes(path: &Path, directory: u32, file: u32) -> Checked {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Ok(fs::set_permissions(path, Permissions::from_mode(file))?);
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)? {
        set_modes(&entry?.path(), directory, file)?;
    }
    Ok(fs::set_permissions(
        path,
        Permissions::from_mode(directory),
    )?)
}

fn close(machine: &mut Machine) -> Checked {
    machine.enforce_modes();
    set_modes(&machine.path("data"), 0o500, 0o400)
}

fn open(machine: &Machine) -> Checked {
    set_modes(&machine.path("data"), 0o700, 0o600)
}

#[test]
fn in_a_read_only_directory_lists_work_and_no_change_is_acknowledged() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["add", "bread", "--offline"])?.ended(0)?;
    close(&mut machine)?;

    for words in [
        ["list", "--offline"].as_slice(),
        &["list", "--max-age", "0s"],
    ] {
        let listed = machine.run(words)?.ended(0)?.stdout;
        assert!(
            listed.contains("milk") && listed.contains("bread"),
            "{listed}"
        );
    }
    let status = machine.run(&["status"])?.ended(0)?.stdout;
    assert!(status.contains("1 pending"), "{status}");
    for words in [["add", "tea"].as_slice(), &["done", "1"]] {
        let ran = machine.run(words)?.ended(1)?;
        assert_eq!(ran.stdout, "", "{words:?}");
        assert_eq!(
            ran.stderr,
            "error: the local store cannot be written\n\
             Check that the data directory belongs to you and can be written.\n"
        );
    }
    machine.run(&["sync"])?.ended(1)?;

    open(&machine)?;
    machine.run(&["add", "tea"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "bread", "tea"]);
    Ok(())
}

#[test]
fn a_database_without_its_log_is_read_in_a_read_only_directory() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let database = machine.database()?;
    let connection = rusqlite::Connection::open(&database)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(connection);
    assert!(
        !database.with_extension("db-wal").exists(),
        "closing keeps it"
    );
    close(&mut machine)?;

    let listed = machine.run(&["list", "--offline"])?.ended(0)?;

    assert_eq!(listed.stdout, "    1  milk\n");
    open(&machine)
}

#[test]
fn in_a_read_only_directory_the_screens_show_the_list_and_return_lines() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    close(&mut machine)?;
    let mut seat = Seat::take(&machine, &[])?;
    seat.wait_until(|screen| screen.contains("milk"))?;

    seat.press("a")?;
    seat.press("feed the cat\r")?;

    let screen = seat.wait_until(|screen| screen.contains("not saved"))?;
    assert!(
        screen.contains("not saved: the local store cannot be written. "),
        "{screen}"
    );
    assert!(screen.contains("› feed the cat"), "{screen}");
    seat.press("\u{1b}")?;
    seat.wait_until(|screen| !screen.contains("New todo"))?;
    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    open(&machine)
}

#[test]
fn the_screens_open_read_only_in_a_read_only_directory_and_say_so() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let connection = rusqlite::Connection::open(machine.database()?)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(connection);
    close(&mut machine)?;

    let mut seat = Seat::take(&machine, &["--offline"])?;

    let screen = seat.wait_until(|screen| screen.contains("milk"))?;
    assert!(
        screen.contains("the local store cannot be written"),
        "{screen}"
    );
    open(&machine)?;
    seat.press("a")?;
    seat.press("feed the cat\r")?;
    seat.wait_until(|screen| screen.contains("feed the cat") && !screen.contains("saving"))?;
    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}
