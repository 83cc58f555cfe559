//! Repeating todos: completing one adds its successor once.

use super::server::{EVERYTHING, Fault};
use super::*;
use crate::domain::feed::Capabilities;
use crate::domain::history::Session;

mod conflicts;
mod deletions;
mod reopenings;

const OPEN: &str = "water rec:1w due:2026-11-24";
const DONE: &str = "x 2026-11-24 water rec:1w due:2026-11-24";
const NEXT: &str = "water rec:1w due:2026-12-01";

/// Returns the change with another id.
fn numbered(id: u128, change: Change) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(id)),
        ..change
    }
}

fn completing(id: u128) -> Change {
    numbered(id, editing(key(1), OPEN, DONE))
}

fn reopening(id: u128) -> Change {
    numbered(id, editing(key(1), DONE, OPEN))
}

/// Returns a server with the open todo, and devices that have pulled it.
async fn devices<const N: usize>() -> Result<(Server, [Device; N]), Box<dyn Error>> {
    let server = Server::full();
    server.add(key(1), OPEN);
    let mut devices = Vec::new();
    for _ in 0..N {
        let mut device = Device::new(&server)?;
        device.rounds().await?;
        devices.push(device);
    }
    let devices = devices.try_into().map_err(|_| "another number")?;
    Ok((server, devices))
}

fn sorted(server: &Server) -> Vec<String> {
    let mut texts = server.texts();
    texts.sort();
    texts
}

/// Returns the successor of the first todo on a device.
fn successor(device: &Device) -> Result<Option<Key>, Box<dyn Error>> {
    Ok(device.store.successor(key(1))?.map(|todo| todo.key))
}

#[tokio::test]
async fn a_successor_is_shown_at_once_and_sent_after_the_completion_was_answered() -> TestResult {
    let (server, [mut device]) = devices().await?;
    let revision = server.rows()[0].revision;
    device.commit(&[completing(1)])?;
    assert_eq!(device.shown()?, [NEXT, DONE]);
    device.rounds().await?;
    assert_eq!(sorted(&server), [NEXT, DONE]);
    let added = server.rows().into_iter().find(|row| row.text == NEXT);
    assert_eq!(added.map(|row| row.key), Some(key(1).successor(revision)));
    assert_eq!(device.outbox()?, []);
    assert_eq!(device.shown()?, [NEXT, DONE]);
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_or_a_crash_between_the_two_requests_adds_no_second_successor() -> TestResult
{
    for faults in [
        vec![Fault::LostBefore],
        vec![Fault::LostAfter],
        vec![Fault::None, Fault::LostBefore],
        vec![Fault::None, Fault::LostAfter],
        vec![Fault::LostAfter, Fault::LostAfter],
    ] {
        let (server, [mut device]) = devices().await?;
        device.commit(&[completing(1)])?;
        server.fail(&faults);
        assert!(device.round().await.is_err(), "{faults:?}");
        device.restart()?;
        device.rounds().await?;
        assert_eq!(sorted(&server), [NEXT, DONE], "{faults:?}");
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn reopening_removes_an_unsent_successor_and_deletes_a_sent_one() -> TestResult {
    let (server, [mut device]) = devices().await?;
    device.commit(&[completing(1), reopening(2)])?;
    assert_eq!(device.shown()?, [OPEN]);
    assert_eq!(device.outbox()?, []);

    device.commit(&[completing(3)])?;
    device.rounds().await?;
    device.commit(&[reopening(4)])?;
    assert_eq!(device.shown()?, [OPEN]);
    device.rounds().await?;
    assert_eq!(server.texts(), [OPEN]);

    // Completing again is a new completion with a new successor.
    device.commit(&[completing(5)])?;
    device.rounds().await?;
    assert_eq!(sorted(&server), [NEXT, DONE]);
    Ok(())
}

#[tokio::test]
async fn reopening_on_another_device_deletes_the_untouched_successor_and_undo_restores_it()
-> TestResult {
    let (server, [mut here, mut there]) = devices().await?;
    here.commit(&[completing(1)])?;
    here.rounds().await?;
    there.rounds().await?;
    assert_eq!(there.shown()?, [NEXT, DONE]);

    there.commit(&[reopening(2)])?;
    assert_eq!(there.shown()?, [OPEN]);
    there.commit(&[completing(3)])?;
    assert_eq!(there.shown()?, [NEXT, DONE]);
    assert_eq!(there.outbox()?, [], "nothing is left to send");
    there.commit(&[reopening(4)])?;
    there.rounds().await?;
    here.rounds().await?;
    assert_eq!(server.texts(), [OPEN]);
    assert_eq!(here.shown()?, [OPEN]);
    Ok(())
}

#[tokio::test]
async fn reopening_on_another_device_keeps_a_changed_successor_and_todos_of_its_text() -> TestResult
{
    let (server, [mut here, mut there]) = devices().await?;
    server.add(key(2), NEXT);
    here.commit(&[completing(1)])?;
    here.rounds().await?;
    let next = successor(&here)?.ok_or("no successor")?;
    let changed = format!("{NEXT} +garden");
    here.commit(&[numbered(2, editing(next, NEXT, &changed))])?;
    here.rounds().await?;
    there.rounds().await?;

    there.commit(&[reopening(3)])?;
    there.rounds().await?;
    assert_eq!(sorted(&server), [OPEN, NEXT, &changed]);
    Ok(())
}

#[tokio::test]
async fn one_undo_reverses_the_completion_and_its_successor_and_redo_restores_both() -> TestResult {
    let (server, [mut device]) = devices().await?;
    let now = Timestamp::UNIX_EPOCH;
    let mut number = 100;
    let mut fresh = || {
        number += 1;
        key(number).uuid()
    };
    device
        .store
        .commit_action(Session::Cli, "completed", &[completing(1)])?;
    assert_eq!(device.store.history(Session::Cli)?.len(), 1);
    device.rounds().await?;
    device.store.undo(Session::Cli, now, &mut fresh)?;
    assert_eq!(device.shown()?, [OPEN]);
    // Neither was sent, so both are unchanged.
    device.store.redo(Session::Cli, now, &mut fresh)?;
    assert_eq!(device.shown()?, [NEXT, DONE]);
    assert_eq!(device.outbox()?, []);
    device.store.undo(Session::Cli, now, &mut fresh)?;
    device.rounds().await?;
    assert_eq!(server.texts(), [OPEN]);
    device.store.redo(Session::Cli, now, &mut fresh)?;
    device.rounds().await?;
    assert_eq!(sorted(&server), [NEXT, DONE]);
    assert_eq!(device.shown()?, [NEXT, DONE]);
    Ok(())
}

#[tokio::test]
async fn reopening_while_the_completion_is_being_sent_leaves_no_successor() -> TestResult {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        for again in [false, true] {
            let (server, [mut device]) = devices().await?;
            device.commit(&[completing(1)])?;
            server.fail(&[fault]);
            assert!(device.round().await.is_err());
            device.commit(&[reopening(2)])?;
            assert_eq!(device.shown()?, [OPEN]);
            if again {
                device.commit(&[completing(3)])?;
                assert_eq!(device.shown()?, [NEXT, DONE]);
            }
            device.rounds().await?;
            let expected: &[&str] = if again { &[NEXT, DONE] } else { &[OPEN] };
            assert_eq!(sorted(&server), expected, "{fault:?}");
            assert_eq!(device.outbox()?, []);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_successor_that_was_edited_before_it_was_sent_arrives_edited() -> TestResult {
    let (server, [mut device]) = devices().await?;
    device.commit(&[completing(1)])?;
    let next = successor(&device)?.ok_or("no successor")?;
    let edited = "water rec:1w due:2026-12-01 @home";
    device.commit(&[editing(next, NEXT, edited)])?;
    device.rounds().await?;
    assert_eq!(sorted(&server), [edited, DONE]);
    // It stays when the todo is reopened.
    device.commit(&[reopening(2)])?;
    device.rounds().await?;
    assert_eq!(sorted(&server), [OPEN, edited]);
    Ok(())
}

#[tokio::test]
async fn a_successor_that_was_deleted_before_it_was_sent_stays_deleted() -> TestResult {
    let (server, [mut one, mut other]) = devices().await?;
    one.commit(&[completing(1)])?;
    let next = successor(&one)?.ok_or("no successor")?;
    one.commit(&[removing(next, NEXT)])?;
    assert_eq!(one.shown()?, [DONE]);
    one.rounds().await?;
    assert_eq!(server.texts(), [DONE]);
    // The key is deleted for good: no other device can add it.
    server.add(key(1).successor(1), NEXT);
    other.rounds().await?;
    assert_eq!(other.shown()?, [DONE]);
    Ok(())
}

#[tokio::test]
async fn a_todo_completed_before_it_was_ever_sent_adds_one() -> TestResult {
    let server = Server::full();
    for fault in [Fault::None, Fault::LostAfter] {
        let mut device = Device::new(&server)?;
        let n = if fault == Fault::None { 1 } else { 2 };
        device.commit(&[adding(n, OPEN)])?;
        device.commit(&[editing(key(n), OPEN, DONE)])?;
        server.fail(&[fault]);
        device.rounds().await?;
        let rows = server.rows();
        assert!(
            rows.iter()
                .any(|row| row.key == key(n).successor(0) && row.text == NEXT)
        );
        assert_eq!(device.outbox()?, []);
    }
    assert_eq!(server.texts().len(), 4);
    Ok(())
}

#[tokio::test]
async fn a_successor_completed_offline_adds_its_own() -> TestResult {
    let (server, [mut device]) = devices().await?;
    device.commit(&[completing(1)])?;
    let next = successor(&device)?.ok_or("no successor")?;
    let done = "x 2026-12-01 water rec:1w due:2026-12-01";
    device.commit(&[editing(next, NEXT, done)])?;
    let last = "water rec:1w due:2026-12-08";
    assert_eq!(device.shown()?, [last, DONE, done]);
    device.rounds().await?;
    assert_eq!(sorted(&server), [last, DONE, done]);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn a_completed_todo_that_is_deleted_at_once_leaves_its_successor() -> TestResult {
    let (server, [mut device]) = devices().await?;
    device.commit(&[completing(1), removing(key(1), DONE)])?;
    assert_eq!(device.shown()?, [NEXT]);
    device.rounds().await?;
    assert_eq!(server.texts(), [NEXT]);

    device.commit(&[adding(2, OPEN)])?;
    device.commit(&[editing(key(2), OPEN, DONE), removing(key(2), DONE)])?;
    device.rounds().await?;
    assert_eq!(server.texts(), [NEXT, NEXT]);
    Ok(())
}

#[tokio::test]
async fn without_permission_to_add_the_todo_is_still_completed() -> TestResult {
    let (server, [mut device]) = devices().await?;
    server.allow(Capabilities {
        insert: false,
        ..EVERYTHING
    });
    device.store.set_capabilities(Capabilities {
        insert: false,
        ..EVERYTHING
    })?;
    device.commit(&[completing(1)])?;
    device.rounds().await?;
    assert_eq!(server.texts(), [DONE]);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn on_a_bare_backend_one_device_adds_one() -> TestResult {
    let server = Server::bare();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, OPEN)])?;
    device.rounds().await?;
    let open = Key::of_row(ENDPOINT, 1);
    device.commit(&[editing(open, OPEN, DONE)])?;
    assert_eq!(device.shown()?, [NEXT, DONE]);
    assert!(device.store.are_first_successors(1)? && !device.store.are_first_successors(0)?);
    device.rounds().await?;
    assert_eq!(sorted(&server), [NEXT, DONE]);
    device.commit(&[editing(open, DONE, OPEN)])?;
    device.rounds().await?;
    assert_eq!(server.texts(), [OPEN]);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn an_import_or_an_add_by_key_keeps_changes_made_before_it_was_sent() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    let shared = Key::new(Uuid::from_u128(1));
    let add = |text: &str| change(shared, Act::Add { text: text.into() });
    device.commit(&[add("milk"), editing(shared, "milk", "milk @shop")])?;
    // Another device has imported the same list and edited it.
    server.add(shared, "milk");
    server.rewrite("milk", "(A) milk");
    device.rounds().await?;
    assert_eq!(server.texts(), ["(A) milk @shop"]);
    assert_eq!(device.shown()?, ["(A) milk @shop"]);
    assert_eq!(device.outbox()?, []);

    // Deleting an unsent todo is a deletion; undoing its add is not.
    let other = Key::new(Uuid::from_u128(2));
    let add = change(other, Act::Add { text: "tea".into() });
    device
        .store
        .commit_action(Session::Cli, "added", std::slice::from_ref(&add))?;
    let mut fresh = || key(500).uuid();
    device
        .store
        .undo(Session::Cli, Timestamp::UNIX_EPOCH, &mut fresh)?;
    assert_eq!(device.outbox()?, []);
    device.commit(&[add, removing(other, "tea")])?;
    device.rounds().await?;
    server.add(other, "tea");
    assert_eq!(server.texts(), ["(A) milk @shop"]);
    Ok(())
}
