//! What `-v` prints, and what a command waits for.

use std::process::Stdio;

use reqwest::Method;
use serde_json::json;

use crate::support::{Checked, DEADLINE, Machine, Sandbox, lines_of};

#[test]
fn v_prints_requests_and_rounds() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let endpoint = sandbox.address("endpoint");
    let host = endpoint.split('/').nth(2).ok_or("no host")?;

    let quiet = machine.run(&["add", "milk"])?.ended(0)?;
    assert_eq!(quiet.stderr, "");
    let ran = machine.run(&["add", "bread", "-v"])?.ended(0)?;
    let request = format!("POST {host}/v1/graphql: 200 in ");
    assert!(ran.stderr.contains(&request), "{ran:?}");
    assert!(ran.stderr.contains("sync: 1 sent, "), "{ran:?}");
    assert!(!ran.stderr.contains("sending"), "{ran:?}");
    let more = machine.run(&["sync", "-vv"])?.ended(0)?;
    assert!(more.stderr.contains(": sending"), "{more:?}");

    Ok(())
}

#[test]
fn v_prints_refreshes_and_no_secret() -> Checked {
    // The access token is stale when it comes, the next one is not.
    let sandbox = Sandbox::start_with(&["--access-ttl", "0"])?;
    let configure = |settings| sandbox.control(Method::POST, "/config", Some(settings));
    configure(json!({"allowed_skew_s": 60}))?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    configure(json!({"access_ttl_s": 3600}))?;
    let stored = std::fs::read_to_string(machine.path("data/credentials.json"))?;

    let ran = machine.run(&["sync", "-vv"])?.ended(0)?;

    assert!(ran.stderr.contains("refreshing the login"), "{ran:?}");
    assert!(ran.stderr.contains("the login is refreshed"), "{ran:?}");
    let words = stored.split('"').filter(|word| word.len() > 40);
    let leaked: Vec<&str> = words.filter(|word| ran.stderr.contains(word)).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    Ok(())
}

#[test]
fn a_request_that_is_given_up_is_printed_too() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    let never = json!({"route": "graphql", "fault": "delay", "ms": 60_000});
    sandbox.control(Method::POST, "/faults", Some(never))?;

    let ran = machine.run(&["add", "milk", "-v"])?.ended(0)?;

    assert!(
        ran.stderr.contains("/v1/graphql: no answer within "),
        "{ran:?}"
    );
    Ok(())
}

#[test]
fn what_takes_longer_than_a_second_says_what_it_waits_for() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let host = sandbox
        .address("endpoint")
        .split('/')
        .nth(2)
        .ok_or("no host")?;
    for (route, words, waits) in [
        ("graphql", &["sync"][..], format!("waiting for {host}")),
        ("revoke", &["logout"], "waiting for the issuer ".to_owned()),
    ] {
        let never = json!({"route": route, "fault": "delay", "ms": 60_000});
        sandbox.control(Method::POST, "/faults", Some(never))?;
        let mut child = machine.tudone(words).stderr(Stdio::piped()).spawn()?;
        let lines = lines_of(child.stderr.take().ok_or("no stderr")?);

        let line = lines.recv_timeout(DEADLINE);

        child.kill()?;
        child.wait()?;
        assert!(line?.starts_with(&waits), "{words:?}");
        sandbox.heal()?;
    }
    Ok(())
}
