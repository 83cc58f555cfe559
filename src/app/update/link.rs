//! How it goes with the server.

use crate::app::effect::Effect;
use crate::app::link::Link;
use crate::app::model::Model;
use crate::sync::event::{RoundEvent, RoundFailure};
use crate::sync::round::RoundReport;

/// Asks for a round that the user sees.
pub(super) fn sync(model: &mut Model) -> Vec<Effect> {
    match model.link {
        _ if model.offline => model.alert("started with --offline: nothing is sent or fetched"),
        Link::LoggedOut => model.alert("logged out: press L to log in"),
        Link::Off
        | Link::Connecting
        | Link::Syncing
        | Link::Online
        | Link::Offline { .. }
        | Link::Refused { .. } => return vec![Effect::Sync { shown: true }],
    }
    Vec::new()
}

/// Takes what is told of a round.
pub(super) fn round(model: &mut Model, news: RoundEvent) -> Vec<Effect> {
    let is_asked_for = model.link == Link::Syncing;
    match news {
        RoundEvent::Began => {
            turn(model, Link::Syncing);
            Vec::new()
        }
        RoundEvent::Ended(report) => ended(model, &report),
        RoundEvent::Failed { failure, next_try } => {
            let link = match failure {
                // Whoever has the round brings what we would have brought.
                RoundFailure::Busy if is_asked_for => Link::Online,
                RoundFailure::Busy => return Vec::new(),
                RoundFailure::Unreachable { why } => Link::Offline { why, next_try },
                RoundFailure::LoggedOut => Link::LoggedOut,
                RoundFailure::Refused(why) => Link::Refused { why },
            };
            if let (true, Link::Offline { why, .. }) = (is_asked_for, &link) {
                let text = format!("cannot sync: {why}");
                model.touch();
                model.alert(text);
            }
            turn(model, link);
            model.list.refresh()
        }
    }
}

/// Takes whether changes are told as they happen.
pub(super) fn live_turned(model: &mut Model, on: bool) -> Vec<Effect> {
    if model.live != on {
        model.live = on;
        // Told only while the server can be reached.
        if model.link == Link::Online {
            model.touch();
        }
    }
    Vec::new()
}

fn ended(model: &mut Model, report: &RoundReport) -> Vec<Effect> {
    let asked = model.link == Link::Syncing;
    turn(model, Link::Online);
    let blocked = report.blocked.map(|blocked| blocked.to_string());
    if model.blocked != blocked {
        model.touch();
        model.blocked = blocked;
    }
    if report.rejected > 0 {
        let what = if report.rejected == 1 {
            "a change was rejected: its todo is marked, its text kept".to_owned()
        } else {
            format!(
                "{} changes were rejected: their todos are marked, their texts kept",
                report.rejected
            )
        };
        model.touch();
        model.alert(what);
    } else if asked && let Some(blocked) = model.blocked.clone() {
        model.touch();
        model.alert(blocked);
    } else if asked && model.toast.is_none() {
        model.touch();
        model.say(match (report.pushed, report.pulled) {
            (0, 0) => "in sync".to_owned(),
            (pushed, 0) => format!("in sync: {pushed} sent"),
            (0, pulled) => format!("in sync: {pulled} received"),
            (pushed, pulled) => format!("in sync: {pushed} sent, {pulled} received"),
        });
    }
    super::disk::changed(model)
}

fn turn(model: &mut Model, link: Link) {
    if model.link != link {
        model.touch();
        model.link = link;
    }
}
