//! Pasted text.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::action::Action;
use crate::app::editor::{self, Editor};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::stamp::Stamp;
use crate::app::update::{picker, search, todos};

/// Inserts pasted text into the open line; on the list, opens the add line. Asks
/// first how to add several lines.
pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    model.touch();
    model.dismiss_alert();
    match &mut model.screen {
        Screen::List => {
            if todos::may_add(model) {
                into_editor(model, Editor::add(""), text);
            }
            Vec::new()
        }
        Screen::Editor(line) => {
            let line = line.clone();
            into_editor(model, line, text);
            Vec::new()
        }
        Screen::Search(line) => {
            editor::insert(&mut line.input, text);
            search::changed(model)
        }
        Screen::Picker(line) => {
            picker::typed(line, text);
            Vec::new()
        }
        Screen::Sidebar(_)
        | Screen::Queue(_)
        | Screen::Confirm { .. }
        | Screen::Paste { .. }
        | Screen::Login(_) => Vec::new(),
    }
}

fn into_editor(model: &mut Model, mut line: Editor, text: &str) {
    let lines: Vec<String> = text
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    model.screen = if lines.len() > 1 {
        Screen::Paste {
            lines,
            editor: line,
        }
    } else {
        line.insert(lines.first().map_or("", String::as_str));
        Screen::Editor(line)
    };
}

/// Handles the answer how to add several pasted lines.
pub(super) fn answered(model: &mut Model, action: Action, stamp: Stamp) -> Vec<Effect> {
    let Screen::Paste { lines, editor } = &model.screen else {
        return Vec::new();
    };
    let (lines, mut line) = (lines.clone(), editor.clone());
    let empty = line.input.value().is_empty();
    match action {
        Action::PasteOne => {
            line.insert(&lines.join(" "));
            model.screen = Screen::Editor(line);
            Vec::new()
        }
        Action::PasteSeveral => match todos::add_all(model, &lines, stamp) {
            Ok(effects) => {
                back(model, line, empty);
                effects
            }
            Err(error) => {
                back(model, line, empty);
                model.alert(format!("not pasted: {error}"));
                Vec::new()
            }
        },
        _ => {
            back(model, line, empty);
            Vec::new()
        }
    }
}

fn back(model: &mut Model, line: Editor, empty: bool) {
    if empty {
        model.leave();
    } else {
        model.screen = Screen::Editor(line);
    }
}
