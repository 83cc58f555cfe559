//! Logins that the issuer grants and Hasura refuses: the cause is named, with
//! the step of the set-up to go back to, and nothing is kept.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Checked, Machine, Sandbox};
use crate::{configure, last_event, log_in, nothing_is_stored};

/// What is wrong, the code it gets, and the step that makes it right.
type Mistake = (Value, &'static str, &'static str);

const API: &str = "create the API in Auth0";
const ACTION: &str = "deploy and bind the post-login Action in Auth0";
const CLOCK: &str = "correct the clock of this machine";
const JWT_SECRET: &str = "set Hasura's JWT secret";
const PERMISSIONS: &str = "create the tables and permissions in Hasura";

fn names_each(mistakes: impl IntoIterator<Item = Mistake>) -> Checked {
    let sandbox = Sandbox::start()?;
    for (settings, code, step) in mistakes {
        let machine = Machine::at(&sandbox)?;
        configure(&sandbox, &settings)?;
        is_named(&sandbox, &machine, code, step)?;
        sandbox.control(Method::DELETE, "/config", None)?;
    }
    Ok(())
}

fn is_named(sandbox: &Sandbox, machine: &Machine, code: &str, step: &str) -> Checked {
    let ran = log_in(machine, sandbox, "ada@example.com")?.ended(8)?;

    let last = last_event(&ran)?;
    assert_eq!(last["event"], "failed", "{last}");
    assert_eq!(last["code"], code, "{last}");
    let help = last["help"].as_str().unwrap_or_default();
    assert!(help.contains(step), "{step} in {last}");
    let message = last["message"].as_str().unwrap_or_default();
    assert!(
        code != "backend-refused" || message.contains("may not read"),
        "{last}"
    );
    nothing_is_stored(machine)?;
    // The refresh token that nobody keeps is not left alive at the issuer.
    let ended = sandbox.control(Method::POST, "/revoke-all", None)?;
    assert_eq!(ended["revoked"], 0);
    Ok(())
}

#[test]
fn a_token_that_is_no_jwt() -> Checked {
    for dialect in ["auth0", "rfc"] {
        let sandbox = Sandbox::start_with(&["--dialect", dialect])?;
        let mut machine = Machine::at(&sandbox)?;
        // As good as none: a token that only the issuer itself can read.
        let userinfo = format!("{}userinfo", sandbox.address("issuer"));
        machine.set("TUDONE_AUDIENCE", userinfo);
        is_named(&sandbox, &machine, "token-no-audience", API)?;
    }
    names_each([(
        json!({"access_tokens": "encrypted"}),
        "token-encrypted",
        API,
    )])
}

#[test]
fn claims_that_are_missing_or_misshapen() -> Checked {
    names_each(
        [
            ("missing", "token-no-claim"),
            ("on_id_token", "token-no-claim"),
            ("as_string", "token-claim-shape"),
            ("number_id", "token-claim-shape"),
            ("roles_as_string", "token-claim-shape"),
            ("sub_as_id", "token-claim-shape"),
            ("no_roles", "token-claim-incomplete"),
            ("no_id", "token-claim-incomplete"),
        ]
        .map(|(shape, code)| (json!({"claims": shape}), code, ACTION)),
    )
}

#[test]
fn a_jwt_secret_that_does_not_fit_the_token() -> Checked {
    names_each(
        [
            json!({"wrong_secret": true}),
            json!({"hasura_issuer_slash": false}),
            json!({"audience": "https://another.example/api"}),
            json!({"claims_namespace": "https://another.example/claims"}),
        ]
        .map(|settings| (settings, "jwt-secret", JWT_SECRET)),
    )
}

#[test]
fn a_role_without_permissions() -> Checked {
    names_each([
        (json!({"select": false}), "backend-refused", PERMISSIONS),
        (
            json!({"hidden_tables": ["todos"]}),
            "backend-refused",
            PERMISSIONS,
        ),
    ])
}

#[test]
fn clocks_that_do_not_agree() -> Checked {
    names_each([
        (json!({"hasura_clock_s": -600}), "backend-clock", JWT_SECRET),
        (json!({"hasura_clock_s": 7200}), "backend-clock", JWT_SECRET),
        (json!({"clock_s": 600}), "token-clock", CLOCK),
    ])
}

#[test]
fn a_backend_whose_clock_is_a_second_behind_is_shown_the_token_again() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    configure(&sandbox, &json!({"hasura_clock_s": -1}))?;

    let ran = log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;

    assert_eq!(last_event(&ran)?["warnings"], json!([]));
    Ok(())
}
