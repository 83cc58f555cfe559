//! Messages that name a key name the one that is bound.

use tudone::app::Msg;
use tudone::domain::change::{Act, Progress, REMOVED_ELSEWHERE, Rejection};
use tudone::domain::push_outcome::Queued;
use tudone::domain::todo::SyncState;

use crate::fixtures::{conflict, hides, shows};
use crate::stage::{Stage, ada, todo};

fn listed(width: u16, keys: &[(&str, &str)]) -> Stage {
    let mut stage = Stage::with_keys(width, 24, keys);
    stage.answer(vec![todo(1, "renew passport", SyncState::Rejected)]);
    stage
}

fn deleted_elsewhere(act: Act) -> Queued {
    let mut queued = conflict(1, "passport", "renew the passport", "");
    queued.entry.change.act = act;
    queued.entry.progress = Progress::Rejected(Rejection {
        code: REMOVED_ELSEWHERE.to_owned(),
        message: "the todo was deleted elsewhere".to_owned(),
        theirs: None,
    });
    queued
}

fn edit() -> Act {
    Act::Edit {
        before: "passport".to_owned(),
        after: "renew the passport".to_owned(),
    }
}

fn deletion() -> Act {
    Act::Remove {
        before: "passport".to_owned(),
    }
}

#[test]
fn the_help_about_a_rejected_change_names_the_keys_of_the_screen_in_front() {
    let keys = [
        ("queue-add-as-new", "N"),
        ("queue-drop", "ctrl-d"),
        ("queue-keep-mine", ""),
    ];
    let mut stage = listed(100, &keys);
    stage
        .press("Q")
        .say(Msg::QueueRead(vec![deleted_elsewhere(deletion())]));
    stage.press("m");
    shows(&stage, "a deletion has no text: press ctrl-d to drop it");

    let keys = [("queue-add-as-new", "N"), ("queue-keep-mine", "K")];
    let mut stage = listed(100, &keys);
    stage
        .press("Q")
        .say(Msg::QueueRead(vec![deleted_elsewhere(edit())]));
    stage.press("K");
    shows(
        &stage,
        "deleted elsewhere: press N to add yours as a new todo",
    );
}

#[test]
fn a_message_names_no_key_where_none_is_bound() {
    let mut stage = listed(100, &[("queue-add-as-new", "")]);
    stage
        .press("Q")
        .say(Msg::QueueRead(vec![deleted_elsewhere(edit())]));
    stage.press("M");
    shows(&stage, "deleted elsewhere");
    hides(&stage, "press");
}

#[test]
fn what_is_hidden_is_shown_by_the_key_that_is_bound() {
    let keys = [("details", "i"), ("next-view", "w")];
    let mut stage = listed(100, &keys);
    stage.press("J");
    shows(&stage, "the details are hidden: i shows them");
    stage.press("b");
    shows(&stage, "130 columns: w shows the next view");
    let mut stage = listed(140, &keys);
    stage.press("i b");
    shows(&stage, "while the details are open: i closes them");
}

#[test]
fn the_tour_names_the_keys_that_are_bound() {
    let keys = [("submit", "f2"), ("drop-search", "f3")];
    let mut stage = Stage::demo((120, 24), Some(ada()), &keys);
    stage.answer(vec![todo(1, "renew passport", SyncState::Synced)]);
    stage.press("T j space u");
    shows(&stage, "a  adds a todo: type `call mum due:fri`, then f2");
    stage.press("a esc t m tab");
    shows(&stage, "/  searches as you type; f3 goes back");
}

#[test]
fn a_change_in_the_queue_is_undone_by_the_key_of_the_queue() {
    let mut stage = listed(100, &[("queue-undo", "U")]);
    stage.press("space Q").say(Msg::QueueRead(Vec::new()));
    shows(&stage, "U undo");
}
