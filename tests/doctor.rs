//! `tudone doctor`: settings broken one at a time through the sandbox's control, and the cause
//! that it names.

#![cfg(feature = "sandbox")]

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use support::{Checked, Machine, Sandbox};

const USER: &str = "ada@example.test";

/// A setting of the sandbox's control, and the code of the first failed check.
const SETTINGS: &[(&str, &str)] = &[
    (r#"{"issuer_slash": false}"#, "issuer-mismatch"),
    (r#"{"discovery": "other_issuer"}"#, "issuer-mismatch"),
    (r#"{"discovery": "other_site"}"#, "issuer-foreign-endpoint"),
    (r#"{"discovery": "no_device_endpoint"}"#, "no-device-flow"),
    (r#"{"discovery": "no_jwks"}"#, "keys-missing"),
    (r#"{"jwks": "empty"}"#, "keys-missing"),
    (r#"{"jwks": "other_key"}"#, "token-signature"),
    (r#"{"clock_s": 300}"#, "token-clock"),
    (r#"{"device_grant": false}"#, "grant-not-allowed"),
    (r#"{"audience_registered": false}"#, "audience-unknown"),
    (r#"{"refresh_grant": false}"#, "refresh-not-allowed"),
    (r#"{"action_fails": true}"#, "denied"),
    (r#"{"access_tokens": "opaque"}"#, "token-no-audience"),
    (r#"{"access_tokens": "encrypted"}"#, "token-encrypted"),
    (r#"{"access_tokens": "hs256"}"#, "token-algorithm"),
    (
        r#"{"access_tokens": "other_audience"}"#,
        "token-other-audience",
    ),
    (r#"{"claims": "missing"}"#, "token-no-claim"),
    (r#"{"claims": "on_id_token"}"#, "token-no-claim"),
    (r#"{"claims": "other_namespace"}"#, "token-no-claim"),
    (r#"{"claims": "number_id"}"#, "token-claim-shape"),
    (r#"{"claims": "sub_as_id"}"#, "token-claim-shape"),
    (r#"{"claims": "as_string"}"#, "token-claim-shape"),
    (r#"{"claims": "roles_as_string"}"#, "token-claim-shape"),
    (r#"{"claims": "no_id"}"#, "token-claim-incomplete"),
    (r#"{"claims": "no_roles"}"#, "token-claim-incomplete"),
    (r#"{"claims": "role_not_allowed"}"#, "token-role"),
    (r#"{"claims": "other_role"}"#, "backend-refused"),
    (r#"{"hasura_clock_s": -300}"#, "backend-clock"),
    (r#"{"hasura_clock_s": 7200}"#, "backend-clock"),
    (r#"{"unauthorized_role": "anonymous"}"#, "endpoint-open"),
    (r#"{"hasura_issuer_slash": false}"#, "jwt-secret"),
    (r#"{"issuer": "https://other.example/"}"#, "jwt-secret"),
    (r#"{"audience": "https://other.example/"}"#, "jwt-secret"),
    (r#"{"wrong_secret": true}"#, "jwt-secret"),
    (r#"{"jwt_mode": false}"#, "jwt-secret"),
    (
        r#"{"claims_namespace": "https://other.example/"}"#,
        "jwt-secret",
    ),
    (r#"{"audience_checked": false}"#, "jwt-secret-open"),
    (r#"{"select": false}"#, "backend-refused"),
    (
        r#"{"insert": false, "update": false, "delete": false}"#,
        "role-no-insert",
    ),
    (r#"{"insert": false}"#, "role-no-insert"),
    (r#"{"update": false}"#, "role-no-update"),
    (r#"{"delete": false}"#, "role-no-delete"),
    (r#"{"rows_filtered": false}"#, "rows-unfiltered"),
    (r#"{"introspection": false}"#, "introspection-off"),
    (r#"{"subscriptions": false}"#, "live-refused"),
];

/// A fault of a route, and the code of the first failed check.
const FAULTS: &[(&str, &str)] = &[
    (
        r#"{"route": "discovery", "fault": "refuse"}"#,
        "issuer-unreachable",
    ),
    (
        r#"{"route": "discovery", "fault": "html", "status": 404}"#,
        "issuer-not-found",
    ),
    (
        r#"{"route": "jwks", "fault": "html", "status": 502}"#,
        "keys-unreachable",
    ),
    (
        r#"{"route": "graphql", "fault": "refuse"}"#,
        "endpoint-unreachable",
    ),
    (
        r#"{"route": "graphql", "fault": "html", "status": 200}"#,
        "endpoint-path",
    ),
    (
        r#"{"route": "graphql", "fault": "html", "status": 404}"#,
        "endpoint-path",
    ),
    (
        r#"{"route": "graphql", "fault": "status", "status": 503}"#,
        "endpoint-broken",
    ),
    (r#"{"route": "socket", "fault": "refuse"}"#, "live-blocked"),
    (
        r#"{"route": "socket", "fault": "html", "status": 404}"#,
        "live-blocked",
    ),
];

/// A logged-in machine, and a backend with todos of another user as well.
fn bench(words: &[&str]) -> Checked<(Sandbox, Machine)> {
    let sandbox = Sandbox::start_with(words)?;
    let machine = Machine::logged_in(&sandbox, USER)?;
    let other = Machine::logged_in(&sandbox, "bob@example.test")?;
    other.run(&["add", "bob's"])?.ended(0)?;
    Ok((sandbox, machine))
}

/// Changes settings of the sandbox.
fn configure(sandbox: &Sandbox, settings: Value) -> Checked {
    sandbox.control(Method::POST, "/config", Some(settings))?;
    Ok(())
}

/// Resets the settings of the sandbox.
fn reset(sandbox: &Sandbox) -> Checked {
    sandbox.control(Method::DELETE, "/config", None)?;
    Ok(())
}

/// Asserts that these checks have this status.
fn all_are(findings: &[Value], status: &str, checks: &[&str]) -> Checked {
    for check in checks {
        assert_eq!(found(findings, check)?["status"], status, "{check}");
    }
    Ok(())
}

/// Runs doctor, which must end with `exit`, and returns its findings.
fn doctor(machine: &Machine, words: &[&str], exit: i32) -> Checked<Vec<Value>> {
    let words = [&["doctor", "--json"], words].concat();
    let ran = machine.run(&words)?.ended(exit)?;
    for secret in secrets(machine)? {
        assert!(!ran.stdout.contains(&secret), "{}", ran.stdout);
        assert!(!ran.stderr.contains(&secret), "{}", ran.stderr);
    }
    let document = ran.json()?;
    assert_eq!(document["ok"], exit == 0, "{document}");
    Ok(document["checks"].as_array().ok_or("no checks")?.clone())
}

fn failed(findings: &[Value]) -> Vec<&str> {
    let failed = findings.iter().filter(|it| it["status"] == "failed");
    failed.filter_map(|it| it["code"].as_str()).collect()
}

fn found<'a>(findings: &'a [Value], code: &str) -> Checked<&'a Value> {
    let mut named = findings.iter().filter(|it| it["code"] == code);
    named
        .next()
        .ok_or_else(|| format!("no {code}: {findings:?}").into())
}

/// Asserts that the first failed check has `code`, help and an explanation.
fn names_first(machine: &Machine, code: &str, broken: &str) -> Checked {
    let findings = doctor(machine, &[], 8)?;
    assert_eq!(
        failed(&findings).first(),
        Some(&code),
        "{broken}: {findings:#?}"
    );
    let finding = found(&findings, code)?;
    assert!(finding["help"].is_string(), "{broken}: {finding}");
    let help = machine.run(&["help", "doctor", code])?.ended(0)?;
    assert!(help.stdout.starts_with(code), "{}", help.stdout);
    Ok(())
}

fn every_setting_is_named(part: &[(&str, &str)]) -> Checked {
    let (sandbox, machine) = bench(&[])?;
    for (setting, code) in part {
        let patch: Value = serde_json::from_str(setting)?;
        configure(&sandbox, patch)?;
        names_first(&machine, code, setting)?;
        reset(&sandbox)?;
    }
    assert_eq!(failed(&doctor(&machine, &[], 0)?), [""; 0]);
    Ok(())
}

#[test]
fn every_wrong_setting_of_the_issuer_is_named_first() -> Checked {
    every_setting_is_named(&SETTINGS[..16])
}

#[test]
fn every_wrong_claim_is_named_first() -> Checked {
    every_setting_is_named(&SETTINGS[16..30])
}

#[test]
fn every_wrong_setting_of_hasura_is_named_first() -> Checked {
    every_setting_is_named(&SETTINGS[30..])
}

#[test]
fn every_broken_route_is_named_first() -> Checked {
    let (sandbox, machine) = bench(&[])?;
    for (fault, code) in FAULTS {
        let order: Value = serde_json::from_str(fault)?;
        sandbox.control(Method::POST, "/faults", Some(order))?;
        names_first(&machine, code, fault)?;
        sandbox.heal()?;
    }
    Ok(())
}

#[test]
fn with_everything_right_every_check_passes_in_order() -> Checked {
    let (_sandbox, machine) = bench(&[])?;

    let findings = doctor(&machine, &[], 0)?;

    let checks: Vec<&str> = findings
        .iter()
        .filter_map(|it| it["check"].as_str())
        .collect();
    let expected: Vec<&str> = tudone::finding::CHECKS.iter().map(|(it, _)| *it).collect();
    assert_eq!(checks, expected);
    for finding in &findings {
        assert_eq!(finding["status"], "ok", "{finding}");
    }
    let ran = machine.run(&["doctor"])?.ended(0)?;
    assert_eq!(ran.stdout.lines().count(), checks.len());
    assert!(
        ran.stdout.lines().all(|line| line.starts_with('✓')),
        "{}",
        ran.stdout
    );
    Ok(())
}

#[test]
fn of_two_faults_the_first_cause_comes_first() -> Checked {
    let (sandbox, machine) = bench(&[])?;
    for (settings, codes) in [
        (
            json!({"device_grant": false, "wrong_secret": true}),
            ["grant-not-allowed", "jwt-secret"],
        ),
        (
            json!({"rows_filtered": false, "subscriptions": false}),
            ["rows-unfiltered", "live-refused"],
        ),
        (
            json!({"unauthorized_role": "anonymous", "claims": "missing"}),
            ["token-no-claim", "endpoint-open"],
        ),
    ] {
        configure(&sandbox, settings)?;
        let findings = doctor(&machine, &[], 8)?;
        assert_eq!(failed(&findings), codes, "{findings:#?}");
        reset(&sandbox)?;
    }
    Ok(())
}

#[test]
fn a_wrong_jwt_secret_is_answered_with_the_whole_right_line() -> Checked {
    let (sandbox, machine) = bench(&[])?;
    configure(&sandbox, json!({"wrong_secret": true}))?;

    let findings = doctor(&machine, &[], 8)?;

    let finding = found(&findings, "jwt-secret")?;
    let line = finding["fix"].as_str().ok_or("no line")?;
    let value = line
        .strip_prefix("HASURA_GRAPHQL_JWT_SECRET='")
        .and_then(|rest| rest.strip_suffix('\''));
    let value: Value = serde_json::from_str(value.ok_or("not the line")?)?;
    let issuer = sandbox.address("issuer");
    assert_eq!(
        value,
        json!({
            "type": "RS256",
            "jwk_url": format!("{issuer}.well-known/jwks.json"),
            "audience": sandbox.address("audience"),
            "issuer": issuer,
        })
    );
    assert_eq!(found(&findings, "signature")?["status"], "ok");
    assert!(
        finding["received"]
            .as_str()
            .is_some_and(|it| it.contains("JWSInvalidSignature"))
    );
    Ok(())
}

#[test]
fn a_login_that_hasura_rejects_has_the_same_line() -> Checked {
    let (sandbox, machine) = bench(&[])?;
    configure(&sandbox, json!({"wrong_secret": true}))?;
    let findings = doctor(&machine, &[], 8)?;
    let finding = found(&findings, "jwt-secret")?;

    let (ran, events) = machine.device_login(&sandbox, USER, "approve")?;

    let last = events.last().ok_or("no event")?;
    assert_eq!(
        (&last["event"], &last["code"]),
        (&json!("failed"), &finding["code"])
    );
    assert_eq!(last["fix"], finding["fix"]);
    assert!(last["fix"].is_string(), "{last}");
    assert_eq!(ran.ended(8)?.error()?["fix"], finding["fix"]);

    reset(&sandbox)?;
    let (_, events) = machine.device_login(&sandbox, USER, "deny")?;
    let last = events.last().ok_or("no event")?;
    assert_eq!(
        (&last["event"], &last["fix"]),
        (&json!("failed"), &Value::Null)
    );
    Ok(())
}

#[test]
fn problems_of_the_configuration_or_the_store_are_named() -> Checked {
    let sandbox = Sandbox::start()?;
    let nothing = Machine::new()?;
    names_first(&nothing, "config", "no configuration")?;
    for (variable, value, code) in [
        ("TUDONE_CREDENTIAL_STORE", "memory", "memory-store"),
        ("TUDONE_CREDENTIAL_STORE", "keyring", "credential-store"),
        ("TUDONE_CLIENT_ID", "another", "client-unknown"),
        (
            "TUDONE_AUDIENCE",
            "https://nosuch.example/",
            "audience-unknown",
        ),
        ("TUDONE_ISSUER", "http://127.0.0.1:9/", "issuer-unreachable"),
        (
            "TUDONE_ENDPOINT",
            "http://127.0.0.1:9/v1/graphql",
            "endpoint-unreachable",
        ),
    ] {
        let mut machine = Machine::at(&sandbox)?;
        machine.set(variable, value);
        names_first(&machine, code, value)?;
    }
    let mut machine = Machine::at(&sandbox)?;
    machine.set(
        "TUDONE_AUDIENCE",
        format!("{}api/v2/", sandbox.address("issuer")),
    );
    names_first(&machine, "audience-management-api", "the Management API")
}

#[test]
fn an_endpoint_without_its_path_is_answered_with_the_right_one() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let right = sandbox.address("endpoint").to_owned();
    machine.set("TUDONE_ENDPOINT", right.replace("/v1/graphql", "/"));

    let findings = doctor(&machine, &[], 8)?;

    let finding = found(&findings, "endpoint-path")?;
    assert_eq!(finding["fix"], format!("endpoint = \"{right}\""));
    Ok(())
}

#[test]
fn logged_out_it_checks_what_needs_no_token() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;

    let findings = doctor(&machine, &[], 0)?;

    assert_eq!(found(&findings, "logged-out")?["status"], "warning");
    all_are(
        &findings,
        "ok",
        &[
            "issuer",
            "keys",
            "clock",
            "application",
            "audience",
            "endpoint",
            "anonymous",
        ],
    )?;
    all_are(
        &findings,
        "skipped",
        &["token", "signature", "claims", "accepted", "select", "live"],
    )?;
    // Without a JWT secret the server itself says so.
    configure(&sandbox, json!({"jwt_mode": false}))?;
    assert_eq!(failed(&doctor(&machine, &[], 8)?), ["jwt-secret"]);
    Ok(())
}

#[test]
fn a_login_that_ended_or_has_no_refresh_token_is_named() -> Checked {
    let sandbox = Sandbox::start()?;
    let settings = json!({"offline_access": false});
    configure(&sandbox, settings)?;
    let short = Machine::logged_in(&sandbox, USER)?;
    names_first(&short, "no-refresh-token", "no offline access")?;
    reset(&sandbox)?;

    let revoked = Machine::logged_in(&sandbox, USER)?;
    sandbox.control(Method::POST, "/revoke-all", None)?;
    names_first(&revoked, "login-ended", "revoked")
}

#[test]
fn a_claim_only_on_the_id_token_differs_from_a_missing_one() -> Checked {
    let (sandbox, machine) = bench(&[])?;
    configure(&sandbox, json!({"claims": "on_id_token"}))?;

    let findings = doctor(&machine, &[], 8)?;

    let message = found(&findings, "token-no-claim")?["message"].to_string();
    assert!(message.contains("the ID token has it"), "{message}");
    Ok(())
}

#[test]
fn a_bare_backend_is_a_warning_and_says_what_it_costs() -> Checked {
    let (_sandbox, machine) = bench(&["--bare"])?;

    let findings = doctor(&machine, &[], 0)?;

    let finding = found(&findings, "bare")?;
    assert_eq!(
        (&finding["check"], &finding["status"]),
        (&json!("backend"), &json!("warning"))
    );
    assert_eq!(found(&findings, "live")?["status"], "skipped");
    Ok(())
}

#[test]
fn offline_it_checks_local_state_only() -> Checked {
    let (sandbox, machine) = bench(&[])?;
    sandbox.control(Method::DELETE, "/log", None)?;

    let findings = doctor(&machine, &["--offline"], 0)?;

    all_are(
        &findings,
        "ok",
        &[
            "config",
            "credential-store",
            "login",
            "refresh-token",
            "token",
            "claims",
        ],
    )?;
    assert_eq!(found(&findings, "issuer")?["status"], "skipped");
    assert_eq!(sandbox.control(Method::GET, "/log", None)?, json!([]));
    Ok(())
}

#[test]
fn a_token_made_elsewhere_is_examined_too() -> Checked {
    let sandbox = Sandbox::start()?;
    let order = json!({"sub": "auth0|ada", "claims": {"aud": "https://other.example/"}});
    let made = sandbox.control(Method::POST, "/token", Some(order))?;
    let mut machine = Machine::at(&sandbox)?;
    machine.set(
        "TUDONE_ACCESS_TOKEN",
        made["token"].as_str().ok_or("no token")?,
    );

    names_first(&machine, "token-other-audience", "TUDONE_ACCESS_TOKEN")
}

#[test]
fn no_secret_is_printed() -> Checked {
    let (sandbox, machine) = bench(&[])?;
    configure(&sandbox, json!({"wrong_secret": true}))?;
    let ran = machine.run(&["-vv", "doctor"])?.ended(8)?;
    let secrets = secrets(&machine)?;
    assert!(!secrets.is_empty());
    for secret in secrets {
        assert!(!ran.stdout.contains(&secret), "{}", ran.stdout);
        assert!(!ran.stderr.contains(&secret), "{}", ran.stderr);
    }
    Ok(())
}

/// The tokens stored on the machine.
fn secrets(machine: &Machine) -> Checked<Vec<String>> {
    let path = machine.path("data/credentials.json");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let stored: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let texts = strings(&stored).into_iter();
    Ok(texts.filter(|it| it.len() > 40).collect())
}

/// Every string in a document, those inside strings of JSON too.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => strings(&inner),
            _ => vec![text.clone()],
        },
        Value::Array(all) => all.iter().flat_map(strings).collect(),
        Value::Object(all) => all.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[test]
fn an_unknown_code_is_answered_with_the_nearest() -> Checked {
    let machine = Machine::new()?;

    let ran = machine.run(&["help", "doctor", "jwt-secrt"])?.ended(2)?;
    assert!(
        ran.stderr.contains("`tudone help doctor jwt-secret`"),
        "{}",
        ran.stderr
    );
    let all = machine.run(&["help", "doctor"])?.ended(0)?;
    for code in tudone::finding::codes::CODES {
        assert!(all.stdout.contains(code.code), "{}", code.code);
    }
    Ok(())
}
