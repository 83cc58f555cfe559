//! What the screens say about time, network and permissions.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tudone::app::login::{LoginEvent, LoginId};
use tudone::app::{Effect, Msg};
use tudone::auth::device::PollEvent;
use tudone::domain::todo::SyncState;
use tudone::domain::when::Calendar;
use tudone::sync::event::RoundEvent;
use tudone::sync::plan::WaitReason;
use tudone::sync::round::{Blocked, RoundReport};

use crate::fixtures::{prompt, shows};
use crate::stage::{Stage, ada, instant, todo};

#[test]
fn at_midnight_words_and_views_change_without_a_key() {
    let mut stage = Stage::new(80, 16, Some(ada()));
    stage.answer(vec![todo(1, "Call mum due:2026-11-25", SyncState::Synced)]);
    assert!(stage.screen().contains("tomorrow"));
    stage.effects.clear();

    stage.now = instant("2026-11-25T00:00:00Z");
    stage.today = Date::constant(2026, 11, 25);
    stage.say(Msg::CalendarChanged {
        zone: TimeZone::UTC,
    });

    let screen = stage.screen();
    assert!(!screen.contains("tomorrow"), "{screen}");
    assert!(screen.contains("today"), "{screen}");
    let asked = |wanted: fn(&Effect) -> bool| stage.effects.iter().any(wanted);
    assert!(asked(|effect| matches!(effect, Effect::Window { .. })));
    stage.answer_rows(vec![todo(1, "Call mum due:2026-11-25", SyncState::Synced)]);
    let counted = Effect::Counts {
        calendar: Calendar::new(Date::constant(2026, 11, 25)),
    };
    let counts = stage.effects.iter().filter(|effect| **effect == counted);
    assert_eq!(counts.count(), 1, "{:?}", stage.effects);
}

#[test]
fn times_are_shown_in_the_time_zone_that_the_user_travels_to() {
    let mut stage = Stage::new(100, 16, Some(ada()));
    stage.answer(vec![todo(1, "Call mum", SyncState::Synced)]);
    assert!(stage.screen().contains("as of 11:58"));

    stage.say(Msg::CalendarChanged {
        zone: TimeZone::fixed(jiff::tz::offset(2)),
    });

    let screen = stage.screen();
    assert!(screen.contains("as of 13:58"), "{screen}");
}

#[test]
fn offline_without_an_account_no_code_is_asked_for() {
    let mut stage = Stage::offline(80, 16);
    let screen = stage.screen();
    assert!(screen.contains("Start without --offline"), "{screen}");

    stage.press("L");

    assert!(stage.effects.is_empty(), "{:?}", stage.effects);
    let screen = stage.screen();
    assert!(screen.contains("logging in needs the network"), "{screen}");
    assert!(!screen.contains("code"), "{screen}");
}

#[test]
fn changes_that_the_role_may_not_make_are_shown_as_such_until_it_may() {
    let status = |stage: &Stage| stage.screen().lines().last().map(str::to_owned);
    let mut stage = Stage::new(100, 16, Some(ada()));
    stage.answer(vec![todo(1, "Call mum", SyncState::Pending)]);
    let ended = |blocked| {
        Msg::Round(RoundEvent::Ended(RoundReport {
            blocked,
            ..RoundReport::default()
        }))
    };

    stage.say(ended(Some(Blocked {
        count: 1,
        why: WaitReason::MayNotAdd,
    })));
    let blocked = status(&stage).unwrap_or_default();
    assert!(blocked.contains("1 pending, not allowed"), "{blocked}");

    stage.say(ended(None));
    let allowed = status(&stage).unwrap_or_default();
    assert!(allowed.contains("1 pending  "), "{allowed}");
}

#[test]
fn an_alert_is_drawn_over_the_palette_and_over_the_login() {
    let alert = || Msg::StoreFailed {
        reason: "the disk is full".to_owned(),
    };
    for (width, height) in [(40, 10), (100, 24)] {
        for keys in [":", "L", "?"] {
            let mut stage = Stage::new(width, height, Some(ada()));
            stage.answer(vec![todo(1, "Call mum", SyncState::Synced)]);
            let screen = stage.press(keys).say(alert()).screen();
            assert!(screen.contains("! the disk is full"), "{keys}: {screen}");
        }
    }
}

#[test]
fn a_message_hides_the_state_of_no_row() {
    for (width, sign) in [(30, "↑"), (50, "↑"), (80, "↑ pending")] {
        let mut stage = Stage::new(width, 16, Some(ada()));
        let rows = (1..40).map(|n| todo(n, "Call mum", SyncState::Pending));
        stage.answer(rows.collect());
        let states = |stage: &Stage| {
            let screen = stage.screen();
            let rows = screen.lines().filter(|line| line.ends_with(sign));
            (rows.count(), screen)
        };
        let (before, _) = states(&stage);
        stage.say(Msg::StoreFailed {
            reason: "the disk is full".to_owned(),
        });
        let (after, screen) = states(&stage);
        assert!(screen.contains("! the disk is full"), "{screen}");
        assert_eq!(after, before, "{screen}");
    }
}

#[test]
fn texts_of_more_columns_than_a_screen_can_have_are_drawn_everywhere() {
    let long = "m".repeat(70_000);
    for keys in ["", "tab", ":", "/", "e", "v", "L", "x"] {
        for width in [20, 80, 140] {
            let mut stage = Stage::new(width, 24, Some(ada()));
            stage.answer(vec![todo(1, &long, SyncState::Rejected)]);
            let _ = stage.press(keys).screen();
            stage.say(Msg::StoreFailed {
                reason: long.clone(),
            });
            shows(&stage, "! mmm");
        }
    }
}

/// The demo waiting for a code to be approved, with all it can have to say.
fn approving(width: u16, height: u16, page: &str) -> Stage {
    let mut stage = Stage::demo((width, height), None, &[]);
    let id = LoginId(1);
    let event = LoginEvent::Code {
        prompt: prompt(page),
        openable: true,
    };
    stage.say(Msg::Login { id, event });
    let event = LoginEvent::Progress(PollEvent::Failed {
        message: "cannot reach tenant.example".to_owned(),
        next_poll_in: std::time::Duration::from_secs(5),
    });
    stage.say(Msg::Login { id, event }).press("c");
    stage
}

#[test]
fn the_user_code_is_framed_only_where_every_line_fits() {
    let page = "https://tenant.example/activate?user_code=WDJB-MJHT";
    for width in [24, 31, 40, 60, 80, 120] {
        for height in 6..40 {
            let screen = approving(width, height, page).screen();
            assert!(
                screen.contains("WDJB-MJHT") || screen.contains("W D J B"),
                "{screen}"
            );
            let lines: Vec<&str> = screen.lines().collect();
            let Some(code) = lines.iter().position(|line| line.contains("W D J B")) else {
                continue;
            };
            let border = |at: usize| {
                lines.get(at).is_some_and(|line| {
                    let line = line.trim_start_matches('│').trim();
                    line.chars().all(|c| "╭─╮╰╯┌┐└┘".contains(c)) && !line.is_empty()
                })
            };
            assert!(
                border(code - 1) && border(code + 1),
                "{width}×{height}: {screen}"
            );
        }
    }
    assert!(
        approving(80, 24, page)
            .screen()
            .contains("W D J B - M J H T")
    );
}

#[test]
fn a_page_wider_than_the_screen_is_shown_whole_from_the_left_below_the_code() {
    let page = "https://tenant.example/activate/of/a/very/long/path?user_code=WDJB-MJHT";
    let screen = approving(40, 24, page).screen();
    let (first, rest) = page.split_at(40);
    let lines: Vec<&str> = screen.lines().collect();
    let at = lines.iter().position(|line| *line == format!("│{first}"));
    let code = lines.iter().position(|line| line.contains("W D J B"));
    assert!(at > code && code.is_some(), "{screen}");
    let next = at.and_then(|at| lines.get(at + 1));
    assert_eq!(next, Some(&format!("│{rest}").as_str()), "{screen}");
}
