//! The TUI, killed while it writes and sends.

use fastrand::Rng;

use crate::consistency::check_todos;
use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Sandbox};
use crate::watch::{FOR_LONG, withhold};

/// The number of killed sessions.
const KILLS: u64 = 24;

#[test]
fn the_screens_under_kill_9_keep_everything_shown_as_saved() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut rng = Rng::with_seed(1);
    let mut saved = Vec::new();
    for n in 0..KILLS {
        if n % 3 == 0 {
            withhold(&sandbox, FOR_LONG)?;
        }
        let mut seat = Seat::take(&machine, &[])?;
        seat.wait_until(|screen| screen.contains("ada@example.com"))?;
        // Several writes, the last of which may be incomplete.
        let texts: Vec<String> = (0..rng.u32(1..5)).map(|i| format!("s{n} t{i}.")).collect();
        for text in &texts {
            seat.press("a")?;
            seat.press(&format!("{text}\r"))?;
        }
        let sure = rng.usize(..texts.len());
        let screen = seat.wait_until(|screen| row(screen, &texts[sure]).is_some_and(is_saved))?;
        seat.kill()?;
        let is_shown = |text: &&String| row(&screen, text).is_some_and(is_saved);
        saved.extend(texts.iter().filter(is_shown).cloned());
        sandbox.heal()?;
    }
    assert!(saved.len() as u64 >= KILLS);
    check_todos(&sandbox, &machine, saved.iter().map(String::as_str))
}

/// Returns the row of a todo in the list.
fn row<'a>(screen: &'a str, text: &str) -> Option<&'a str> {
    screen
        .lines()
        .find(|line| line.contains('○') && line.contains(text))
}

/// Returns whether a row shows as saved. A toast hides the state of the row behind it.
fn is_saved(row: &str) -> bool {
    !row.contains("saving") && !row.contains("undo")
}
