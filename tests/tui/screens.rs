//! Each screen in its named states.

use insta::assert_snapshot;
use tudone::app::link::{Failure, RoundNews};
use tudone::app::login::{LoginId, LoginNews};
use tudone::app::{Effect, Msg};
use tudone::auth::device::Prompt;
use tudone::domain::todo::State;
use tudone::sync::plan::Waiting;
use tudone::sync::round::{Blocked, Report};

use crate::stage::{NOON, Stage, ada, instant, todo};

fn some_todos() -> Vec<tudone::domain::todo::Todo> {
    vec![
        todo(
            3,
            "(A) Call mum +family @phone due:2026-11-24",
            State::Synced,
        ),
        todo(17, "Pay the rent due:2026-11-20", State::Synced),
        todo(42, "buy milk", State::Pending),
        todo(108, "Water the plants 🪴 +home due:2026-12-01", State::Sent),
        todo(109, "日本語の本を読む +学習", State::Rejected),
        todo(110, "x 2026-11-23 Write the letter @desk", State::Synced),
        todo(111, "evil\u{1b}[2J\ntext \u{202e}desrever", State::Synced),
    ]
}

fn online(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height, Some(ada()));
    stage.press("f").answer(some_todos());
    stage.say(Msg::Round(RoundNews::Ended(Report::default())));
    stage.say(Msg::LiveTurned { on: true });
    stage
}

fn prompt() -> Prompt {
    Prompt {
        user_code: "WDJB-MJHT".to_owned(),
        verification_uri: "https://tenant.eu.auth0.com/activate".to_owned(),
        verification_uri_complete: Some(
            "https://tenant.eu.auth0.com/activate?user_code=WDJB-MJHT".to_owned(),
        ),
        expires_at: instant("2026-11-24T12:14:52Z"),
        expires_in: 900,
        interval: 5,
    }
}

fn logging_in(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height, None);
    stage.say(Msg::Login {
        id: LoginId(1),
        news: LoginNews::Code {
            prompt: prompt(),
            openable: true,
        },
    });
    stage
}

#[test]
fn the_list_at_80_by_24_with_styles() {
    assert_snapshot!(online(80, 24).styled(), @r#"
    │ open 6  all 7  done 1
        ^ 0..8 dim
        ^ 8..15 reversed
        ^ 15..23 dim
    │›[ ]   3 (A) Call mum +family @phone due:2026-11-24
        ^ 0..80 reversed
    │ [ ]  17 Pay the rent due:2026-11-20
        ^ 1..5 dim
        ^ 6..8 dim
        ^ 22..36 red+bold
    │ [ ]  42 buy milk                                                     ↑ pending
        ^ 1..5 dim
        ^ 6..8 dim
        ^ 70..79 yellow
    │ [ ] 108 Water the plants 🪴 +home due:2026-12-01                        ↑ sent
        ^ 1..8 dim
        ^ 29..34 magenta
        ^ 35..49 green
        ^ 73..79 yellow
    │ [ ] 109 日本語の本を読む +学習                                      ! rejected
        ^ 1..8 dim
        ^ 26..28 magenta
        ^ 29..30 magenta
        ^ 69..79 red+bold
    │ [x] 110 Write the letter @desk
        ^ 1..8 dim
        ^ 9..31 dim
    │ [ ] 111 evil␛[2J␊text �desrever
        ^ 1..8 dim
        ^ 13..14 dim
        ^ 17..18 dim
        ^ 23..24 dim
    │  a add  x done  e edit  d delete  / search  f view  u undo  ? help  q quit
        ^ 2..3 cyan
        ^ 4..7 dim
        ^ 9..10 cyan
        ^ 11..15 dim
        ^ 17..18 cyan
        ^ 19..23 dim
        ^ 25..26 cyan
        ^ 27..33 dim
        ^ 35..36 cyan
        ^ 37..43 dim
        ^ 45..46 cyan
        ^ 47..51 dim
        ^ 53..54 cyan
        ^ 55..59 dim
        ^ 61..62 cyan
        ^ 63..67 dim
        ^ 69..70 cyan
        ^ 71..75 dim
    │ ada@example.org · live · 1 pending · 1 sent · 1 rejected · as of 11:58
        ^ 0..19 dim
        ^ 19..23 green
        ^ 23..26 dim
        ^ 26..35 yellow
        ^ 35..38 dim
        ^ 38..44 yellow
        ^ 44..47 dim
        ^ 47..57 red+bold
        ^ 57..71 dim
    "#);
}

#[test]
fn the_list_at_120_by_36() {
    assert_snapshot!(online(120, 36).screen(), @r#"
    │ open 6  all 7  done 1
    │›[ ]   3 (A) Call mum +family @phone due:2026-11-24
    │ [ ]  17 Pay the rent due:2026-11-20
    │ [ ]  42 buy milk                                                                                             ↑ pending
    │ [ ] 108 Water the plants 🪴 +home due:2026-12-01                                                                ↑ sent
    │ [ ] 109 日本語の本を読む +学習                                                                              ! rejected
    │ [x] 110 Write the letter @desk
    │ [ ] 111 evil␛[2J␊text �desrever
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │
    │  a add  x done  e edit  d delete  / search  f view  u undo  ? help  q quit
    │ ada@example.org · live · 1 pending · 1 sent · 1 rejected · as of 11:58
    "#);
}

#[test]
fn the_list_at_20_by_5() {
    assert_snapshot!(online(20, 5).press("j j").screen(), @r#"
    │ all 7
    │ [ ] (A) Call mum +…
    │ [ ] Pay the rent d…
    │›[ ] buy milk     ↑
    │ this: pending
    "#);
}

#[test]
fn offline_tells_when_the_next_try_is() {
    let mut stage = online(80, 12);
    stage.say(Msg::Round(RoundNews::Failed {
        failure: Failure::Unreachable {
            why: "cannot reach hasura.example".to_owned(),
        },
        next_try: Some(instant("2026-11-24T12:02:31Z")),
    }));
    assert_snapshot!(stage.screen(), @r#"
    │ open 6  all 7  done 1
    │›[ ]   3 (A) Call mum +family @phone due:2026-11-24
    │ [ ]  17 Pay the rent due:2026-11-20
    │ [ ]  42 buy milk                                                     ↑ pending
    │ [ ] 108 Water the plants 🪴 +home due:2026-12-01                        ↑ sent
    │ [ ] 109 日本語の本を読む +学習                                      ! rejected
    │ [x] 110 Write the letter @desk
    │ [ ] 111 evil␛[2J␊text �desrever
    │
    │
    │  a add  x done  e edit  d delete  / search  f view  u undo  ? help  q quit
    │ offline, next try 12:02:31 · 1 pending · 1 sent · 1 rejected · as of 11:58
    "#);
}

#[test]
fn a_sync_that_was_asked_for_says_why_it_failed_or_what_still_waits() {
    let failed = |why: &str| RoundNews::Failed {
        failure: Failure::Unreachable {
            why: why.to_owned(),
        },
        next_try: None,
    };
    let web_page = "todos.example sent something that is not a GraphQL answer: a web page";
    let mut stage = online(100, 12);
    stage.say(Msg::Round(failed(web_page)));
    assert!(!stage.screen().contains(web_page), "nobody asked");
    stage.press("s").say(Msg::Round(RoundNews::Began));
    stage.say(Msg::Round(failed(web_page)));
    let screen = stage.screen();
    assert!(
        screen.contains(&format!("cannot sync: {web_page}")),
        "{screen}"
    );

    stage.press("s").say(Msg::Round(RoundNews::Began));
    let blocked = Blocked {
        count: 2,
        why: Waiting::MayNotAdd,
    };
    stage.say(Msg::Round(RoundNews::Ended(Report {
        waiting: 2,
        blocked: Some(blocked),
        ..Report::default()
    })));
    let screen = stage.screen();
    let said = "2 changes wait: the server does not let you add todos";
    assert!(screen.contains(said), "{screen}");
    assert!(!screen.contains("in sync"), "{screen}");
}

#[test]
fn a_doorbell_that_drops_is_told_as_polling_and_not_as_an_error() {
    let status = |stage: &Stage| stage.screen().lines().last().map(str::to_owned);
    let mut stage = online(80, 12);
    let live = status(&stage);
    stage.say(Msg::LiveTurned { on: false });
    assert_snapshot!(
        status(&stage).unwrap_or_default(),
        @"│ ada@example.org · polling · 1 pending · 1 sent · 1 rejected · as of 11:58"
    );

    let unreachable = RoundNews::Failed {
        failure: Failure::Unreachable {
            why: "cannot reach hasura.example".to_owned(),
        },
        next_try: None,
    };
    stage.say(Msg::Round(unreachable));
    stage.say(Msg::LiveTurned { on: true });
    let offline = status(&stage).unwrap_or_default();
    assert!(offline.contains("offline"), "a round decides: {offline}");

    stage.say(Msg::Round(RoundNews::Ended(Report::default())));
    assert_eq!(status(&stage), live);
}

#[test]
fn signed_out_is_no_error() {
    let mut stage = online(80, 12);
    stage.say(Msg::Round(RoundNews::Failed {
        failure: Failure::LoggedOut,
        next_try: None,
    }));
    assert_snapshot!(stage.styled(), @r#"
    │ open 6  all 7  done 1
        ^ 0..8 dim
        ^ 8..15 reversed
        ^ 15..23 dim
    │›[ ]   3 (A) Call mum +family @phone due:2026-11-24
        ^ 0..80 reversed
    │ [ ]  17 Pay the rent due:2026-11-20
        ^ 1..5 dim
        ^ 6..8 dim
        ^ 22..36 red+bold
    │ [ ]  42 buy milk                                                     ↑ pending
        ^ 1..5 dim
        ^ 6..8 dim
        ^ 70..79 yellow
    │ [ ] 108 Water the plants 🪴 +home due:2026-12-01                        ↑ sent
        ^ 1..8 dim
        ^ 29..34 magenta
        ^ 35..49 green
        ^ 73..79 yellow
    │ [ ] 109 日本語の本を読む +学習                                      ! rejected
        ^ 1..8 dim
        ^ 26..28 magenta
        ^ 29..30 magenta
        ^ 69..79 red+bold
    │ [x] 110 Write the letter @desk
        ^ 1..8 dim
        ^ 9..31 dim
    │ [ ] 111 evil␛[2J␊text �desrever
        ^ 1..8 dim
        ^ 13..14 dim
        ^ 17..18 dim
        ^ 23..24 dim
    │  a add  x done  e edit  d delete  / search  f view  u undo  ? help  q quit
        ^ 2..3 cyan
        ^ 4..7 dim
        ^ 9..10 cyan
        ^ 11..15 dim
        ^ 17..18 cyan
        ^ 19..23 dim
        ^ 25..26 cyan
        ^ 27..33 dim
        ^ 35..36 cyan
        ^ 37..43 dim
        ^ 45..46 cyan
        ^ 47..51 dim
        ^ 53..54 cyan
        ^ 55..59 dim
        ^ 61..62 cyan
        ^ 63..67 dim
        ^ 69..70 cyan
        ^ 71..75 dim
    │ signed out – press L to log in · 1 pending · 1 sent · 1 rejected · as of 11:58
        ^ 0..1 dim
        ^ 1..31 yellow
        ^ 31..34 dim
        ^ 34..43 yellow
        ^ 43..46 dim
        ^ 46..52 yellow
        ^ 52..55 dim
        ^ 55..65 red+bold
        ^ 65..79 dim
    "#);
}

#[test]
fn adding() {
    let mut stage = online(80, 12);
    stage.press("a").type_text("Buy bread +home");
    assert_snapshot!(stage.screen(), @r#"
    │ open 6  all 7  done 1
    │›[ ]   3 (A) Call mum +family @phone due:2026-11-24
    │ [ ]  17 Pay the rent due:2026-11-20
    │ [ ]  42 buy milk                                                     ↑ pending
    │ [ ] 108 Water the plants 🪴 +home due:2026-12-01                        ↑ sent
    │ [ ] 109 日本語の本を読む +学習                                      ! rejected
    │ [x] 110 Write the letter @desk
    │ [ ] 111 evil␛[2J␊text �desrever
    │
    │
    │add: Buy bread +home
    │ ada@example.org · live · 1 pending · 1 sent · 1 rejected · as of 11:58
    (cursor at 20,10)
    "#);
}

#[test]
fn adding_what_is_not_taken() {
    let mut stage = online(80, 12);
    stage.press("a").type_text("   ").press("enter");
    assert_snapshot!(stage.styled(), @r#"
    │ open 6  all 7  done 1
        ^ 0..8 dim
        ^ 8..15 reversed
        ^ 15..23 dim
    │›[ ]   3 (A) Call mum +family @phone due:2026-11-24
        ^ 0..80 reversed
    │ [ ]  17 Pay the rent due:2026-11-20
        ^ 1..5 dim
        ^ 6..8 dim
        ^ 22..36 red+bold
    │ [ ]  42 buy milk                                                     ↑ pending
        ^ 1..5 dim
        ^ 6..8 dim
        ^ 70..79 yellow
    │ [ ] 108 Water the plants 🪴 +home due:2026-12-01                        ↑ sent
        ^ 1..8 dim
        ^ 29..34 magenta
        ^ 35..49 green
        ^ 73..79 yellow
    │ [ ] 109 日本語の本を読む +学習                                      ! rejected
        ^ 1..8 dim
        ^ 26..28 magenta
        ^ 29..30 magenta
        ^ 69..79 red+bold
    │ [x] 110 Write the letter @desk
        ^ 1..8 dim
        ^ 9..31 dim
    │ [ ] 111 evil␛[2J␊text �desrever
        ^ 1..8 dim
        ^ 13..14 dim
        ^ 17..18 dim
        ^ 23..24 dim
    │add:
        ^ 0..5 bold
    │ the text is empty
        ^ 0..18 red+bold
    "#);
}

#[test]
fn a_long_line_scrolls_with_its_cursor() {
    let mut stage = online(40, 8);
    stage
        .press("a")
        .type_text("one two three four five six seven eight nine ten")
        .press("ctrl-left ctrl-left");
    assert_snapshot!(stage.screen(), @r#"
    │ open 6  all 7  done 1
    │›[ ]   3 (A) Call mum +family @phone du…
    │ [ ]  17 Pay the rent due:2026-11-20
    │ [ ]  42 buy milk             ↑ pending
    │ [ ] 108 Water the plants 🪴 +h… ↑ sent
    │ [ ] 109 日本語の本を読む +… ! rejected
    │add: o three four five six seven eight …
    │ live · 1 pending · 1 sent · 1 rejected
    (cursor at 39,6)
    "#);
}

#[test]
fn searching_what_nothing_matches() {
    let mut stage = online(80, 12);
    stage.press("/").type_text("zebra");
    stage.answer(Vec::new());
    assert_snapshot!(stage.screen(), @r#"
    │ open 0  all 0  done 0                                            search: zebra
    │
    │
    │                          Nothing matches this search.
    │                           Esc shows the whole list.
    │
    │
    │
    │
    │
    │search: zebra
    │ ada@example.org · live · as of 11:58
    (cursor at 13,10)
    "#);
}

#[test]
fn asked_whether_to_delete() {
    assert_snapshot!(online(80, 12).press("j d").styled(), @r#"
    │ open 6  all 7  done 1
        ^ 0..8 dim
        ^ 8..15 reversed
        ^ 15..23 dim
    │ [ ]   3 (A) Call mum +family @phone due:2026-11-24
        ^ 1..5 dim
        ^ 7..8 dim
        ^ 9..12 yellow+bold
        ^ 22..29 magenta
        ^ 30..36 cyan
        ^ 37..51 yellow+bold
    │›[ ]  17 Pay the rent due:2026-11-20
        ^ 0..80 reversed
    │ [ ]  42 buy milk                                                     ↑ pending
        ^ 1..5 dim
        ^ 6..8 dim
        ^ 70..79 yellow
    │ [ ] 108 Water the plants 🪴 +home due:2026-12-01                        ↑ sent
        ^ 1..8 dim
        ^ 29..34 magenta
        ^ 35..49 green
        ^ 73..79 yellow
    │ [ ] 109 日本語の本を読む +学習                                      ! rejected
        ^ 1..8 dim
        ^ 26..28 magenta
        ^ 29..30 magenta
        ^ 69..79 red+bold
    │ [x] 110 Write the letter @desk
        ^ 1..8 dim
        ^ 9..31 dim
    │ [ ] 111 evil␛[2J␊text �desrever
        ^ 1..8 dim
        ^ 13..14 dim
        ^ 17..18 dim
        ^ 23..24 dim
    │delete? Pay the rent due:2026-11-20  y yes  n no
        ^ 0..8 red+bold
        ^ 37..38 cyan
        ^ 39..42 dim
        ^ 44..45 cyan
        ^ 46..48 dim
    │ ada@example.org · live · 1 pending · 1 sent · 1 rejected · as of 11:58
        ^ 0..19 dim
        ^ 19..23 green
        ^ 23..26 dim
        ^ 26..35 yellow
        ^ 35..38 dim
        ^ 38..44 yellow
        ^ 44..47 dim
        ^ 47..57 red+bold
        ^ 57..71 dim
    "#);
}

#[test]
fn asked_what_pasted_lines_are() {
    let mut stage = online(80, 12);
    stage.say(Msg::Pasted("milk\nbread\n\neggs\n".to_owned()));
    assert_snapshot!(stage.screen(), @r#"
    │ open 6  all 7  done 1
    │›[ ]   3 (A) Call mum +family @phone due:2026-11-24
    │ [ ]  17 Pay the rent due:2026-11-20
    │ [ ]  42 buy milk                                                     ↑ pending
    │ [ ] 108 Water the plants 🪴 +home due:2026-12-01                        ↑ sent
    │ [ ] 109 日本語の本を読む +学習                                      ! rejected
    │ [x] 110 Write the letter @desk
    │ [ ] 111 evil␛[2J␊text �desrever
    │
    │
    │3 lines pasted:  s 3 todos  o one  esc none
    │ ada@example.org · live · 1 pending · 1 sent · 1 rejected · as of 11:58
    "#);
}

#[test]
fn no_todos_yet() {
    let mut stage = Stage::new(80, 12, Some(ada()));
    stage.answer(Vec::new());
    stage.say(Msg::Round(RoundNews::Ended(Report::default())));
    assert_snapshot!(stage.screen(), @r#"
    │ open 0  all 0  done 0
    │
    │
    │                                 No todos yet.
    │                              Press a to add one.
    │
    │
    │
    │
    │
    │  a add  x done  e edit  d delete  / search  f view  u undo  ? help  q quit
    │ ada@example.org · polling · as of 11:58
    "#);
}

#[test]
fn help_at_120_by_36() {
    assert_snapshot!(online(120, 36).press("?").screen(), @r#"
    │ Keys
    │ List                                                         enter                 keep what was found
    │  j, down               next todo                             esc, ctrl-c           back to the whole list
    │  k, up                 todo before                           down, ctrl-n          next todo
    │  g g, home             first todo                            up, ctrl-p            todo before
    │  G, end                last todo
    │  pgdn, ctrl-f          a screen down                        Any line of text
    │  pgup, ctrl-b          a screen up                           left                  character left
    │  ctrl-d                half a screen down                    right                 character right
    │  ctrl-u                half a screen up                      ctrl-left, alt-b      word left
    │  a                     add a todo                            ctrl-right, alt-f     word right
    │  e, enter              edit it                               home, ctrl-a          start of the line
    │  x, space              done, or open again                   end, ctrl-e           end of the line
    │  d                     delete it (asks)                      backspace, ctrl-h     delete the character before it
    │  u                     take back what you did last           delete, ctrl-d        delete the character under it
    │  U                     do it again                           ctrl-w, alt-backspace delete the word before
    │  /                     search as you type                    ctrl-u                delete to the start
    │  esc                   forget the search                     ctrl-k                delete to the end
    │  f                     show open, all or done
    │  o                     next order: due, priority, …         Asked whether to delete
    │  s                     sync now                              y                     yes
    │  L                     log in                                n, esc, ctrl-c        no
    │  ?, f1                 this help
    │  q                     quit                                 Several lines pasted
    │                                                              s                     one todo a line
    │ Everywhere                                                   o                     one todo
    │  ctrl-l                draw everything anew                  esc, ctrl-c           none
    │  ctrl-z                into the background
    │  ctrl-c                quit                                 Logging in
    │                                                              enter                 open the page in the browser
    │ Adding and editing                                           c                     copy the code
    │  enter                 save                                  q                     show or hide a QR code
    │  esc, ctrl-c           leave without saving                  r                     ask for a new code
    │                                                              esc                   back to the list
    │ Searching
    │ esc back  j/k scroll
    "#);
}

#[test]
fn help_scrolls_where_it_does_not_fit() {
    assert_snapshot!(online(60, 10).press("? pgdn j").screen(), @r#"
    │ Keys
    │  a                     add a todo
    │  e, enter              edit it
    │  x, space              done, or open again
    │  d                     delete it (asks)
    │  u                     take back what you did last
    │  U                     do it again
    │  /                     search as you type
    │  esc                   forget the search
    │ esc back  j/k scroll
    "#);
}

#[test]
fn logging_in_at_80_by_24_with_styles() {
    assert_snapshot!(logging_in(80, 24).styled(), @r#"
    │                                     Log in
        ^ 37..43 bold
    │                         Open this page on any device:
    │            https://tenant.eu.auth0.com/activate?user_code=WDJB-MJHT
    │                       and check that it shows this code:
    │                                   WDJB-MJHT
        ^ 35..44 yellow+bold
    │                          Waiting for you, 14:52 left
        ^ 26..53 dim
    │  enter open the browser  c copy the code  q QR code  r new code  esc leave
        ^ 2..7 cyan
        ^ 8..24 dim
        ^ 26..27 cyan
        ^ 28..41 dim
        ^ 43..44 cyan
        ^ 45..52 dim
        ^ 54..55 cyan
        ^ 56..64 dim
        ^ 66..69 cyan
        ^ 70..75 dim
    "#);
}

#[test]
fn logging_in_at_20_by_5() {
    assert_snapshot!(logging_in(20, 5).screen(), @r#"
    │ https://tenant.eu.
    │ auth0.com/activate
    │ ?user_code=WDJB-MJ
    │         HT
    │     WDJB-MJHT
    "#);
}

#[test]
fn logging_in_at_20_by_8_tells_the_time_left() {
    assert_snapshot!(logging_in(20, 8).screen(), @r#"
    │Open this page on a…
    │ https://tenant.eu.
    │ auth0.com/activate
    │ ?user_code=WDJB-MJ
    │         HT
    │     WDJB-MJHT
    │     14:52 left
    │  enter open the br…
    "#);
}

#[test]
fn a_login_as_a_qr_code() {
    assert_snapshot!(logging_in(80, 36).press("q").screen(), @r#"
    │
    │
    │
    │
    │
    │
    │                   █████████████████████████████████████████
    │                   █████████████████████████████████████████
    │                   ████ ▄▄▄▄▄ ███▀  ██▀ ▄▄▄▄  ▄▀█ ▄▄▄▄▄ ████
    │                   ████ █   █ █ ▀▄▄ █▄ █ ▀█▄▄▀ ▀█ █   █ ████
    │                   ████ █▄▄▄█ █ █▄▀█▀▄▄▄▄▀▄▀ ▀▄██ █▄▄▄█ ████
    │                   ████▄▄▄▄▄▄▄█ █ █▄█ █ █ █ ▀▄▀▄█▄▄▄▄▄▄▄████
    │                   ████▄▀▄ ▄▄▄▀▀▄ ▄█  █▀▄▄  ▀█ ▄█  ▄  █▀████
    │                   █████ █▀▄▄▄▀▄▄▀▄▄ ▄▄ █▀█   █▀▀▀█ ▀ ▄▀████
    │                   █████▀▄▀▀▀▄▄▄ ▀█ ▀▄▀▄▄▄█ █▀▀▄▄▀█▄▄▀ ▀████
    │                   ████ ▀ ▀▄▄▄ █▀▀▄██▄ ▄█ █▀▀▄▀▀  ██  ▄█████
    │                   ████▄  ▄██▄█▀▄▄  ▄ ▄█    █▄▀▄ ▀ ▄ ▀▀ ████
    │                   ████▄▀▀▀▀ ▄▄ █ ▄▀▀█  ▄ █▄  ▀▄ █  ▀  █████
    │                   ████  ▄ ▀█▄▀▀▄▀ ▀▄▄▀▀▀ ▀▀▀█ ▄ ▀█▄ ▀█ ████
    │                   ████ █▀█▀▀▄▄▄█ █▀▀██▀▄▀█   ▀█▄██ ▀  ▀████
    │                   ████▄█▄▄▄█▄▄▀█▄▄▄ ▄█▀ ▀ ▀▀ ▄ ▄▄▄ █▀▄ ████
    │                   ████ ▄▄▄▄▄ █▀█▄▀██ ▄  ▀▀▀ █  █▄█ ▀ ▄█████
    │                   ████ █   █ █  ▀ ▀▀ ▀▄█▀ █ ▄▀  ▄▄  ▀▄▀████
    │                   ████ █▄▄▄█ █▄ ▀▄ █▄ ▄▄▄▄     █▄▄▀▄ ██████
    │                   ████▄▄▄▄▄▄▄█▄▄▄███▄▄█▄█▄███▄▄█▄▄█▄█▄█████
    │                   █████████████████████████████████████████
    │                   ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
    │                                   WDJB-MJHT
    │                               q back to the text
    │
    │
    │
    │
    │
    │
    │
    "#);
}

#[test]
fn whoever_is_logged_in_gets_no_code_without_asking_again() {
    let mut stage = online(60, 8);
    stage.effects.clear();
    assert_snapshot!(stage.press("L").screen(), @r#"
    │
    │                           Log in
    │
    │           You are logged in as ada@example.org.
    │         Another login takes the place of this one.
    │
    │
    │  r log in again  esc leave
    "#);
    assert_eq!(stage.effects, []);

    stage.press("r");
    assert!(matches!(
        stage.effects[..],
        [Effect::CancelLogin(_), Effect::StartLogin(_)]
    ));
    assert!(stage.screen().contains("Asking for a code"));
    stage.press("esc");
    assert!(stage.screen().contains("buy milk"), "{}", stage.screen());
}

#[test]
fn whoever_is_signed_out_gets_a_code_at_once() {
    let mut stage = Stage::new(60, 8, None);
    stage.press("esc").effects.clear();
    stage.press("L");
    assert!(matches!(stage.effects[..], [Effect::StartLogin(_)]));
}

#[test]
fn a_login_that_failed() {
    let mut stage = logging_in(80, 14);
    stage.say(Msg::Login {
        id: LoginId(1),
        news: LoginNews::Failed {
            message: "the code expired before it was approved".to_owned(),
            help: "Press r for a new code.".to_owned(),
        },
    });
    assert_snapshot!(stage.screen(), @r#"
    │
    │
    │                                     Log in
    │
    │                    the code expired before it was approved
    │
    │                            Press r for a new code.
    │
    │
    │
    │
    │
    │
    │  r try again  esc leave
    "#);
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
        ("qr", |w, h| keys(logging_in(w, h), "q")),
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
fn a_screen_drawn_for_another_size_than_the_model_knows_is_no_crash() {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    let stage = online(120, 36);
    let area = Rect::new(0, 0, 10, 4);
    let mut buf = Buffer::empty(area);
    let theme = tudone::ui::Theme::new(false);
    let _ = tudone::ui::screen(&stage.model, &theme, area, &mut buf);
    assert_eq!(instant(NOON).as_second(), 1_795_521_600);
}

#[test]
fn a_new_todo_moves_no_other_aside() {
    let mut stage = Stage::new(60, 6, Some(ada()));
    stage.answer(vec![todo(7, "milk", State::Synced)]);
    let milk = |stage: &Stage| {
        let screen = stage.screen();
        let line = screen.lines().find(|line| line.contains("milk"));
        line.and_then(|line| line.split_once("7 milk"))
            .map(|(before, _)| before.chars().count())
    };
    let before = milk(&stage);
    assert!(before.is_some());

    stage.press("a").type_text("bread").press("enter");

    let screen = stage.screen();
    assert!(screen.contains("new bread"), "{screen}");
    assert_eq!(milk(&stage), before, "{screen}");
}
