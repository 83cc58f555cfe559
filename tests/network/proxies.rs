//! `HTTPS_PROXY` and `NO_PROXY`.

use crate::proxy::{Policy, Proxy};
use crate::server::{Certificate, SecureSandbox};
use crate::support::{Checked, Machine, Sandbox};

/// The hosts that a proxy was asked for, each once.
fn targets(proxy: &Proxy) -> Vec<String> {
    let heads = proxy.heads();
    let targets = heads.iter().filter_map(|head| head.split(' ').nth(1));
    let mut targets: Vec<String> = targets.map(str::to_owned).collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

#[test]
fn everything_goes_through_the_proxy_that_is_set() -> Checked {
    let secure = SecureSandbox::start(Certificate::Good)?;
    let proxy = Proxy::start(Policy::Open)?;
    let host = secure.server.authority();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let mut machine = Machine::at(&secure.sandbox)?;
        secure.server.trusted_by(&mut machine)?;
        machine.set(variable, proxy.url(""));
        machine.log_in(&secure.sandbox, "ada@example.com")?;
        assert_eq!(targets(&proxy), [host.as_str()], "{variable}: login");
        for words in [&["add", "milk"][..], &["sync"], &["doctor"], &["logout"]] {
            machine.run(words)?.ended(0)?;
            assert_eq!(targets(&proxy), [host.as_str()], "{variable}: {words:?}");
        }
    }
    Ok(())
}

#[test]
fn hosts_in_no_proxy_and_plain_loopback_are_asked_directly() -> Checked {
    let secure = SecureSandbox::start(Certificate::Good)?;
    let proxy = Proxy::start(Policy::Open)?;
    for hosts in ["localhost", "example.com, localhost", "*"] {
        let mut machine = Machine::at(&secure.sandbox)?;
        secure.server.trusted_by(&mut machine)?;
        machine.set("HTTPS_PROXY", proxy.url(""));
        machine.set("NO_PROXY", hosts);
        machine.log_in(&secure.sandbox, "ada@example.com")?;
        machine.run(&["add", "milk"])?.ended(0)?;
        machine.run(&["doctor"])?.ended(0)?;
        assert_eq!(targets(&proxy), [""; 0], "{hosts}");
    }

    let plain = Sandbox::start()?;
    let mut machine = Machine::at(&plain)?;
    for variable in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        machine.set(variable, proxy.url(""));
    }
    machine.log_in(&plain, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    assert_eq!(targets(&proxy), [""; 0]);
    Ok(())
}

#[test]
fn the_password_of_a_proxy_reaches_it_and_nothing_else() -> Checked {
    let secure = SecureSandbox::start(Certificate::Good)?;
    let mut machine = secure.logged_in()?;
    machine.keep_secret("hunter2");
    let open = Proxy::start(Policy::Open)?;
    machine.set("HTTPS_PROXY", open.url("ann:hunter2@"));
    machine.run(&["-v", "add", "milk"])?.ended(0)?;
    let heads = open.heads();
    let credentials = "basic yw5uomh1bnrlcji="; // ann:hunter2, in lower case
    let sent = |head: &String| head.to_ascii_lowercase().contains(credentials);
    assert!(!heads.is_empty() && heads.iter().all(sent), "{heads:?}");

    let closed = Proxy::start(Policy::Refuse)?;
    machine.set("HTTPS_PROXY", closed.url("ann:hunter2@"));
    machine.set("TUDONE_LOG", "trace");
    let ran = machine.run(&["-v", "list", "--fresh"])?.ended(5)?;
    assert!(ran.stderr.contains("proxy"), "{ran:?}");
    Ok(())
}

#[test]
fn a_proxy_that_refuses_or_is_down_is_named_as_the_cause() -> Checked {
    let secure = SecureSandbox::start(Certificate::Good)?;
    let mut machine = secure.logged_in()?;
    let closed = Proxy::start(Policy::Refuse)?;
    // Port 9 (discard) has no server.
    for url in [closed.url(""), "http://127.0.0.1:9".to_owned()] {
        machine.set("HTTPS_PROXY", &url);
        let error = machine
            .run(&["list", "--fresh", "--json"])?
            .ended(5)?
            .error()?;
        let help = error["help"].as_str().unwrap_or_default();
        assert!(help.contains("HTTPS_PROXY"), "{url}: {error}");
        let ran = machine.run(&["add", "milk"])?.ended(0)?;
        assert!(ran.stderr.contains("queued"), "{url}: {ran:?}");
    }
    Ok(())
}
