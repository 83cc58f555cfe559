//! Key presses.

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::keymap::KeyMatch;
use crate::app::keys::KeyPress;
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::stamp::Stamp;
use crate::app::update::{act, picker, search};

/// Looks up the keys pressed so far. A key that does not continue a sequence
/// starts a new one; a character without a binding is typed into an open line.
pub(super) fn pressed(model: &mut Model, key: KeyPress, stamp: Stamp) -> Vec<Effect> {
    model.touch();
    model.dismiss_alert();
    let mut keys = std::mem::take(&mut model.pressed);
    let began = !keys.is_empty();
    keys.push(key);
    let layer = model.layer();
    let mut meaning = model.keymap.meaning(layer, &keys);
    if began && meaning == KeyMatch::Nothing {
        keys = vec![key];
        meaning = model.keymap.meaning(layer, &keys);
    }
    match meaning {
        KeyMatch::Action(action) => act::act(model, action, stamp),
        KeyMatch::Prefix => {
            model.pressed = keys;
            model.pressed_at = stamp.now;
            Vec::new()
        }
        KeyMatch::Nothing => typed(model, key),
    }
}

fn typed(model: &mut Model, key: KeyPress) -> Vec<Effect> {
    let Some(c) = key.typed() else {
        report_unbound(model, key);
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
            report_unbound(model, key);
            Vec::new()
        }
    }
}

/// Shows that a key has no binding here, and which key lists the bindings. Where
/// text is typed, the line shows which characters it takes.
fn report_unbound(model: &mut Model, key: KeyPress) {
    if matches!(
        model.screen,
        Screen::Editor(_) | Screen::Search(_) | Screen::Picker(_)
    ) {
        return;
    }
    let lists = |help| format!(" ({help} lists the keys)");
    let help = model.keymap.hint_words(model.layer(), Action::Help, lists);
    model.say(format!("{key} does nothing here{help}"));
}
