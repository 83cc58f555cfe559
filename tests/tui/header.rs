//! The views in the header of any width.

use insta::assert_snapshot;
use tudone::app::Msg;
use tudone::domain::todo::{SyncState, Todo};

use crate::stage::{Stage, ada, todo};

fn some() -> Vec<Todo> {
    let due = ["2026-11-20", "2026-11-24", "2026-11-26", "2026-12-20"];
    let dated = (1..).zip(due).map(|(n, day)| (n, format!("a due:{day}")));
    let others = (10..14).map(|n| (n, "b".to_owned()));
    let done = (20..24).map(|n| (n, "x c".to_owned()));
    let all = dated.chain(others).chain(done);
    all.map(|(n, text)| todo(n, &text, SyncState::Synced))
        .collect()
}

fn headers(stage: impl Fn(u16) -> Stage, views: &[&str]) -> String {
    let mut lines = String::new();
    for width in [120, 100, 80, 60, 40, 20] {
        for view in views {
            let mut stage = stage(width);
            stage.answer(some()).press(view).answer_rows(some());
            let screen = stage.screen();
            let header: Vec<&str> = screen.lines().take(2).collect();
            lines.push_str(&format!("{width}\n{}\n", header.join("\n")));
        }
    }
    lines
}

#[test]
fn views_that_are_left_out_do_not_change_which_key_a_shown_one_seems_to_have() {
    let plain = headers(|width| Stage::new(width, 24, Some(ada())), &["1", "5"]);
    assert_snapshot!("header", plain);
    let demo = headers(
        |width| Stage::demo((width, 24), Some(ada()), &[]),
        &["1", "4"],
    );
    assert_snapshot!("header_of_the_demo", demo);
    let own = [
        ("Work, this week", "+work due:this-week"),
        ("Waiting", "@wait"),
    ];
    let own = |width| Stage::with_views(width, 24, Some(ada()), &own);
    assert_snapshot!("header_with_own_views", headers(own, &["2", "7", "8"]));
}

#[test]
fn a_click_on_a_view_with_its_key_chooses_it() {
    let mut stage = Stage::demo((80, 24), Some(ada()), &[]);
    stage.answer(some());
    let screen = stage.screen();
    let header = screen.lines().next().unwrap_or_default();
    let before = header.split("3 Upcoming").next().unwrap_or_default();
    let x = before.chars().count().saturating_sub(1);
    stage.say(Msg::Clicked {
        x: u16::try_from(x).unwrap_or_default(),
        y: 0,
    });
    assert_snapshot!(
        stage
            .screen()
            .lines()
            .take(2)
            .collect::<Vec<_>>()
            .join("\n")
    );
}
