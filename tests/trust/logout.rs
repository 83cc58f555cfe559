//! Logging out: with the issuer, without a network, and with everything.

use reqwest::Method;
use serde_json::json;

use crate::support::{Checked, Machine, Sandbox};
use crate::{forget_requests, listed, log_in};

/// Somebody logged in with one todo that was fetched.
fn prepared() -> Checked<(Sandbox, Machine)> {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    machine.run(&["add", "milk"])?.ended(0)?;
    forget_requests(&sandbox)?;
    Ok((sandbox, machine))
}

/// How many logins the issuer still takes.
fn alive(sandbox: &Sandbox) -> Checked<serde_json::Value> {
    let ended = sandbox.control(Method::POST, "/revoke-all", None)?;
    Ok(ended["revoked"].clone())
}

#[test]
fn a_logout_ends_the_login_at_the_issuer_and_keeps_the_todos() -> Checked {
    let (sandbox, machine) = prepared()?;

    let answer = machine.json(&["logout", "--json"])?;

    assert_eq!(answer["revoked"], true);
    assert_eq!(alive(&sandbox)?, 0);
    assert_eq!(listed(&machine, &[])?, ["milk"]);
    assert_eq!(machine.json(&["status", "--json"])?["logged_in"], false);
    Ok(())
}

#[test]
fn a_logout_ends_earlier_logins_of_the_same_user_too() -> Checked {
    let (sandbox, machine) = prepared()?;
    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;

    let answer = machine.json(&["logout", "--json"])?;

    assert_eq!(answer["revoked"], true);
    assert_eq!(alive(&sandbox)?, 0);
    Ok(())
}

#[test]
fn a_login_of_another_user_ends_all_logins_of_the_one_before() -> Checked {
    let (sandbox, machine) = prepared()?;
    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;

    log_in(&machine, &sandbox, "bob@example.com")?.ended(0)?;

    assert_eq!(alive(&sandbox)?, 1, "only the new one");
    Ok(())
}

#[test]
fn a_logout_offline_asks_nobody_and_says_what_stays_valid() -> Checked {
    let (sandbox, machine) = prepared()?;

    let ran = machine.run(&["--offline", "logout", "--json"])?.ended(0)?;

    assert_eq!(ran.json()?["revoked"], false);
    assert!(
        ran.stderr
            .contains("stays valid at the issuer until it expires"),
        "{ran:?}"
    );
    for route in ["discovery", "revoke", "token"] {
        assert_eq!(sandbox.requests(route)?, 0, "{route}");
    }
    assert_eq!(alive(&sandbox)?, 1);
    machine.run(&["whoami"])?.ended(4)?;
    Ok(())
}

#[test]
fn an_issuer_that_cannot_be_reached_does_not_keep_anybody_logged_in() -> Checked {
    let (sandbox, machine) = prepared()?;
    sandbox.fault("revoke", "refuse")?;

    let ran = machine.run(&["logout"])?.ended(0)?;

    assert!(ran.stderr.contains("stays valid at the issuer"), "{ran:?}");
    machine.run(&["whoami"])?.ended(4)?;
    Ok(())
}

#[test]
fn a_purge_spares_unsent_changes_unless_told_otherwise() -> Checked {
    let (sandbox, machine) = prepared()?;
    machine.run(&["--offline", "add", "bread"])?.ended(0)?;

    let refused = machine.run(&["logout", "--purge", "--json"])?.ended(2)?;
    assert_eq!(refused.error()?["code"], "needs-yes");
    assert_eq!(listed(&machine, &[])?, ["milk", "bread"]);
    assert_eq!(machine.json(&["status", "--json"])?["logged_in"], true);

    let purged = machine.json(&["logout", "--purge", "--yes", "--json"])?;
    assert_eq!(purged["purged"], true);
    machine.run(&["list", "--offline"])?.ended(4)?;
    let accounts = machine.path("data/accounts");
    let left = std::fs::read_dir(accounts).map_or(0, Iterator::count);
    assert_eq!(left, 0);

    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    assert_eq!(listed(&machine, &["--fresh"])?, ["milk"]);
    Ok(())
}

#[test]
fn a_logout_tells_what_was_never_sent() -> Checked {
    let (sandbox, machine) = prepared()?;
    machine.run(&["--offline", "add", "bread"])?.ended(0)?;

    let ran = machine.run(&["logout", "--json"])?.ended(0)?;
    assert_eq!(ran.json()?["unsent"], 1);
    assert!(ran.stderr.contains("1 change was never sent"), "{ran:?}");

    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    machine.run(&["sync"])?.ended(0)?;
    let ran = machine.run(&["logout"])?.ended(0)?;
    assert!(!ran.stderr.contains("never sent"), "{ran:?}");
    Ok(())
}

#[test]
fn where_nobody_was_ever_logged_in_a_logout_says_so() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;

    let ran = machine.run(&["logout"])?.ended(0)?;

    assert_eq!(ran.stdout, "You were not logged in\n");
    Ok(())
}

#[test]
fn a_login_of_somebody_else_tells_what_the_one_before_never_sent() -> Checked {
    let (sandbox, machine) = prepared()?;
    machine.run(&["--offline", "add", "bread"])?.ended(0)?;

    let ran = log_in(&machine, &sandbox, "bob@example.com")?.ended(0)?;
    assert!(
        ran.stderr
            .contains("1 change was never sent; the changes of auth0|"),
        "{ran:?}"
    );
    let ran = log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    assert_eq!(ran.stderr, "");
    Ok(())
}

#[test]
fn a_token_from_the_environment_is_no_login_to_end() -> Checked {
    let (sandbox, mut machine) = prepared()?;
    let order = json!({"sub": "auth0|somebody-else"});
    let made = sandbox.control(Method::POST, "/token", Some(order))?;
    let kept = std::fs::read(machine.path("data/credentials.json"))?;
    machine.set(
        "TUDONE_ACCESS_TOKEN",
        made["token"].as_str().ok_or("no token")?,
    );

    let ran = machine.run(&["logout", "--purge", "--yes", "--json"])?;

    assert_eq!(ran.ended(8)?.error()?["code"], "access-token-set");
    assert_eq!(std::fs::read(machine.path("data/credentials.json"))?, kept);
    assert_eq!(alive(&sandbox)?, 1);
    Ok(())
}
