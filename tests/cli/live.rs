//! Changes that come by themselves: from other programs on this machine and
//! from elsewhere.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{Checked, Machine, Sandbox, ended};
use crate::terminal::Seat;

/// How soon the screen shows what another program here has written. It is
/// meant to take a second; the machine may be busy.
const NEARBY: Duration = Duration::from_secs(8);
/// How soon what happened elsewhere is there. Without the doorbell it would
/// take up to thirty seconds.
const LIVE: Duration = Duration::from_secs(15);

/// The TUI of a logged-in user, connected to the doorbell.
fn live_screens(machine: &Machine) -> Checked<Seat> {
    let mut seat = Seat::take(machine, &[])?;
    seat.wait_until(|text| status(text).contains("live"))?;
    Ok(seat)
}

/// The status line.
fn status(screen: &str) -> &str {
    screen.lines().last().unwrap_or_default()
}

#[test]
fn the_screens_show_what_a_script_writes_and_a_script_what_they_write() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    // Without the network, no round can be what brings the news.
    let mut seat = Seat::take(&machine, &["--offline"])?;
    seat.wait_until(|text| status(text).contains("offline (--offline)"))?;

    machine.run(&["add", "milk", "--offline"])?.ended(0)?;
    seat.wait_within(NEARBY, |text| text.contains("milk"))?;
    machine.run(&["done", "n1", "--offline"])?.ended(0)?;
    seat.wait_within(NEARBY, |text| !text.contains("milk"))?;

    seat.press("a")?;
    seat.press("bread\r")?;
    let is_kept =
        |row: &str| row.contains('○') && row.contains("bread  ") && row.contains("pending");
    seat.wait_until(|text| text.lines().any(is_kept))?;
    let listed = machine.json(&["list", "--json", "--offline"])?;
    assert_eq!(listed["todos"][0]["text"], "bread", "{listed}");

    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn what_a_script_has_queued_is_sent_by_the_screens() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut seat = live_screens(&machine)?;

    machine.run(&["add", "milk", "--offline"])?.ended(0)?;

    seat.wait_within(LIVE, |text| {
        text.contains("milk") && !text.contains("pending") && !text.contains("sent")
    })?;
    assert_eq!(sandbox.texts()?, ["milk"]);
    Ok(())
}

#[test]
fn the_screens_show_what_happens_elsewhere_also_after_a_cut_connection() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let ada = sandbox.person(&machine)?;
    let mut seat = live_screens(&machine)?;

    ada.add("feed the cat")?;
    seat.wait_within(LIVE, |text| text.contains("feed the cat"))?;

    let cut = sandbox.control(Method::POST, "/cut-sockets", None)?;
    assert_eq!(cut, json!({"cut": 1}), "the doorbell was the only socket");
    seat.wait_until(|text| status(text).contains("polling"))?;
    seat.wait_until(|text| status(text).contains("live"))?;
    ada.edit("feed the cat", "feed both cats")?;
    seat.wait_within(LIVE, |text| text.contains("feed both cats"))?;
    ada.remove("feed both cats")?;
    seat.wait_within(LIVE, |text| !text.contains("feed both cats"))?;
    Ok(())
}

#[test]
fn scripts_at_once_beside_the_screens_all_land_exactly_once() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "first"])?.ended(0)?;
    let mut seat = live_screens(&machine)?;

    let texts: Vec<String> = (0..8).map(|n| format!("todo-{n}")).collect();
    let adding = texts.iter().map(|text| machine.tudone(["add", text]));
    let completing = [machine.tudone(["done", "1"])];
    std::thread::scope(|scope| -> Checked {
        let running: Vec<_> = adding
            .chain(completing)
            .map(|command| {
                scope.spawn(move || {
                    let ran = ended(command).map_err(|error| error.to_string())?;
                    ran.ended(0).map_err(|error| error.to_string())
                })
            })
            .collect();
        for thread in running {
            thread.join().map_err(|_| "a script's thread panicked")??;
        }
        Ok(())
    })?;

    seat.wait_until(|text| {
        texts.iter().all(|it| text.contains(it))
            && !text.contains("pending")
            && !text.contains("sent")
    })?;
    let mut found = sandbox.texts()?;
    found.sort();
    let (done, rest) = found.split_last().ok_or("no rows")?;
    assert_eq!(rest, texts);
    assert!(done.starts_with("x ") && done.ends_with("first"), "{done}");
    Ok(())
}
