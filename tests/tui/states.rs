//! What the screens say about time, network and permissions.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tudone::app::{Effect, Msg};
use tudone::domain::todo::SyncState;
use tudone::domain::when::Calendar;
use tudone::sync::event::RoundEvent;
use tudone::sync::plan::WaitReason;
use tudone::sync::round::{Blocked, RoundReport};

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
    let counted = Effect::Counts {
        calendar: Calendar::new(Date::constant(2026, 11, 25)),
    };
    assert!(stage.effects.contains(&counted), "{:?}", stage.effects);
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
