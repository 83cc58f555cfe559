//! A key was pressed.

use crate::app::action::{Action, Layer};
use crate::app::effect::Effect;
use crate::app::keymap::Meaning;
use crate::app::keys::Key;
use crate::app::model::{Model, Screen};
use crate::app::stamp::Stamp;
use crate::app::update::{act, picker, search};

/// Looks up what the keys pressed so far mean. A key that does not continue a
/// sequence begins again; a character that means nothing in a line is typed.
pub(super) fn pressed(model: &mut Model, key: Key, stamp: Stamp) -> Vec<Effect> {
    model.touch();
    model.dismiss_alert();
    let mut keys = std::mem::take(&mut model.pressed);
    let began = !keys.is_empty();
    keys.push(key);
    let layer = model.layer();
    let mut meaning = model.keymap.meaning(layer, &keys);
    if began && meaning == Meaning::Nothing {
        keys = vec![key];
        meaning = model.keymap.meaning(layer, &keys);
    }
    match meaning {
        Meaning::Action(action) => act::act(model, action, stamp),
        Meaning::Prefix => {
            model.pressed = keys;
            model.pressed_at = stamp.now;
            Vec::new()
        }
        Meaning::Nothing => typed(model, key),
    }
}

fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(c) = key.typed() else {
        useless(model, key);
        return Vec::new();
    };
    let mut one = [0; 4];
    let text = &*c.encode_utf8(&mut one);
    match &mut model.screen {
        Screen::Editor(editor) => {
            editor.insert(text);
            Vec::new()
        }
        Screen::Search(line) => {
            crate::app::editor::insert(&mut line.input, text);
            search::changed(model)
        }
        Screen::Picker(line) => {
            picker::typed(line, text);
            Vec::new()
        }
        Screen::List
        | Screen::Sidebar(_)
        | Screen::Queue(_)
        | Screen::Confirm { .. }
        | Screen::Paste { .. }
        | Screen::Login(_) => {
            useless(model, key);
            Vec::new()
        }
    }
}

/// Says that a key does nothing here, and which one lists those that do.
fn useless(model: &mut Model, key: Key) {
    if matches!(model.screen, Screen::List) {
        let help = model.keymap.hint(Layer::List, Action::Help);
        let help = help.map_or(String::new(), |help| format!(" ({help} lists the keys)"));
        model.say(format!("{key} does nothing here{help}"));
    }
}
