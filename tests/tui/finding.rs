//! Finding: the search line, the palette of commands, the help.

use insta::assert_snapshot;
use tudone::app::model::StartOptions;
use tudone::app::theme::ThemeName;
use tudone::app::views::ChosenTheme;
use tudone::app::{Effect, Msg};
use tudone::domain::todo::{SyncState, Todo};
use tudone::store::StoreError;

use crate::device::Device;
use crate::stage::{Stage, ada, key, options, todo};

const SIZES: [(u16, u16); 4] = [(120, 36), (80, 24), (40, 10), (20, 5)];

fn rows() -> Vec<Todo> {
    vec![
        todo(
            1,
            "(A) renew passport +travel due:2026-11-22",
            SyncState::Synced,
        ),
        todo(
            2,
            "(B) water the plants @home due:2026-11-24",
            SyncState::Synced,
        ),
        todo(
            3,
            "book flights to Lisbon +travel @computer due:2026-12-10",
            SyncState::Synced,
        ),
        todo(4, "Café crème für 日本 ﾊﾟﾝ", SyncState::Pending),
        todo(5, "send invoice 2026-07", SyncState::Rejected),
    ]
}

fn listed(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height, Some(ada()));
    stage.answer(rows());
    stage
}

/// The list with a search typed and answered.
fn searched(width: u16, height: u16, text: &str) -> Stage {
    let mut stage = listed(width, height);
    stage.press("/").type_text(text);
    let found = rows()
        .into_iter()
        .filter(|row| row.text.contains("+travel"))
        .collect();
    stage.answer_rows(found);
    stage
}

#[test]
fn the_search_line_at_every_size() {
    for (width, height) in SIZES {
        let stage = searched(width, height, "tra +travel");
        assert_snapshot!(format!("search_at_{width}_by_{height}"), stage.screen());
    }
}

#[test]
fn an_open_search_line_explains_the_terms() {
    let mut stage = listed(120, 24);
    assert_snapshot!(stage.press("/").screen());
}

#[test]
fn what_a_search_found_is_marked_and_counted() {
    let stage = searched(100, 16, "tra");
    let screen = stage.styled();
    assert!(screen.contains("2 of 5 open"), "{screen}");
    assert_snapshot!(screen);
}

#[test]
fn a_kept_search_stays_under_the_header_until_esc() {
    let mut stage = searched(80, 16, "tra");
    stage.press("enter");
    let kept = stage.screen();
    assert!(kept.contains("│ / tra"), "{kept}");
    stage.press("esc");
    let whole = stage.screen();
    assert!(!whole.contains("/ tra"), "{whole}");
}

#[test]
fn a_bad_term_is_explained_in_the_line_and_the_list_stays() {
    let mut stage = searched(100, 24, "tra");
    stage.type_text(" due:someday");
    let screen = stage.screen();
    let line = screen
        .lines()
        .find(|line| line.starts_with("│ / tra due:someday"));
    assert!(
        line.is_some_and(|line| line.contains("someday")),
        "{screen}"
    );
    assert!(screen.contains("renew passport"), "{screen}");
}

#[test]
fn tab_completes_a_term() {
    let mut stage = listed(100, 24);
    stage.press("/").type_text("+tr").press("tab");
    assert!(stage.screen().contains("/ +travel"), "{}", stage.screen());
    stage.type_text(" due:ov").press("tab");
    let screen = stage.screen();
    assert!(screen.contains("/ +travel due:overdue"), "{screen}");
}

#[test]
fn the_start_of_a_project_shows_what_completes_it_until_it_is_taken() {
    let mut stage = listed(80, 16);
    stage.press("/").type_text("+tr").answer_rows(Vec::new());
    assert_snapshot!("the_start_of_a_project", stage.styled());
    stage.press("tab");
    let screen = stage.screen();
    assert!(screen.contains("/ +travel"), "{screen}");
    assert!(!screen.contains("take"), "{screen}");
}

#[test]
fn the_start_of_a_project_that_was_kept_finds_nothing_and_names_the_project() {
    let mut stage = listed(80, 16);
    stage.press("/").type_text("+tr").answer_rows(Vec::new());
    stage.press("enter");
    let screen = stage.screen();
    let why = "Nothing matches `+tr`; did you mean `+travel`?";
    assert!(screen.contains(why), "{screen}");
    assert!(screen.contains("Press esc for the whole list."), "{screen}");

    let rows = ["tea +tr", "flights +travel"].into_iter().zip(1..);
    let rows = rows.map(|(text, n)| todo(n, text, SyncState::Synced));
    let mut stage = Stage::new(80, 16, Some(ada()));
    stage.answer(rows.collect());
    stage
        .press("/")
        .type_text("coffee +tr")
        .answer_rows(Vec::new());
    let screen = stage.screen();
    assert!(screen.contains("Nothing matches this search."), "{screen}");
}

#[test]
fn why_a_list_is_empty_is_wrapped_on_a_narrow_terminal() {
    let mut stage = listed(40, 12);
    stage.press("/").type_text("+tr").answer_rows(Vec::new());
    let screen = stage.screen();
    let words: Vec<&str> = screen
        .split(['│', '\n'])
        .flat_map(str::split_whitespace)
        .collect();
    let words = words.join(" ");
    for text in [
        "Nothing matches `+tr`; did you mean `+travel`?",
        "Press tab to complete it, esc for the whole list.",
    ] {
        assert!(words.contains(text), "{screen}");
    }
}

#[test]
fn a_word_of_a_todo_is_not_taken_for_the_start_of_a_term() {
    let mut stage = listed(80, 16);
    let screen = stage.press("/").type_text("no").screen();
    assert!(!screen.contains("no:due"), "{screen}");
    let screen = stage.type_text(":d").screen();
    assert!(screen.contains("take “no:due”"), "{screen}");
}

#[test]
fn the_palette_at_every_size() {
    for (width, height) in SIZES {
        let mut stage = listed(width, height);
        stage.press(":").type_text("due");
        assert_snapshot!(format!("palette_at_{width}_by_{height}"), stage.screen());
    }
}

#[test]
fn the_palette_in_colour() {
    let mut stage = listed(80, 24);
    assert_snapshot!(stage.press(":").type_text("dele").styled());
}

#[test]
fn choosing_in_the_palette_does_what_the_key_does() {
    let mut stage = listed(100, 24);
    stage.press(":").type_text("delete").press("enter");
    let is_delete = |effect: &Effect| {
        matches!(
            effect,
            Effect::Commit {
                verb: "deleted",
                ..
            }
        )
    };
    assert!(stage.effects.iter().any(is_delete), "{:?}", stage.effects);
    assert!(stage.screen().contains("deleted"), "{}", stage.screen());
}

#[test]
fn letters_are_text_in_the_palette() {
    let mut stage = listed(100, 24);
    stage.press(":").type_text("q?j");
    assert!(!stage.effects.contains(&Effect::Quit));
    assert!(stage.screen().contains("› q?j"), "{}", stage.screen());
    stage.press("esc");
    assert!(!stage.screen().contains("Commands"), "{}", stage.screen());
}

#[test]
fn what_is_impossible_says_why_and_the_palette_stays() {
    let mut stage = listed(100, 24);
    stage.press(":").type_text("rejected keep mine");
    let screen = stage.screen();
    assert!(screen.contains("for a rejected change only"), "{screen}");
    stage.effects.clear();
    stage.press("enter");
    assert!(stage.effects.is_empty(), "{:?}", stage.effects);
    assert!(stage.screen().contains("Commands"), "{}", stage.screen());
}

#[test]
fn the_palette_shows_views_tags_and_todos() {
    let mut stage = listed(100, 24);
    stage.press(":").type_text("view upcom").press("enter");
    assert!(stage.screen().contains("Upcoming"), "{}", stage.screen());

    let mut stage = listed(100, 24);
    stage.press(":").type_text("project trav").press("enter");
    assert!(stage.screen().contains("/ +travel"), "{}", stage.screen());

    let mut stage = listed(100, 24);
    stage.press(":").type_text("go lisbon").press("enter");
    let wanted = |effect: &Effect| format!("{effect:?}").contains(&format!("{:?}", key(3)));
    assert!(stage.effects.iter().any(wanted), "{:?}", stage.effects);

    let mut stage = listed(100, 24);
    stage.press(":").type_text("zzz nothing").press("enter");
    assert!(
        stage.screen().contains("/ zzz nothing"),
        "{}",
        stage.screen()
    );
}

#[test]
fn a_bad_term_searched_from_the_palette_is_explained_in_the_search_line() {
    let mut stage = listed(100, 24);
    stage.press(":").type_text("due:foo").press("enter");
    let screen = stage.screen();
    let line = screen.lines().find(|line| line.starts_with("│ / due:foo"));
    assert!(
        line.is_some_and(|line| line.contains("not a recognised date")),
        "{screen}"
    );
    assert!(screen.contains("(cursor at"), "{screen}");
}

#[test]
fn a_long_search_leaves_room_for_the_views() {
    let mut stage = listed(100, 24);
    let text = "a search with very many words that nobody would ever type into one line by hand";
    stage.press("/").type_text(text).press("enter a");
    let screen = stage.screen();
    assert!(screen.contains("search: a search with"), "{screen}");
    assert!(screen.contains("Open 5"), "{screen}");
}

#[test]
fn a_theme_that_the_terminal_cannot_show_says_why_it_looks_the_same() {
    let mut stage = Stage::start(StartOptions {
        no_themes: Some("this terminal shows fewer than 256 colours"),
        ..options((100, 24), Some(ada()))
    });
    stage.answer(rows());
    stage.press(":").type_text("theme dark").press("enter");
    let screen = stage.screen();
    let why = "theme dark looks like `terminal`: this terminal shows fewer than 256 colours";
    assert!(screen.contains(why), "{screen}");
    stage.press(":").type_text("theme terminal").press("enter");
    let screen = stage.screen();
    assert!(!screen.contains("looks like"), "{screen}");
}

#[test]
fn a_theme_chosen_in_the_palette_is_in_force_at_once() {
    let mut stage = listed(100, 24);
    stage.press(":").type_text("theme light").press("enter");
    assert_eq!(stage.model.theme().name(), "light");
    assert!(stage.model.take_stale());
    let list = stage.model.left_account().list;
    let kept = ChosenTheme {
        chosen: ThemeName::Light,
        configured: ThemeName::Terminal,
    };
    assert_eq!(list.and_then(|list| list.theme), Some(kept));
}

#[test]
fn a_search_counts_what_is_not_loaded_and_what_is_done() -> Result<(), StoreError> {
    let mut texts: Vec<String> = (0..500).map(|n| format!("milk {n}")).collect();
    texts.extend(["x 2026-11-20 milk".to_owned(), "bread".to_owned()]);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut device = Device::on(Stage::new(100, 16, Some(ada())), &texts)?;
    for keys in ["", "o"] {
        device.stage.say(Msg::Resized {
            width: 100,
            height: 16,
        });
        device.press(keys)?.press("/")?.type_text("milk")?;
        let screen = device.stage.screen();
        assert!(
            screen.contains("500 of 501 open · 1 more in done"),
            "{screen}"
        );
        let narrow = Msg::Resized {
            width: 40,
            height: 16,
        };
        let screen = device.say(narrow)?.stage.screen();
        assert!(screen.contains("500 of 501 open\n"), "{screen}");
        device.press("esc")?;
    }
    device.press("/")?.type_text("bread")?;
    let screen = device.stage.screen();
    assert!(screen.contains("1 of 501 open"), "{screen}");
    assert!(!screen.contains("more"), "{screen}");
    device.press("esc 5 /")?.type_text("milk")?;
    let screen = device.stage.screen();
    assert!(screen.contains("1 of 1 done"), "{screen}");
    assert!(!screen.contains("more"), "{screen}");
    Ok(())
}

#[test]
fn the_help_at_every_size() {
    for (width, height) in SIZES {
        let mut stage = listed(width, height);
        assert_snapshot!(
            format!("help_at_{width}_by_{height}"),
            stage.press("?").screen()
        );
    }
}

#[test]
fn the_help_begins_with_the_keys_of_its_screen() {
    let mut stage = listed(100, 30);
    stage.press("Q").say(Msg::QueueRead(Vec::new()));
    let screen = stage.press("?").screen();
    let heading = |name: &str| screen.find(name).unwrap_or(usize::MAX);
    assert!(heading(" Queue") < heading("Everywhere"), "{screen}");
    assert!(screen.contains("queue-retry-all"), "{screen}");
    let back = stage.press("esc").screen();
    assert!(
        back.contains("Changes not yet") && !back.contains("Everywhere"),
        "{back}"
    );
}

#[test]
fn the_help_is_filtered_by_what_a_key_does_its_key_or_its_name() {
    for text in ["half a screen down", "half-page-down", "ctrl-d"] {
        let mut stage = listed(100, 30);
        let screen = stage.press("?").type_text(text).screen();
        assert!(screen.contains("half-page-down"), "{text}: {screen}");
    }
}

#[test]
fn every_binding_is_in_the_help() {
    let mut stage = listed(100, 30);
    stage.press("?");
    for row in tudone::app::bindings::TABLE {
        stage.press("ctrl-u").type_text(row.name);
        let screen = stage.screen();
        assert!(screen.contains(row.name), "{}: {screen}", row.name);
    }
}
