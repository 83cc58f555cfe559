//! What messages and hints say, and that nothing covers or cuts them.

use tudone::app::{Effect, Msg};
use tudone::domain::change::{Act, Progress};
use tudone::domain::push_outcome::Queued;
use tudone::domain::todo::SyncState;
use tudone::store::StoreError;
use tudone::sync::event::RoundEvent;
use tudone::sync::round::RoundReport;
use tudone::ui::symbols::Symbols;

use crate::device::Device;
use crate::fixtures::{conflict, details, hides, shows};
use crate::stage::{Stage, ada, key, todo};

type Outcome = Result<(), StoreError>;

fn listed(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height, Some(ada()));
    stage.answer(vec![
        todo(1, "renew passport due:2026-11-22", SyncState::Rejected),
        todo(
            2,
            "water the plants due:2026-11-24 rec:3d",
            SyncState::Synced,
        ),
    ]);
    stage
}

fn rejected() -> Queued {
    conflict(1, "passport", "renew the passport", "renew passport")
}

fn with_details(width: u16, height: u16) -> Stage {
    let mut stage = listed(width, height);
    stage.press("tab").say(details(rejected()));
    stage
}

#[test]
fn a_message_does_not_cover_the_keys_of_a_sequence_or_the_palette() -> Outcome {
    let mut device = Device::on(Stage::new(80, 24, Some(ada())), &["milk", "bread"])?;
    device.press("d")?;
    shows(&device.stage, "✓ deleted  milk   u undo");
    device.press("t")?;
    device.stage.wait_for_keys();
    shows(&device.stage, "due tomorrow");
    hides(&device.stage, "✓ deleted");

    device.press("esc d :")?;
    hides(&device.stage, "✓ deleted");
    Ok(())
}

#[test]
fn the_keys_of_a_sequence_are_not_cut() {
    for (width, height) in [(80, 24), (60, 20), (40, 10)] {
        let mut stage = listed(width, height);
        stage.press("t");
        stage.wait_for_keys();
        let screen = stage.screen();
        let cut: Vec<&str> = screen
            .lines()
            .filter(|line| line.starts_with("││") && line.contains('…'))
            .collect();
        assert!(cut.is_empty(), "{screen}");
        if height == 24 {
            assert!(screen.contains("hide until a day you type"), "{screen}");
        } else if height == 10 {
            assert!(screen.contains(" ▼ "), "more keys follow:\n{screen}");
        }
    }
}

#[test]
fn a_change_of_several_todos_says_how_many_and_what() -> Outcome {
    let mut device = Device::with(&["milk", "bread"])?;
    device.press("V")?.press("p b")?;
    shows(&device.stage, "✓ 2 todos: priority B   u undo");
    device.press("V")?.press("t m")?;
    shows(&device.stage, "✓ 2 todos: due Wed 25 Nov   u undo");
    device.press("V")?.press("x")?;
    shows(&device.stage, "✓ 2 done   u undo");
    Ok(())
}

#[test]
fn the_key_that_undoes_fits_the_narrowest_screen() -> Outcome {
    let mut device = Device::on(Stage::new(20, 5, Some(ada())), &["milk", "bread", "eggs"])?;
    device.press("d")?;
    shows(&device.stage, "✓ deleted   u");
    device.press("d")?;
    shows(&device.stage, "✓ deleted   u");
    hides(&device.stage, "…");
    Ok(())
}

#[test]
fn a_requested_sync_answers_although_another_message_is_shown() {
    let mut stage = listed(80, 16);
    stage.press("z");
    shows(&stage, "z does nothing here");
    stage.press("s").say(Msg::Round(RoundEvent::Began));
    stage.say(Msg::Round(RoundEvent::Ended(RoundReport::default())));
    shows(&stage, "in sync");
}

#[test]
fn a_key_that_does_nothing_says_so_on_every_screen_without_a_line() {
    let mut stage = listed(140, 24);
    stage.press("b x");
    shows(&stage, "x does nothing here (? lists the keys)");

    let mut stage = listed(100, 24);
    stage.press("Q").say(Msg::QueueRead(vec![rejected()]));
    stage.press("z");
    shows(&stage, "z does nothing here (? lists the keys)");
    stage.press("D x");
    shows(&stage, "x does nothing here");
}

#[test]
fn the_queue_and_the_sidebar_show_the_way_back_and_the_help() {
    let mut stage = listed(80, 24);
    stage.press("Q").say(Msg::QueueRead(vec![rejected()]));
    shows(
        &stage,
        " r retry   m edit both   M keep mine   n add as new   D drop   esc back  ? keys",
    );
    let mut stage = listed(140, 24);
    stage.press("b");
    shows(&stage, "esc back");
    shows(&stage, "? keys");
}

#[test]
fn the_status_names_the_key_that_shows_what_was_rejected() {
    shows(&listed(80, 24), "1 rejected (Q)");
    let mut stage = listed(80, 24);
    stage.press("Q").say(Msg::QueueRead(vec![rejected()]));
    hides(&stage, "1 rejected (Q)");
}

#[test]
fn details_wrap_and_show_all_keys_that_decide() {
    let stage = with_details(100, 24);
    for key in [
        "r retry",
        "m edit both",
        "M keep mine",
        "n add as new",
        "D drop",
    ] {
        shows(&stage, key);
    }
    hides(&stage, "as …");

    let mut stage = with_details(40, 10);
    shows(&stage, "due        Sun 22 Nov 2026, 2 days");
    stage.press("J");
    shows(&stage, "           late");
}

#[test]
fn details_show_the_whole_key_where_there_is_room() {
    let whole = key(1).to_string();
    shows(&with_details(80, 24), &whole);
    hides(&with_details(100, 24), &whole);
}

#[test]
fn the_meanings_of_search_terms_are_one_column() {
    for width in [60, 80, 120] {
        let mut stage = listed(width, 24);
        stage.press("/");
        let screen = stage.screen();
        let column = |meaning: &str| {
            let line = screen.lines().find(|line| line.ends_with(meaning));
            line.and_then(|line| line.find(meaning))
        };
        let first = column("that tag");
        assert!(first.is_some(), "{screen}");
        for meaning in ["by date", "priority, without, not", "by state"] {
            assert_eq!(column(meaning), first, "{screen}");
        }
    }
}

#[test]
fn an_invalid_term_is_explained_in_a_sentence_that_fits_80_columns() {
    let mut stage = listed(80, 24);
    stage.press("/").type_text("due:foo");
    shows(&stage, "`due:foo` is not a recognised date or range");
}

#[test]
fn the_palette_and_the_help_count_their_entries_in_words() {
    let mut stage = listed(80, 24);
    stage.press("?");
    shows(&stage, " 1 of ");
    stage.press("down");
    shows(&stage, " 2 of ");
}

#[test]
fn keys_that_do_not_fit_the_help_are_left_out_whole() {
    let mut stage = listed(40, 10);
    stage.press("?");
    shows(&stage, "  pgdn       a screen down");
    let mut stage = listed(20, 5);
    stage.press("?");
    shows(&stage, "j   next todo");
}

#[test]
fn the_queue_behind_the_palette_stays_up_to_date_and_is_not_read_again_when_that_closes() {
    let mut stage = listed(80, 24);
    stage.press("Q").say(Msg::QueueRead(Vec::new())).press("?");
    stage.effects.clear();
    stage.say(Msg::StoreChanged);
    assert!(
        stage.effects.contains(&Effect::Queue),
        "{:?}",
        stage.effects
    );

    stage.effects.clear();
    stage.say(Msg::QueueRead(vec![rejected()])).press("esc");
    shows(&stage, "M keep mine");
    assert_eq!(stage.effects, []);
}

#[test]
fn an_ascii_terminal_gets_no_other_characters() {
    let long_search = format!("/ {}enter a", "m ".repeat(30));
    for keys in ["", "tab", "t", ":", "/", "Q", "a", &long_search] {
        let mut stage = listed(60, 24);
        stage.theme = stage.theme.with_symbols(Symbols::ASCII);
        stage.press(keys);
        stage.wait_for_keys();
        let screen = stage.screen().replace('│', "");
        assert!(screen.is_ascii(), "{keys}:\n{screen}");
    }
}

#[test]
fn a_logged_out_user_sees_the_key_that_logs_in_first_and_no_blank_screen() {
    let mut stage = Stage::new(80, 16, None);
    stage.press("esc");
    shows(&stage, "│ L log in   a add ");
    stage.press("Q");
    shows(&stage, "Not logged in on this device yet.");
}

#[test]
fn an_empty_list_names_the_keys_as_they_are_bound_and_no_place() {
    let mut stage = Stage::new(80, 16, Some(ada()));
    stage.answer(Vec::new());
    shows(&stage, "Press a to add one.");
    hides(&stage, "of 0");

    let mut stage = Stage::with_keys(80, 16, &[("add", "w"), ("next-view", "")]);
    stage.answer(vec![todo(1, "milk", SyncState::Synced)]);
    stage.press("2").answer_rows(Vec::new());
    shows(&stage, "Press w to add a todo.");
}

#[test]
fn a_queued_addition_without_a_handle_names_none() {
    let mut queued = rejected();
    queued.entry.change.todo = key(99);
    queued.entry.change.act = Act::Add {
        text: "milk".to_owned(),
    };
    queued.entry.progress = Progress::Pending;
    let mut stage = listed(80, 24);
    stage.press("Q").say(Msg::QueueRead(vec![queued]));
    shows(&stage, "── add ──");
}

#[test]
fn the_other_text_of_a_conflict_is_above_the_line_on_a_low_terminal_too() {
    for height in [7, 10, 12] {
        let mut stage = with_details(40, height);
        stage.press("m");
        shows(&stage, "theirs renew passport");
        shows(&stage, "› renew the passport");
    }
}

#[test]
fn the_queue_gives_a_text_all_columns_that_the_reasons_leave() {
    let text = "write to the landlord about the heating and the broken window";
    let queued = conflict(109, "write to the landlord", text, "call the landlord");
    let mut stage = listed(120, 24);
    stage.press("Q").say(Msg::QueueRead(vec![queued]));
    shows(
        &stage,
        &format!("edit    {text}         conflict: changed elsewhere"),
    );
}

#[test]
fn the_queue_leaves_a_reason_to_the_details_where_it_would_be_cut() {
    for width in [60, 72, 120] {
        let mut stage = listed(width, 24);
        stage.press("Q").say(Msg::QueueRead(vec![rejected()]));
        hides(&stage, "elsew…");
        shows(&stage, "why      conflict: changed elsewhere");
    }
}
