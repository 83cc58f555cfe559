//! Repeating todos: completing one adds its successor once.

use super::server::{EVERYTHING, Fault};
use super::*;
use crate::domain::change::{COMPLETION_REJECTED, MAY_BE_ADDED};
use crate::domain::feed::Capabilities;
use crate::domain::history::Session;
use crate::domain::line::Line;

const OPEN: &str = "water rec:1w due:2026-11-24";
const DONE: &str = "x 2026-11-24 water rec:1w due:2026-11-24";
const NEXT: &str = "water rec:1w due:2026-12-01";

/// A change with an id of its own.
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

/// A server with the open todo, and devices that have pulled it.
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

/// The successor of the first todo on a device.
fn successor(device: &Device) -> Result<Option<Key>, Box<dyn Error>> {
    Ok(device.store.successor(key(1))?.map(|todo| todo.key))
}

#[tokio::test]
async fn a_successor_is_shown_at_once_and_sent_after_the_completion_was_answered() -> Outcome {
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
async fn a_lost_answer_or_a_death_between_the_two_requests_adds_no_second_one() -> Outcome {
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
async fn an_undo_before_it_was_sent_leaves_nothing_and_after_it_deletes_it() -> Outcome {
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
async fn one_undo_takes_back_the_completion_and_its_successor_and_redo_brings_both_back() -> Outcome
{
    let (server, [mut device]) = devices().await?;
    let now = Timestamp::UNIX_EPOCH;
    let mut number = 100;
    let mut fresh = || {
        number += 1;
        key(number).uuid()
    };
    device
        .store
        .commit_act(Session::Cli, "completed", &[completing(1)])?;
    assert_eq!(device.store.history(Session::Cli)?.len(), 1);
    device.rounds().await?;
    device.store.undo(Session::Cli, now, &mut fresh)?;
    assert_eq!(device.shown()?, [OPEN]);
    // Neither was sent: both are as they were.
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
async fn reopening_while_the_completion_is_under_way_leaves_no_successor() -> Outcome {
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
async fn a_text_edited_elsewhere_meanwhile_is_in_both() -> Outcome {
    let (server, [mut one, mut other]) = devices().await?;
    one.commit(&[completing(1)])?;
    server.rewrite(OPEN, "water all plants rec:1w due:2026-11-24");
    one.rounds().await?;
    other.rounds().await?;
    let expected = [
        "water all plants rec:1w due:2026-12-01",
        "x 2026-11-24 water all plants rec:1w due:2026-11-24",
    ];
    assert_eq!(sorted(&server), expected);
    assert_eq!(other.shown()?, expected);
    Ok(())
}

#[tokio::test]
async fn a_due_date_moved_elsewhere_counts_for_the_successor() -> Outcome {
    let open = "pay rec:+1m due:2026-11-24";
    let server = Server::full();
    server.add(key(1), open);
    let mut device = Device::new(&server)?;
    device.rounds().await?;
    let done = Line::new(open).completed(jiff::civil::date(2026, 11, 23));
    device.commit(&[editing(key(1), open, &done)])?;
    assert!(
        device
            .shown()?
            .contains(&"pay rec:+1m due:2026-12-24".to_owned())
    );
    // And what was done to the successor stays.
    let next = successor(&device)?.ok_or("no successor")?;
    device.commit(&[editing(
        next,
        "pay rec:+1m due:2026-12-24",
        "pay rec:+1m due:2026-12-24 @bank",
    )])?;
    server.rewrite(open, "pay rec:+1m due:2026-11-28");
    device.rounds().await?;
    assert_eq!(
        sorted(&server),
        [
            "pay rec:+1m due:2026-12-28 @bank",
            "x 2026-11-23 pay rec:+1m due:2026-11-28"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn two_devices_that_complete_it_on_different_days_add_one() -> Outcome {
    let (server, [mut one, mut other]) = devices().await?;
    one.commit(&[completing(1)])?;
    other.commit(&[editing(
        key(1),
        OPEN,
        "x 2026-11-25 water rec:1w due:2026-11-24",
    )])?;
    assert_eq!(other.shown()?[0], "water rec:1w due:2026-12-02");
    one.rounds().await?;
    other.rounds().await?;
    assert_eq!(sorted(&server), [NEXT, DONE]);
    assert_eq!(other.shown()?, [NEXT, DONE]);
    assert_eq!(other.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn two_devices_that_write_the_same_line_add_one_and_keep_what_was_done_to_it() -> Outcome {
    for fault in [Fault::None, Fault::LostBefore] {
        let (server, [mut one, mut other]) = devices().await?;
        one.commit(&[completing(1)])?;
        other.commit(&[completing(2)])?;
        let next = successor(&other)?.ok_or("no successor")?;
        server.fail(&[fault]);
        let _ = other.round().await;
        other.commit(&[editing(next, NEXT, "water rec:1w due:2026-12-01 @home")])?;
        one.rounds().await?;
        other.rounds().await?;
        one.rounds().await?;
        let expected = ["water rec:1w due:2026-12-01 @home", DONE];
        assert_eq!(sorted(&server), expected, "{fault:?}");
        assert_eq!(one.shown()?, expected);
        assert_eq!(other.shown()?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn what_was_done_to_the_successor_of_another_devices_completion_is_the_users_to_decide()
-> Outcome {
    let (server, [mut one, mut other]) = devices().await?;
    other.commit(&[completing(2)])?;
    let next = successor(&other)?.ok_or("no successor")?;
    other.commit(&[editing(next, NEXT, "water rec:1w due:2026-12-01 @home")])?;
    one.commit(&[editing(
        key(1),
        OPEN,
        "x 2026-11-23 water rec:1w due:2026-11-24",
    )])?;
    one.rounds().await?;
    other.rounds().await?;
    assert_eq!(
        sorted(&server),
        [
            "water rec:1w due:2026-11-30",
            "x 2026-11-23 water rec:1w due:2026-11-24"
        ]
    );
    assert_eq!(other.rejected()?, [(MAY_BE_ADDED.to_owned(), None)]);
    assert!(
        other
            .shown()?
            .contains(&"water rec:1w due:2026-12-01 @home".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn a_successor_that_was_edited_before_it_was_sent_arrives_edited() -> Outcome {
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
async fn a_successor_that_was_deleted_before_it_was_sent_stays_deleted() -> Outcome {
    let (server, [mut one, mut other]) = devices().await?;
    one.commit(&[completing(1)])?;
    let next = successor(&one)?.ok_or("no successor")?;
    one.commit(&[removing(next, NEXT)])?;
    assert_eq!(one.shown()?, [DONE]);
    one.rounds().await?;
    assert_eq!(server.texts(), [DONE]);
    // The key is used up: nobody else adds it.
    server.add(key(1).successor(1), NEXT);
    other.rounds().await?;
    assert_eq!(other.shown()?, [DONE]);
    Ok(())
}

#[tokio::test]
async fn a_todo_completed_before_it_was_ever_sent_adds_one() -> Outcome {
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
async fn a_successor_completed_offline_adds_its_own() -> Outcome {
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
async fn a_completed_todo_that_is_deleted_at_once_leaves_its_successor() -> Outcome {
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
async fn without_permission_to_add_the_todo_is_completed_all_the_same() -> Outcome {
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
async fn a_rejected_completion_and_its_successor_are_decided_together() -> Outcome {
    for retried in [true, false] {
        let (server, [mut device]) = devices().await?;
        device.commit(&[editing(
            key(1),
            OPEN,
            "x 2026-11-24 water plants rec:1w due:2026-11-24",
        )])?;
        server.rewrite(OPEN, "water trees rec:1w due:2026-11-24");
        device.rounds().await?;
        let codes: Vec<String> = device.rejected()?.into_iter().map(|it| it.0).collect();
        assert_eq!(codes, ["conflict", COMPLETION_REJECTED]);
        assert_eq!(server.texts(), ["water trees rec:1w due:2026-11-24"]);
        let edit = device.outbox()?[0].entry.seq;
        if retried {
            server.rewrite("water trees rec:1w due:2026-11-24", OPEN);
            device.rounds().await?;
            let add = device.outbox()?[1].entry.seq;
            device.store.retry(add, key(99))?;
            device.rounds().await?;
            assert_eq!(
                sorted(&server),
                [
                    "water plants rec:1w due:2026-12-01",
                    "x 2026-11-24 water plants rec:1w due:2026-11-24"
                ]
            );
        } else {
            device.store.drop_entry(edit)?;
            assert_eq!(device.shown()?, ["water trees rec:1w due:2026-11-24"]);
        }
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_done_to_a_successor_whose_completion_was_rejected_waits_with_it() -> Outcome {
    for deleted in [false, true] {
        let (server, [mut device]) = devices().await?;
        device.commit(&[editing(
            key(1),
            OPEN,
            "x 2026-11-24 water plants rec:1w due:2026-11-24",
        )])?;
        server.rewrite(OPEN, "water trees rec:1w due:2026-11-24");
        device.rounds().await?;
        let next = successor(&device)?.ok_or("no successor")?;
        let text = "water plants rec:1w due:2026-12-01";
        let edited = "water plants rec:1w due:2026-12-01 @home";
        device.commit(&[if deleted {
            removing(next, text)
        } else {
            editing(next, text, edited)
        }])?;
        assert_eq!(device.round().await?.waiting, 0);
        server.rewrite("water trees rec:1w due:2026-11-24", OPEN);
        device.rounds().await?;
        let edit = device.outbox()?[0].entry.seq;
        device.store.retry(edit, key(99))?;
        device.rounds().await?;
        let done = "x 2026-11-24 water plants rec:1w due:2026-11-24";
        let expected: &[&str] = if deleted { &[done] } else { &[edited, done] };
        assert_eq!(sorted(&server), expected);
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn on_a_bare_backend_one_device_adds_one() -> Outcome {
    let server = Server::bare();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, OPEN)])?;
    device.rounds().await?;
    let open = Key::of_row(ENDPOINT, 1);
    device.commit(&[editing(open, OPEN, DONE)])?;
    assert_eq!(device.shown()?, [NEXT, DONE]);
    device.rounds().await?;
    assert_eq!(sorted(&server), [NEXT, DONE]);
    device.commit(&[editing(open, DONE, OPEN)])?;
    device.rounds().await?;
    assert_eq!(server.texts(), [OPEN]);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn an_import_or_an_add_by_key_keeps_what_was_changed_before_it_was_sent() -> Outcome {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    let shared = Key::new(Uuid::from_u128(1));
    let add = |text: &str| change(shared, Act::Add { text: text.into() });
    device.commit(&[add("milk"), editing(shared, "milk", "milk @shop")])?;
    // Another device has imported the same list, and went on.
    server.add(shared, "milk");
    server.rewrite("milk", "(A) milk");
    device.rounds().await?;
    assert_eq!(server.texts(), ["(A) milk @shop"]);
    assert_eq!(device.shown()?, ["(A) milk @shop"]);
    assert_eq!(device.outbox()?, []);

    // Deleting it before it was sent is a deletion, undoing the add is none.
    let other = Key::new(Uuid::from_u128(2));
    let add = change(other, Act::Add { text: "tea".into() });
    device
        .store
        .commit_act(Session::Cli, "added", std::slice::from_ref(&add))?;
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
