//! Lists, views and searches, over a real store.

use std::error::Error;

use tudone::app::Msg;
use tudone::app::theme::ThemeName;
use tudone::app::views::{ChosenTheme, RememberedList};
use tudone::domain::feed::FeedRow;
use tudone::domain::todo::Row;

use crate::device::{Device, add, edit};
use crate::stage::{Stage, ada, instant, key};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn search_finds_as_typed_and_esc_goes_back_to_where_it_began() -> Outcome {
    let mut device = Device::with(&["Milch", "Köln ansehen", "bread", "koala"])?;
    device.press("j j /")?.type_text("ko")?;
    assert_eq!(device.rows().len(), 2);
    device.type_text("ln")?;
    assert_eq!(device.rows().len(), 1);

    device.press("esc")?;
    assert_eq!(device.rows().len(), 4);
    assert!(device.selected().contains("bread"), "{}", device.selected());
    Ok(())
}

#[test]
fn a_search_that_is_kept_stays_until_esc() -> Outcome {
    let mut device = Device::with(&["milk", "bread", "more milk"])?;
    device.press("/")?.type_text("milk")?.press("enter j")?;
    assert_eq!(device.rows().len(), 2);
    assert!(device.selected().contains("more milk"));

    device.press("esc")?;
    assert_eq!(device.rows().len(), 3);
    assert!(device.selected().contains("more milk"));
    Ok(())
}

#[test]
fn an_invalid_term_is_explained_and_the_list_stays() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.press("/")?;
    device.say(Msg::Pasted("due:someday".to_owned()))?;
    assert_eq!(device.rows().len(), 1);
    assert!(device.stage.screen().contains("due:someday"));
    device.press("esc")?;
    assert_eq!(device.rows().len(), 1);
    Ok(())
}

#[test]
fn what_another_process_wrote_appears() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    add(&mut device.store, 77, "bread")?;
    device.say(Msg::StoreChanged)?;
    assert_eq!(device.rows().len(), 2);
    assert!(device.selected().contains("milk"));
    Ok(())
}

#[test]
fn the_whole_of_a_long_list_can_be_walked() -> Outcome {
    let texts: Vec<String> = (0..1500).map(|n| format!("todo number {n}.")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut device = Device::with(&texts)?;

    device.press("G")?;
    assert!(device.selected().contains("number 1499."));
    for _ in 0..250 {
        device.press("pgup")?;
    }
    assert!(device.selected().contains("number 0."));
    for _ in 0..333 {
        device.press("j")?;
    }
    assert!(device.selected().contains("number 333."));
    device.press("G g g")?;
    assert!(device.selected().contains("number 0."));
    Ok(())
}

#[test]
fn views_change_around_the_selected_todo() -> Outcome {
    let mut device = Device::with(&["milk", "x bread", "eggs"])?;
    device.press("j")?;
    assert!(device.selected().contains("eggs"));
    device.press("6")?;
    assert_eq!(device.rows().len(), 3);
    assert!(device.selected().contains("eggs"));
    device.press("5")?;
    assert_eq!(device.rows().len(), 1);
    device.press("x")?;
    assert_eq!(device.rows().len(), 0);
    device.press("1")?;
    assert_eq!(device.rows().len(), 3);
    Ok(())
}

#[test]
fn a_view_shows_its_count_and_its_todos() -> Outcome {
    let mut device = Device::with(&["rent due:2026-11-20", "milk due:2026-11-24", "book"])?;
    assert!(
        device.stage.screen().contains("Open 3"),
        "{}",
        device.stage.screen()
    );
    device.press("2")?;
    assert_eq!(device.rows().len(), 2);
    assert!(device.stage.screen().contains("Today 2"));
    device.press("esc")?;
    assert_eq!(device.rows().len(), 3);
    Ok(())
}

#[test]
fn a_view_of_the_users_own_shows_its_count_and_is_empty_once_its_days_are_over() -> Outcome {
    let views = [("Advent", "+home due:today..2026-12-24")];
    let stage = Stage::with_views(140, 24, Some(ada()), &views);
    let texts = ["tree +home due:2026-12-20", "eggs +home", "x cake +home"];
    let mut device = Device::on(stage, &texts)?;
    let of_view = |device: &Device| -> Option<String> {
        let screen = device.stage.screen();
        let line = screen.lines().find(|line| line.contains("7 Advent"))?;
        line.split_whitespace().nth(3).map(str::to_owned)
    };
    assert_eq!(
        of_view(&device).as_deref(),
        Some("1"),
        "{}",
        device.stage.screen()
    );
    device.press("7")?;
    assert_eq!(device.rows().len(), 1);

    device.stage.today = jiff::civil::date(2026, 12, 25);
    device.say(Msg::Ticked)?;
    assert_eq!(device.rows().len(), 0);
    assert_eq!(
        of_view(&device).as_deref(),
        Some("0"),
        "{}",
        device.stage.screen()
    );
    Ok(())
}

/// The headings on the screen.
fn headings(device: &Device) -> Vec<String> {
    let screen = device.stage.screen();
    let words = [
        "Overdue",
        "Today ",
        "This week",
        "Later",
        "No date ",
        "Priority",
        "No priority",
    ];
    let lines = screen
        .lines()
        .map(|line| line.trim_start_matches(['│', ' ']));
    let found = lines.filter(|line| words.iter().any(|word| line.starts_with(word)));
    found.map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn headings_count_their_rows_in_every_grouped_list() -> Outcome {
    let texts = [
        "(A) rent due:2026-11-20",
        "(B) milk due:2026-11-24",
        "(B) tree due:2026-11-29",
        "cake due:2026-11-28",
        "book t:2027-01-01",
        "eggs",
    ];
    let mut device = Device::on(Stage::new(80, 24, Some(ada())), &texts)?;
    assert_eq!(
        headings(&device),
        ["Overdue 1", "Today 1", "This week 2", "No date 1"]
    );
    device.press("/")?.type_text("k")?.press("enter")?;
    assert_eq!(headings(&device), ["Today 1", "This week 1"]);
    device.press("esc")?.press("o")?;
    assert_eq!(
        headings(&device),
        ["Priority A 1", "Priority B 2", "No priority 2"]
    );
    Ok(())
}

#[test]
fn at_midnight_rows_move_without_a_key() -> Outcome {
    let mut device = Device::with(&["milk due:2026-11-25"])?;
    device.press("2")?;
    assert_eq!(device.rows().len(), 0);
    device.stage.today = jiff::civil::date(2026, 11, 25);
    device.say(Msg::Ticked)?;
    assert_eq!(device.rows().len(), 1);
    Ok(())
}

#[test]
fn a_start_shows_the_view_order_and_selection_of_the_last_time() -> Outcome {
    let texts = ["(B) milk", "(A) bread", "eggs"];
    let mut before = Device::with(&texts)?;
    before.press("6 o j")?;
    let (selected, rows) = (before.selected(), before.rows());
    let list = before.stage.model.left_account().list.ok_or("no list")?;
    assert_eq!(list.view, "All");

    let after = Device::on(Stage::remembering(60, 12, list.clone()), &texts)?;
    assert_eq!((after.selected(), after.rows()), (selected, rows));

    let gone = RememberedList {
        selected: Some(key(99)),
        ..list.clone()
    };
    let after = Device::on(Stage::remembering(60, 12, gone), &texts)?;
    assert_eq!(after.rows().len(), 3);
    assert!(
        !after.stage.screen().contains("does not show"),
        "no message"
    );

    let themed = |configured| RememberedList {
        theme: Some(ChosenTheme {
            chosen: ThemeName::Light,
            configured,
        }),
        ..list.clone()
    };
    let theme = |list: RememberedList| Stage::remembering(60, 12, list).model.theme();
    assert_eq!(theme(themed(ThemeName::Terminal)), ThemeName::Light);
    assert_eq!(
        theme(themed(ThemeName::Dark)),
        ThemeName::Terminal,
        "the configuration was changed since"
    );

    let unknown = RememberedList {
        view: "Work".to_owned(),
        ..list
    };
    let after = Device::on(Stage::remembering(60, 12, unknown), &texts)?;
    assert_eq!(
        after.stage.model.left_account().list.map(|it| it.view),
        Some("Open".to_owned())
    );
    Ok(())
}

#[test]
fn leaving_a_view_without_a_change_says_nothing_about_saving() -> Outcome {
    let mut device = Device::with(&["milk", "x bread"])?;
    device.press("5 esc")?;
    let screen = device.stage.screen();
    assert!(!screen.contains("saved"), "{screen}");
    device.press("5")?.press("esc")?;
    let screen = device.stage.screen();
    assert!(!screen.contains("saved"), "{screen}");

    device.press("2 a")?.type_text("eggs")?.press("enter")?;
    let screen = device.stage.screen();
    assert!(screen.contains("this view does not show it"), "{screen}");
    Ok(())
}

#[test]
fn a_list_is_counted_again_when_todos_change_and_not_when_it_scrolls() -> Outcome {
    let texts: Vec<String> = (0..600).map(|n| format!("todo number {n}.")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut device = Device::with(&texts)?;
    device.press("o")?;
    let shown = device.counts;
    assert!(shown > 0, "by priority there are no counters");

    for _ in 0..60 {
        device.press("pgdn")?;
    }
    device.press("g g")?.press("G")?;
    assert_eq!(device.counts, shown);

    // Far from the rows on the screen, and as many todos as before.
    edit(&mut device.store, 1, "todo number 0.", "(A) todo number 0.")?;
    device.say(Msg::StoreChanged)?;
    assert!(device.counts > shown);
    Ok(())
}

/// A todo of the server, after so many changes of it.
fn row(n: i64, text: &str, revision: i64) -> FeedRow {
    FeedRow::Present(Row {
        key: key(n.unsigned_abs().into()),
        id: n,
        text: text.to_owned(),
        revision,
        created_at: None,
        updated_at: None,
    })
}

/// Ends a round that changes nothing more.
fn end_round(device: &mut Device, at: &str) -> Outcome {
    let pull = device.store.begin_pull(instant(at))?;
    device.store.complete_pull(&pull)?;
    device.say(Msg::StoreChanged)?;
    Ok(())
}

#[test]
fn what_a_round_changed_far_from_the_rows_on_the_screen_is_counted() -> Outcome {
    let urgent = [("Urgent", "pri:A")];
    let stage = Stage::with_views(120, 24, Some(ada()), &urgent);
    let mut device = Device::on(stage, &[])?;
    let rows: Vec<_> = (1..=600).map(|n| row(n, "a todo", n)).collect();
    device.store.apply(&rows, 600)?;
    end_round(&mut device, "2026-11-24T12:00:00Z")?;
    device.press("6")?;
    let screen = device.stage.screen();
    assert!(screen.contains("server order"), "{screen}");
    let shown = device.counts;

    device.store.apply(&[row(600, "(A) a todo", 601)], 601)?;
    device.say(Msg::StoreChanged)?;
    assert!(device.counts > shown, "in the middle of a round");

    let shown = device.counts;
    let dated = "(A) a todo due:2026-11-24";
    device.store.apply(&[row(600, dated, 602)], 602)?;
    end_round(&mut device, "2026-11-24T12:00:30Z")?;
    let screen = device.stage.screen();
    assert!(screen.contains("Today 1"), "{screen}");
    assert!(device.counts > shown, "at its end");

    let shown = device.counts;
    end_round(&mut device, "2026-11-24T12:01:00Z")?;
    assert_eq!(device.counts, shown, "this round changed no todo");
    Ok(())
}

#[test]
fn an_edit_offline_changes_the_counts_of_projects() -> Outcome {
    let stage = Stage::new(140, 24, Some(ada()));
    let mut device = Device::on(stage, &["milk"])?;
    device.press("e")?.type_text(" +home")?.press("enter")?;
    let screen = device.stage.screen();
    assert!(screen.contains("+home               1 "), "{screen}");
    Ok(())
}
