//! A login that users and scripts can trust: the real program, in processes of
//! its own, against a running sandbox.
#![cfg(all(feature = "sandbox", unix))]

mod support;

#[path = "trust/bus.rs"]
mod bus;
#[path = "trust/clock.rs"]
mod clock;
#[path = "trust/endings.rs"]
mod endings;
#[path = "trust/helper.rs"]
mod helper;
#[path = "login/issuer.rs"]
mod issuer;
#[path = "trust/keyring.rs"]
mod keyring;
#[path = "trust/logout.rs"]
mod logout;
#[path = "trust/profiles.rs"]
mod profiles;
#[path = "trust/refresh.rs"]
mod refresh;
#[path = "trust/refused.rs"]
mod refused;
#[path = "trust/secrets.rs"]
mod secrets;
#[path = "trust/standing.rs"]
mod standing;

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use support::{Checked, DEADLINE, Machine, Ran, Sandbox};

/// A sandbox whose access tokens are stale when they come, though Hasura, whose
/// clock may be a minute late, takes them; spent refresh tokens are forgiven
/// for `leeway` seconds.
fn sandbox_of_stale_tokens(leeway: &str) -> Checked<Sandbox> {
    let sandbox = Sandbox::start_with(&["--access-ttl", "0", "--leeway", leeway])?;
    forgive_a_minute(&sandbox)?;
    Ok(sandbox)
}

/// Makes Hasura take tokens that ended less than a minute ago.
fn forgive_a_minute(sandbox: &Sandbox) -> Checked {
    configure(sandbox, &json!({"allowed_skew_s": 60}))
}

/// Begins a login and gives its user code.
fn begin(machine: &Machine) -> Checked<String> {
    let code = machine.json(&["login", "--start", "--json"])?;
    Ok(code["user_code"].as_str().ok_or("no user_code")?.to_owned())
}

/// Goes through a login without waiting for a poll: begun, approved, finished.
fn log_in(machine: &Machine, sandbox: &Sandbox, email: &str) -> Checked<Ran> {
    sandbox.decide(&begin(machine)?, email, "approve")?;
    machine.run(&["login", "--resume", "--json"])
}

/// The last event that a login told as JSON.
fn last_event(ran: &Ran) -> Checked<Value> {
    let last = ran.stdout.lines().last().ok_or("no events")?;
    Ok(serde_json::from_str(last)?)
}

/// Spoils settings of the sandbox.
fn configure(sandbox: &Sandbox, settings: &Value) -> Checked {
    sandbox.control(Method::POST, "/config", Some(settings.clone()))?;
    Ok(())
}

/// Tokens that are fresh when they come, from now on.
fn make_tokens_last(sandbox: &Sandbox) -> Checked {
    configure(sandbox, &json!({"access_ttl_s": 3600}))
}

/// Empties the sandbox's log of requests.
fn forget_requests(sandbox: &Sandbox) -> Checked {
    sandbox.control(Method::DELETE, "/log", None)?;
    Ok(())
}

/// Asks until the answer is yes.
fn until(mut holds: impl FnMut() -> Checked<bool>) -> Checked {
    let end = Instant::now() + DEADLINE;
    while !holds()? {
        if Instant::now() > end {
            return Err("it never came true".into());
        }
    }
    Ok(())
}

/// That nothing of a login is on `machine`: no token, no device code, no
/// account.
fn nothing_is_stored(machine: &Machine) -> Checked {
    let credentials = std::fs::read_to_string(machine.path("data/credentials.json"));
    let entries: Value = serde_json::from_str(&credentials.unwrap_or("{}".to_owned()))?;
    assert_eq!(entries, json!({}));
    for account in ["data/profiles/default.json", "data/accounts"] {
        assert!(!machine.path(account).exists(), "{account}");
    }
    machine.run(&["whoami"])?.ended(4)?;
    Ok(())
}

/// The texts that `list` shows, with these words more.
fn listed(machine: &Machine, words: &[&str]) -> Checked<Vec<String>> {
    let words = [&["list", "--json=text"], words].concat();
    let list = machine.json(&words)?;
    let todos = list["todos"].as_array().ok_or("no todos")?;
    let text = |todo: &Value| todo["text"].as_str().unwrap_or_default().to_owned();
    Ok(todos.iter().map(text).collect())
}
