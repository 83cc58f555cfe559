//! Full disks and file size limits.

use crate::restrictions::{SmallDisk, limit_file_size, skipped};
use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Ran, Sandbox};

/// Adds milk on the server and bread on this device.
fn stocked(sandbox: &Sandbox, machine: &Machine) -> Checked {
    machine.log_in(sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["add", "bread", "--offline"])?.ended(0)?;
    Ok(())
}

/// Fills the disk, and what the log of the store has room for.
fn fill(disk: &SmallDisk, machine: &Machine) -> Checked {
    disk.fill()?;
    for _ in 0..500 {
        if machine.run(&["add", "filler", "--offline"])?.code != Some(0) {
            return Ok(());
        }
    }
    Err("the disk is never full".into())
}

/// Checks that every writing command fails with an error that contains `says`.
fn commands_fail_clearly(run: impl Fn(&[&str]) -> Checked<Ran>, says: &str) -> Checked {
    let before = run(&["status", "--format", "{open} open, {done} done"])?.ended(0)?;
    for words in [
        ["add", "tea"].as_slice(),
        &["done", "1"],
        &["rm", "1", "--yes"],
    ] {
        let ran = run(words)?.ended(1)?;
        assert_eq!(ran.stdout, "", "{words:?}");
        let first = ran.stderr.lines().next().unwrap_or_default();
        assert_eq!(first, format!("error: {says}"), "{words:?}");
        assert_eq!(ran.stderr.lines().count(), 2, "and what to do: {ran:?}");
    }
    let ran = run(&["add", "tea", "--json"])?.ended(1)?;
    assert_eq!(ran.error()?["message"], says);
    assert_eq!(run(&["sync"])?.ended(1)?.stdout, "");
    // Existing todos can still be read.
    for words in [
        ["list", "--offline"].as_slice(),
        &["list", "--max-age", "0s"],
    ] {
        let listed = run(words)?.ended(0)?.stdout;
        assert!(
            listed.contains("milk") && listed.contains("bread"),
            "{listed}"
        );
        assert!(!listed.contains("tea"), "{listed}");
    }
    let after = run(&["status", "--format", "{open} open, {done} done"])?.ended(0)?;
    assert_eq!(after.stdout, before.stdout);
    Ok(())
}

fn all_goes_on(sandbox: &Sandbox, machine: &Machine) -> Checked {
    machine.run(&["add", "tea"])?.ended(0)?;
    let mut texts = sandbox.texts()?;
    texts.retain(|text| text != "filler");
    assert_eq!(texts, ["milk", "bread", "tea"]);
    Ok(())
}

/// Types a line that cannot be saved, is returned, and is saved in the end.
fn screens_return_the_line(
    machine: &Machine,
    says: &str,
    full: impl FnOnce(&Seat) -> Checked,
    freed: impl FnOnce(&Seat) -> Checked,
) -> Checked {
    let mut seat = Seat::take(machine, &[])?;
    seat.wait_until(|screen| screen.contains("live"))?;
    full(&seat)?;
    seat.press("a")?;
    seat.press("feed the cat\r")?;
    let screen = seat.wait_until(|screen| screen.contains("not saved"))?;
    assert!(screen.contains(&format!("not saved: {says}. ")), "{screen}");
    assert!(screen.contains("› feed the cat"), "{screen}");
    assert!(
        !screen.contains("] feed the cat"),
        "the row stayed:\n{screen}"
    );
    freed(&seat)?;
    seat.press("\r")?;
    seat.wait_until(|screen| {
        let row = screen.lines().find(|line| line.contains("feed the cat"));
        row.is_some_and(|row| row.contains('○') && !row.contains("saving"))
    })?;
    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    assert!(machine.run(&["list"])?.stdout.contains("feed the cat"));
    Ok(())
}

const NEEDS: &str = "a mount namespace (root, or user namespaces)";
const FULL: &str = "the disk is full";
const UNWRITABLE: &str = "the disk cannot be read or written";

#[test]
fn on_a_full_disk_commands_say_so_and_existing_todos_stay() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let Some(room) = SmallDisk::under(&mut machine, 2048)? else {
        return skipped(NEEDS);
    };
    stocked(&sandbox, &machine)?;
    fill(&room, &machine)?;
    commands_fail_clearly(|words| machine.run(words), FULL)?;
    room.free()?;
    all_goes_on(&sandbox, &machine)
}

#[test]
fn on_a_full_disk_the_screens_return_the_line_until_there_is_room() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let Some(room) = SmallDisk::under(&mut machine, 2048)? else {
        return skipped(NEEDS);
    };
    stocked(&sandbox, &machine)?;
    let full = |_: &Seat| fill(&room, &machine);
    screens_return_the_line(&machine, FULL, full, |_| room.free())
}

#[test]
fn with_a_file_size_limit_commands_say_so_and_existing_todos_stay() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    stocked(&sandbox, &machine)?;
    machine.launch_through(&["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"]);
    commands_fail_clearly(|words| machine.run(words), UNWRITABLE)?;
    machine.launch_through(&[]);
    all_goes_on(&sandbox, &machine)
}

#[cfg(target_os = "linux")]
#[test]
fn with_a_file_size_limit_the_screens_return_the_line_until_it_is_lifted() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    stocked(&sandbox, &machine)?;
    let full = |seat: &Seat| limit_file_size(seat.id()?, Some(0));
    let freed = |seat: &Seat| limit_file_size(seat.id()?, None);
    screens_return_the_line(&machine, UNWRITABLE, full, freed)
}
