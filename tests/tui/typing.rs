//! Lines that are typed or pasted, over a real store.

use std::error::Error;

use tudone::app::{Effect, Msg};
use tudone::domain::list::Around;
use tudone::domain::query::{Query, Scope};

use crate::device::Device;

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn ctrl_c_leaves_a_line_before_it_leaves_the_program() -> Outcome {
    let mut device = Device::with(&["milk"])?;

    device.press("a")?.type_text("bread")?;
    device.stage.press("ctrl-c");
    assert!(!device.stage.effects.contains(&Effect::Quit));
    assert!(!device.stage.screen().contains("New todo"));

    device.stage.press("ctrl-c");
    assert!(device.stage.effects.contains(&Effect::Quit));
    Ok(())
}

#[test]
fn a_write_the_disk_refuses_puts_the_text_back_into_its_line() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.disk_full = true;

    device.press("a")?.type_text("bread")?.press("enter")?;

    let screen = device.stage.screen();
    assert_eq!(device.rows().len(), 1, "{screen}");
    assert!(screen.contains("› bread"), "{screen}");
    assert!(screen.contains("the disk is full"), "{screen}");

    device.disk_full = false;
    device.press("enter")?;
    assert_eq!(device.rows().len(), 2);
    Ok(())
}

#[test]
fn pasted_lines_become_todos_that_one_undo_removes() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.say(Msg::Pasted("bread\n\n  eggs \r\nsalt".to_owned()))?;
    device.press("s")?;
    assert_eq!(device.rows().len(), 4);
    device.press("u")?;
    assert_eq!(device.rows().len(), 1);
    let screen = device.stage.screen();
    assert!(screen.contains("undone: added 3 todos"), "{screen}");
    Ok(())
}

#[test]
fn a_todo_added_as_done_says_so_where_the_view_hides_it() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.press("a")?.type_text("x bread")?.press("enter")?;
    let screen = device.stage.screen();
    assert!(screen.contains("added as done"), "{screen}");
    assert!(!screen.contains("does not show it"), "{screen}");
    Ok(())
}

#[test]
fn pasted_lines_may_be_one_todo() -> Outcome {
    let mut device = Device::with(&[])?;
    device.say(Msg::Pasted("bread\neggs".to_owned()))?;
    device.press("o enter")?;
    let rows = device.rows();
    assert_eq!(rows.len(), 1);
    assert!(rows.concat().contains("bread eggs"));
    Ok(())
}

#[test]
fn a_text_from_elsewhere_keeps_characters_that_cannot_be_typed() -> Outcome {
    let mut device = Device::with(&["one\u{1b}[31m\ntwo"])?;
    device.press("e")?.type_text("!")?.press("enter")?;
    let query = Query {
        scope: Scope::All,
        ..Query::default()
    };
    let window = device.store.window(&query, Around::Top, 10)?;
    let texts: Vec<&str> = window.rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, ["one\u{1b}[31m\ntwo!"]);
    Ok(())
}

#[test]
fn esc_keeps_the_line_and_up_recalls_it() -> Outcome {
    let mut device = Device::with(&[])?;
    device.press("a")?.type_text("bread")?.press("esc")?;
    assert_eq!(device.rows().len(), 0);

    device.press("a")?;
    assert!(!device.stage.screen().contains("bread"), "`a` opens empty");
    device.press("up enter")?;
    assert!(device.rows().concat().contains("bread"));
    Ok(())
}

#[test]
fn what_enter_saves_is_shown_under_the_line() -> Outcome {
    let mut device = Device::with(&["call mum @phone"])?;
    device
        .press("a")?
        .type_text("(A) call the bank due:fri +home @ph")?;
    let screen = device.stage.screen();
    assert!(
        screen.contains("→ priority A   due Fri 27 Nov   project home"),
        "{screen}"
    );
    assert!(screen.contains("@phone"), "the rest of the word: {screen}");

    device.press("tab enter")?;
    let rows = device.rows().concat();
    assert!(rows.contains("A call the bank +home @phone"), "{rows}");
    Ok(())
}

#[test]
fn a_word_that_is_no_date_is_noticed_while_it_is_typed() -> Outcome {
    let mut device = Device::with(&[])?;
    device.press("a")?.type_text("pay due:tomorow")?;
    let screen = device.stage.screen();
    assert!(
        screen.contains("`due:tomorow` is not a recognised date"),
        "{screen}"
    );
    Ok(())
}

#[test]
fn ctrl_v_saves_as_typed() -> Outcome {
    let mut device = Device::with(&[])?;
    device
        .press("a")?
        .type_text("pay due:fri")?
        .press("ctrl-v")?;
    assert!(device.rows().concat().contains("pay due:fri"));
    Ok(())
}

#[test]
fn pasted_lines_end_with_any_line_break() -> Outcome {
    for breaks in ["\r", "\n", "\r\n"] {
        let mut device = Device::with(&[])?;
        device.say(Msg::Pasted(["bread", "eggs", "salt"].join(breaks)))?;
        device.press("s")?;
        assert_eq!(device.rows().len(), 3, "{breaks:?}");
    }
    Ok(())
}
