//! Completing, undoing and editing todos that repeat, over a real store.

use std::error::Error;

use tudone::app::Msg;
use tudone::domain::change::{Act, Change};
use tudone::domain::key::ChangeId;
use uuid::Uuid;

use crate::device::Device;
use crate::fixtures::{WITHOUT_ADDING, shows};
use crate::stage::{NOON, Stage, ada, instant, key};

type Outcome = Result<(), Box<dyn Error>>;

/// Tuesday 24 November 2026 is today.
fn device(text: &str) -> Result<Device, Box<dyn Error>> {
    Ok(Device::on(Stage::new(100, 12, Some(ada())), &[text])?)
}

#[test]
fn completing_says_when_the_next_todo_is_due() -> Outcome {
    let mut device = device("Water plants due:2026-11-24 rec:1w")?;
    device.press("x")?;
    shows(
        &device.stage,
        "✓ done  Water plants, next Tue 1 Dec   u undo",
    );
    assert_eq!(device.rows().len(), 1, "{:?}", device.rows());
    Ok(())
}

#[test]
fn one_undo_undoes_both() -> Outcome {
    let mut device = device("Water plants due:2026-11-24 rec:1w")?;
    device.press("x u")?;
    let rows = device.rows();
    assert!(
        matches!(&rows[..], [row] if row.contains("today")),
        "{rows:?}"
    );
    Ok(())
}

#[test]
fn an_undo_says_that_a_next_todo_changed_since_stays() -> Outcome {
    let mut device = device("Water plants due:2026-11-24 rec:1w")?;
    device.press("x")?;
    let next = device.store.successor(key(1))?.ok_or("no next todo")?;
    device.store.commit(&[Change {
        id: ChangeId(Uuid::from_u128(9)),
        todo: next.key,
        act: Act::Edit {
            before: next.text.clone(),
            after: next.text.replace("plants", "roses"),
        },
        at: instant(NOON),
    }])?;
    device.say(Msg::StoreChanged)?;

    device.press("u")?;
    shows(
        &device.stage,
        "the next todo stays, it was changed since: Water roses",
    );
    assert_eq!(device.rows().len(), 2, "{:?}", device.rows());
    Ok(())
}

#[test]
fn a_role_that_may_not_add_todos_completes_and_sees_why_nothing_follows() -> Outcome {
    let mut device = device("Water plants due:2026-11-24 rec:1w")?;
    device.store.set_capabilities(WITHOUT_ADDING)?;
    device.say(Msg::StoreChanged)?;
    device.press("x")?;
    shows(
        &device.stage,
        "no next todo: your role may not add todos here",
    );
    assert!(device.rows().is_empty(), "{:?}", device.rows());
    Ok(())
}
