//! Servers that accept a connection and then say nothing.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use reqwest::Url;
use tudone::http::{self, CONNECT_LIMIT, RequestFailure};

use crate::proxy::{Policy, Proxy};
use crate::server::{Certificate, SecureSandbox};
use crate::support::Checked;

/// A listener whose connections the system accepts and nobody answers.
fn silent() -> Checked<(TcpListener, Url)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    Ok((
        listener,
        format!("https://127.0.0.1:{port}/v1/graphql").parse()?,
    ))
}

#[tokio::test(start_paused = true)]
async fn a_tls_handshake_without_an_answer_ends_at_the_limit_for_connections() -> Checked {
    let (_listener, url) = silent()?;
    let client = http::client(&url)?;
    let began = tokio::time::Instant::now();
    let Err(error) = client.get(url).send().await else {
        return Err("it answered".into());
    };
    assert_eq!(began.elapsed().as_secs(), CONNECT_LIMIT.as_secs());
    assert_eq!(RequestFailure::of(&error), RequestFailure::Timeout);
    Ok(())
}

#[test]
fn a_command_waits_for_a_tls_handshake_within_its_budget() -> Checked {
    let secure = SecureSandbox::start(Certificate::Good)?;
    let mut machine = secure.logged_in()?;
    let proxy = Proxy::start(Policy::Silence)?;
    machine.set("HTTPS_PROXY", proxy.url(""));

    let ran = machine
        .run(&["sync", "--wait", "300ms", "--json"])?
        .ended(5)?;
    assert_eq!(ran.error()?["code"], "unreachable", "{ran:?}");
    let began = Instant::now();
    let ran = machine.run(&["add", "milk"])?.ended(0)?;
    assert!(ran.stderr.contains("queued"), "{ran:?}");
    // Its budget of 2 s, and time for a busy machine.
    assert!(began.elapsed() < Duration::from_secs(10), "{ran:?}");
    assert!(!proxy.heads().is_empty());
    Ok(())
}
