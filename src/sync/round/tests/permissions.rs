//! Rounds of a role with fewer permissions.

use super::server::EVERYTHING;
use super::*;
use crate::domain::feed::Capabilities;

#[tokio::test]
async fn changes_without_permission_wait_until_it_is_granted() -> TestResult {
    let server = Server::full();
    server.allow(Capabilities {
        insert: false,
        ..EVERYTHING
    });
    let mut device = Device::new(&server)?;
    device.commit(&[adding(1, "a")])?;
    let report = device.round().await?;
    assert_eq!(report.waiting, 1);
    let blocked = report.blocked.map(|blocked| blocked.to_string());
    let said = "1 change waits: the server does not allow you to add todos";
    assert_eq!(blocked.as_deref(), Some(said));
    assert_eq!(server.batches(), []);
    server.allow(EVERYTHING);
    let report = device.round().await?;
    assert_eq!((report.pushed, report.blocked), (1, None));
    assert_eq!(server.texts(), ["a"]);
    Ok(())
}

#[tokio::test]
async fn a_revoked_permission_is_noticed_and_nothing_is_rejected() -> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.rounds().await?;
    server.allow(Capabilities {
        insert: false,
        ..EVERYTHING
    });
    device.commit(&[adding(1, "a"), adding(2, "b")])?;
    let report = device.round().await?;
    assert_eq!((report.rejected, report.waiting), (0, 2));
    assert_eq!(device.store.totals()?.pending, 2);
    assert_eq!(device.rejected()?, []);
    Ok(())
}
