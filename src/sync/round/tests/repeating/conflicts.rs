//! Repeating todos that two devices change at once.

use super::*;
use crate::domain::change::{COMPLETION_REJECTED, MAY_BE_ADDED};
use crate::domain::line::Line;

#[tokio::test]
async fn a_text_edited_elsewhere_is_in_the_completed_todo_and_its_successor() -> TestResult {
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
async fn a_due_date_moved_elsewhere_counts_for_the_successor() -> TestResult {
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
    // Changes of the successor stay.
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
async fn two_devices_that_complete_a_todo_on_different_days_add_one_successor() -> TestResult {
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
async fn two_devices_that_complete_a_todo_alike_add_one_successor_and_keep_its_changes()
-> TestResult {
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
async fn a_changed_successor_is_left_to_the_user_if_another_device_completed_the_todo() -> TestResult
{
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
async fn a_rejected_completion_and_its_successor_are_decided_together() -> TestResult {
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
async fn changes_of_a_successor_wait_while_its_completion_is_rejected() -> TestResult {
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
