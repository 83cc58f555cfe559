//! Rounds that wait for one another, and changes made by other processes meanwhile.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::server::{ENDPOINT, Server};
use super::{Device, TestResult, adding, commit_from_elsewhere, editing, key};
use crate::os::file_lock::FileLock;
use crate::store::Store;
use crate::sync::round::round;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Returns the requests of a round that waits for another one, which began its pull
/// this much later.
async fn asked_after(
    lead: SignedDuration,
    changes: usize,
) -> Result<usize, Box<dyn std::error::Error>> {
    let server = Server::full();
    let mut other = Device::new(&server)?;
    let mut store = Store::open(&other.path(), ENDPOINT)?;
    let path = other.lock();
    let turn = FileLock::take(&path, Duration::ZERO)?;
    let ends = async {
        tokio::task::yield_now().await;
        let pull = other.store.begin_pull(NOW + lead)?;
        other.store.complete_pull(&pull)?;
        for n in 0..changes {
            other.commit(&[adding(n as u128, "late")])?;
        }
        drop(turn);
        TestResult::Ok(())
    };

    let (report, ended) = tokio::join!(round(&mut store, &server, &path, || NOW), ends);

    ended?;
    assert_eq!(report?.pushed, changes);
    Ok(server.capability_requests())
}

#[tokio::test]
async fn a_round_completed_by_another_process_is_not_repeated() -> TestResult {
    assert_eq!(asked_after(SignedDuration::ZERO, 0).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_round_that_began_too_early_or_left_something_to_do_does_not_count() -> TestResult {
    let second = SignedDuration::from_secs(1);
    assert_eq!(asked_after(-second, 0).await?, 1);
    assert_eq!(
        asked_after(second, 0).await?,
        1,
        "by a clock that was wrong"
    );
    assert_eq!(asked_after(SignedDuration::ZERO, 1).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_edit_made_while_an_earlier_request_is_answered_is_not_lost() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    // Three requests: the last one has the add that is edited during the first one.
    let adds: Vec<_> = (1..=4100).map(|n| adding(n, "a")).collect();
    device.commit(&adds)?;
    let path = device.path();
    server.during_next_write(move || {
        commit_from_elsewhere(&path, &[editing(key(4100), "a", "b")]);
    });
    device.rounds().await?;
    let edited = |texts: &[String]| texts.iter().filter(|text| *text == "b").count();
    assert_eq!(edited(&device.shown()?), 1);
    assert_eq!(edited(&server.texts()), 1);
    assert_eq!(server.texts().len(), 4100);
    assert_eq!(device.outbox()?, []);
    Ok(())
}
