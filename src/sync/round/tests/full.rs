use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use jiff::SignedDuration;

use super::server::Fault;
use super::*;
use crate::sync::remote::{Batch, Remote, RemoteError};

#[tokio::test]
async fn offline_changes_arrive_and_leave_the_outbox() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a"), adding(2, "b"), adding(3, "c")])?;
    device.commit(&[editing(key(1), "a", "x a"), removing(key(2), "b")])?;
    let report = device.round().await?;
    assert_eq!(server.texts(), ["x a", "c"]);
    assert_eq!(device.outbox()?, []);
    assert_eq!((report.pushed, report.pulled, report.waiting), (2, 2, 0));
    assert_eq!(device.shown()?, ["c", "x a"]);
    Ok(())
}

#[tokio::test]
async fn a_round_reports_after_each_request_how_many_changes_are_answered() -> TestResult {
    let server = Server::full();
    let mut device = Device::in_memory(&server)?;
    let adds: Vec<_> = (1..=2500).map(|n| adding(n, "a")).collect();
    device.commit(&adds)?;
    let counts = RefCell::new(Vec::new());
    let answered = |count| counts.borrow_mut().push(count);
    let (lock, now) = (device.lock(), || Timestamp::UNIX_EPOCH);
    round_reporting(&mut device.store, &server, &lock, now, false, &answered).await?;
    assert_eq!(counts.into_inner(), [2000, 2500]);
    Ok(())
}

#[tokio::test]
async fn requests_to_a_slow_server_get_smaller_and_grow_again_once_it_is_quick() -> TestResult {
    let server = Server::full();
    let mut device = Device::in_memory(&server)?;
    let adds: Vec<_> = (1..=6000).map(|n| adding(n, "a")).collect();
    device.commit(&adds)?;
    let counts = RefCell::new(Vec::new());
    let answered = |count| counts.borrow_mut().push(count);
    let clock = Cell::new(Timestamp::UNIX_EPOCH);
    // Each look at the clock takes two seconds until half is answered.
    let now = || {
        let is_slow = counts.borrow().last().is_none_or(|count| *count < 3000);
        let step = SignedDuration::from_secs(if is_slow { 2 } else { 0 });
        clock.set(clock.get().saturating_add(step).unwrap_or_default());
        clock.get()
    };
    let lock = device.lock();
    round_reporting(&mut device.store, &server, &lock, now, false, &answered).await?;
    assert_eq!(
        counts.into_inner(),
        [2000, 3000, 3500, 4500, 6000],
        "4, 2, 1, 2 and 4 batches of 500"
    );
    Ok(())
}

#[tokio::test]
async fn an_add_whose_answer_is_lost_arrives_once() -> TestResult {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let server = Server::full();
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, "a")])?;
        server.fail(&[fault, fault]);
        let error = device.round().await.err().ok_or("answered")?;
        assert!(matches!(
            error,
            RoundError::Remote(RemoteError::ConnectionLost { .. })
        ));
        assert!(device.store.freshness()?.failed_at.is_some(), "remembered");
        assert_eq!(device.store.totals()?.sent, 1);
        device.restart()?;
        assert_eq!(device.rounds().await?, 2, "{fault:?}");
        assert_eq!(server.texts(), ["a"]);
        assert_eq!(device.outbox()?, []);
        assert!(device.store.freshness()?.failed_at.is_none());
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_keeps_resetting_ends_the_pull() -> TestResult {
    let server = Server::full();
    server.add(key(9), "theirs");
    server.change_user_each_time();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    let error = device.round().await.err().ok_or("it came to an end")?;
    assert!(
        matches!(
            &error,
            RoundError::Remote(RemoteError::InvalidResponse { .. })
        ),
        "{error}"
    );
    assert_eq!(server.texts(), ["theirs", "a"]);
    Ok(())
}

#[tokio::test]
async fn the_requested_pause_is_kept_until_the_server_answers() -> TestResult {
    let now = Timestamp::UNIX_EPOCH;
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    server.fail(&[Fault::Busy, Fault::Unreachable]);
    for _ in 0..2 {
        assert!(device.round().await.is_err());
        device.restart()?;
        let until = device.store.freshness()?.resting(now);
        assert_eq!(until, Some(now.checked_add(SignedDuration::from_mins(10))?));
    }
    device.round().await?;
    assert_eq!(device.store.freshness()?.resting(now), None);
    Ok(())
}

#[tokio::test]
async fn changes_that_certainly_did_not_arrive_are_pending_again_and_fold() -> TestResult {
    for fault in [Fault::Unreachable, Fault::Busy] {
        let server = Server::full();
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, "a")])?;
        server.fail(&[fault]);
        assert!(device.round().await.is_err());
        assert_eq!(device.store.totals()?.pending, 1, "{fault:?}");
        device.commit(&[editing(key(1), "a", "b")])?;
        device.rounds().await?;
        assert_eq!(server.texts(), ["b"]);
        assert_eq!(server.batches().len(), 1, "one add with the last text");
    }
    Ok(())
}

#[tokio::test]
async fn a_removal_of_an_add_that_may_have_arrived_leaves_nothing() -> TestResult {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let server = Server::full();
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, "a")])?;
        server.fail(&[fault]);
        assert!(device.round().await.is_err());
        device.commit(&[editing(key(1), "a", "b"), removing(key(1), "b")])?;
        device.rounds().await?;
        assert_eq!(server.texts(), [""; 0]);
        // The first try arrives late, and finds the tombstone.
        server
            .push(&Batch::Add(vec![(key(1), "a".to_owned())]))
            .await?;
        assert_eq!(server.texts(), [""; 0]);
        assert_eq!(device.outbox()?, []);
        assert_eq!(device.shown()?, [""; 0]);
    }
    Ok(())
}

#[tokio::test]
async fn an_edit_whose_answer_is_lost_is_applied_once() -> TestResult {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let server = Server::full();
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, "a")])?;
        device.rounds().await?;
        device.commit(&[editing(key(1), "a", "b")])?;
        server.fail(&[fault, fault]);
        device.rounds().await?;
        assert_eq!(server.texts(), ["b"], "{fault:?}");
        assert_eq!(device.rejected()?, []);
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn a_rejected_entry_is_found_among_many() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    let adds: Vec<_> = (1..=600)
        .map(|n| match n {
            77 | 333 => adding(n, &format!("forbidden {n}")),
            _ => adding(n, &format!("todo {n}")),
        })
        .collect();
    device.commit(&adds)?;
    let report = device.round().await?;
    assert_eq!((report.pushed, report.rejected), (598, 2));
    assert_eq!(server.texts().len(), 598);
    assert_eq!(device.rejected()?.len(), 2);
    let largest = server.batches().iter().map(size).max();
    assert_eq!(largest, Some(500));
    assert!(server.batches().len() < 45, "{}", server.batches().len());
    Ok(())
}

fn size(batch: &Batch) -> usize {
    match batch {
        Batch::Add(adds) => adds.len(),
        Batch::Edit(edits) => edits.len(),
        Batch::Remove(keys) => keys.len(),
        Batch::BareAdd(texts) => texts.len(),
        Batch::AddAndRemove(..) | Batch::BareEdit { .. } | Batch::BareRemove { .. } => 1,
    }
}

#[tokio::test]
async fn an_entry_that_makes_the_server_fail_is_isolated_and_reported() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "poison"), adding(2, "b"), adding(3, "c")])?;
    for _ in 0..8 {
        assert!(device.round().await.is_err());
    }
    let rounds = device.rounds().await?;
    assert!(rounds <= 2, "{rounds}");
    assert_eq!(device.rejected()?, [("unexpected".to_owned(), None)]);
    assert_eq!(server.texts(), ["b", "c"]);
    assert_eq!(device.shown()?, ["b", "c", "poison"]);
    Ok(())
}

#[tokio::test]
async fn lost_connections_do_not_count_as_failures_of_an_entry() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "poison")])?;
    server.fail(&[Fault::LostBefore; 10]);
    for _ in 0..10 + 8 {
        assert!(device.round().await.is_err());
        assert_eq!(device.rejected()?, []);
    }
    device.rounds().await?;
    assert_eq!(device.rejected()?, [("unexpected".to_owned(), None)]);
    Ok(())
}

#[tokio::test]
async fn an_edit_made_while_its_add_is_being_sent_is_not_lost() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    let path = device.path();
    server.during_next_write(move || commit_from_elsewhere(&path, &[editing(key(1), "a", "b")]));
    device.rounds().await?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["b"]);
    assert_eq!(device.shown()?, ["b"]);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn a_round_dropped_halfway_loses_nothing() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a"), adding(2, "b")])?;
    server.fail(&[Fault::Hang]);
    let given_up = tokio::time::timeout(Duration::from_millis(20), device.round()).await;
    assert!(given_up.is_err());
    assert_eq!(device.store.totals()?.sent, 2);
    device.rounds().await?;
    assert_eq!(server.texts(), ["a", "b"]);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn a_server_that_was_reset_does_not_get_a_second_copy() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    device.rounds().await?;
    device.commit(&[adding(2, "unsure")])?;
    server.fail(&[Fault::LostAfter]);
    assert!(device.round().await.is_err());
    server.reset();
    device.commit(&[adding(3, "new"), editing(key(1), "a", "b")])?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["new"]);
    let mut codes: Vec<_> = device
        .rejected()?
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    codes.sort();
    assert_eq!(codes, ["removed-elsewhere", "reset"]);
    Ok(())
}

#[tokio::test]
async fn a_write_does_not_hide_that_the_server_was_reset() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    device.rounds().await?;
    server.reset();
    // The server reaches the revision that the device has seen.
    device.commit(&[adding(2, "b")])?;
    device.round().await?;
    assert_eq!(server.texts(), ["b"]);
    assert_eq!(device.shown()?, ["b"]);
    Ok(())
}

#[tokio::test]
async fn short_pages_are_not_mistaken_for_the_end_and_large_ones_are_halved() -> TestResult {
    let server = Server::full();
    for n in 1..=25 {
        server.add(key(n), &format!("todo {n}"));
    }
    server.limit_rows(2);
    let mut device = Device::new(&server)?;
    assert_eq!(device.round().await?.pulled, 25);

    server.limit_rows(2000);
    server.limit_pages(3);
    let mut other = Device::new(&server)?;
    assert_eq!(other.round().await?.pulled, 25);
    assert_eq!(other.shown()?.len(), 25);

    server.limit_pages(0);
    let mut never = Device::new(&server)?;
    let error = never.round().await.err().ok_or("read")?;
    assert!(matches!(
        error,
        RoundError::Remote(RemoteError::TooLarge { .. })
    ));
    Ok(())
}

#[tokio::test]
async fn a_round_costs_what_changed() -> TestResult {
    let server = Server::full();
    for n in 1..=10 {
        server.add(key(n), &format!("todo {n}"));
    }
    let mut device = Device::new(&server)?;
    device.rounds().await?;
    assert_eq!(device.round().await?, RoundReport::default());
    server.rewrite("todo 3", "x todo 3");
    assert_eq!(device.round().await?.pulled, 1);
    assert_eq!(
        server.capability_requests(),
        1,
        "what the role may do is remembered"
    );
    assert_eq!(device.round_from_start().await?.pulled, 10);
    assert_eq!(device.shown()?.len(), 10);
    Ok(())
}

#[tokio::test]
async fn a_round_is_one_request_unless_an_answer_was_lost() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a"), adding(2, "b"), adding(3, "c")])?;
    device.round().await?;
    assert_eq!(server.pages(), 1, "the first round");
    device.commit(&[editing(key(1), "a", "x a"), removing(key(2), "b")])?;
    device.round().await?;
    assert_eq!(server.pages(), 2, "changes and their feed");
    assert_eq!(device.outbox()?, []);
    device.round().await?;
    assert_eq!(server.pages(), 3, "nothing new");

    device.commit(&[editing(key(3), "c", "x c")])?;
    server.fail(&[Fault::LostAfter]);
    assert!(device.round().await.is_err());
    let before = server.pages();
    device.round().await?;
    assert_eq!(server.pages() - before, 2, "one shows that it arrived");
    assert_eq!(server.texts(), ["x a", "x c"]);
    Ok(())
}

#[tokio::test]
async fn an_edit_is_never_applied_to_another_text_of_the_same_revision() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    device.rounds().await?;
    device.commit(&[editing(key(1), "a", "b")])?;
    // The server is restored from a copy and another device edits: the revision is the
    // same.
    server.rewrite_in_place("a", "theirs");
    device.round().await?;
    assert_eq!(server.texts(), ["theirs"]);
    Ok(())
}

#[tokio::test]
async fn only_one_round_at_a_time() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    let mut second = Store::open(&device.path(), ENDPOINT)?;
    let lock = device.lock();
    server.fail(&[Fault::Hang]);
    let waited = Rc::new(Cell::new(false));
    let other = async {
        let clock = || Timestamp::UNIX_EPOCH;
        let outcome = round(&mut second, &server, &lock, clock).await;
        waited.set(true);
        outcome
    };
    tokio::select! {
        biased;
        _ = device.round() => return Err("the first never ends".into()),
        outcome = other => assert!(matches!(outcome, Err(RoundError::Busy)), "{outcome:?}"),
    }
    assert!(waited.get());
    assert_eq!(
        device.rounds().await?,
        1,
        "the lock was released with the future"
    );
    Ok(())
}
