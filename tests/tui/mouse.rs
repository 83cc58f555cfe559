//! The mouse: clicks and the wheel do what keys do.

use tudone::app::{Effect, Msg};
use tudone::domain::todo::SyncState;

use crate::stage::{Stage, ada, instant, todo};

fn listed(width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height, Some(ada()));
    let rows = (1..=40).map(|n| todo(n, &format!("number {n} +home"), SyncState::Synced));
    stage.answer(rows.collect());
    stage.effects.clear();
    stage
}

/// The line on the screen that holds `text`.
fn line_of(stage: &Stage, text: &str) -> u16 {
    let screen = stage.screen();
    let line = screen.lines().position(|line| line.contains(text));
    line.and_then(|line| line.try_into().ok())
        .unwrap_or_default()
}

fn selected(stage: &Stage) -> String {
    let screen = stage.screen();
    let line = screen.lines().find(|line| line.contains('▌'));
    line.unwrap_or_default().to_owned()
}

#[test]
fn a_click_selects_a_row() {
    let mut stage = listed(80, 24);
    let y = line_of(&stage, "number 7 ");
    stage.say(Msg::Clicked { x: 20, y });
    assert!(
        selected(&stage).contains("number 7 "),
        "{}",
        selected(&stage)
    );
    assert!(stage.effects.is_empty(), "{:?}", stage.effects);
}

#[test]
fn a_click_on_the_circle_completes_that_todo_and_no_marked_one() {
    let mut stage = listed(80, 24);
    stage.press("v");
    let y = line_of(&stage, "number 7 ");
    stage.say(Msg::Clicked { x: 2, y });
    let commits: Vec<_> = stage
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Commit { verb, changes, .. } => Some((*verb, changes.len())),
            _ => None,
        })
        .collect();
    assert_eq!(commits, [("completed", 1)]);
    assert!(stage.screen().contains("number 7"), "{}", stage.screen());
}

#[test]
fn a_double_click_opens_the_details_and_two_slow_clicks_do_not() {
    let mut stage = listed(120, 24);
    let y = line_of(&stage, "number 7 ");
    stage.say(Msg::Clicked { x: 20, y });
    stage.now = instant("2026-11-24T12:00:05Z");
    stage.say(Msg::Clicked { x: 20, y });
    assert!(!stage.screen().contains("handle"), "{}", stage.screen());
    stage.say(Msg::Clicked { x: 20, y });
    assert!(stage.screen().contains("handle"), "{}", stage.screen());
}

#[test]
fn a_click_on_a_view_shows_it() {
    for (width, height) in [(120, 24), (140, 24)] {
        let mut stage = listed(width, height);
        let screen = stage.screen();
        let (y, line) = screen
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains("Upcoming"))
            .unwrap_or_default();
        let x = line
            .find("Upcoming")
            .map_or(0, |at| line[..at].chars().count());
        let (x, y) = (
            u16::try_from(x).unwrap_or_default(),
            u16::try_from(y).unwrap_or_default(),
        );
        // The first character of a line of the stage is a bar.
        stage.say(Msg::Clicked { x: x - 1, y });
        let asked = stage
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Window { .. }));
        assert!(asked, "{width}: {:?}", stage.effects);
        stage.answer_rows(Vec::new());
        assert!(
            stage.screen().contains("Nothing in this view"),
            "{}",
            stage.screen()
        );
    }
}

#[test]
fn a_click_on_a_project_filters_by_it() {
    let mut stage = listed(140, 24);
    let y = line_of(&stage, "+home ");
    let screen = stage.screen();
    let tag = screen.lines().position(|line| {
        line.starts_with('│') && line.chars().take(24).collect::<String>().contains("+home")
    });
    let y = tag.and_then(|y| u16::try_from(y).ok()).unwrap_or(y);
    stage.say(Msg::Clicked { x: 6, y });
    assert!(stage.screen().contains("/ +home"), "{}", stage.screen());
}

#[test]
fn the_wheel_moves_the_selection() {
    let mut stage = listed(80, 24);
    stage.say(Msg::Wheeled {
        x: 20,
        y: 10,
        down: true,
    });
    assert!(
        selected(&stage).contains("number 4 "),
        "{}",
        selected(&stage)
    );
    stage.say(Msg::Wheeled {
        x: 20,
        y: 10,
        down: false,
    });
    assert!(
        selected(&stage).contains("number 1 "),
        "{}",
        selected(&stage)
    );
}

#[test]
fn clicks_do_nothing_to_what_lies_behind_a_line_or_a_box() {
    for keys in ["a", "?", ":"] {
        let mut stage = listed(80, 24);
        stage.press(keys);
        let before = stage.screen();
        stage.say(Msg::Clicked { x: 2, y: 5 });
        assert_eq!(stage.screen(), before, "{keys}");
        assert!(stage.effects.is_empty(), "{:?}", stage.effects);
    }
}
