//! The screens, stopped and ended from outside: the terminal is as it was, and
//! what was typed is kept.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::seat::Seat;
use crate::support::{Checked, DEADLINE, Machine, Sandbox};

/// Long enough for a program that ends by itself, too short for one that does not.
const MOMENT: Duration = Duration::from_secs(20);

/// A machine with one todo, `milk`.
fn with_milk(sandbox: &Sandbox) -> Checked<Machine> {
    let machine = Machine::logged_in(sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    Ok(machine)
}

/// The screens with the list on them.
fn opened(machine: &Machine) -> Checked<Seat> {
    let mut seat = Seat::take(machine, &["--offline"])?;
    seat.wait_until(|screen| screen.contains("milk"))?;
    Ok(seat)
}

/// The program that the shell of `seat` started.
fn program_of(seat: &Seat) -> Checked<Pid> {
    let shell = seat.id()?.as_raw_pid();
    let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"))?;
    let program = children.split_whitespace().next().ok_or("no program")?;
    Ok(Pid::from_raw(program.parse()?).ok_or("no program")?)
}

/// Waits until the terminal's own modes are as they should be.
fn raw_again(seat: &Seat) -> Checked {
    let end = std::time::Instant::now() + DEADLINE;
    while !seat.is_raw()? {
        if std::time::Instant::now() > end {
            return Err(format!("still cooked: {}", seat.stty(&["-a"])?).into());
        }
    }
    Ok(())
}

#[test]
fn a_stop_from_outside_leaves_nothing_of_the_terminal_assumed() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = with_milk(&sandbox)?;
    // A shell that takes the terminal for itself before it brings back what was
    // stopped.
    let take = r"stty sane; printf '\033[?1049l\033[?2004lstopped\n'";
    let script = format!(r#""$@"; {take}; fg >/dev/null; echo "ended $?""#);
    machine.launch_through(&["bash", "-mc", &script, "shell"]);
    for signal in [Signal::TSTP, Signal::STOP] {
        let mut seat = opened(&machine)?;

        kill_process(program_of(&seat)?, signal)?;

        seat.wait_for("stopped")?;
        seat.wait_until(|screen| screen.contains("milk"))?;
        raw_again(&seat)?;
        assert!(seat.screen().alternate_screen(), "{signal:?}");
        assert!(seat.screen().bracketed_paste(), "{signal:?}");
        seat.press("q")?;
        seat.wait_for("ended 0")?;
    }
    Ok(())
}

#[test]
fn a_stop_from_outside_gives_the_terminal_back_first() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = with_milk(&sandbox)?;
    // A shell that leaves the terminal as it is and waits for Enter.
    let script = r#""$@"; for n in 1 2; do echo "stopped $n"; read line; fg >/dev/null; done
        echo "ended $?""#;
    machine.launch_through(&["bash", "-mc", script, "shell"]);
    let mut seat = opened(&machine)?;
    for stop in ["stopped 1", "stopped 2"] {
        kill_process(program_of(&seat)?, Signal::TSTP)?;

        seat.wait_for(stop)?;
        assert!(!seat.screen().alternate_screen());
        assert!(!seat.screen().bracketed_paste());
        assert!(!seat.is_raw()?);
        seat.press("\n")?;
        seat.wait_until(|screen| screen.contains("milk"))?;
        raw_again(&seat)?;
    }
    seat.press("q")?;
    seat.wait_for("ended 0")?;
    Ok(())
}

#[test]
fn a_stop_of_the_welcome_screen_gives_the_terminal_back_first() -> Checked {
    let mut machine = Machine::new()?;
    let script = r#""$@"; echo stopped; read line; fg >/dev/null; echo "ended $?""#;
    machine.launch_through(&["bash", "-mc", script, "shell"]);
    let mut seat = Seat::take(&machine, &[])?;
    seat.wait_until(|screen| screen.contains("demo"))?;

    kill_process(program_of(&seat)?, Signal::TSTP)?;

    seat.wait_for("stopped")?;
    assert!(!seat.screen().alternate_screen());
    assert!(!seat.is_raw()?);
    seat.press("\n")?;
    seat.wait_until(|screen| screen.contains("demo"))?;
    raw_again(&seat)?;
    seat.press("q")?;
    seat.wait_for("ended ")?;
    Ok(())
}

#[test]
fn ctrl_l_applies_what_another_program_has_reset() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_milk(&sandbox)?;
    let mut seat = opened(&machine)?;

    seat.stty(&["sane"])?;
    seat.spoil("\u{1b}[?1049l\u{1b}[?2004l\u{1b}[2Ja message of another program");
    assert!(!seat.is_raw()?);
    // In the terminal's line mode nothing arrives before Enter.
    seat.press("\u{c}\n")?;

    seat.wait_until(|screen| screen.contains("milk") && !screen.contains("a message"))?;
    raw_again(&seat)?;
    assert!(seat.screen().alternate_screen());
    assert!(seat.screen().bracketed_paste());
    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

/// What a quit with `keys` prints after the terminal is given back.
fn last_words(mut seat: Seat, keys: &str) -> Checked<String> {
    seat.press(keys)?;
    let (code, seen) = seat.finished()?;
    assert_eq!(code, 0, "{seen:?}");
    let (_, after) = seen
        .rsplit_once("\u{1b}[?1049l")
        .ok_or("never given back")?;
    Ok(after.to_owned())
}

#[test]
fn quitting_counts_the_changes_that_were_not_sent() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_milk(&sandbox)?;
    assert!(!last_words(opened(&machine)?, "q")?.contains("change"));

    let words = last_words(opened(&machine)?, "aeggs\rq")?;
    let one = "1 change waits; it is sent when tudone is next online";
    assert!(words.contains(one), "{words:?}");
    let words = last_words(opened(&machine)?, "abread\rq")?;
    let two = "2 changes wait; they are sent when tudone is next online";
    assert!(words.contains(two), "{words:?}");

    machine.run(&["sync"])?.ended(0)?;
    assert!(!last_words(opened(&machine)?, "q")?.contains("change"));
    Ok(())
}

#[test]
fn every_ending_signal_gives_the_terminal_back_and_keeps_the_open_line() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_milk(&sandbox)?;
    for signal in [
        Signal::TERM,
        Signal::HUP,
        Signal::QUIT,
        Signal::USR1,
        Signal::ALARM,
    ] {
        let mut seat = opened(&machine)?;
        seat.press("ahalf a thought")?;
        seat.wait_until(|screen| screen.contains("› half a thought"))?;

        kill_process(seat.id()?, signal)?;

        seat.ends_within(DEADLINE)?;
        assert!(!seat.is_raw()?, "{signal:?}");
        let (code, seen) = seat.finished()?;
        assert_eq!(code, 130, "{signal:?}");
        let given_back = seen.find("\u{1b}[?1049l").ok_or("never given back")?;
        let said = seen.find("the line you were typing are saved");
        assert!(said.is_some_and(|said| given_back < said), "{seen:?}");

        let mut next = opened(&machine)?;
        next.wait_until(|screen| screen.contains("› half a thought"))?;
        next.press("\u{1b}")?;
        next.wait_until(|screen| !screen.contains("› half a thought"))?;
        next.press("q")?;
        assert_eq!(next.ended()?, 0);
    }
    let mut last = opened(&machine)?;
    last.press("q")?;
    let (code, seen) = last.finished()?;
    assert_eq!(code, 0);
    assert!(!seen.contains("half a thought"), "it was put away");
    Ok(())
}

#[test]
fn what_is_typed_just_before_a_signal_is_saved_when_it_says_so() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_milk(&sandbox)?;
    for n in 0..8 {
        let mut seat = opened(&machine)?;
        seat.press(&format!("abread {n}.\r"))?;
        kill_process(seat.id()?, Signal::TERM)?;

        let (code, seen) = seat.finished()?;
        assert_eq!(code, 130);
        assert!(seen.contains("your changes are saved"), "{seen:?}");
        let listed = machine.run(&["list", "--offline"])?.ended(0)?.stdout;
        assert!(listed.contains(&format!("bread {n}.")), "{n}: {listed}");
        let mut next = opened(&machine)?;
        let screen = next.screen().contents();
        assert!(!screen.contains("open again"), "{n}: {screen}");
        next.press("q")?;
        assert_eq!(next.ended()?, 0);
    }
    Ok(())
}

#[test]
fn a_terminal_that_does_not_read_holds_up_no_signal() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_milk(&sandbox)?;
    let mut seat = opened(&machine)?;
    seat.press("ahalf a thought")?;
    seat.wait_until(|screen| screen.contains("› half a thought"))?;

    let held = seat.hold()?;
    seat.press("\u{c}")?;
    kill_process(seat.id()?, Signal::TERM)?;
    seat.ends_within(MOMENT)?;
    drop(held);

    assert!(!seat.is_raw()?);
    assert_eq!(seat.ended()?, 130);
    let mut next = opened(&machine)?;
    next.wait_until(|screen| screen.contains("› half a thought"))?;
    Ok(())
}

#[test]
fn a_closed_window_ends_the_program_quietly() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_milk(&sandbox)?;
    let mut seat = opened(&machine)?;
    seat.press("ahalf a thought")?;
    seat.wait_until(|screen| screen.contains("› half a thought"))?;

    assert_eq!(seat.closed()?, 130);

    let mut next = opened(&machine)?;
    next.wait_until(|screen| screen.contains("half a thought"))?;
    Ok(())
}

#[test]
fn quitting_gives_the_terminal_back_before_the_last_request_ends() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_milk(&sandbox)?;
    let never = json!({"route": "graphql", "fault": "delay", "ms": 60_000});
    sandbox.control(reqwest::Method::POST, "/faults", Some(never))?;
    let mut seat = Seat::take(&machine, &[])?;
    seat.wait_until(|screen| screen.contains("milk"))?;
    seat.press("s")?;
    seat.wait_until(|screen| screen.contains("sync"))?;

    seat.press("q")?;
    seat.wait_for("\u{1b}[?1049l")?;

    assert!(seat.is_running()?, "it waits for its request");
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn a_dumb_terminal_gets_an_error_instead_of_the_tui() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = with_milk(&sandbox)?;
    machine.set("TERM", "dumb");
    let seat = Seat::take(&machine, &[])?;

    let (code, seen) = seat.finished()?;

    assert_eq!(code, 2);
    assert!(seen.contains("TERM is `dumb`"), "{seen:?}");
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
    Ok(())
}

#[test]
fn a_terminal_may_claim_any_size() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_milk(&sandbox)?;
    let mut seat = opened(&machine)?;

    seat.resize(u16::MAX, u16::MAX)?;
    seat.press("\u{c}q")?;

    assert_eq!(seat.ended()?, 0);
    Ok(())
}
