//! What `status` and `whoami` say of a login that cannot be used.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use reqwest::Method;
use serde_json::json;

use crate::helper::{Helper, program};
use crate::log_in;
use crate::support::{Checked, Machine, Sandbox};

#[test]
fn a_store_that_cannot_be_read_is_named_by_status() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    set_permissions(
        machine.path("data/credentials.json"),
        Permissions::from_mode(0o640),
    )?;

    let told = machine.run(&["status"])?.ended(0)?.stdout;

    assert!(told.contains("cannot be read (other users may"), "{told}");
    let standing = machine.json(&["status", "--json"])?;
    assert_eq!(standing["logged_in"], json!(null), "nothing is known of it");
    assert_eq!(standing["error"]["code"], "credential-store");
    let store = standing["store"].as_str().unwrap_or_default();
    assert!(store.ends_with("(0640)"), "{store}");
    Ok(())
}

/// Somebody logged in whose credential helper answers nothing from now on.
fn with_a_helper_that_hangs(sandbox: &Sandbox) -> Checked<Machine> {
    let mut machine = Machine::at(sandbox)?;
    let helper = Helper::install(machine.path("vault"))?;
    machine.set("TUDONE_CREDENTIAL_STORE", "command");
    machine.configure(&format!("[profiles.default]\n{}", helper.lines()))?;
    log_in(&machine, sandbox, "ada@example.com")?.ended(0)?;
    machine.run(&["add", "milk"])?.ended(0)?;
    // Until the machine is gone, so that nothing stays behind.
    let hangs = "#!/bin/sh\nwhile [ -e \"$0\" ]; do sleep 1; done\n";
    program(&helper.path("helper"), hangs)?;
    Ok(machine)
}

#[test]
fn a_helper_that_hangs_does_not_make_a_status_slow() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_a_helper_that_hangs(&sandbox)?;

    let told = machine.run(&["status"])?.ended(0)?.stdout;
    assert!(told.contains("did not answer within 3.0 s"), "{told}");
    let error = machine.run(&["whoami", "--json"])?.ended(8)?.error()?;
    assert_eq!(error["code"], "credential-store");
    Ok(())
}

#[test]
fn a_helper_that_hangs_is_named_and_not_the_server() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = with_a_helper_that_hangs(&sandbox)?;

    let error = machine.run(&["list", "--fresh", "--json"])?.ended(8)?;
    assert_eq!(error.error()?["code"], "credential-store");
    let queued = machine.run(&["add", "bread"])?.ended(0)?.stderr;
    assert!(queued.contains("the credential store did not"), "{queued}");
    let listed = machine.run(&["list", "--max-age", "0s"])?.ended(0)?;
    assert!(listed.stderr.contains("credential store"), "{listed:?}");
    assert!(listed.stdout.contains("bread"), "{listed:?}");
    Ok(())
}

#[test]
fn a_token_with_a_line_end_from_the_environment_works() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let order = json!({"sub": "auth0|ada"});
    let made = sandbox.control(Method::POST, "/token", Some(order))?;
    let token = made["token"].as_str().ok_or("no token")?;
    machine.set("TUDONE_ACCESS_TOKEN", format!("{token}\r\n"));

    machine.run(&["list", "--fresh"])?.ended(0)?;
    Ok(())
}

#[test]
fn a_token_from_the_environment_is_the_store_in_use_as_long_as_it_can_be_used() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let made = |claims: serde_json::Value| -> Checked<String> {
        let order = json!({"sub": "auth0|ada", "claims": claims});
        let made = sandbox.control(Method::POST, "/token", Some(order))?;
        Ok(made["token"].as_str().ok_or("no token")?.to_owned())
    };

    machine.set("TUDONE_ACCESS_TOKEN", made(json!({}))?);
    let standing = machine.json(&["status", "--json"])?;
    assert_eq!(standing["logged_in"], true);
    let store = standing["store"].as_str().unwrap_or_default();
    assert!(store.contains("TUDONE_ACCESS_TOKEN"), "{standing}");
    machine.run(&["whoami"])?.ended(0)?;

    for (token, code) in [
        (made(json!({"exp": 1}))?, "access-token-ended"),
        (made(json!({"sub": null}))?, "access-token-opaque"),
        ("garbage".to_owned(), "access-token-opaque"),
    ] {
        machine.set("TUDONE_ACCESS_TOKEN", token);
        let standing = machine.json(&["status", "--json"])?;
        assert_eq!(standing["logged_in"], false, "{code}");
        let error = machine.run(&["whoami", "--json"])?.ended(4)?.error()?;
        assert_eq!(error["code"], code);
        let help = error["help"].as_str().unwrap_or_default();
        assert!(help.contains("TUDONE_ACCESS_TOKEN"), "{error}");
    }
    let ran = machine.run(&["list", "--json"])?.ended(4)?;
    assert_eq!(ran.error()?["code"], "access-token-opaque");

    machine.set("TUDONE_ACCESS_TOKEN", made(json!({"exp": 1}))?);
    let told = machine.run(&["add", "milk"])?.ended(0)?.stderr;
    assert!(told.contains("queued"), "{told}");
    assert!(!told.contains("tudone login"), "which is refused: {told}");
    Ok(())
}
