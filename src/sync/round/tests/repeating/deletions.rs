//! Completed repeating todos that are deleted before they were sent.

use super::*;

const DONE_NEXT: &str = "x 2026-12-01 water rec:1w due:2026-12-01";
const LAST: &str = "water rec:1w due:2026-12-08";

#[tokio::test]
async fn a_todo_edited_completed_and_deleted_before_any_answer_leaves_its_successor() -> TestResult
{
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let (server, [mut device]) = devices().await?;
        let edited = "water all rec:1w due:2026-11-24";
        device.commit(&[editing(key(1), OPEN, edited)])?;
        server.fail(&[fault]);
        assert!(device.round().await.is_err());
        let done = "x 2026-11-24 water all rec:1w due:2026-11-24";
        device.commit(&[editing(key(1), edited, done), removing(key(1), done)])?;
        let next = "water all rec:1w due:2026-12-01";
        assert_eq!(device.shown()?, [next]);
        device.rounds().await?;
        assert_eq!(server.texts(), [next], "{fault:?}");
        assert_eq!(device.shown()?, [next]);
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn a_successor_completed_and_deleted_before_it_was_sent_leaves_its_own_on_every_backend()
-> TestResult {
    for server in [Server::full(), Server::bare()] {
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, OPEN)])?;
        device.rounds().await?;
        let first = first_key(&device)?;
        device.commit(&[numbered(1, editing(first, OPEN, DONE))])?;
        let next = device.store.successor(first)?.ok_or("no successor")?.key;
        device.commit(&[numbered(2, editing(next, NEXT, DONE_NEXT))])?;
        device.commit(&[removing(next, DONE_NEXT)])?;
        assert_eq!(device.shown()?, [LAST, DONE]);
        device.rounds().await?;
        assert_eq!(sorted(&server), [LAST, DONE]);
        assert_eq!(device.shown()?, [LAST, DONE]);
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn a_new_todo_completed_and_deleted_while_its_request_fails_leaves_its_successor()
-> TestResult {
    let server = Server::full();
    let mut device = Device::new(&server)?;
    device.rounds().await?;
    device.commit(&[adding(1, OPEN)])?;
    device.commit(&[completing(1)])?;
    let path = device.path();
    server.fail(&[Fault::Unreachable]);
    server.during_next_write(move || commit_from_elsewhere(&path, &[removing(key(1), DONE)]));
    assert!(device.round().await.is_err());
    assert_eq!(device.shown()?, [NEXT]);
    device.rounds().await?;
    assert_eq!(server.texts(), [NEXT]);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

#[tokio::test]
async fn a_todo_completed_and_deleted_without_permission_to_edit_leaves_its_successor() -> TestResult
{
    for server in [Server::full(), Server::bare()] {
        let mut device = Device::new(&server)?;
        device.commit(&[adding(1, OPEN)])?;
        device.rounds().await?;
        let role = device.store.capabilities()?.ok_or("no role")?;
        let may_not_edit = Capabilities {
            update: false,
            ..role
        };
        server.allow(may_not_edit);
        device.store.set_capabilities(may_not_edit)?;
        let first = first_key(&device)?;
        device.commit(&[editing(first, OPEN, DONE)])?;
        device.rounds().await?;
        device.commit(&[removing(first, DONE)])?;
        device.rounds().await?;
        assert_eq!(server.texts(), [NEXT], "{role:?}");
        assert_eq!(device.shown()?, [NEXT]);
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn a_todo_edited_elsewhere_that_is_completed_and_deleted_leaves_its_successor() -> TestResult
{
    let plants = "x 2026-11-24 water plants rec:1w due:2026-11-24";
    for (elsewhere, next) in [
        (
            "water trees rec:1w due:2026-11-24",
            "water plants rec:1w due:2026-12-01",
        ),
        // Another device completed the todo and adds the next one.
        ("x 2026-11-24 water trees rec:1w due:2026-11-24", ""),
    ] {
        let (server, [mut device]) = devices().await?;
        device.commit(&[editing(key(1), OPEN, plants), removing(key(1), plants)])?;
        server.rewrite(OPEN, elsewhere);
        device.rounds().await?;
        let expected: Vec<&str> = [next].into_iter().filter(|it| !it.is_empty()).collect();
        assert_eq!(server.texts(), expected, "{elsewhere}");
        assert_eq!(device.outbox()?, []);
    }
    Ok(())
}

#[tokio::test]
async fn a_todo_deleted_elsewhere_before_it_was_completed_and_deleted_leaves_no_successor()
-> TestResult {
    let (server, [mut device]) = devices().await?;
    device.commit(&[editing(key(1), OPEN, DONE), removing(key(1), DONE)])?;
    server.remove(OPEN);
    device.rounds().await?;
    assert_eq!(server.texts(), [""; 0]);
    assert_eq!(device.shown()?, [""; 0]);
    assert_eq!(device.outbox()?, []);
    Ok(())
}

/// Returns the key of the only todo.
fn first_key(device: &Device) -> Result<Key, Box<dyn Error>> {
    let mut found = None;
    device.store.each(&Query::default(), |todo| {
        found = Some(todo.key);
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found.ok_or("no todo")?)
}
