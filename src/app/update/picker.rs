//! The palette and the help.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::action::Action;
use crate::app::editor;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::picker::{Choice, Picker, PickerKind};
use crate::app::screen::Screen;
use crate::app::stamp::Stamp;
use crate::app::theme::ThemeName;
use crate::app::update::{act, search, views};

/// About how many entries a page has.
const PAGE: isize = 10;

/// Opens the palette or the help over the screen in front.
pub(super) fn open(model: &mut Model, kind: PickerKind) -> Vec<Effect> {
    let picker = Picker::new(kind, model);
    model.screen = Screen::Picker(picker);
    Vec::new()
}

/// Carries out an action of the picker.
pub(super) fn on_picker(model: &mut Model, action: Action, stamp: Stamp) -> Vec<Effect> {
    let Screen::Picker(picker) = &mut model.screen else {
        return Vec::new();
    };
    match action {
        Action::Submit => return submit(model, stamp),
        Action::Cancel => back(model),
        Action::Down => picker.step(1),
        Action::Up => picker.step(-1),
        Action::PageDown => picker.step(PAGE),
        Action::PageUp => picker.step(-PAGE),
        action => {
            if editor::edited(&mut picker.input, action) {
                picker.filter();
            }
        }
    }
    Vec::new()
}

/// Types into the picker.
pub(super) fn typed(picker: &mut Picker, text: &str) {
    editor::insert(&mut picker.input, text);
    picker.filter();
}

/// Goes back to the screen behind.
fn back(model: &mut Model) {
    match std::mem::replace(&mut model.screen, Screen::List) {
        Screen::Picker(picker) => model.screen = *picker.behind,
        other => model.screen = other,
    }
}

fn submit(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let Screen::Picker(picker) = &model.screen else {
        return Vec::new();
    };
    let Some(entry) = picker.selected() else {
        return Vec::new();
    };
    if let Some(obstacle) = &entry.obstacle {
        let text = format!("{}: {obstacle}", entry.label);
        model.say(text);
        return Vec::new();
    }
    let choice = entry.choice.clone();
    let typed = picker.input.value().trim().to_owned();
    back(model);
    choose(model, choice, typed, stamp)
}

fn choose(model: &mut Model, choice: Choice, typed: String, stamp: Stamp) -> Vec<Effect> {
    match choice {
        Choice::Act(action) => act::act(model, action, stamp),
        Choice::View(index) => views::choose(model, index),
        Choice::Search(text) => search::find(model, text),
        Choice::SearchTyped => search::find(model, typed),
        Choice::Todo(key) => {
            let query = model.list.query().clone();
            model.list.show_at(query, Some(key))
        }
        Choice::Theme(theme) => {
            model.theme = theme;
            let name = theme.name();
            match model.no_themes {
                Some(why) if theme != ThemeName::Terminal => {
                    model.say(format!("theme {name} looks like `terminal`: {why}"));
                }
                Some(_) | None => model.say(format!("theme {name}")),
            }
            Vec::new()
        }
    }
}
