//! Logins in a real keyring, in the states a user's keyring can be in.

use std::time::{Duration, Instant};

use crate::bus::Bus;
use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Ran, Sandbox};
use crate::{begin, listed, log_in, sandbox_of_stale_tokens};

/// Longer than the 3 s after which a keyring is given up where nobody is there
/// to unlock it, and far shorter than the minute that a user gets.
const SOON: Duration = Duration::from_secs(20);

/// That nothing of a login is in a file.
fn is_in_no_file(machine: &Machine) {
    assert!(!machine.path("data/credentials.json").exists());
}

#[test]
fn a_login_lives_in_the_keyring_from_the_code_to_the_logout() -> Checked {
    let Some(bus) = Bus::unlocked()? else {
        return Ok(());
    };
    let sandbox = sandbox_of_stale_tokens("0")?;
    let mut machine = Machine::at(&sandbox)?;
    bus.serve(&mut machine);

    let events = machine.log_in(&sandbox, "ada@example.com")?;

    assert_eq!(events.last().ok_or("no events")?["store"], "keyring");
    assert!(bus.entries()? > 0);
    machine.run(&["add", "milk"])?.ended(0)?;
    // Each of them refreshes; without leeway only the newest token does.
    for _ in 0..2 {
        assert_eq!(listed(&machine, &["--fresh"])?, ["milk"]);
    }
    let status = machine.json(&["status", "--json"])?;
    assert_eq!(
        (&status["store"], &status["logged_in"]),
        (&"keyring".into(), &true.into())
    );

    machine.run(&["logout"])?.ended(0)?;

    assert_eq!(bus.entries()?, 0);
    is_in_no_file(&machine);
    machine.run(&["whoami"])?.ended(4)?;
    Ok(())
}

#[test]
fn a_login_given_up_leaves_nothing_in_the_keyring() -> Checked {
    let Some(bus) = Bus::unlocked()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    bus.serve(&mut machine);

    begin(&machine)?;
    assert_eq!(bus.entries()?, 1, "the device code waits there");
    sandbox.control(reqwest::Method::POST, "/expire-codes", None)?;
    machine.run(&["login", "--resume"])?.ended(4)?;

    assert_eq!(bus.entries()?, 0);
    is_in_no_file(&machine);
    Ok(())
}

/// That a login ended because of its keyring: soon, with the choices, before
/// any code was asked for, and without another place for it.
fn names_the_choices(ran: Ran, sandbox: &Sandbox, machine: &Machine) -> Checked {
    let ran = ran.ended(8)?;
    for choice in ["keyring", "credential_store", "\"file\"", "\"command\""] {
        assert!(ran.stderr.contains(choice), "{choice} in {ran:?}");
    }
    assert_eq!(sandbox.requests("device")?, 0);
    is_in_no_file(machine);
    Ok(())
}

#[test]
fn without_a_bus_no_code_is_asked_for() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    machine.set("TUDONE_CREDENTIAL_STORE", "keyring");
    machine.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");

    for words in [
        &["login", "--device-code", "--timeout", "20s"][..],
        &["--device-code", "login", "--timeout", "20s"],
        &["login", "--start"],
    ] {
        names_the_choices(machine.run(words)?, &sandbox, &machine)?;
    }

    let status = machine.json(&["status", "--json"])?;
    assert_eq!(status["store"], "keyring", "and not silently another");
    assert!(status["logged_in"].is_null(), "{status}");
    assert_eq!(status["error"]["code"], "credential-store");
    Ok(())
}

#[test]
fn a_locked_keyring_is_not_waited_for_where_nobody_is() -> Checked {
    let Some(bus) = Bus::locked()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    bus.serve(&mut machine);
    let began = Instant::now();

    let ran = machine.run(&["login", "--device-code", "--timeout", "20s"])?;

    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert!(ran.stderr.contains("locked"), "{ran:?}");
    names_the_choices(ran, &sandbox, &machine)
}

#[test]
fn a_keyring_that_never_answers_is_given_up_where_nobody_is() -> Checked {
    let Some(bus) = Bus::unlocked()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    bus.serve(&mut machine);
    bus.hang()?;
    let began = Instant::now();

    let ran = machine.run(&["login", "--device-code", "--timeout", "20s"])?;

    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert!(
        ran.stderr.contains("did not answer within 3.0 s"),
        "{ran:?}"
    );
    names_the_choices(ran, &sandbox, &machine)
}

#[test]
fn a_person_is_told_that_the_keyring_waits_and_the_login_goes_on() -> Checked {
    let Some(bus) = Bus::unlocked()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    bus.serve(&mut machine);
    bus.hang()?;
    let mut seat = Seat::take(&machine, &["login", "--no-browser"])?;

    seat.wait_for("waiting for your keyring to be unlocked")?;
    assert_eq!(sandbox.requests("device")?, 0);
    bus.go_on()?;

    let seen = seat.wait_for("q quits")?.to_owned();
    let code = seen
        .split_whitespace()
        .find(|word| word.len() == 9 && word.as_bytes().get(4) == Some(&b'-'))
        .ok_or("no code on the screen")?;
    sandbox.decide(code, "ada@example.com", "approve")?;
    seat.wait_for("Logged in as ada@example.com (keyring)")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn a_keyring_that_stops_answering_after_the_login_is_named_and_todos_stay() -> Checked {
    let Some(bus) = Bus::unlocked()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    bus.serve(&mut machine);
    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    machine.run(&["add", "milk"])?.ended(0)?;
    bus.hang()?;

    assert_eq!(listed(&machine, &["--max-age", "0s"])?, ["milk"]);
    let whoami = machine.run(&["whoami"])?.ended(8)?;
    assert!(whoami.stderr.contains("keyring"), "{whoami:?}");
    let fresh = machine.run(&["list", "--fresh"])?.ended(8)?;
    assert!(fresh.stderr.contains("keyring"), "{fresh:?}");
    Ok(())
}
