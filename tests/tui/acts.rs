//! What a user does, over a real store.

use std::error::Error;

use tudone::app::theme::ThemeName;
use tudone::app::views::{ChosenTheme, RememberedList};
use tudone::app::{Effect, Msg};
use tudone::domain::change::{Act, Change};
use tudone::domain::key::ChangeId;
use tudone::domain::list::Around;
use tudone::domain::query::{Query, Scope};
use uuid::Uuid;

use crate::device::{Device, add};
use crate::stage::{NOON, Stage, ada, instant, key};

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
fn a_term_that_means_nothing_is_told_and_the_list_stays() -> Outcome {
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
fn an_undone_add_is_not_called_saved() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.press("a")?.type_text("bread")?.press("enter u")?;
    let screen = device.stage.screen();
    assert!(screen.contains("undone: added bread"), "{screen}");
    assert!(!screen.contains("saved"), "{screen}");
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
fn an_undo_over_a_later_change_shows_the_words_of_the_todo() -> Outcome {
    let mut device = Device::with(&["(B) milk"])?;
    device.press("t t")?;
    let change = Change {
        id: ChangeId(Uuid::from_u128(99)),
        todo: key(1),
        act: Act::Edit {
            before: "(B) milk due:2026-11-24".to_owned(),
            after: "(B) milk due:2026-12-24".to_owned(),
        },
        at: instant(NOON),
    };
    device.store.commit(&[change])?;
    device.press("u")?;
    let screen = device.stage.screen();
    assert!(screen.contains("changed since to “milk”"), "{screen}");
    Ok(())
}
