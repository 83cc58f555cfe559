//! Repeating todos that are reopened.

use super::*;

const MAY_NOT_ADD: Capabilities = Capabilities {
    insert: false,
    ..EVERYTHING
};

#[tokio::test]
async fn on_a_bare_backend_reopening_a_todo_completed_elsewhere_deletes_no_other_todo() -> TestResult
{
    let server = Server::bare();
    server.add(key(1), DONE);
    server.add(key(2), NEXT);
    let mut device = Device::new(&server)?;
    device.rounds().await?;
    device.commit(&[editing(Key::of_row(ENDPOINT, 1), DONE, OPEN)])?;
    assert_eq!(device.shown()?, [OPEN, NEXT]);
    device.rounds().await?;
    assert_eq!(sorted(&server), [OPEN, NEXT]);
    Ok(())
}

#[tokio::test]
async fn reopening_a_todo_that_was_completed_again_elsewhere_deletes_the_newer_successor()
-> TestResult {
    let (server, [mut here, mut there]) = devices().await?;
    here.commit(&[completing(1)])?;
    here.rounds().await?;
    there.rounds().await?;
    there.commit(&[reopening(2)])?;
    there.rounds().await?;
    there.commit(&[completing(3)])?;
    there.rounds().await?;
    here.rounds().await?;
    assert_eq!(here.shown()?, [NEXT, DONE]);

    here.commit(&[reopening(4)])?;
    assert_eq!(here.shown()?, [OPEN]);
    here.commit(&[completing(5)])?;
    assert_eq!(here.shown()?, [NEXT, DONE]);
    assert_eq!(here.outbox()?, [], "nothing is left to send");
    here.commit(&[reopening(6)])?;
    here.rounds().await?;
    there.rounds().await?;
    assert_eq!(server.texts(), [OPEN]);
    assert_eq!(there.shown()?, [OPEN]);
    Ok(())
}

#[tokio::test]
async fn reopening_a_todo_whose_successor_was_deleted_keeps_another_todos_successor() -> TestResult
{
    let (server, [mut device]) = devices().await?;
    server.add(key(2), OPEN);
    device.rounds().await?;
    device.commit(&[completing(1), numbered(2, editing(key(2), OPEN, DONE))])?;
    device.rounds().await?;
    let next = successor(&device)?.ok_or("no successor")?;
    device.commit(&[removing(next, NEXT)])?;
    device.rounds().await?;

    device.commit(&[reopening(3)])?;
    device.rounds().await?;
    assert_eq!(sorted(&server), [OPEN, NEXT, DONE]);
    Ok(())
}

#[tokio::test]
async fn without_permission_to_add_undoing_a_reopening_adds_no_successor() -> TestResult {
    for was_sent in [false, true] {
        let (server, [mut device]) = devices().await?;
        device.commit(&[completing(1)])?;
        if was_sent {
            device.rounds().await?;
            device.commit(&[reopening(2)])?;
            let outbox = device.outbox()?;
            let is_removal = |act: &Act| matches!(act, Act::Remove { .. });
            let removal = outbox.iter().find(|it| is_removal(&it.entry.change.act));
            let removal = removal.ok_or("no deletion")?.entry.seq;
            device.store.mark_sent(&[removal])?;
        } else {
            server.fail(&[Fault::LostBefore]);
            assert!(device.round().await.is_err());
            device.commit(&[reopening(2)])?;
        }
        device.store.set_capabilities(MAY_NOT_ADD)?;
        device.commit(&[completing(3)])?;
        assert_eq!(device.shown()?, [DONE], "sent: {was_sent}");
        let outbox = device.outbox()?;
        let is_add = |act: &Act| matches!(act, Act::Add { .. });
        assert!(!outbox.iter().any(|it| is_add(&it.entry.change.act)));

        // With the permission, a new completion adds one again.
        device.store.set_capabilities(EVERYTHING)?;
        device.rounds().await?;
        device.commit(&[reopening(4)])?;
        device.rounds().await?;
        device.commit(&[completing(5)])?;
        device.rounds().await?;
        assert_eq!(sorted(&server), [NEXT, DONE], "sent: {was_sent}");
    }
    Ok(())
}
