//! A server that asks to be left alone is.

use std::process::{Child, Stdio};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Checked, DEADLINE, Machine, Sandbox};

/// What the server asks for: longer than a first pause of the program's own.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(3);

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
    let busy = json!({"route": "graphql", "fault": "status", "status": 429,
        "retry_after": RETRY_AFTER.as_secs(), "times": 1});
    sandbox.control(Method::POST, "/faults", Some(busy))?;

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
