//! A server that asks to be left alone is.

use std::process::{Child, Stdio};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Checked, DEADLINE, Machine, Sandbox, lines_of};

/// What the server asks for: longer than a first pause of the program's own.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(3);

/// Makes the server ask to be left alone for so many seconds, once.
fn ask_for_rest(sandbox: &Sandbox, seconds: i64) -> Checked {
    let busy = json!({"route": "graphql", "fault": "status", "status": 429,
        "retry_after": seconds, "times": 1});
    sandbox.control(Method::POST, "/faults", Some(busy))?;
    Ok(())
}

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Status and time of the requests to GraphQL so far.
fn answers(sandbox: &Sandbox) -> Checked<Vec<(Option<u64>, Timestamp)>> {
    let log = sandbox.control(Method::GET, "/log", None)?;
    let log: Vec<Value> = serde_json::from_value(log)?;
    log.iter()
        .filter(|request| request["route"] == "graphql")
        .map(|request| {
            let at = request["at"].as_str().ok_or("no time")?.parse()?;
            Ok((request["status"].as_u64(), at))
        })
        .collect()
}

#[test]
fn no_request_is_made_before_the_time_that_the_server_asked_for() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    sandbox.control(Method::DELETE, "/log", None)?;
    ask_for_rest(&sandbox, RETRY_AFTER.as_secs())?;

    let follow = machine
        .tudone(["sync", "--follow", "--json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let _follow = Running(follow);
    let deadline = Instant::now() + DEADLINE;
    let answers = loop {
        let answers = answers(&sandbox)?;
        if answers.len() > 1 {
            break answers;
        }
        assert!(Instant::now() < deadline, "it never came back: {answers:?}");
        std::thread::yield_now();
    };
    let [(busy, first), (served, second), ..] = answers[..] else {
        return Err("fewer than two requests".into());
    };
    assert_eq!((busy, served), (Some(429), Some(200)));
    let pause = second.duration_since(first);
    assert!(pause >= RETRY_AFTER, "came back after {pause:?}");
    Ok(())
}

/// A machine whose clock is so far from this one's.
fn at(machine: &mut Machine, from_now: SignedDuration) -> Checked {
    let time = Timestamp::now().checked_add(from_now)?;
    machine.set("TUDONE_TEST_NOW", time.to_string());
    Ok(())
}

#[test]
fn other_commands_leave_the_server_alone_as_long_as_it_asked_for() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    at(&mut machine, SignedDuration::ZERO)?;
    ask_for_rest(&sandbox, 1800)?;
    let asks = "the server asks to wait until ";

    let refused = machine.run(&["sync"])?.ended(5)?;
    assert!(refused.stderr.contains(asks), "{refused:?}");
    assert!(refused.stderr.contains("Wait until then"), "{refused:?}");
    at(&mut machine, SignedDuration::from_mins(29))?;
    sandbox.control(Method::DELETE, "/log", None)?;
    let added = machine.run(&["add", "tea"])?.ended(0)?;
    assert!(added.stderr.contains(asks), "{added:?}");
    let listed = machine.run(&["list", "--max-age", "0s"])?.ended(0)?;
    assert!(listed.stderr.contains("as of "), "{listed:?}");
    assert!(listed.stderr.contains(asks), "{listed:?}");
    assert_eq!(answers(&sandbox)?, []);

    at(&mut machine, SignedDuration::from_mins(31))?;
    machine.run(&["add", "bread"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "tea", "bread"]);
    Ok(())
}

#[test]
fn sync_asks_the_server_despite_the_wait_and_its_answer_ends_it() -> Checked {
    for insisting in [["sync", "--json"], ["list", "--fresh"]] {
        let sandbox = Sandbox::start()?;
        let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
        ask_for_rest(&sandbox, 1800)?;
        machine.run(&["add", "milk"])?.ended(0)?;
        assert!(sandbox.texts()?.is_empty());

        machine.run(&insisting)?.ended(0)?;
        machine.run(&["add", "tea"])?.ended(0)?;

        assert_eq!(sandbox.texts()?, ["milk", "tea"]);
    }
    Ok(())
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_the_server_alone() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    at(&mut machine, SignedDuration::from_hours(24 * 365))?;
    ask_for_rest(&sandbox, 1800)?;
    machine.run(&["add", "milk"])?.ended(0)?;

    at(&mut machine, SignedDuration::ZERO)?;
    machine.run(&["add", "tea"])?.ended(0)?;

    assert_eq!(sandbox.texts()?, ["milk", "tea"]);
    Ok(())
}

#[test]
fn a_program_that_follows_heeds_what_another_was_asked_for() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    ask_for_rest(&sandbox, 1800)?;
    machine.run(&["add", "milk"])?.ended(0)?;
    sandbox.control(Method::DELETE, "/log", None)?;

    let mut follow = machine
        .tudone(["sync", "--follow", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let lines = lines_of(follow.stdout.take().ok_or("no stdout")?);
    let _follow = Running(follow);
    let event: Value = serde_json::from_str(&lines.recv_timeout(DEADLINE)?)?;

    assert_eq!(event["event"], "offline");
    assert_eq!(event["why"], "the server asks to wait");
    let next: Timestamp = event["next_try"].as_str().ok_or("no time")?.parse()?;
    let left = next.duration_since(Timestamp::now());
    assert!(left > SignedDuration::from_mins(20), "{left:?}");
    assert_eq!(answers(&sandbox)?, []);
    Ok(())
}
