//! The details of the selected todo follow the selection.

use crate::app::action::{Action, Layer};
use crate::app::details::Details;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::update::queue;
use crate::domain::todo::SyncState;

/// Shows or hides the details.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    model.pane.open = !model.pane.open;
    model.pane.top = 0;
    Vec::new()
}

/// Scrolls the details.
pub(super) fn scroll(model: &mut Model, lines: isize) -> Vec<Effect> {
    if model.pane.open {
        model.pane.top = model.pane.top.saturating_add_signed(lines);
    } else {
        let shows = |key| format!(": {key} shows them");
        let help = (model.keymap).hint_words(Layer::List, Action::Details, shows);
        model.say(format!("the details are hidden{help}"));
    }
    Vec::new()
}

/// Requests the changes of the selected todo after the selection moved to one
/// that has any.
pub(super) fn follow(model: &mut Model) -> Option<Effect> {
    let row = model.list.selected()?;
    let key = row.todo.key;
    if !model.pane.open || model.pane.asked == Some(key) {
        return None;
    }
    model.pane.asked = Some(key);
    model.pane.top = 0;
    (row.todo.state != SyncState::Synced).then_some(Effect::Details { key })
}

/// Handles the changes of a todo that were read.
pub(super) fn read(model: &mut Model, details: Details) -> Vec<Effect> {
    let key = details.key;
    if model.pane.read.as_ref() != Some(&details) {
        model.touch();
        model.pane.read = Some(details);
    }
    queue::details_read(model, key)
}
