//! What commands cost on the wire, counted so that it cannot creep up.

use reqwest::Method;
use serde_json::Value;

use crate::support::{Checked, Machine, Sandbox};

/// Requests to one route, and the bytes of their bodies and answers.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cost {
    requests: usize,
    sent: u64,
    received: u64,
}

/// What `words` cost at the backend.
fn cost(sandbox: &Sandbox, machine: &Machine, words: &[&str]) -> Checked<Cost> {
    sandbox.control(Method::DELETE, "/log", None)?;
    machine.run(words)?.ended(0)?;
    cost_since(sandbox)
}

fn cost_since(sandbox: &Sandbox) -> Checked<Cost> {
    let log = sandbox.control(Method::GET, "/log", None)?;
    let mut cost = Cost::default();
    for entry in log.as_array().ok_or("no log")? {
        if entry["route"] == "graphql" {
            cost.requests += 1;
            cost.sent += entry["request_bytes"].as_u64().unwrap_or_default();
            cost.received += entry["response_bytes"].as_u64().unwrap_or_default();
        }
    }
    Ok(cost)
}

#[test]
fn a_command_is_one_request() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    for words in [
        ["add", "milk"].as_slice(),
        &["edit", "n1", "bread"],
        &["done", "n1"],
        &["rm", "n1", "--yes"],
        &["list", "--fresh"],
        &["sync"],
    ] {
        let cost = cost(&sandbox, &machine, words)?;
        assert_eq!(cost.requests, 1, "{words:?}: {cost:?}");
        assert!(cost.sent + cost.received < 2500, "{words:?}: {cost:?}");
    }
    let nothing_new = cost(&sandbox, &machine, &["sync"])?;
    let bytes = nothing_new.sent + nothing_new.received;
    assert!(bytes < 500, "{nothing_new:?}");
    assert_eq!(sandbox.texts()?, [""; 0]);
    Ok(())
}

#[test]
fn a_thousand_offline_adds_are_one_request_and_ten_changes_cost_ten_rows() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["sync"])?.ended(0)?;
    let lines: Vec<String> = (1..=1000).map(|n| format!("todo {n}")).collect();
    machine
        .feed(&["add", "-", "--offline"], lines.join("\n").as_bytes())?
        .ended(0)?;
    let pushing = cost(&sandbox, &machine, &["sync"])?;
    assert_eq!(pushing.requests, 1, "{pushing:?}");
    assert_eq!(sandbox.texts()?.len(), 1000);

    let person = sandbox.person(&machine)?;
    for n in 1..=10 {
        person.edit(&format!("todo {n}"), &format!("x todo {n}"))?;
    }
    let pulling = cost(&sandbox, &machine, &["sync"])?;
    assert_eq!(pulling.requests, 1, "{pulling:?}");
    assert!(pulling.received < 4000, "{pulling:?}");
    Ok(())
}

#[test]
fn a_fresh_device_shows_its_list_after_two_requests_and_an_expired_token_adds_one() -> Checked {
    let sandbox = Sandbox::start_with(&["--access-ttl", "61"])?;
    let first = Machine::logged_in(&sandbox, "ada@example.com")?;
    first.run(&["add", "milk"])?.ended(0)?;

    sandbox.control(Method::DELETE, "/log", None)?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let login = cost_since(&sandbox)?;
    assert_eq!(login.requests, 1, "the login is checked: {login:?}");
    let listing = cost(&sandbox, &machine, &["list", "--fresh"])?;
    assert_eq!(listing.requests, 2, "what the role may do, and the page");

    // Only the servers' clocks move on: the token is tried once more.
    sandbox.control(
        Method::POST,
        "/config",
        Some(serde_json::json!({"clock_s": 3600, "hasura_clock_s": 3600})),
    )?;
    let expired = cost(&sandbox, &machine, &["list", "--fresh"])?;
    let log = sandbox.control(Method::GET, "/log", None)?;
    let routes: Vec<&Value> = log
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| &entry["route"])
        .collect();
    let tokens = routes.iter().filter(|route| **route == "token").count();
    assert_eq!((expired.requests, tokens), (2, 1), "{routes:?}");
    Ok(())
}
