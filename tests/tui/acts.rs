//! Changes of todos, over a real store.

use std::error::Error;

use tudone::app::Msg;
use tudone::domain::feed::FeedRow;
use tudone::domain::todo::Row;

use crate::device::{Device, add, edit};
use crate::stage::{Stage, ada, key};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn a_todo_added_offline_is_pending_with_its_date_in_words() -> Outcome {
    let mut device = Device::with(&[])?;

    device
        .press("a")?
        .type_text("Buy bread due:tomorrow")?
        .press("enter")?;

    let [row] = device
        .rows()
        .try_into()
        .map_err(|rows| format!("{rows:?}"))?;
    assert!(row.starts_with("○   Buy bread "), "{row}");
    assert!(row.ends_with("tomorrow ↑ pending"), "{row}");
    assert_eq!(device.syncs, 1);
    Ok(())
}

#[test]
fn what_another_program_queued_is_sent_soon() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    assert_eq!(device.syncs, 0, "a start asks for a round by itself");

    add(&mut device.store, 7, "bread")?;
    device.say(Msg::StoreChanged)?;
    assert_eq!(device.rows().len(), 2);
    assert_eq!(device.syncs, 1);

    device.say(Msg::StoreChanged)?;
    assert_eq!(device.syncs, 1, "nothing new waits");
    Ok(())
}

#[test]
fn completing_goes_on_to_the_next_todo_and_u_brings_it_back() -> Outcome {
    let mut device = Device::with(&["milk", "bread", "eggs"])?;

    device.press("j x")?;
    assert!(device.selected().contains("eggs"), "{}", device.selected());
    assert_eq!(device.rows().len(), 2);
    assert!(device.stage.screen().contains("✓ done  bread   u undo"));

    device.press("u")?;
    assert_eq!(device.rows().len(), 3);
    device.press("U")?;
    assert_eq!(device.rows().len(), 2);
    Ok(())
}

#[test]
fn deleting_needs_no_answer_and_can_be_undone() -> Outcome {
    let mut device = Device::with(&["milk", "bread"])?;

    device.press("d")?;
    assert_eq!(device.rows().len(), 1);
    assert!(device.stage.screen().contains("✓ deleted  milk   u undo"));

    device.press("u")?;
    assert_eq!(device.rows().len(), 2);
    assert!(device.selected().contains("milk"));
    Ok(())
}

#[test]
fn a_completion_the_disk_rejects_is_undone() -> Outcome {
    let mut device = Device::with(&["milk", "bread"])?;
    device.disk_full = true;
    device.press("x")?;
    assert_eq!(device.rows().len(), 2);
    assert!(
        device
            .stage
            .screen()
            .contains("not saved: the disk is full")
    );
    device.disk_full = false;
    device.press("u")?;
    assert_eq!(device.rows().len(), 2, "there is nothing to undo");
    Ok(())
}

#[test]
fn an_undone_add_is_not_called_saved() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.press("a")?.type_text("bread")?.press("enter u")?;
    let screen = device.stage.screen();
    assert!(screen.contains("undone: added bread"), "{screen}");
    assert!(!screen.contains("saved"), "{screen}");
    Ok(())
}

#[test]
fn undoing_an_edit_says_that_the_rejected_text_it_replaced_is_back() -> Outcome {
    let mut device = Device::on(Stage::new(100, 24, Some(ada())), &[])?;
    let theirs = Row {
        key: key(1),
        id: 1,
        text: "soy milk".to_owned(),
        revision: 5,
        created_at: None,
        updated_at: None,
    };
    device.store.apply(&[FeedRow::Present(theirs)], 5)?;
    edit(&mut device.store, 1, "milk", "oat milk")?;
    device.say(Msg::StoreChanged)?;
    assert!(device.rows().concat().contains("rejected"));

    device.press("e")?.type_text(" now")?.press("enter")?;
    assert!(!device.rows().concat().contains("rejected"));
    device.press("u")?;

    let screen = device.stage.screen();
    let undone = "undone: edited oat milk now; your rejected text “oat milk” is back";
    assert!(screen.contains(undone), "{screen}");
    assert!(device.rows().concat().contains("rejected"), "{screen}");
    Ok(())
}

#[test]
fn a_due_date_and_a_priority_are_two_keys_away() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.press("t m")?;
    assert!(device.rows().concat().contains("tomorrow"));
    device.press("p b")?;
    assert!(device.rows().concat().contains("B milk"));
    device.press("t - p -")?;
    let rows = device.rows().concat();
    assert!(
        !rows.contains("tomorrow") && !rows.contains("B milk"),
        "{rows}"
    );
    device.press("t .")?.type_text("+3d")?.press("enter")?;
    assert!(device.rows().concat().contains("Fri 27 Nov"));
    Ok(())
}

#[test]
fn a_bulk_change_is_one_undo() -> Outcome {
    let mut device = Device::with(&["milk", "bread", "eggs"])?;
    device.press("v v x")?;
    assert_eq!(device.rows().len(), 1);
    let screen = device.stage.screen();
    assert!(screen.contains("✓ 2 done   u undo"), "{screen}");
    device.press("u")?;
    assert_eq!(device.rows().len(), 3);

    device.press("V d")?;
    assert_eq!(device.rows().len(), 3, "not the selected one alone");
    device.press("d")?;
    assert_eq!(device.rows().len(), 0);
    device.press("u")?;
    assert_eq!(device.rows().len(), 3);
    Ok(())
}

#[test]
fn a_change_the_role_may_not_make_is_rejected_at_the_key() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device
        .store
        .set_capabilities(tudone::domain::feed::Capabilities {
            full: true,
            insert: false,
            update: true,
            delete: false,
            single_operations: false,
        })?;
    device.say(Msg::StoreChanged)?;
    device.press("d")?;
    assert_eq!(device.rows().len(), 1);
    let refused = "your role may not delete todos: see `tudone doctor`";
    assert!(device.stage.screen().contains(refused));
    device.press("a")?;
    assert!(
        device
            .stage
            .screen()
            .contains("your role may not add todos: see `tudone doctor`")
    );
    Ok(())
}

#[test]
fn a_key_that_does_nothing_says_so() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.press("z")?;
    assert!(
        device
            .stage
            .screen()
            .contains("z does nothing here (? lists the keys)")
    );
    Ok(())
}

#[test]
fn an_undo_over_a_later_change_shows_the_words_of_the_todo() -> Outcome {
    let mut device = Device::with(&["(B) milk"])?;
    device.press("t t")?;
    let (before, after) = ("(B) milk due:2026-11-24", "(B) milk due:2026-12-24");
    edit(&mut device.store, 1, before, after)?;
    device.press("u")?;
    let screen = device.stage.screen();
    assert!(screen.contains("changed since to “milk”"), "{screen}");
    Ok(())
}
