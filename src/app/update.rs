//! The one function that moves the model.

use crate::app::effect::Effect;
use crate::app::model::{Model, Size, list_height};
use crate::app::msg::Msg;
use crate::app::stamp::Stamp;

mod act;
mod disk;
mod link;
mod login;
mod paste;
mod press;
mod search;
mod todos;

/// Moves the model forward by one message and says what must now happen
/// outside it. Never waits, never fails, reads no clock.
#[must_use]
pub fn update(model: &mut Model, msg: Msg, stamp: Stamp) -> Vec<Effect> {
    model.today = stamp.today;
    match msg {
        Msg::Pressed(key) => press::pressed(model, key, stamp),
        Msg::Pasted(text) => paste::pasted(model, &text, stamp),
        Msg::Act(action) => act::act(model, action, stamp),
        Msg::Resized { width, height } => resized(model, Size { width, height }),
        Msg::Ticked => login::ticked(model, stamp),
        Msg::Windowed {
            id,
            window,
            totals,
            freshness,
        } => disk::windowed(model, id, window, totals, freshness),
        Msg::WindowFailed { id, reason } => disk::window_failed(model, id, reason),
        Msg::StoreChanged => model.list.refresh(),
        Msg::StoreTroubled { reason } => disk::troubled(model, reason),
        Msg::Committed { id, todos } => disk::committed(model, id, &todos),
        Msg::CommitFailed { id, reason } => disk::commit_failed(model, id, &reason),
        Msg::Round(news) => link::round(model, news),
        Msg::LiveTurned { on } => link::live_turned(model, on),
        Msg::Login { id, news } => login::news(model, id, news, stamp),
        Msg::Opened => disk::opened(model),
        Msg::OpenFailed { reason } => disk::open_failed(model, reason),
        Msg::BrowserFailed { reason } => login::browser_failed(model, reason),
    }
}

fn resized(model: &mut Model, size: Size) -> Vec<Effect> {
    model.touch();
    model.size = size;
    model.list.resize(list_height(size))
}
