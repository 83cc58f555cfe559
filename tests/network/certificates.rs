//! Certificates of a private authority, of none, and wrong ones.

use serde_json::Value;

use crate::server::{Certificate, SecureSandbox, TlsServer};
use crate::support::{Checked, Machine, Sandbox};

/// What an error says, and its suggestion.
fn words_of(error: &Value) -> (String, String) {
    let word = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (word("message"), word("help"))
}

#[test]
fn an_authority_in_ssl_cert_file_is_trusted_by_every_command() -> Checked {
    let secure = SecureSandbox::start(Certificate::Good)?;
    let machine = secure.logged_in()?;

    machine.run(&["add", "milk"])?.ended(0)?;
    let listed = machine.json(&["list", "--fresh", "--json"])?;
    assert_eq!(listed["todos"][0]["text"], "milk", "{listed}");
    assert_eq!(listed["pending"], 0, "{listed}");
    machine.run(&["sync"])?.ended(0)?;
    let who = machine.json(&["whoami", "--json"])?;
    let issuer = who["issuer"].as_str().unwrap_or_default();
    assert!(issuer.starts_with("https://localhost:"), "{who}");

    // The websocket too.
    let checks = machine.json(&["doctor", "--json"])?;
    let checks = checks["checks"].as_array().ok_or("no checks")?;
    let passed = |name: &str| {
        let mut found = checks.iter().filter(|it| it["check"] == name);
        found.next().is_some_and(|it| it["status"] == "ok")
    };
    for name in ["issuer", "endpoint", "live"] {
        assert!(passed(name), "{name}: {checks:#?}");
    }
    machine.run(&["logout"])?.ended(0)?;
    Ok(())
}

#[test]
fn an_untrusted_issuer_is_named_with_the_problem_and_the_variable() -> Checked {
    let secure = SecureSandbox::start(Certificate::Good)?;
    let machine = Machine::at(&secure.sandbox)?;
    let host = secure.server.authority();

    let ran = machine.run(&["login", "--device-code"])?.ended(5)?;
    for word in [&*host, "certificate", "unknown authority", "SSL_CERT_FILE"] {
        assert!(ran.stderr.contains(word), "{word}: {ran:?}");
    }
    let checks = machine.run(&["doctor"])?.ended(8)?;
    for word in ["localhost", "unknown authority", "SSL_CERT_FILE"] {
        assert!(checks.stdout.contains(word), "{word}: {checks:?}");
    }
    Ok(())
}

#[test]
fn an_untrusted_endpoint_is_named_with_the_problem_and_the_variable() -> Checked {
    let sandbox = Sandbox::start()?;
    let server = TlsServer::in_front_of(sandbox.address("endpoint"), Certificate::Good)?;
    let mut machine = Machine::at(&sandbox)?;
    machine.set("TUDONE_ENDPOINT", server.url("/v1/graphql"));
    let host = server.authority();

    // The login is kept, unverified.
    let (ran, _) = machine.device_login(&sandbox, "ada@example.com", "approve")?;
    let ran = ran.ended(0)?;
    assert!(ran.stderr.contains("unknown authority"), "{ran:?}");
    for words in [&["list", "--fresh", "--json"][..], &["sync", "--json"]] {
        let (message, help) = words_of(&machine.run(words)?.ended(5)?.error()?);
        assert!(message.contains(&host), "{words:?}: {message}");
        assert!(message.contains("certificate"), "{words:?}: {message}");
        assert!(
            message.contains("unknown authority"),
            "{words:?}: {message}"
        );
        assert!(help.contains("SSL_CERT_FILE"), "{words:?}: {help}");
        assert!(help.contains(&host), "{words:?}: {help}");
    }
    let checks = machine.run(&["doctor"])?.ended(8)?;
    for word in ["localhost", "unknown authority", "SSL_CERT_FILE"] {
        assert!(checks.stdout.contains(word), "{word}: {checks:?}");
    }

    // With the variable the same login works.
    server.trusted_by(&mut machine)?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk"]);
    Ok(())
}

#[test]
fn a_certificate_that_no_authority_can_mend_does_not_suggest_one() -> Checked {
    for (certificate, problem) in [
        (Certificate::Expired, "expired"),
        (Certificate::OtherName, "another host"),
    ] {
        let secure = SecureSandbox::start(certificate)?;
        let mut machine = Machine::at(&secure.sandbox)?;
        secure.server.trusted_by(&mut machine)?;
        let ran = machine.run(&["login", "--device-code"])?.ended(5)?;
        for word in [&*secure.server.authority(), "certificate", problem] {
            assert!(ran.stderr.contains(word), "{word}: {ran:?}");
        }
        assert!(!ran.stderr.contains("SSL_CERT_FILE"), "{ran:?}");
    }
    Ok(())
}

#[test]
fn loopback_needs_no_authority_at_all_and_anything_else_says_so() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    machine.set("SSL_CERT_FILE", "/dev/null");
    machine.log_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["list", "--fresh"])?.ended(0)?;
    machine.run(&["doctor"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk"]);

    machine.set("TUDONE_ENDPOINT", "https://localhost:9/v1/graphql");
    machine.set("TUDONE_ISSUER", "https://localhost:9/");
    let ran = machine.run(&["login", "--device-code"])?.ended(8)?;
    assert!(ran.stderr.contains("TLS"), "{ran:?}");
    assert!(ran.stderr.contains("SSL_CERT_FILE"), "{ran:?}");
    Ok(())
}

#[test]
fn an_address_that_is_no_endpoint_names_the_path() -> Checked {
    let secure = SecureSandbox::start(Certificate::Good)?;
    let mut machine = secure.logged_in()?;
    // Not found, and a page.
    for path in ["/v2/graphql", "/activate", "/"] {
        machine.set("TUDONE_ENDPOINT", secure.server.url(path));
        machine.log_in(&secure.sandbox, "ada@example.com").ok();
        let error = machine.run(&["sync", "--json"])?.error()?;
        let (message, help) = words_of(&error);
        assert!(help.contains("/v1/graphql"), "{path}: {message} {help}");
        let checks = machine.run(&["doctor"])?.ended(8)?;
        let fix = format!("endpoint = \"{}\"", secure.server.url("/v1/graphql"));
        assert!(checks.stdout.contains(&fix), "{path}: {checks:?}");
    }
    Ok(())
}
