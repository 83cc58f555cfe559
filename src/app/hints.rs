//! The keys that work now, most used first.

use std::borrow::Cow;

use crate::app::action::{Action, Layer};
use crate::app::model::{Model, Screen};

/// An action and the word for it in the row of hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Where its key is bound.
    pub layer: Layer,
    /// The action.
    pub action: Action,
    /// What it does, in a word or two.
    pub word: Cow<'static, str>,
}

/// The hints for the screen in front, in order of use.
#[must_use]
pub fn hints(model: &Model) -> Vec<Hint> {
    match &model.screen {
        Screen::List => list(model),
        Screen::Editor(_) => of(
            Layer::Editor,
            &[(Action::Submit, "save"), (Action::Cancel, "leave")],
        ),
        Screen::Search(_) => {
            let mut hints = of(Layer::Search, &[(Action::Submit, "keep")]);
            hints.extend(of(
                Layer::Search,
                &[(Action::Down, "next"), (Action::Cancel, "back")],
            ));
            hints
        }
        Screen::Paste { lines, .. } => {
            let several = format!("{} todos", lines.len());
            let mut hints = vec![Hint {
                layer: Layer::Paste,
                action: Action::PasteSeveral,
                word: Cow::Owned(several),
            }];
            hints.extend(of(
                Layer::Paste,
                &[(Action::PasteOne, "one todo"), (Action::Cancel, "none")],
            ));
            hints
        }
        Screen::Help { .. } => of(Layer::Help, &[(Action::Cancel, "back")]),
        Screen::Login(_) => of(Layer::Login, &[(Action::Cancel, "leave")]),
    }
}

fn list(model: &Model) -> Vec<Hint> {
    let mut hints = Vec::new();
    if !model.search.is_empty() {
        hints.extend(of(Layer::List, &[(Action::ClearSearch, "whole list")]));
    }
    hints.extend(of(
        Layer::List,
        &[
            (Action::Add, "add"),
            (Action::ToggleDone, "done"),
            (Action::Edit, "edit"),
            (Action::Delete, "delete"),
            (Action::Search, "search"),
            (Action::CycleScope, "view"),
            (Action::Undo, "undo"),
            (Action::CycleSort, "sort"),
            (Action::Sync, "sync"),
            (Action::Quit, "quit"),
        ],
    ));
    hints
}

fn of(layer: Layer, actions: &[(Action, &'static str)]) -> Vec<Hint> {
    actions
        .iter()
        .map(|(action, word)| Hint {
            layer,
            action: *action,
            word: Cow::Borrowed(word),
        })
        .collect()
}
