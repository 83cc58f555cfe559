//! Each screen in its named states.

use insta::assert_snapshot;
use tudone::app::login::{LoginEvent, LoginId};
use tudone::app::{Effect, Msg};
use tudone::domain::push_outcome::Queued;
use tudone::domain::todo::SyncState;
use tudone::sync::event::{RoundEvent, RoundFailure};
use tudone::sync::plan::WaitReason;
use tudone::sync::round::{Blocked, RoundReport};

use crate::fixtures::{conflict, details, prompt};
use crate::stage::{NOON, Stage, ada, instant, todo};

fn some_todos() -> Vec<tudone::domain::todo::Todo> {
    vec![
        todo(
            3,
            "(A) Call mum +family @phone due:2026-11-24",
            SyncState::Synced,
        ),
        todo(17, "Pay the rent due:2026-11-20", SyncState::Synced),
        todo(42, "buy milk", SyncState::Pending),
        todo(
            108,
            "Water the plants 🪴 +home due:2026-12-01",
            SyncState::Sent,
        ),
        todo(109, "日本語の本を読む +学習", SyncState::Rejected),
        todo(
            110,
            "x 2026-11-23 Write the letter @desk",
            SyncState::Synced,
        ),
        todo(
            111,
            "evil\u{1b}[2J\ntext \u{202e}desrever",
            SyncState::Synced,
        ),
    ]
}

fn online(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height, Some(ada()));
    stage.press("6").answer(some_todos());
    stage.say(Msg::Round(RoundEvent::Ended(RoundReport::default())));
    stage.say(Msg::LiveChanged { on: true });
    stage
}

fn logging_in(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height, None);
    stage.say(Msg::Login {
        id: LoginId(1),
        event: LoginEvent::Code {
            prompt: prompt("https://tenant.eu.auth0.com/activate?user_code=WDJB-MJHT"),
            openable: true,
        },
    });
    stage
}

fn rejected() -> Queued {
    conflict(
        109,
        "日本語の本を読む",
        "日本語の本を読む (二冊) +学習",
        "日本語の本を読む +学習",
    )
}

fn with_details(width: u16, height: u16) -> Stage {
    let mut stage = online(width, height);
    stage.press("j j j j tab");
    stage.say(details(rejected()));
    stage
}

fn grouped(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height, Some(ada()));
    let mut rows: Vec<_> = some_todos();
    rows.retain(|todo| !todo.text.starts_with("x "));
    rows.sort_by_key(|todo| {
        let due = tudone::domain::line::Line::new(&todo.text).due();
        (due.is_none(), due)
    });
    stage.answer(rows);
    stage.say(Msg::Round(RoundEvent::Ended(RoundReport::default())));
    stage.say(Msg::LiveChanged { on: true });
    stage
}

/// A stage after a message.
fn after(mut stage: Stage, msg: Msg) -> Stage {
    stage.say(msg);
    stage
}

/// A stage after keys, some text, and more keys.
fn typed(mut stage: Stage, before: &str, text: &str, after: &str) -> Stage {
    stage.press(before).type_text(text).press(after);
    stage
}

fn failed(failure: RoundFailure, next_try: Option<&str>) -> Msg {
    Msg::Round(RoundEvent::Failed {
        failure,
        next_try: next_try.map(instant),
    })
}

fn unreachable(why: &str) -> RoundFailure {
    let why = why.to_owned();
    RoundFailure::Unreachable { why }
}

/// Each state of the screens by name, without styles.
#[test]
fn named_states() {
    let login_failed = Msg::Login {
        id: LoginId(1),
        event: LoginEvent::Failed {
            message: "the code expired before it was approved".to_owned(),
            help: "Press r for a new code.".to_owned(),
        },
    };
    let long = "one two three four five six seven eight nine ten";
    let offline = failed(
        unreachable("cannot reach hasura.example"),
        Some("2026-11-24T12:02:31Z"),
    );
    let pasted = Msg::Pasted("milk\nbread\n\neggs\n".to_owned());
    let mut nothing_found = typed(online(80, 12), "/", "zebra", "");
    nothing_found.answer(Vec::new());
    let mut empty = Stage::new(80, 12, Some(ada()));
    empty.answer(Vec::new());
    let synced = Msg::Round(RoundEvent::Ended(RoundReport::default()));
    for (name, stage) in vec![
        ("the_list_at_120_by_36", online(120, 36)),
        ("the_list_at_20_by_5", keys(online(20, 5), "j j")),
        (
            "the_sidebar_with_the_focus",
            keys(grouped(140, 24), "b j j"),
        ),
        ("details_of_a_conflict_below_the_list", with_details(80, 24)),
        ("details_at_40_by_10", with_details(40, 10)),
        (
            "editing_both_texts_of_a_conflict",
            keys(with_details(80, 24), "m"),
        ),
        (
            "a_question_before_a_change_that_cannot_be_undone",
            keys(with_details(80, 24), "D"),
        ),
        (
            "offline_shows_when_the_next_try_is",
            after(online(80, 12), offline),
        ),
        ("adding", typed(online(80, 12), "a", "Buy bread +home", "")),
        (
            "a_long_line_scrolls_with_its_cursor",
            typed(online(40, 8), "a", long, "ctrl-left ctrl-left"),
        ),
        ("a_search_without_results", nothing_found),
        (
            "the_question_about_pasted_lines",
            after(online(80, 12), pasted),
        ),
        ("no_todos_yet", after(empty, synced)),
        (
            "help_scrolls_where_it_does_not_fit",
            keys(online(60, 10), "? pgdn down"),
        ),
        ("logging_in_at_20_by_5", logging_in(20, 5)),
        (
            "logging_in_at_20_by_8_shows_the_time_left",
            logging_in(20, 8),
        ),
        ("a_login_as_a_qr_code", keys(logging_in(80, 36), "g")),
        (
            "a_login_that_failed",
            after(logging_in(80, 14), login_failed),
        ),
    ] {
        assert_snapshot!(name, stage.screen());
    }
}

/// Each state of the screens by name, with styles.
#[test]
#[expect(
    clippy::useless_vec,
    reason = "an array of stages is too large for the stack"
)]
fn named_states_with_styles() {
    let queue = Msg::QueueRead(vec![rejected()]);
    for (name, stage) in vec![
        ("the_list_at_80_by_24_with_styles", online(80, 24)),
        ("groups_and_sidebar_at_140_by_24", grouped(140, 24)),
        (
            "details_of_a_conflict_beside_the_list",
            with_details(120, 24),
        ),
        ("the_queue", after(keys(online(80, 24), "Q"), queue)),
        (
            "logged_out_is_not_shown_as_an_error",
            after(online(80, 12), failed(RoundFailure::LoggedOut, None)),
        ),
        (
            "adding_a_text_that_is_rejected",
            typed(online(80, 12), "a", "   ", "enter"),
        ),
        ("logging_in_at_80_by_24_with_styles", logging_in(80, 24)),
    ] {
        assert_snapshot!(name, stage.styled());
    }
}

#[test]
fn the_keys_that_complete_a_sequence() {
    let mut stage = online(80, 24);
    assert_snapshot!(stage.press("t").wait_for_keys().screen());
}

#[test]
fn list_details_and_queue_in_every_theme() {
    use tudone::ui::{ColorDepth, Theme, ThemeName};
    for name in [ThemeName::Dark, ThemeName::Light] {
        let mut stage = online(60, 12);
        stage.theme = Theme::new(name, ColorDepth::TrueColor);
        assert_snapshot!(name.name(), stage.styled());
    }
    for (name, theme) in [
        ("dark", Theme::new(ThemeName::Dark, ColorDepth::TrueColor)),
        ("light", Theme::new(ThemeName::Light, ColorDepth::TrueColor)),
        (
            "without_colours",
            Theme::new(ThemeName::Terminal, ColorDepth::None),
        ),
    ] {
        let mut stage = with_details(120, 14);
        stage.theme = theme;
        assert_snapshot!(format!("details_{name}"), stage.styled());
        stage.press("tab Q").say(Msg::QueueRead(vec![rejected()]));
        assert_snapshot!(format!("queue_{name}"), stage.styled());
    }
    let mut stage = online(60, 12);
    stage.theme = Theme::new(ThemeName::Terminal, ColorDepth::None);
    assert_snapshot!("without_colours", stage.styled());
    stage.theme = stage
        .theme
        .with_symbols(tudone::ui::symbols::Symbols::ASCII);
    assert_snapshot!("ascii", stage.screen());
}

#[test]
fn a_requested_sync_shows_why_it_failed_or_what_is_still_pending() {
    let web_page = "todos.example returned an invalid GraphQL response: a web page";
    let mut stage = online(100, 12);
    stage.say(failed(unreachable(web_page), None));
    assert!(!stage.screen().contains(web_page), "the user did not ask");
    stage.press("s").say(Msg::Round(RoundEvent::Began));
    stage.say(failed(unreachable(web_page), None));
    let screen = stage.screen();
    assert!(
        screen.contains(&format!("cannot sync: {web_page}")),
        "{screen}"
    );

    stage.press("s").say(Msg::Round(RoundEvent::Began));
    let blocked = Blocked {
        count: 2,
        why: WaitReason::MayNotAdd,
    };
    stage.say(Msg::Round(RoundEvent::Ended(RoundReport {
        waiting: 2,
        blocked: Some(blocked),
        ..RoundReport::default()
    })));
    let screen = stage.screen();
    let said = "2 changes wait: the server does not allow you to add todos";
    assert!(screen.contains(said), "{screen}");
    assert!(!screen.contains("in sync"), "{screen}");
}

#[test]
fn a_closed_live_connection_is_shown_as_polling_and_not_as_an_error() {
    let status = |stage: &Stage| stage.screen().lines().last().map(str::to_owned);
    let mut stage = online(80, 12);
    let live = status(&stage);
    stage.say(Msg::LiveChanged { on: false });
    assert_snapshot!(status(&stage).unwrap_or_default());

    stage.say(failed(unreachable("cannot reach hasura.example"), None));
    stage.say(Msg::LiveChanged { on: true });
    let offline = status(&stage).unwrap_or_default();
    assert!(offline.contains("offline"), "a round decides: {offline}");

    stage.say(Msg::Round(RoundEvent::Ended(RoundReport::default())));
    assert_eq!(status(&stage), live);
}

#[test]
fn a_logged_in_user_gets_a_code_only_after_a_second_key() {
    let mut stage = online(60, 8);
    stage.effects.clear();
    assert_snapshot!(stage.press("L").screen());
    assert_eq!(stage.effects, []);

    stage.press("r");
    assert!(matches!(
        stage.effects[..],
        [Effect::CancelLogin(_), Effect::StartLogin(_)]
    ));
    assert!(stage.screen().contains("Requesting a code"));
    stage.press("esc");
    assert!(stage.screen().contains("buy milk"), "{}", stage.screen());
}

#[test]
fn a_logged_out_user_gets_a_code_at_once() {
    let mut stage = Stage::new(60, 8, None);
    stage.press("esc").effects.clear();
    stage.press("L");
    assert!(matches!(stage.effects[..], [Effect::StartLogin(_)]));
}

#[test]
fn every_screen_fits_any_terminal() {
    let screens: [(&str, fn(u16, u16) -> Stage); 9] = [
        ("list", online),
        ("editor", |w, h| keys(online(w, h), "a b c")),
        ("edit", |w, h| keys(online(w, h), "G e")),
        ("search", |w, h| keys(online(w, h), "/ x")),
        ("confirm", |w, h| keys(online(w, h), "d")),
        ("help", |w, h| keys(online(w, h), "? pgdn")),
        ("login", logging_in),
        ("qr", |w, h| keys(logging_in(w, h), "g")),
        ("paste", |w, h| {
            let mut stage = online(w, h);
            stage.say(Msg::Pasted("a\nb".to_owned()));
            stage
        }),
    ];
    for (name, stage) in screens {
        for width in [0, 1, 2, 3, 7, 20, 39, 40, 120] {
            for height in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 36] {
                let screen = stage(width, height).screen();
                assert!(screen.lines().count() >= usize::from(height), "{name}");
            }
        }
    }
}

fn keys(mut stage: Stage, sequence: &str) -> Stage {
    stage.press(sequence);
    stage
}

#[test]
fn a_screen_of_another_size_than_the_model_knows_does_not_panic() {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    let stage = online(120, 36);
    let area = Rect::new(0, 0, 10, 4);
    let mut buf = Buffer::empty(area);
    let theme = tudone::ui::Theme::new(
        tudone::ui::ThemeName::Terminal,
        tudone::ui::ColorDepth::None,
    );
    let _ = tudone::ui::screen(&stage.model, &theme, area, &mut buf);
    assert_eq!(instant(NOON).as_second(), 1_795_521_600);
}
