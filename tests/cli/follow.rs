//! `sync --follow`: every change, as it reaches this device.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Checked, DEADLINE, Machine, Sandbox, lines_of};

/// How soon a change made elsewhere is printed. Without the doorbell it would
/// take up to thirty seconds.
const LIVE: Duration = Duration::from_secs(15);

/// A running `tudone sync --follow --json`.
struct Following {
    child: Child,
    lines: Receiver<String>,
    notices: Receiver<String>,
    /// The events that the test did not wait for.
    passed: Vec<Value>,
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Following {
    fn start(machine: &Machine, more: &[&str]) -> Checked<Self> {
        let mut child = machine
            .tudone(["sync", "--follow"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self {
            lines: lines_of(child.stdout.take().ok_or("no stdout")?),
            notices: lines_of(child.stderr.take().ok_or("no stderr")?),
            child,
            passed: Vec::new(),
        })
    }

    /// One that has begun to listen to the doorbell.
    fn live(machine: &Machine) -> Checked<Self> {
        let mut following = Self::start(machine, &["--json"])?;
        following.wait_for("live", DEADLINE)?;
        Ok(following)
    }

    /// The next event of this kind; others are passed over.
    fn wait_for(&mut self, kind: &str, limit: Duration) -> Checked<Value> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let notices: Vec<String> = self.notices.try_iter().collect();
                return Err(format!("no {kind:?} after {:?}, {notices:?}", self.passed).into());
            };
            let event: Value = serde_json::from_str(&line)?;
            if event["event"] == kind {
                return Ok(event);
            }
            self.passed.push(event);
        }
    }

    /// The next line, whatever it is.
    fn line(&self) -> Checked<String> {
        Ok(self.lines.recv_timeout(DEADLINE)?)
    }

    /// Ends it with a signal, and gives its exit code.
    fn signalled(mut self, signal: &str) -> Checked<Option<i32>> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()?
                .success()
        );
        self.ended()
    }

    fn ended(&mut self) -> Checked<Option<i32>> {
        let end = Instant::now() + DEADLINE;
        // Its output ends when it does.
        while self
            .notices
            .recv_timeout(end.saturating_duration_since(Instant::now()))
            .is_ok()
        {}
        Ok(self.child.wait()?.code())
    }
}

#[test]
fn it_prints_what_happens_elsewhere_also_after_a_cut_connection() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "old"])?.ended(0)?;
    let ada = sandbox.person(&machine)?;
    let mut following = Following::start(&machine, &["--json"])?;
    let first = following.line()?;
    assert_eq!(
        serde_json::from_str::<Value>(&first)?["event"],
        "synced",
        "what was here before is no news: {first}"
    );
    following.wait_for("live", DEADLINE)?;

    ada.add("feed the cat @home")?;
    let added = following.wait_for("added", LIVE)?;
    assert_eq!(added["todo"]["text"], "feed the cat @home");
    assert_eq!(added["todo"]["contexts"], json!(["home"]));
    assert_eq!(added["todo"]["state"], "synced");

    sandbox.control(Method::POST, "/cut-sockets", None)?;
    let polling = following.wait_for("polling", DEADLINE)?;
    assert!(polling["why"].is_string(), "{polling}");
    following.wait_for("live", DEADLINE)?;

    ada.edit("feed the cat @home", "feed both cats")?;
    let changed = following.wait_for("changed", LIVE)?;
    assert_eq!(changed["todo"]["text"], "feed both cats");
    assert_eq!(changed["todo"]["key"], added["todo"]["key"]);
    ada.remove("feed both cats")?;
    let removed = following.wait_for("removed", LIVE)?;
    assert_eq!(removed["todo"], changed["todo"], "as it was");

    assert_eq!(following.signalled("-INT")?, Some(130));
    Ok(())
}

#[test]
fn it_prints_and_sends_what_other_programs_here_write() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut following = Following::live(&machine)?;

    machine.run(&["add", "milk", "--offline"])?.ended(0)?;
    let added = following.wait_for("added", DEADLINE)?;
    assert_eq!(added["todo"]["text"], "milk");
    let mut state = added["todo"]["state"].clone();
    while state != "synced" {
        state = following.wait_for("changed", LIVE)?["todo"]["state"].clone();
    }
    assert_eq!(sandbox.texts()?, ["milk"]);

    assert_eq!(following.signalled("-TERM")?, Some(0));
    Ok(())
}

#[test]
fn it_starts_without_a_server_and_goes_on_when_there_is_one() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    sandbox.fault("graphql", "refuse")?;
    sandbox.fault("socket", "refuse")?;
    let mut following = Following::start(&machine, &["--json"])?;

    let offline = following.wait_for("offline", DEADLINE)?;
    assert!(offline["next_try"].is_string(), "{offline}");
    let notice = following.notices.recv_timeout(DEADLINE)?;
    assert!(notice.starts_with("offline: "), "{notice}");
    machine.run(&["add", "milk", "--offline"])?.ended(0)?;
    let added = following.wait_for("added", DEADLINE)?;
    assert_eq!(added["todo"]["state"], "pending");

    sandbox.heal()?;
    let synced = following.wait_for("synced", DEADLINE)?;
    assert_eq!(synced["pushed"], 1, "{synced}");
    following.wait_for("live", DEADLINE)?;
    assert_eq!(sandbox.texts()?, ["milk"]);

    for route in ["graphql", "socket"] {
        sandbox.fault(route, "refuse")?;
    }
    sandbox.control(Method::POST, "/cut-sockets", None)?;
    following.wait_for("offline", DEADLINE)?;
    sandbox.heal()?;
    following.wait_for("synced", DEADLINE)?;
    sandbox.person(&machine)?.remove("milk")?;
    following.wait_for("removed", DEADLINE)?;
    Ok(())
}

#[test]
fn it_polls_where_websockets_are_blocked() -> Checked {
    for (fault, status) in [("status", 403), ("html", 200), ("status", 502)] {
        let sandbox = Sandbox::start()?;
        let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
        let order = json!({"route": "socket", "fault": fault, "status": status});
        sandbox.control(Method::POST, "/faults", Some(order))?;
        let mut following = Following::start(&machine, &["--json"])?;

        let polling = following.wait_for("polling", DEADLINE)?;
        let why = polling["why"].as_str().unwrap_or_default();
        assert!(why.contains(&status.to_string()), "{why}");

        // Rounds go on: what is queued here is sent.
        machine.run(&["add", "milk", "--offline"])?.ended(0)?;
        following.wait_for("added", DEADLINE)?;
        while following.wait_for("synced", DEADLINE)?["pushed"] != 1 {}
        assert_eq!(sandbox.texts()?, ["milk"], "{fault} {status}");
    }
    Ok(())
}

#[test]
fn it_polls_on_the_tutorials_backend() -> Checked {
    let sandbox = Sandbox::start_with(&["--bare"])?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut following = Following::start(&machine, &["--json"])?;
    following.wait_for("polling", DEADLINE)?;
    following.wait_for("synced", DEADLINE)?;

    // A todo keeps being the same one, though its key becomes the row's.
    machine.run(&["add", "milk", "--offline"])?.ended(0)?;
    following.wait_for("added", DEADLINE)?;
    while following.wait_for("changed", DEADLINE)?["todo"]["state"] != "synced" {}

    sandbox.person(&machine)?.add("bread")?;
    let added = following.wait_for("added", DEADLINE)?;
    assert_eq!(added["todo"]["text"], "bread");
    assert_eq!(sandbox.requests("socket")?, 0);
    Ok(())
}

#[test]
fn it_outlives_its_access_token() -> Checked {
    let sandbox = Sandbox::start_with(&["--access-ttl", "5"])?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut following = Following::live(&machine)?;
    let renewed = Instant::now() + DEADLINE;
    while sandbox.requests("socket")? < 3 {
        assert!(Instant::now() < renewed, "the connection was not renewed");
        std::thread::yield_now();
    }

    sandbox.person(&machine)?.add("milk")?;
    let added = following.wait_for("added", LIVE)?;
    assert_eq!(added["todo"]["text"], "milk");
    let polled = following.passed.iter().any(|it| it["event"] == "polling");
    assert!(!polled, "renewed too late: {:?}", following.passed);
    assert_eq!(following.signalled("-INT")?, Some(130));
    machine.run(&["list", "--fresh"])?.ended(0)?;
    Ok(())
}

#[test]
fn it_ends_quietly_when_its_reader_is_gone() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut child = machine
        .tudone(["sync", "--follow", "--json", "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let reader = BufReader::new(child.stdout.take().ok_or("no stdout")?);
    let notices = lines_of(child.stderr.take().ok_or("no stderr")?);
    let live = reader
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("live"));
    assert!(live.is_some(), "{:?}", notices.recv());

    // The reader is gone, and no event is written that would show it.
    let said = notices.recv_timeout(DEADLINE);
    assert_eq!(said, Err(RecvTimeoutError::Disconnected));
    assert_eq!(child.wait()?.code(), Some(0));
    Ok(())
}

#[test]
fn a_person_reads_lines() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let following = Following::start(&machine, &[])?;
    while !following
        .notices
        .recv_timeout(DEADLINE)?
        .starts_with("live")
    {}

    sandbox.person(&machine)?.add("milk")?;
    assert_eq!(following.line()?, "added        1  milk");
    sandbox.person(&machine)?.remove("milk")?;
    assert_eq!(following.line()?, "removed      1  milk");
    Ok(())
}

#[test]
fn a_refused_change_is_told_with_its_reason() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "buy milk"])?.ended(0)?;
    let ada = sandbox.person(&machine)?;
    machine
        .run(&["edit", "1", "buy oat milk", "--offline"])?
        .ended(0)?;
    ada.edit("buy milk", "buy soy milk")?;

    let mut following = Following::start(&machine, &["--json"])?;

    let rejected = following.wait_for("rejected", DEADLINE)?;
    assert_eq!(rejected["entry"]["text"], "buy oat milk");
    assert_eq!(rejected["entry"]["theirs"], "buy soy milk");
    assert_eq!(rejected["entry"]["handle"], "1");
    Ok(())
}

#[test]
fn without_a_login_it_says_so_and_ends() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync", "--follow", "--offline"])?.ended(2)?;
    machine
        .run(&["sync", "--follow", "--wait", "1s"])?
        .ended(2)?;
    machine.run(&["logout"])?.ended(0)?;
    machine.run(&["sync", "--follow"])?.ended(4)?;
    Ok(())
}
