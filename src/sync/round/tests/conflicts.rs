//! Edits and deletions of two devices in a race.

use super::server::Fault;
use super::*;

pub(super) fn conflict(theirs: &str) -> CodeAndText {
    ("conflict".to_owned(), Some(theirs.to_owned()))
}

#[tokio::test]
async fn edits_of_two_devices_are_merged_part_by_part() -> TestResult {
    let server = Server::full();
    let (mut one, mut other) = (Device::new(&server)?, Device::new(&server)?);
    one.commit(&[adding(1, "buy milk")])?;
    one.rounds().await?;
    other.rounds().await?;
    one.commit(&[editing(key(1), "buy milk", "(A) buy milk")])?;
    other.commit(&[editing(key(1), "buy milk", "buy milk due:2026-12-01")])?;
    one.rounds().await?;
    other.rounds().await?;
    one.rounds().await?;
    assert_eq!(server.texts(), ["(A) buy milk due:2026-12-01"]);
    for device in [one, other] {
        assert_eq!(device.shown()?, server.texts());
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn edits_that_overlap_are_left_to_the_user_and_nothing_is_dropped() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "buy milk")])?;
    device.rounds().await?;
    device.commit(&[editing(key(1), "buy milk", "buy bread")])?;
    server.rewrite("buy milk", "buy wine");
    let report = device.round().await?;
    assert_eq!(report.rejected, 1);
    assert_eq!(device.rejected()?, [conflict("buy wine")]);
    assert_eq!(server.texts(), ["buy wine"]);
    assert_eq!(device.round().await?.rejected, 0, "not new any more");
    Ok(())
}

#[tokio::test]
async fn a_sent_edit_whose_row_changed_is_never_forced() -> TestResult {
    for (fault, server_has) in [
        (Fault::LostBefore, "buy milk"),
        (Fault::LostAfter, "(A) buy milk"),
    ] {
        let server = Server::full();
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, "buy milk")])?;
        device.rounds().await?;
        device.commit(&[editing(key(1), "buy milk", "(A) buy milk")])?;
        server.fail(&[fault]);
        assert!(device.round().await.is_err());
        server.rewrite(server_has, "buy wine");
        device.rounds().await?;
        assert_eq!(server.texts(), ["buy wine"]);
        assert_eq!(device.rejected()?, [conflict("buy wine")]);
    }
    Ok(())
}

#[tokio::test]
async fn an_edit_of_a_todo_deleted_elsewhere_is_kept_as_rejected() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    device.rounds().await?;
    device.commit(&[editing(key(1), "a", "b")])?;
    server.remove("a");
    device.rounds().await?;
    assert_eq!(device.rejected()?, [("removed-elsewhere".to_owned(), None)]);
    assert_eq!(device.shown()?, ["b"], "the text exists nowhere else");
    Ok(())
}
