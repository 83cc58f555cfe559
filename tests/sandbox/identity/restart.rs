//! What a sandbox keeps, and what ends with it.

use reqwest::StatusCode;
use tudone::sandbox::{Sandbox, SandboxError, SandboxOptions};

use super::bench::*;

fn kept(directory: &std::path::Path) -> SandboxOptions {
    SandboxOptions {
        data: Some(directory.to_owned()),
        interval_s: 0,
        leeway_s: 0,
        ..SandboxOptions::default()
    }
}

#[tokio::test]
async fn port_key_users_and_logins_survive_a_restart() -> Checked {
    let home = tempfile::tempdir()?;
    let directory = home.path().join("sandbox");
    let bench = Bench::with(kept(&directory)).await?;
    let jwks = bench
        .get(&bench.url("/.well-known/jwks.json"))
        .await?
        .json();
    let first = bench.log_in().await?.field("refresh_token");
    let second = bench.refresh(&first).await?.field("refresh_token");
    let issuer = bench.at.issuer.clone();
    bench.sandbox.stop().await;

    let bench = Bench::with(kept(&directory)).await?;
    assert_eq!(bench.at.issuer, issuer);
    let again = bench
        .get(&bench.url("/.well-known/jwks.json"))
        .await?
        .json();
    assert_eq!(again, jwks);
    let refreshed = bench.refresh(&second).await?;
    assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
    let (_, id) = opened(&refreshed.field("id_token"))?;
    assert_eq!(id["email"], "ada.lovelace@example.test");
    let reused = bench.refresh(&first).await?;
    assert_eq!(reused.field("error"), "invalid_grant", "spent stays spent");
    Ok(())
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_login_leaves_a_dead_code() -> Checked {
    let home = tempfile::tempdir()?;
    let bench = Bench::with(kept(home.path())).await?;
    let open = bench.ask().await?;
    let approved = bench.ask().await?;
    bench.settle(&approved, "approve").await?;
    bench.sandbox.stop().await;

    let bench = Bench::with(kept(home.path())).await?;
    let page = bench.settle(&open, "approve").await?;
    assert!(!page.status.is_success(), "{page:?}");
    for code in [&open, &approved] {
        let polled = bench.poll(code).await?;
        assert_eq!(polled.refusal(), (403, "invalid_grant".to_owned()));
    }
    bench.log_in().await?;
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_what_is_kept_and_no_refresh_token_is_in_it() -> Checked {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir()?;
    let directory = home.path().join("sandbox");
    let bench = Bench::with(kept(&directory)).await?;
    let token = bench.log_in().await?.field("refresh_token");
    assert_ne!(token, "");
    assert_eq!(
        std::fs::metadata(&directory)?.permissions().mode() & 0o777,
        0o700
    );
    let mut files = 0;
    for file in std::fs::read_dir(&directory)? {
        let file = file?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
        let content = std::fs::read(file.path())?;
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains(&token), "{}", file.path().display());
        files += 1;
    }
    assert!(files >= 4, "{files}");
    Ok(())
}

#[tokio::test]
async fn a_directory_is_used_by_one_sandbox_at_a_time() -> Checked {
    let home = tempfile::tempdir()?;
    let bench = Bench::with(kept(home.path())).await?;
    let second = Sandbox::start(kept(home.path())).await;
    assert!(
        matches!(second, Err(SandboxError::InUse { .. })),
        "{second:?}"
    );
    bench.sandbox.stop().await;
    Sandbox::start(kept(home.path())).await?;
    Ok(())
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_alone() -> Checked {
    let home = tempfile::tempdir()?;
    let path = home.path().join("logins.json");
    std::fs::write(&path, "{\"people\":")?;
    let started = Sandbox::start(SandboxOptions {
        signing_key: Some(key()?),
        ..kept(home.path())
    })
    .await;
    match started {
        Err(SandboxError::Damaged { path: named, .. }) => assert_eq!(named, path),
        other => return Err(format!("{other:?}").into()),
    }
    assert_eq!(std::fs::read_to_string(&path)?, "{\"people\":");
    Ok(())
}

#[tokio::test]
async fn stopping_frees_the_port_and_cuts_who_is_still_connected() -> Checked {
    let bench = Bench::start().await?;
    let port: u16 = bench.host().rsplit(':').next().unwrap_or("").parse()?;
    let url = bench.url("/healthz");
    bench.get(&url).await?;
    let http = bench.http.clone();
    bench.sandbox.stop().await;
    assert!(http.get(&url).send().await.is_err());

    let taken = std::net::TcpListener::bind(("127.0.0.1", port))?;
    let refused = Sandbox::start(SandboxOptions {
        port: Some(port),
        ..quick()?
    })
    .await;
    assert!(
        matches!(refused, Err(SandboxError::Port { .. })),
        "{refused:?}"
    );
    drop(taken);
    Ok(())
}
