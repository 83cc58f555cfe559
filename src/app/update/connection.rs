//! Sync rounds and the live connection.

use crate::app::action::{Action, Layer};
use crate::app::connection::ConnectionState;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::sync::event::{RoundEvent, RoundFailure};
use crate::sync::round::RoundReport;

/// Requests a round whose result is shown.
pub(super) fn sync(model: &mut Model) -> Vec<Effect> {
    match model.connection {
        _ if model.offline => model.alert("started with --offline: nothing is sent or fetched"),
        ConnectionState::LoggedOut => {
            let press = |key| format!(": press {key} to log in");
            let help = model.keymap.hint_words(Layer::List, Action::Login, press);
            model.alert(format!("logged out{help}"));
        }
        ConnectionState::Off
        | ConnectionState::Connecting
        | ConnectionState::Syncing
        | ConnectionState::Online
        | ConnectionState::Offline { .. }
        | ConnectionState::Refused { .. } => {
            // The answer takes the place of what is shown now.
            model.toast = None;
            return vec![Effect::Sync { shown: true }];
        }
    }
    Vec::new()
}

/// Handles an event of a round.
pub(super) fn round(model: &mut Model, event: RoundEvent) -> Vec<Effect> {
    let is_asked_for = model.connection == ConnectionState::Syncing;
    match event {
        RoundEvent::Began => {
            set_state(model, ConnectionState::Syncing);
            Vec::new()
        }
        RoundEvent::Ended(report) => ended(model, &report),
        RoundEvent::Failed { failure, next_try } => {
            let connection = match failure {
                // Another process runs a round now, which fetches the same.
                RoundFailure::Busy if is_asked_for => ConnectionState::Online,
                RoundFailure::Busy => return Vec::new(),
                RoundFailure::Unreachable { why } => ConnectionState::Offline { why, next_try },
                RoundFailure::LoggedOut => ConnectionState::LoggedOut,
                RoundFailure::Rejected(why) => ConnectionState::Refused { why },
            };
            if let (true, ConnectionState::Offline { why, .. }) = (is_asked_for, &connection) {
                let text = format!("cannot sync: {why}");
                model.touch();
                model.alert(text);
            }
            set_state(model, connection);
            model.list.refresh()
        }
    }
}

/// Records whether the live connection is open.
pub(super) fn live_changed(model: &mut Model, on: bool) -> Vec<Effect> {
    if model.live != on {
        model.live = on;
        // Shown only while the server can be reached.
        if model.connection == ConnectionState::Online {
            model.touch();
        }
    }
    Vec::new()
}

fn ended(model: &mut Model, report: &RoundReport) -> Vec<Effect> {
    let asked = model.connection == ConnectionState::Syncing;
    set_state(model, ConnectionState::Online);
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

fn set_state(model: &mut Model, connection: ConnectionState) {
    if model.connection != connection {
        model.touch();
        model.connection = connection;
    }
}
