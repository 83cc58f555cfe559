//! Every end of a login: approved, refused, expired, given up, interrupted.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Sandbox};
use crate::{begin, configure, last_event, log_in, nothing_is_stored, until};

const DIALECTS: [&str; 2] = ["auth0", "rfc"];

fn order(sandbox: &Sandbox, path: &str, body: Option<Value>) -> Checked {
    sandbox.control(Method::POST, path, body)?;
    Ok(())
}

/// Finishes a login that was begun: its exit code and last event.
fn resumed(machine: &Machine, more: &[&str]) -> Checked<(Option<i32>, Value)> {
    let ran = machine.run(&[&["login", "--resume", "--json"], more].concat())?;
    Ok((ran.code, last_event(&ran)?))
}

#[test]
fn every_answer_of_the_issuer_ends_the_login_in_its_own_words() -> Checked {
    type Act = fn(&Sandbox, &str) -> Checked;
    let endings: [(&str, i32, Act); 4] = [
        ("done", 0, |sandbox, code| {
            sandbox.decide(code, "ada@example.com", "approve")
        }),
        ("denied", 4, |sandbox, code| {
            sandbox.decide(code, "ada@example.com", "deny")
        }),
        ("code-expired", 4, |sandbox, _| {
            order(sandbox, "/expire-codes", None)
        }),
        ("denied", 4, |sandbox, code| {
            sandbox.decide(code, "ada@example.com", "approve")?;
            configure(sandbox, &json!({"action_fails": true}))
        }),
    ];
    for dialect in DIALECTS {
        let sandbox = Sandbox::start_with(&["--dialect", dialect])?;
        for (word, exit, act) in endings {
            let machine = Machine::at(&sandbox)?;
            act(&sandbox, &begin(&machine)?)?;

            let (code, last) = resumed(&machine, &[])?;

            assert_eq!(code, Some(exit), "{dialect} {last}");
            if exit == 0 {
                assert_eq!(last["event"], word, "{dialect} {last}");
                continue;
            }
            assert_eq!(last["event"], "failed", "{dialect} {last}");
            assert_eq!(last["code"], word, "{dialect} {last}");
            let help = last["help"].as_str().unwrap_or_default();
            assert!(help.contains("tudone login"), "{last}");
            nothing_is_stored(&machine)?;
        }
    }
    Ok(())
}

#[test]
fn a_start_that_the_issuer_refuses_names_what_to_switch_on() -> Checked {
    for dialect in DIALECTS {
        let sandbox = Sandbox::start_with(&["--dialect", dialect])?;
        for (wrong, code, remedy) in [
            ("device_grant", "grant-not-allowed", "Device Code"),
            ("audience_registered", "audience-unknown", "Create an API"),
            ("issuer_slash", "issuer-mismatch", "exactly as written here"),
        ] {
            let machine = Machine::at(&sandbox)?;
            configure(&sandbox, &json!({wrong: false}))?;

            let ran = machine.run(&["login", "--start", "--json"])?;
            let error = ran.ended(8)?.error()?;

            assert_eq!(error["code"], code, "{dialect} {error}");
            let words = error.to_string();
            assert!(words.contains(remedy), "{remedy} in {words}");
            nothing_is_stored(&machine)?;
            sandbox.control(Method::DELETE, "/config", None)?;
        }
    }
    Ok(())
}

#[test]
fn a_network_that_fails_for_a_while_only_delays_a_login() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    for fault in ["refuse", "html"] {
        let once = json!({"route": "token", "fault": fault, "times": 1});
        order(&sandbox, "/faults", Some(once))?;
    }

    let events = machine.log_in(&sandbox, "ada@example.com")?;

    let troubles = events.iter().filter(|it| it["trouble"].is_string());
    let pauses: Vec<_> = troubles.map(|it| it["next_poll_in"].clone()).collect();
    assert_eq!(pauses, [2, 4], "backing off: {events:?}");
    Ok(())
}

#[test]
fn ctrl_c_leaves_nothing_behind_wherever_the_login_is() -> Checked {
    for stage in ["code", "verifying"] {
        let sandbox = Sandbox::start()?;
        let mut machine = Machine::at(&sandbox)?;
        // A backend that never answers.
        let backend = TcpListener::bind("127.0.0.1:0")?;
        let endpoint = format!("http://{}/v1/graphql", backend.local_addr()?);
        machine.set("TUDONE_ENDPOINT", endpoint);

        // Open to the end: a connection that is closed is an answer.
        let mut asked = None;
        let (ran, events) = machine.device_login_during(|event, process| {
            let Some(code) = event["user_code"].as_str() else {
                return Ok(());
            };
            if stage == "code" {
                return interrupt(process);
            }
            sandbox.decide(code, "ada@example.com", "approve")?;
            asked = Some(backend.accept()?);
            interrupt(process)
        })?;
        drop(asked);

        assert_eq!(ran.code, Some(130), "{stage}: {ran:?}");
        let last = events.last().ok_or("no events")?;
        assert_eq!(last["code"], "interrupted", "{stage}: {last}");
        assert_eq!(last["message"], "login cancelled", "{stage}: {last}");
        nothing_is_stored(&machine)?;
        let left = sandbox.control(Method::POST, "/revoke-all", None)?;
        assert_eq!(left["revoked"], 0, "{stage}: what was given is revoked");
    }
    Ok(())
}

#[test]
fn quitting_the_tui_during_a_login_leaves_nothing_behind() -> Checked {
    for closes_first in [false, true] {
        let sandbox = Sandbox::start()?;
        let mut machine = Machine::at(&sandbox)?;
        // A backend that never answers.
        let backend = TcpListener::bind("127.0.0.1:0")?;
        let endpoint = format!("http://{}/v1/graphql", backend.local_addr()?);
        machine.set("TUDONE_ENDPOINT", endpoint);
        let mut seat = Seat::take(&machine, &[])?;
        let screen = seat.wait_until(|screen| screen.contains("user_code="))?;
        let (_, code) = screen.split_once("user_code=").ok_or("no code")?;
        let code = code.split_whitespace().next().ok_or("no code")?;
        sandbox.decide(code, "ada@example.com", "approve")?;
        let _asked = backend.accept()?;
        seat.wait_until(|screen| screen.contains("Approved"))?;

        if closes_first {
            seat.press("\u{1b}")?;
            seat.wait_until(|screen| !screen.contains("Approved"))?;
        }
        seat.press("q")?;

        assert_eq!(seat.ended()?, 0);
        nothing_is_stored(&machine)?;
        let left = sandbox.control(Method::POST, "/revoke-all", None)?;
        assert_eq!(left["revoked"], 0, "what was given is revoked");
    }
    Ok(())
}

/// Presses Ctrl-C.
pub(crate) fn interrupt(process: u32) -> Checked {
    send("-INT", &process.to_string())
}

/// Sends `signal` to `process`.
pub(crate) fn send(signal: &str, process: &str) -> Checked {
    let sent = Command::new("kill").args([signal, process]).status()?;
    assert!(sent.success());
    Ok(())
}

#[test]
fn a_login_that_the_system_ends_gives_the_keys_back_to_the_terminal() -> Checked {
    for signal in [Signal::TERM, Signal::HUP] {
        let sandbox = Sandbox::start()?;
        let mut machine = Machine::at(&sandbox)?;
        // The shell outlives the program, so that the terminal does, too.
        let shell = "trap '' HUP; \"$@\"; echo \"code $?\"; stty -a; echo over";
        machine.launch_through(&["sh", "-c", shell, "sh"]);
        let mut seat = Seat::take(&machine, &["login", "--no-browser"])?;
        seat.wait_for("q quits")?;

        kill_process(child_of(seat.id()?)?, signal)?;

        let seen = seat.wait_for("over")?;
        assert!(seen.contains("code 130"), "{signal:?}: {seen}");
        assert!(seen.contains(" icanon "), "{signal:?}: {seen}");
    }
    Ok(())
}

/// The one process that `parent` waits for.
fn child_of(parent: Pid) -> Checked<Pid> {
    let parent = parent.as_raw_nonzero().to_string();
    let found = Command::new("pgrep").args(["-P", &parent]).output()?;
    let child = String::from_utf8(found.stdout)?.trim().parse()?;
    Ok(Pid::from_raw(child).ok_or("no child")?)
}

#[test]
fn a_time_limit_is_for_the_whole_login() -> Checked {
    for route in ["discovery", "device"] {
        let sandbox = Sandbox::start()?;
        let machine = Machine::at(&sandbox)?;
        let never = json!({"route": route, "fault": "delay", "ms": 60_000});
        order(&sandbox, "/faults", Some(never))?;

        let ran = machine.run(&["login", "--device-code", "--json", "--timeout", "500ms"])?;

        assert_eq!(ran.code, Some(4), "{route}: {ran:?}");
        assert_eq!(last_event(&ran)?["code"], "timed-out", "{route}");
    }
    Ok(())
}

#[test]
fn a_login_resumed_in_two_shells_at_once_is_one_login() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let code = begin(&machine)?;
    let resume = || {
        machine
            .tudone(["login", "--resume", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    };

    let shells = [resume()?, resume()?];
    // Both have asked once; the second too soon after the first.
    until(|| Ok(sandbox.requests("token")? >= 2))?;
    sandbox.decide(&code, "ada@example.com", "approve")?;

    let mut codes = Vec::new();
    let mut said = String::new();
    for shell in shells {
        let output = shell.wait_with_output()?;
        codes.push(output.status.code());
        said.push_str(&String::from_utf8(output.stdout)?);
    }
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(4)], "{said}");
    assert!(
        said.contains(r#"{"event":"slow_down","next_poll_in":6}"#),
        "{said}"
    );
    machine.run(&["list", "--fresh"])?.ended(0)?;
    Ok(())
}

#[test]
fn a_login_can_be_resumed_until_its_code_is_over_and_only_once() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;

    let code = begin(&machine)?;
    let (exit, last) = resumed(&machine, &["--timeout", "1s"])?;
    assert_eq!((exit, &last["code"]), (Some(4), &json!("timed-out")));
    sandbox.decide(&code, "ada@example.com", "approve")?;
    assert_eq!(resumed(&machine, &[])?.0, Some(0));
    let (exit, last) = resumed(&machine, &[])?;
    assert_eq!(
        (exit, &last["code"]),
        (Some(4), &json!("nothing-to-resume"))
    );
    machine.run(&["whoami"])?.ended(0)?;

    begin(&machine)?;
    order(&sandbox, "/expire-codes", None)?;
    let (exit, last) = resumed(&machine, &[])?;
    assert_eq!((exit, &last["code"]), (Some(4), &json!("code-expired")));
    let (exit, last) = resumed(&machine, &[])?;
    assert_eq!(
        (exit, &last["code"]),
        (Some(4), &json!("nothing-to-resume"))
    );
    machine.run(&["whoami"])?.ended(0)?;
    Ok(())
}

#[test]
fn of_two_logins_begun_the_second_is_the_one_that_counts() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;

    let codes = [begin(&machine)?, begin(&machine)?];
    sandbox.decide(&codes[0], "eve@example.com", "approve")?;
    let (exit, last) = resumed(&machine, &["--timeout", "1s"])?;
    assert_eq!((exit, &last["code"]), (Some(4), &json!("timed-out")));
    sandbox.decide(&codes[1], "ada@example.com", "approve")?;

    let (exit, last) = resumed(&machine, &[])?;

    assert_eq!(exit, Some(0));
    assert_eq!(last["account"]["email"], "ada@example.com");
    Ok(())
}

#[test]
fn a_login_without_refresh_token_lasts_as_long_as_its_access_token() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    configure(&sandbox, &json!({"offline_access": false}))?;

    let ran = log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;

    let last = last_event(&ran)?;
    let warning = last["warnings"][0].as_str().unwrap_or_default();
    for switch in [
        "Allow Offline Access",
        "Refresh Token grant",
        "offline_access",
    ] {
        assert!(warning.contains(switch), "{switch} in {last}");
    }
    machine.run(&["list", "--fresh"])?.ended(0)?;
    Ok(())
}
