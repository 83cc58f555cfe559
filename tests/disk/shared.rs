//! Several processes on one account: running, stopped or killed.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::seat::Seat;
use crate::support::{Checked, DEADLINE, Machine, Sandbox};

#[test]
fn others_wait_two_seconds_for_a_stopped_round_and_report_queued() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk", "--offline"])?.ended(0)?;
    let order = json!({"route": "mutation", "fault": "delay_after", "ms": 3_600_000, "times": 1});
    sandbox.control(Method::POST, "/faults", Some(order))?;
    let mut round = machine.tudone(["sync", "--quiet"]).spawn()?;
    let end = Instant::now() + DEADLINE;
    while sandbox.texts()?.is_empty() {
        assert!(Instant::now() < end, "the round sends nothing");
    }
    let stopped = Pid::from_child(&round);
    kill_process(stopped, Signal::STOP)?;

    for text in ["bread", "tea"] {
        let began = Instant::now();
        let ran = machine.run(&["add", text])?.ended(0)?;
        assert!(ran.stdout.starts_with('n'), "{ran:?}");
        let said = "queued: another tudone is syncing this account";
        assert!(ran.stderr.contains(said), "{ran:?}");
        // Two seconds, plus the start of a program on a busy machine.
        assert!(
            began.elapsed() < Duration::from_secs(6),
            "{:?}",
            began.elapsed()
        );
    }
    let listed = machine.run(&["list", "--max-age", "0s"])?.ended(0)?;
    assert!(listed.stdout.contains("bread"), "{listed:?}");
    let synced = machine.run(&["sync"])?.ended(0)?;
    assert!(synced.stderr.contains("queued"), "{synced:?}");

    kill_process(stopped, Signal::KILL)?;
    round.wait()?;
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "bread", "tea"]);
    Ok(())
}

#[test]
fn lock_files_that_were_left_over_lock_nothing() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let database = machine.database()?;
    for lock in ["sync.lock", "todos.db.lock"] {
        fs::write(
            database.with_file_name(lock),
            "left by a program that is gone",
        )?;
    }
    for profile in fs::read_dir(machine.path("data/profiles"))? {
        let path = profile?.path();
        if path.extension().is_some_and(|it| it == "lock") {
            fs::write(path, "left by a program that is gone")?;
        }
    }

    let ran = machine.run(&["add", "bread"])?.ended(0)?;

    assert_eq!(ran.stderr, "");
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn two_screens_and_scripts_at_once_end_with_the_same_list() -> Checked {
    const EACH: usize = 8;
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut one = Seat::take(&machine, &[])?;
    let mut two = Seat::take(&machine, &[])?;
    for seat in [&mut one, &mut two] {
        seat.wait_until(|screen| screen.contains("live"))?;
    }
    let scripts: Vec<_> = (0..EACH)
        .map(|n| {
            let text = format!("script-{n}.");
            let mut script = machine.tudone(["add", "--quiet", &text]);
            script.stdout(Stdio::null()).spawn()
        })
        .collect::<Result<_, _>>()?;
    for n in 0..EACH {
        for (name, seat) in [("one", &mut one), ("two", &mut two)] {
            seat.press("a")?;
            seat.press(&format!("{name}-{n}.\r"))?;
        }
    }
    for mut script in scripts {
        assert!(script.wait()?.success());
    }
    let all: Vec<String> = ["script", "one", "two"]
        .iter()
        .flat_map(|name| (0..EACH).map(move |n| format!("{name}-{n}.")))
        .collect();
    for seat in [&mut one, &mut two] {
        seat.wait_until(|screen| {
            let rows: Vec<&str> = screen.lines().filter(|row| row.contains('○')).collect();
            let shown = |text: &String| rows.iter().filter(|row| row.contains(text)).count() == 1;
            rows.len() == all.len() && all.iter().all(shown) && screen.contains("live")
        })?;
        seat.press("q")?;
    }
    assert_eq!((one.ended()?, two.ended()?), (0, 0));

    machine.run(&["sync"])?.ended(0)?;
    let mut there = sandbox.texts()?;
    there.sort();
    let mut wanted = all;
    wanted.sort();
    assert_eq!(there, wanted);
    Ok(())
}
