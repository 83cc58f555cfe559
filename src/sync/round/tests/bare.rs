use super::server::{EVERYTHING, Fault};
use super::*;
use crate::domain::change::MAY_BE_ADDED;
use crate::domain::todo::Row;
use crate::sync::remote::{Batch, RemoteError};

fn first_key(device: &Device, text: &str) -> Result<Key, Box<dyn Error>> {
    let mut found = None;
    device.store.each(&Query::default(), |todo| {
        if todo.text == text {
            found = Some(todo.key);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found.ok_or_else(|| format!("no {text}"))?)
}

#[tokio::test]
async fn the_tutorials_tables_are_read_and_written() -> TestResult {
    let server = Server::bare();
    server.add(key(91), "there before");
    server.add(key(92), "gone soon");
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a"), adding(2, "b")])?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["there before", "gone soon", "a", "b"]);
    assert_eq!(device.outbox()?, []);
    device.commit(&[
        editing(key(1), "a", "x a"),
        removing(first_key(&device, "gone soon")?, "gone soon"),
    ])?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["there before", "x a", "b"]);
    assert_eq!(device.shown()?, ["b", "there before", "x a"]);
    Ok(())
}

#[tokio::test]
async fn an_add_that_arrived_unseen_is_found_and_not_sent_again() -> TestResult {
    let server = Server::bare();
    server.add(key(91), "a");
    let mut device = Device::new(&server)?;
    device.rounds().await?;
    device.commit(&[adding(1, "a"), adding(2, "a")])?;
    server.fail(&[Fault::LostAfter]);
    let error = device.round().await.err().ok_or("answered")?;
    assert!(matches!(
        error,
        RoundError::Remote(RemoteError::ConnectionLost { .. })
    ));
    device.restart()?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["a", "a", "a"], "one there, two added");
    assert_eq!(device.outbox()?, []);
    assert_eq!(device.shown()?, ["a", "a", "a"]);
    Ok(())
}

#[tokio::test]
async fn an_add_that_did_not_arrive_is_sent_again() -> TestResult {
    let server = Server::bare();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a"), adding(2, "a")])?;
    server.fail(&[Fault::LostBefore]);
    assert!(device.round().await.is_err());
    device.rounds().await?;
    assert_eq!(server.texts(), ["a", "a"]);
    Ok(())
}

#[tokio::test]
async fn an_entry_changed_after_the_plan_is_planned_again() -> TestResult {
    let server = Server::bare();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a"), adding(2, "b")])?;
    device.rounds().await?;
    // Two requests. During the first, another process edits the todo of the second.
    let edited = first_key(&device, "b")?;
    device.commit(&[adding(3, "c"), editing(edited, "b", "b +one")])?;
    let path = device.path();
    server.during_next_write(move || {
        commit_from_elsewhere(&path, &[editing(edited, "b +one", "b +one +two")]);
    });
    device.rounds().await?;
    assert_eq!(server.texts(), ["a", "b +one +two", "c"]);
    assert_eq!(device.shown()?, ["a", "b +one +two", "c"]);
    let edits = |batch: &Batch| matches!(batch, Batch::BareEdit { .. });
    assert_eq!(server.batches().into_iter().filter(edits).count(), 1);
    Ok(())
}

#[tokio::test]
async fn bare_adds_share_a_request() -> TestResult {
    let server = Server::bare();
    let mut device = Device::in_memory(&server)?;
    let adds: Vec<_> = (1..=1200)
        .map(|n| adding(n, &format!("todo {n}")))
        .collect();
    device.commit(&adds)?;
    device.rounds().await?;
    assert_eq!(server.texts().len(), 1200);
    assert_eq!(server.batches().len(), 3);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

fn may_be(theirs: Option<&str>) -> (String, Option<String>) {
    (MAY_BE_ADDED.to_owned(), theirs.map(str::to_owned))
}

#[tokio::test]
async fn an_add_whose_row_another_device_edited_is_not_sent_again_without_the_user() -> TestResult {
    let server = Server::bare();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a"), adding(2, "b")])?;
    server.fail(&[Fault::LostAfter]);
    assert!(device.round().await.is_err());
    server.rewrite("a", "x a");
    device.rounds().await?;
    assert_eq!(server.texts(), ["x a", "b"]);
    assert_eq!(device.rejected()?, [may_be(Some("x a"))]);
    assert_eq!(device.shown()?, ["a", "b", "x a"], "its text is kept");

    let seq = device
        .outbox()?
        .first()
        .ok_or("nothing rejected")?
        .entry
        .seq;
    device.store.retry(seq, key(3))?;
    server.fail(&[Fault::LostBefore]);
    assert!(device.round().await.is_err());
    device.rounds().await?;
    assert_eq!(server.texts(), ["x a", "b", "a"], "the user decided so");
    assert_eq!(device.rejected()?, []);
    Ok(())
}

#[tokio::test]
async fn an_add_that_may_be_any_of_several_newer_rows_is_left_to_the_user() -> TestResult {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let server = Server::bare();
        server.add(key(91), "there before");
        let mut device = Device::new(&server)?;
        device.rounds().await?;
        device.commit(&[adding(1, "a")])?;
        server.fail(&[fault]);
        assert!(device.round().await.is_err());
        server.rewrite("a", "b");
        server.add(key(92), "c");
        server.add(key(93), "d");
        device.rounds().await?;
        assert_eq!(device.rejected()?, [may_be(None)], "{fault:?}");
        assert!(!server.texts().contains(&"a".to_owned()), "{fault:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_add_whose_row_is_edited_here_before_it_is_recognized_is_not_sent_again() -> TestResult {
    let server = Server::bare();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    server.fail(&[Fault::LostAfter]);
    assert!(device.round().await.is_err());
    // The process dies after the pull, before it has matched the row.
    let rows: Vec<_> = server
        .rows()
        .into_iter()
        .map(|row| Row {
            key: Key::of_row(ENDPOINT, row.id),
            revision: 0,
            ..row
        })
        .collect();
    device.store.take_snapshot(&rows)?;
    device.commit(&[editing(Key::of_row(ENDPOINT, 1), "a", "b")])?;
    device.rounds().await?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["b"]);
    assert_eq!(device.rejected()?, []);
    Ok(())
}

#[tokio::test]
async fn an_add_that_may_have_arrived_and_is_removed_leaves_nothing() -> TestResult {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let server = Server::bare();
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, "a")])?;
        server.fail(&[fault]);
        assert!(device.round().await.is_err());
        device.commit(&[removing(key(1), "a")])?;
        device.rounds().await?;
        device.rounds().await?;
        assert_eq!(server.texts(), [""; 0], "{fault:?}");
        assert_eq!(device.outbox()?, []);
        assert_eq!(device.shown()?, [""; 0]);
    }
    Ok(())
}

#[tokio::test]
async fn an_edit_whose_answer_is_lost_is_applied_once() -> TestResult {
    for fault in [Fault::LostBefore, Fault::LostAfter, Fault::Unreachable] {
        let server = Server::bare();
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, "a")])?;
        device.rounds().await?;
        device.commit(&[editing(key(1), "a", "b")])?;
        server.fail(&[fault]);
        assert!(device.round().await.is_err());
        device.commit(&[editing(key(1), "b", "c")])?;
        device.rounds().await?;
        assert_eq!(server.texts(), ["c"], "{fault:?}");
        assert_eq!(device.rejected()?, []);
        device.rounds().await?;
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn edits_elsewhere_are_merged_or_shown() -> TestResult {
    let server = Server::bare();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "buy milk"), adding(2, "call Ana"), adding(3, "c")])?;
    device.rounds().await?;
    device.commit(&[
        editing(key(1), "buy milk", "(A) buy milk"),
        editing(key(2), "call Ana", "call Bob"),
        removing(key(3), "c"),
    ])?;
    server.rewrite("buy milk", "buy milk +shop");
    server.rewrite("call Ana", "call Eve");
    server.rewrite("c", "something new");
    device.rounds().await?;
    assert_eq!(
        server.texts(),
        ["(A) buy milk +shop", "call Eve", "something new"]
    );
    let conflict = |theirs: &str| ("conflict".to_owned(), Some(theirs.to_owned()));
    assert_eq!(
        device.rejected()?,
        [conflict("call Eve"), conflict("something new")]
    );
    Ok(())
}

#[tokio::test]
async fn a_rejected_add_does_not_block_others() -> TestResult {
    let server = Server::bare();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "forbidden"), adding(2, "b")])?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["b"]);
    assert_eq!(device.rejected()?, [("permission-error".to_owned(), None)]);
    Ok(())
}

#[tokio::test]
async fn a_bare_backend_that_became_full_keeps_todos_and_outbox() -> TestResult {
    let server = Server::bare();
    server.add(key(91), "there before");
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    device.rounds().await?;
    device.commit(&[editing(key(1), "a", "b"), adding(2, "c")])?;
    server.allow(EVERYTHING);
    device.rounds().await?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["there before", "b", "c"]);
    assert_eq!(device.shown()?, ["b", "c", "there before"]);
    assert_eq!(device.outbox()?, []);
    let mut keys: Vec<Key> = server.rows().iter().map(|row| row.key).collect();
    keys.sort();
    let mut known = Vec::new();
    device.store.each(&Query::default(), |todo| {
        known.push(todo.key);
        std::ops::ControlFlow::Continue(())
    })?;
    known.sort();
    assert_eq!(known, keys, "with the server's keys");
    Ok(())
}

#[tokio::test]
async fn nothing_is_lost_on_a_full_disk_and_everything_is_readable_afterwards() -> TestResult {
    let server = Server::bare();
    server.add(key(91), "there before");
    server.add(key(92), "gone soon");
    let mut device = Device::new(&server)?;
    device.rounds().await?;
    device.commit(&[
        editing(first_key(&device, "there before")?, "there before", "b"),
        removing(first_key(&device, "gone soon")?, "gone soon"),
    ])?;
    server.allow(EVERYTHING);
    device.round_from_start().await?;
    device.rounds().await?;
    assert_eq!(server.texts(), ["b"]);
    assert_eq!(device.rejected()?, []);
    assert_eq!(device.shown()?, ["b"]);
    Ok(())
}
