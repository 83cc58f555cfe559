//! The demo: as text, and driven by keys on a terminal.

use crate::support::{Checked, Machine, decide};
use crate::terminal::Seat;

#[test]
fn without_a_terminal_the_demo_plays_the_whole_job_and_checks_it() -> Checked {
    let ran = Machine::new()?.run(&["demo"])?.ended(0)?;

    assert!(ran.stdout.contains("DEVELOPMENT ONLY"), "{}", ran.stdout);
    for step in [
        "logged in",
        "the new todo is on the server",
        "the todo is shown as pending",
        "it reached the server exactly once",
        "the server has it as done",
        "the cached todos can still be read",
    ] {
        assert!(ran.stdout.contains(step), "{step}: {}", ran.stdout);
    }
    Ok(())
}

#[test]
fn keys_lead_from_login_to_delete() -> Checked {
    let machine = Machine::new()?;
    let mut seat = Seat::take(&machine, &["demo"])?;

    let screen = seat.wait_until(|text| text.contains("check that it shows this code"))?;
    let page = word(&screen, |word| word.contains("/activate?user_code="))?;
    let (activate, user_code) = page
        .split_once("?user_code=")
        .ok_or("no code in the page")?;
    decide(activate, user_code, "ada@example.com", "approve")?;
    seat.wait_until(|text| text.contains("renew passport"))?;

    seat.press("a")?;
    seat.press("feed the cat @home\r")?;
    seat.wait_until(|text| text.contains("feed the cat") && !text.contains("pending"))?;

    seat.press("/")?;
    seat.press("CAT")?;
    seat.wait_until(|text| text.contains("feed the cat") && !text.contains("renew passport"))?;
    seat.press("\r")?;

    seat.press("e")?;
    seat.press(" twice\r")?;
    seat.wait_until(|text| text.contains("feed the cat @home twice"))?;

    seat.press(" ")?;
    seat.wait_until(|text| !text.contains("feed the cat"))?;
    seat.press("\u{1b}")?;
    seat.wait_until(|text| text.contains("renew passport"))?;

    seat.press("?")?;
    seat.wait_until(|text| text.contains("Keys") && text.contains("type to filter"))?;
    seat.press("\u{1b}")?;
    seat.wait_until(|text| text.contains("renew passport") && !text.contains("Keys"))?;

    seat.press("gg")?;
    seat.press("d")?;
    seat.wait_until(|text| text.contains("✓ deleted "))?;

    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn where_there_is_no_browser_enter_approves_the_demos_login() -> Checked {
    let machine = Machine::new()?;
    let mut seat = Seat::take(&machine, &["demo"])?;

    seat.wait_until(|text| text.contains("check that it shows this code"))?;
    seat.press("\r")?;
    seat.wait_until(|text| text.contains("renew passport"))?;

    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn the_demo_has_a_conflict_to_solve_and_a_tour() -> Checked {
    let machine = Machine::new()?;
    let mut seat = Seat::take(&machine, &["demo"])?;
    seat.wait_until(|text| text.contains("check that it shows this code"))?;
    seat.press("\r")?;
    seat.wait_until(|text| text.contains("1 rejected"))?;

    seat.press("Q")?;
    seat.wait_until(|text| {
        text.contains("yours    buy almond milk") && text.contains("theirs   buy 2 l oat milk")
    })?;
    seat.press("m")?;
    seat.wait_until(|text| text.contains("Edit both into one"))?;
    seat.press("\r")?;
    seat.wait_until(|text| text.contains("buy almond milk") && !text.contains("rejected"))?;

    seat.press("T")?;
    seat.wait_until(|text| text.contains("1 of 10   j  selects the next todo"))?;
    seat.press("j")?;
    seat.wait_until(|text| text.contains("2 of 10   space  completes it"))?;
    seat.press("T")?;
    // Not the time of `as of 10:07`.
    seat.wait_until(|text| !text.contains(" of 10   "))?;

    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

fn word(screen: &str, wanted: impl Fn(&str) -> bool) -> Checked<String> {
    let found = screen.split_whitespace().find(|word| wanted(word));
    Ok(found.ok_or("not on the screen")?.to_owned())
}
