//! `TUDONE_ACCESS_TOKEN` as scripts set it, rightly and wrongly.

use reqwest::Method;
use serde_json::json;

use crate::support::{Checked, Machine, Sandbox};

/// A token of `sub`.
fn token_of(sandbox: &Sandbox, sub: &str) -> Checked<String> {
    let made = sandbox.control(Method::POST, "/token", Some(json!({"sub": sub})))?;
    Ok(made["token"].as_str().ok_or("no token")?.to_owned())
}

#[test]
fn a_token_that_is_not_a_token_alone_is_refused_before_anything_is_queued() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let token = token_of(&sandbox, "auth0|ada")?;
    for (value, problem, code) in [
        (
            format!("{token}\r\nX-Injected: 1"),
            "a line break",
            "access-token-invalid",
        ),
        (
            format!("Bearer {token}"),
            "more than the token",
            "access-token-invalid",
        ),
        (
            format!("Basic {token}"),
            "more than the token",
            "access-token-invalid",
        ),
        (
            format!("{token}\u{e9}"),
            "no token has",
            "access-token-invalid",
        ),
        (
            "garbage".to_owned(),
            "does not identify a user",
            "access-token-opaque",
        ),
    ] {
        machine.set("TUDONE_ACCESS_TOKEN", value);
        for words in [&["add", "milk", "--json"][..], &["list", "--json"]] {
            let ran = machine.run(words)?.ended(4)?;
            assert_eq!(ran.error()?["code"], code, "{ran:?}");
            assert!(ran.stderr.contains(problem), "{ran:?}");
            assert!(!ran.stderr.contains(&token), "{ran:?}");
        }
        let status = machine.json(&["status", "--json"])?;
        assert_eq!(status["logged_in"], false);
        assert_eq!(status["error"]["code"], code);
    }
    assert!(sandbox.texts()?.is_empty());
    Ok(())
}

#[test]
fn a_token_that_the_backend_rejects_is_named_with_the_variable() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let token = token_of(&sandbox, "auth0|ada")?;
    let (signed, signature) = token.rsplit_once('.').ok_or("no JWT")?;
    let forged = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    machine.set("TUDONE_ACCESS_TOKEN", forged);

    let ran = machine.run(&["list", "--fresh"])?.ended(4)?;
    assert!(
        ran.stderr.contains("TUDONE_ACCESS_TOKEN is not accepted"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("Set TUDONE_ACCESS_TOKEN"), "{ran:?}");
    let queued = machine.run(&["add", "milk"])?.ended(0)?;
    assert!(
        queued.stderr.contains("set a new TUDONE_ACCESS_TOKEN"),
        "{queued:?}"
    );

    machine.set("TUDONE_ACCESS_TOKEN", token);
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk"]);
    Ok(())
}
