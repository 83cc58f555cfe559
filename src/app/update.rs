//! The update function: the only code that changes the model.

use crate::app::connection::ConnectionState;
use crate::app::effect::Effect;
use crate::app::groups::Grouping;
use crate::app::model::{Model, Size};
use crate::app::msg::Msg;
use crate::app::screen::Screen;
use crate::app::stamp::Stamp;

mod account;
mod act;
mod connection;
mod details;
mod disk;
mod line;
mod login;
pub(crate) mod mouse;
mod paste;
mod picker;
mod press;
mod queue;
mod search;
mod successors;
mod todos;
mod views;

/// Applies one message to the model and returns the effects to run. Never waits,
/// never fails, reads no clock.
#[must_use]
pub fn update(model: &mut Model, msg: Msg, stamp: Stamp) -> Vec<Effect> {
    let new_day = model.today != stamp.today;
    model.now = stamp.now;
    model.today = stamp.today;
    let mut effects = apply(model, msg, stamp);
    if new_day {
        effects.extend(views::day_began(model));
    }
    if matches!(model.screen, Screen::List) {
        // Opens a line whose write failed while another screen was in front.
        model.leave();
    }
    // A part of the screen that opens or closes changes how many rows fit.
    let rows = usize::from(model.layout().list.height);
    if rows != model.list.height() {
        effects.extend(model.list.resize(rows));
    }
    let grouping = Grouping::of(model.list.query(), model.calendar());
    if model.list.group(grouping.filter(|_| model.groups)) {
        model.touch();
    }
    effects.extend(details::follow(model));
    effects
}

fn apply(model: &mut Model, msg: Msg, stamp: Stamp) -> Vec<Effect> {
    match msg {
        // Late answers about the account before: the new one's follow `Opened`.
        Msg::Windowed { .. }
        | Msg::Counted { .. }
        | Msg::TagsRead(_)
        | Msg::CountedRows(_)
        | Msg::DetailsRead(_)
        | Msg::QueueRead(_)
        | Msg::AllRead(_)
            if model.opening =>
        {
            Vec::new()
        }
        Msg::Pressed(key) => press::pressed(model, key, stamp),
        Msg::Pasted(text) => paste::pasted(model, &text),
        Msg::Act(action) => act::act(model, action, stamp),
        Msg::Clicked { x, y } => mouse::clicked(model, x, y, stamp),
        Msg::Wheeled { x, y, down } => mouse::wheeled(model, x, y, down),
        Msg::Resized { width, height } => {
            model.touch();
            model.size = Size { width, height };
            Vec::new()
        }
        Msg::CalendarChanged { zone } => {
            // A new day is noticed with any message, a new zone only here.
            model.touch();
            model.zone = zone;
            Vec::new()
        }
        Msg::Ticked => ticked(model, stamp),
        Msg::Windowed {
            id,
            window,
            totals,
            freshness,
            capabilities,
        } => {
            model.capabilities = capabilities;
            disk::windowed(model, id, window, totals, freshness)
        }
        Msg::DetailsRead(details) => details::read(model, details),
        Msg::QueueRead(items) => queue::read(model, items),
        Msg::Counted { views, due_groups } => views::counted(model, views, due_groups),
        Msg::TagsRead(tags) => views::tags_read(model, tags),
        Msg::CountedRows(counted) => views::counted_rows(model, counted),
        Msg::AllRead(todos) => todos::marked(model, todos),
        Msg::Undone {
            redo,
            report,
            successors,
        } => {
            let effects = disk::undone(model, redo, report);
            successors::report(model, &successors);
            effects
        }
        Msg::QueueChanged => disk::queue_changed(model),
        Msg::StoreFailed { reason } => {
            model.touch();
            model.marking = false;
            model.alert(reason);
            Vec::new()
        }
        Msg::EditedExternally(result) => line::edited_externally(model, result, stamp),
        Msg::WindowFailed { id, reason } => disk::window_failed(model, id, reason),
        Msg::StoreChanged => disk::changed(model),
        Msg::StoreWarning { reason } => disk::warned(model, reason),
        Msg::Committed {
            id,
            todos,
            successors,
        } => {
            successors::committed(model, id, &successors);
            disk::committed(model, id, &todos)
        }
        Msg::CommitFailed { id, reason } => disk::commit_failed(model, id, &reason),
        Msg::Round(event) => connection::round(model, event),
        Msg::LiveChanged { on } => connection::live_changed(model, on),
        Msg::Login { id, event } => login::event(model, id, event, stamp),
        Msg::Opened {
            remembered,
            unfinished,
        } => account::opened(model, remembered, unfinished),
        Msg::OpenFailed { reason } => account::open_failed(model, reason),
        Msg::BrowserFailed { reason } => login::browser_failed(model, reason),
    }
}

/// Handles a tick of one second: hides what was shown for long enough, and
/// updates countdowns.
fn ticked(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    if model.shows_continuations() {
        model.touch();
    }
    if model
        .toast
        .as_ref()
        .is_some_and(|toast| !toast.is_shown(stamp.now))
    {
        model.toast = None;
        model.touch();
    }
    if let ConnectionState::Offline {
        next_try: Some(_), ..
    } = model.connection
    {
        model.touch();
    }
    login::ticked(model, stamp)
}
