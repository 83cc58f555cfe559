//! No room left.

use crate::places::{Room, skipped};
use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Sandbox};

const NEEDS: &str = "a mount namespace (root, or user namespaces)";

#[test]
fn on_a_full_disk_add_says_so_and_what_was_there_stays() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let Some(room) = Room::under(&mut machine, 2048)? else {
        return skipped(NEEDS);
    };
    machine.log_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["add", "bread", "--offline"])?.ended(0)?;
    room.fill()?;
    for words in [
        ["add", "tea"].as_slice(),
        &["add", "tea", "--json"],
        &["done", "1"],
        &["list", "--max-age", "0s"],
        &["status"],
        &["sync"],
        &["list", "--offline"],
    ] {
        eprintln!("{words:?} {:#?}", machine.run(words)?);
    }
    room.free()?;
    eprintln!("{:#?}", machine.run(&["add", "tea"])?);
    eprintln!("{:#?}", machine.run(&["list"])?);
    let mut seat = Seat::take(&machine, &[])?;
    seat.wait_until(|screen| screen.contains("ada@example.com"))?;
    room.fill()?;
    seat.press("afeed the cat\r")?;
    eprintln!(
        "{}",
        seat.wait_until(|screen| screen.contains("not saved"))?
    );
    room.free()?;
    seat.press("\r")?;
    eprintln!(
        "{}",
        seat.wait_until(
            |screen| screen.contains("] n") || screen.contains("cat") && !screen.contains("saving")
        )?
    );
    Ok(())
}
