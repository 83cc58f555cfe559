//! Logging in, as scripts do it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Checked, Machine, Sandbox};

#[test]
fn the_code_event_has_everything_a_script_needs() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;

    let events = machine.log_in(&sandbox, "ada@example.com")?;

    let code = &events[0];
    assert_eq!(code["event"], "code");
    for field in [
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_at",
    ] {
        assert!(code[field].is_string(), "{field} in {code}");
    }
    assert!(code["expires_in"].is_u64() && code["interval"].is_u64());
    let last = events.last().ok_or("no events")?;
    assert_eq!(last["event"], "done");
    assert!(last["account"]["sub"].is_string() && last["store"].is_string());
    Ok(())
}

#[test]
fn a_denied_login_exits_4_and_says_so_as_an_event() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;

    let (ran, events) = machine.device_login(&sandbox, "ada@example.com", "deny")?;

    ran.ended(4)?;
    let last = events.last().ok_or("no events")?;
    assert_eq!(last["event"], "failed");
    assert_eq!(last["code"], "denied");
    assert!(last["message"].is_string() && last["help"].is_string());
    Ok(())
}

#[test]
fn a_login_begun_in_one_shell_is_finished_in_another() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    machine.run(&["login", "--resume", "--json"])?.ended(4)?;

    let printed = machine.run(&["login", "--start"])?.ended(0)?.stderr;
    assert!(printed.contains("tudone login --resume"), "{printed}");
    let code = machine.json(&["login", "--start", "--json"])?;
    let user_code = code["user_code"].as_str().ok_or("no user_code")?;
    sandbox.decide(user_code, "ada@example.com", "approve")?;
    let events = machine.run(&["login", "--resume", "--json"])?.ended(0)?;

    let last: Value = serde_json::from_str(events.stdout.lines().last().unwrap_or_default())?;
    assert_eq!(last["account"]["email"], "ada@example.com");
    machine.run(&["whoami"])?.ended(0)?;
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_code_that_could_not_be_printed_ends_the_login() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    for words in [
        &["login", "--start", "--json"][..],
        &["login", "--device-code"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
        let mut command = machine.tudone(words);
        command.stdout(full);

        let ended = command.output()?;

        let said = String::from_utf8(ended.stderr)?;
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot write the output"), "{said}");
    }
    Ok(())
}

#[test]
fn a_qr_code_is_light_around_it_so_that_any_camera_reads_it() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;

    let printed = machine.run(&["login", "--start", "--qr"])?.ended(0)?.stdout;

    let mut picture = printed.lines().skip_while(|line| !line.contains('█'));
    let first = picture.next().ok_or("no picture")?;
    assert!(first.chars().all(|c| c == '█'), "{printed}");
    assert!(
        !printed.contains('\u{1b}'),
        "off a terminal it has no colour"
    );
    Ok(())
}

#[test]
fn time_that_is_up_exits_4() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;

    let ran = machine.run(&["login", "--device-code", "--timeout", "1s"])?;

    let ran = ran.ended(4)?;
    assert!(ran.stdout.contains("/activate"), "{ran:?}");
    let ran = machine.run(&["login", "--device-code", "--timeout", "0s"])?;
    let ran = ran.ended(4)?;
    assert!(ran.stderr.contains("no code arrived within 0s"), "{ran:?}");
    Ok(())
}

#[test]
fn a_token_that_the_backend_refuses_exits_8_and_names_the_cause() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    sandbox.control(Method::POST, "/config", Some(json!({"claims": "missing"})))?;

    let (ran, events) = machine.device_login(&sandbox, "ada@example.com", "approve")?;

    ran.ended(8)?;
    let last = events.last().ok_or("no events")?;
    assert_eq!(last["event"], "failed");
    assert!(
        last["help"]
            .as_str()
            .is_some_and(|help| help.contains("Action")),
        "{last}"
    );
    machine.run(&["whoami"])?.ended(4)?;
    Ok(())
}

#[test]
fn a_backend_that_cannot_be_reached_does_not_cost_the_login() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    sandbox.fault("graphql", "refuse")?;

    let events = machine.log_in(&sandbox, "ada@example.com")?;

    let last = events.last().ok_or("no events")?;
    assert_eq!(last["event"], "done");
    assert_eq!(last["warnings"].as_array().map(Vec::len), Some(1), "{last}");
    machine.run(&["whoami"])?.ended(0)?;
    Ok(())
}

#[test]
fn memory_is_no_place_for_a_login() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    machine.set("TUDONE_CREDENTIAL_STORE", "memory");

    machine.run(&["login", "--device-code"])?.ended(8)?;
    Ok(())
}

#[test]
fn an_unreachable_issuer_exits_5() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    sandbox.fault("discovery", "refuse")?;

    machine.run(&["--device-code"])?.ended(5)?;
    Ok(())
}

#[test]
fn no_secret_is_ever_printed_or_logged() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    machine.set("TUDONE_LOG", "trace");

    machine.log_in(&sandbox, "ada@example.com")?;

    let kept = std::fs::read_to_string(machine.path("data/credentials.json"))?;
    let log = std::fs::read_to_string(machine.path("home/.local/state/tudone/tudone.log"))?;
    let said = machine.run(&["-vv", "status"])?.stderr + &log;
    let mut secrets = 0;
    for word in kept.split('"').filter(|word| word.len() >= 40) {
        secrets += 1;
        assert!(!said.contains(word), "a secret was said: {said}");
    }
    assert!(secrets > 0, "nothing kept: {kept}");
    Ok(())
}
