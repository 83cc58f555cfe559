//! Rounds over HTTP: a store on disk, the client, the server, and faults.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tudone::auth::access::AccessToken;
use tudone::auth::stored_login::StoredAccessToken;
use tudone::sync::remote::RemoteError;
use tudone::sync::round::RoundError;

use crate::bench::{ADA, Bench, Checked, key_of};
use crate::device::Device;

#[tokio::test]
async fn two_devices_meet_in_the_middle() -> Checked {
    let bench = Bench::full().await?;
    let mut one = Device::new(&bench, ADA).await?;
    let mut other = Device::new(&bench, ADA).await?;
    one.add(1, "buy milk")?;
    one.add(2, "call Ana")?;
    one.rounds().await?;
    other.rounds().await?;
    assert_eq!(other.shown()?, ["buy milk", "call Ana"]);
    one.edit(key_of(1), "buy milk", "x buy milk")?;
    other.edit(key_of(1), "buy milk", "buy milk due:2026-12-01")?;
    other.remove(key_of(2), "call Ana")?;
    one.rounds().await?;
    other.rounds().await?;
    one.rounds().await?;
    assert_eq!(one.shown()?, ["x buy milk due:2026-12-01"]);
    assert_eq!(other.shown()?, one.shown()?);
    assert_eq!(one.store.outbox()?, []);
    assert_eq!(other.store.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn every_fault_at_every_request_leaves_each_change_made_once() -> Checked {
    for bare in [false, true] {
        for fault in ["refuse", "drop_before", "drop_after", "truncate"] {
            // On a full backend a round is one request.
            for place in 0..if bare { 4 } else { 1 } {
                let bench = if bare {
                    Bench::bare().await?
                } else {
                    Bench::full().await?
                };
                let mut device = Device::new(&bench, ADA).await?;
                device.add(1, "a")?;
                device.add(2, "b")?;
                device.add(3, "c")?;
                device.rounds().await?;
                device.edit(key_of(1), "a", "x a")?;
                device.remove(key_of(2), "b")?;
                device.add(4, "d")?;
                bench
                    .faults(json!({"route": "graphql", "fault": fault, "skip": place, "times": 1}))
                    .await?;
                let outcome = device.round().await;
                assert!(outcome.is_err(), "{fault} at {place}: {outcome:?}");
                device.rounds().await?;
                device.rounds().await?;
                let what = format!("{fault} at request {place}, bare: {bare}");
                assert_eq!(bench.texts(ADA)?, ["x a", "c", "d"], "{what}");
                assert_eq!(device.shown()?, ["c", "d", "x a"], "{what}");
                assert_eq!(device.store.outbox()?, [], "{what}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_backend_of_the_tutorial_works_with_what_it_allows() -> Checked {
    let bench = Bench::bare().await?;
    bench
        .load(json!([{"id": 1, "text": "a"}, {"id": 2, "text": null}]))
        .await?;
    bench
        .configure(json!({"insert": false, "update": false, "delete": false, "row_limit": 1}))
        .await?;
    let mut device = Device::new(&bench, ADA).await?;
    device.add(1, "new")?;
    assert_eq!(device.round().await?.waiting, 1);
    assert_eq!(device.shown()?, ["", "a", "new"]);
    bench.configure(json!({"insert": true})).await?;
    let report = device.round().await?;
    assert_eq!((report.pushed, report.waiting), (1, 0));
    assert_eq!(bench.texts(ADA)?, ["a", "", "new"]);
    Ok(())
}

#[tokio::test]
async fn data_of_one_user_never_reaches_another() -> Checked {
    let bench = Bench::full().await?;
    let mut ada = Device::new(&bench, ADA).await?;
    let mut eve = Device::new(&bench, "auth0|eve").await?;
    ada.add(1, "of Ada")?;
    eve.add(1, "of Eve")?;
    ada.rounds().await?;
    eve.rounds().await?;
    assert_eq!(ada.shown()?, ["of Ada"]);
    assert_eq!(eve.shown()?, ["of Eve"]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_shows_rows_of_all_users_is_not_synced_with() -> Checked {
    let bench = Bench::full().await?;
    let mut ada = Device::new(&bench, ADA).await?;
    Device::new(&bench, "auth0|eve").await?.rounds().await?;
    ada.rounds().await?;
    bench.configure(json!({"rows_filtered": false})).await?;
    let error = ada.round().await.err().ok_or("synced")?;
    assert!(
        matches!(
            &error,
            RoundError::Remote(RemoteError::InvalidResponse { .. })
        ),
        "{error:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_thousand_todos_arrive_in_few_requests() -> Checked {
    let bench = Bench::full().await?;
    let mut device = Device::new(&bench, ADA).await?;
    device.add_all(1..=1000)?;
    let report = device.round().await?;
    assert_eq!((report.pushed, report.pulled), (1000, 1000));
    let log = bench
        .control(reqwest::Method::GET, "log", json!(null))
        .await?;
    let requests = log.as_array().ok_or("no log")?.len();
    // Permissions, the mark, two batches, two pages, and an empty page as the end.
    assert!(requests <= 7, "{requests} requests");
    Ok(())
}

#[tokio::test]
async fn a_token_that_the_server_no_longer_accepts_is_renewed_once() -> Checked {
    let bench = Bench::full().await?;
    let (sub, kept) = bench.login().await?;
    // By its lifetime it is valid for an hour; the server rejects it.
    let spoilt = bench.token(&sub, json!({"key": "other"})).await?;
    let (now, hour) = (Timestamp::now(), SignedDuration::from_hours(1));
    kept.set_access(&StoredAccessToken {
        token: AccessToken::issued(spoilt, now, Some(now.checked_add(hour)?)),
        sub,
    })?;
    let home = tempfile::tempdir()?;
    let session = bench.session(kept, home.path())?;
    let mut device = Device::with(&bench, bench.hasura_with(session)?)?;
    device.add(1, "a")?;
    device.round().await?;
    assert_eq!(bench.sandbox.backend().todos(None)?[0]["text"], "a");
    Ok(())
}
