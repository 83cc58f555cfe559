//! Damaged databases.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use rusqlite::Connection;

use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Sandbox};

const PAGE: u64 = 4096;

/// A way to damage a file.
type Spoil = fn(&Path) -> Checked;

fn garbage_at(path: &Path, from: u64, bytes: usize) -> Checked {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(from))?;
    Ok(file.write_all(&vec![0xa5; bytes])?)
}

fn header(path: &Path) -> Checked {
    garbage_at(path, 0, 100)
}

fn half(path: &Path) -> Checked {
    let file = fs::OpenOptions::new().write(true).open(path)?;
    Ok(file.set_len(file.metadata()?.len() / 2)?)
}

fn directory(path: &Path) -> Checked {
    fs::remove_file(path)?;
    Ok(fs::create_dir_all(path.join("inside"))?)
}

/// Damages a page in the middle of the list's table, which is not read at start.
fn middle(path: &Path) -> Checked {
    let root: u32 = Connection::open(path)?.query_row(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'shown'",
        [],
        |row| row.get(0),
    )?;
    garbage_at(path, u64::from(root - 1) * PAGE, usize::try_from(PAGE)?)
}

/// Returns a machine with one todo on the server and one unsent todo, checkpointed from
/// the log.
fn stocked(sandbox: &Sandbox) -> Checked<Machine> {
    let machine = Machine::logged_in(sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["add", "precious", "--offline"])?.ended(0)?;
    let connection = Connection::open(machine.database()?)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(machine)
}

fn aside(machine: &Machine, number: u32) -> Checked<String> {
    Ok(format!(
        "{}.damaged-{number}",
        machine.database()?.display()
    ))
}

/// Returns whether the unsent changes were saved beside the damaged database.
fn is_saved(aside: &str) -> bool {
    fs::read_to_string(format!("{aside}.outbox.json")).is_ok_and(|it| it.contains("precious"))
}

#[test]
fn commands_move_a_damaged_database_aside_print_the_path_and_continue() -> Checked {
    let cases: [(&str, Spoil, bool); 3] = [
        ("header", header, true),
        ("half", half, false),
        ("directory", directory, false),
    ];
    let sandbox = Sandbox::start()?;
    for (case, spoil, readable) in cases {
        let machine = stocked(&sandbox)?;
        spoil(&machine.database()?)?;
        let aside = aside(&machine, 1)?;

        let ran = machine.run(&["list", "--json"])?.ended(0)?;

        assert!(ran.stderr.contains(&aside), "{case}: {ran:?}");
        assert_eq!(ran.json()?["todos"][0]["text"], "milk", "{case}");
        assert!(Path::new(&aside).exists(), "{case}");
        assert_eq!(is_saved(&aside), readable, "{case}");
        machine
            .run(&["rm", "--yes", "--filter", "milk"])?
            .ended(0)?;
    }
    Ok(())
}

#[test]
fn an_empty_database_file_is_filled_again() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = stocked(&sandbox)?;
    fs::write(machine.database()?, "")?;

    assert!(machine.run(&["list"])?.ended(0)?.stdout.contains("milk"));
    Ok(())
}

#[test]
fn a_database_damaged_in_the_middle_is_moved_aside_when_a_command_meets_the_damage() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = stocked(&sandbox)?;
    for number in 1..3 {
        middle(&machine.database()?)?;
        let aside = aside(&machine, number)?;

        let ran = machine.run(&["list", "--offline"])?.ended(1)?;

        assert!(ran.stderr.contains(&aside), "{ran:?}");
        assert_eq!(is_saved(&aside), number == 1);
        assert!(machine.run(&["list"])?.ended(0)?.stdout.contains("milk"));
        let connection = Connection::open(machine.database()?)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    assert!(is_saved(&aside(&machine, 1)?), "the first was overwritten");
    machine.run(&["add", "bread"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn an_add_that_meets_damage_is_not_reported_as_done() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = stocked(&sandbox)?;
    middle(&machine.database()?)?;

    let ran = machine.run(&["add", "bread"])?.ended(1)?;

    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains(&aside(&machine, 1)?), "{ran:?}");
    machine.run(&["add", "bread"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn the_screens_start_on_a_new_database_when_the_old_one_is_damaged() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = stocked(&sandbox)?;
    half(&machine.database()?)?;

    let mut seat = Seat::take(&machine, &[])?;

    seat.wait_until(|screen| screen.contains("damaged"))?;
    seat.wait_until(|screen| screen.contains("milk"))?;
    assert!(Path::new(&aside(&machine, 1)?).exists());
    Ok(())
}

#[test]
fn the_screens_continue_when_the_database_is_damaged_while_open() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = stocked(&sandbox)?;
    let mut seat = Seat::take(&machine, &["--offline"])?;
    seat.wait_until(|screen| screen.contains("milk"))?;
    middle(&machine.database()?)?;

    seat.press("a")?;
    seat.press("feed the cat\r")?;

    let screen = seat.wait_until(|screen| {
        screen.contains("damaged") && screen.contains("feed the cat") && !screen.contains("saving")
    })?;
    assert!(
        screen.contains("the local store was damaged; it is now at"),
        "{screen}"
    );
    assert!(is_saved(&aside(&machine, 1)?));
    seat.press("q")?;
    let (code, seen) = seat.finished()?;
    assert_eq!(code, 0);
    assert!(
        seen.contains(&aside(&machine, 1)?),
        "the path is said in full"
    );
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "feed the cat"]);
    Ok(())
}

#[test]
fn the_screens_reopen_when_a_command_moves_the_database_aside() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = stocked(&sandbox)?;
    let mut seat = Seat::take(&machine, &["--offline"])?;
    seat.wait_until(|screen| screen.contains("milk"))?;
    header(&machine.database()?)?;
    let ran = machine.run(&["list", "--offline"])?.ended(5)?;
    assert!(ran.stderr.contains("damaged-1"), "{ran:?}");

    seat.press("a")?;
    seat.press("feed the cat\r")?;
    seat.wait_until(|screen| {
        let row = screen.lines().find(|line| line.contains("feed the cat"));
        row.is_some_and(|row| row.contains('○') && !row.contains("saving"))
    })?;

    assert!(
        machine
            .run(&["list", "--offline"])?
            .stdout
            .contains("feed the cat")
    );
    seat.wait_until(|screen| !screen.contains("precious"))?;
    Ok(())
}

#[test]
fn one_change_that_cannot_be_read_does_not_stop_the_queue() -> Checked {
    let sandbox = Sandbox::start()?;
    for words in [["sync"].as_slice(), &["queue"], &["queue", "drop", "--yes"]] {
        let machine = stocked(&sandbox)?;
        machine.run(&["add", "bread", "--offline"])?.ended(0)?;
        let spoil = "UPDATE outbox SET act = 77 WHERE after = 'precious'";
        Connection::open(machine.database()?)?.execute_batch(spoil)?;

        let ran = machine.run(words)?.ended(0)?;

        let saved = format!("{}.unreadable-1.json", machine.database()?.display());
        assert!(ran.stderr.contains(&saved), "{words:?}: {ran:?}");
        assert!(fs::read_to_string(saved)?.contains("precious"));
        let again = machine.run(words)?.ended(0)?;
        assert!(!again.stderr.contains("unreadable"), "{again:?}");
        let left = machine.json(&["queue", "--json"])?;
        assert!(!left.to_string().contains("precious"), "{left}");
    }
    Ok(())
}
