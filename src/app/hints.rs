//! The keys that work now, most used first.

use std::borrow::Cow;

use crate::app::action::{Action, Day, Layer};
use crate::app::connection::ConnectionState;
use crate::app::editor::{self, Editor};
use crate::app::model::Model;
use crate::app::queue::{QueueScreen, is_rejected};
use crate::app::screen::{Question, Screen, Search};
use crate::domain::todo::SyncState;

/// The decisions about a rejected change, with their labels.
pub const DECISIONS: [(Action, &str); 5] = [
    (Action::RetryChange, "retry"),
    (Action::Merge, "edit both"),
    (Action::KeepMine, "keep mine"),
    (Action::AddAsNew, "add as new"),
    (Action::DropChange, "drop"),
];

/// An action and its label in the row of hints.
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
        Screen::Sidebar(_) => of(
            Layer::Sidebar,
            &[
                (Action::Submit, "show"),
                (Action::Down, "next"),
                (Action::Up, "previous"),
                (Action::Cancel, "back"),
            ],
        ),
        Screen::Editor(line) => editor(line, model),
        Screen::Queue(queue) => self::queue(queue),
        Screen::Confirm { question, .. } => {
            let yes = match question {
                Question::Drop => "drop mine",
                Question::KeepMine => "replace theirs",
            };
            of(
                Layer::Confirm,
                &[(Action::Confirm, yes), (Action::Cancel, "no")],
            )
        }
        Screen::Search(line) => search(line, model),
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
        Screen::Picker(_) => of(
            Layer::Picker,
            &[
                (Action::Submit, "choose"),
                (Action::Cancel, "back"),
                (Action::Down, "next"),
                (Action::Up, "previous"),
            ],
        ),
        Screen::Login(_) => of(Layer::Login, &[(Action::Cancel, "leave")]),
    }
}

fn list(model: &Model) -> Vec<Hint> {
    let mut hints = Vec::new();
    if model.connection == ConnectionState::LoggedOut && !model.offline {
        hints.extend(of(Layer::List, &[(Action::Login, "log in")]));
    }
    if !model.marks.is_empty() {
        hints.extend(of(Layer::List, &[(Action::Back, "clear marks")]));
    } else if !model.search.is_empty() {
        hints.extend(of(Layer::List, &[(Action::Back, "whole list")]));
    }
    let rejected = model
        .list
        .selected()
        .is_some_and(|row| row.todo.state == SyncState::Rejected);
    if rejected {
        hints.extend(of(Layer::List, &DECISIONS));
    }
    if model.demo && model.tour.is_none() {
        hints.extend(of(Layer::List, &[(Action::Tour, "tour")]));
    }
    let details = if model.pane.open { "close" } else { "details" };
    hints.extend(of(
        Layer::List,
        &[
            (Action::Add, "add"),
            (Action::ToggleDone, "done"),
            (Action::Edit, "edit"),
            (Action::Delete, "delete"),
            (Action::Search, "search"),
            (Action::Details, details),
            (Action::Mark, "mark"),
        ],
    ));
    hints.push(Hint {
        layer: Layer::List,
        action: Action::SetDue(Day::Today),
        word: Cow::Borrowed("due"),
    });
    hints.push(Hint {
        layer: Layer::List,
        action: Action::SetPriority(None),
        word: Cow::Borrowed("priority"),
    });
    hints.extend(of(
        Layer::List,
        &[
            (Action::Undo, "undo"),
            (Action::NextView, "view"),
            (Action::CycleSort, "sort"),
            (Action::Sync, "sync"),
            (Action::Palette, "commands"),
            (Action::Quit, "quit"),
        ],
    ));
    hints
}

fn search(line: &Search, model: &Model) -> Vec<Hint> {
    let mut hints = of(Layer::Search, &[(Action::Submit, "keep")]);
    let completion = line.completion(&model.tags);
    if let Some(completion) = &completion {
        hints.push(take(Layer::Search, &completion.term));
    }
    let moves = [(Action::Down, "next"), (Action::Up, "previous")];
    hints.extend(of(Layer::Search, &moves));
    if completion.is_none() {
        hints.extend(of(Layer::Search, &[(Action::Complete, "complete")]));
    }
    hints.extend(of(Layer::Search, &[(Action::Cancel, "whole list")]));
    hints
}

/// The key that completes what is typed to `word`.
fn take(layer: Layer, word: &str) -> Hint {
    Hint {
        layer,
        action: Action::Complete,
        word: Cow::Owned(format!("take \u{201c}{word}\u{201d}")),
    }
}

fn editor(line: &Editor, model: &Model) -> Vec<Hint> {
    let mut hints = of(Layer::Editor, &[(Action::Submit, "save")]);
    if let Some(ghost) = line.ghost(&model.tags) {
        let (before, _) = editor::split(&line.input);
        let word = before.rsplit(' ').next().unwrap_or_default();
        hints.push(take(Layer::Editor, &format!("{word}{ghost}")));
    }
    hints.extend(of(Layer::Editor, &[(Action::SubmitLiteral, "as typed")]));
    if !model.lines.is_empty() {
        hints.extend(of(Layer::Editor, &[(Action::RecallOlder, "last line")]));
    }
    hints.extend(of(
        Layer::Editor,
        &[
            (Action::Cancel, "leave, keep a draft"),
            (Action::EditExternally, "in $EDITOR"),
        ],
    ));
    hints
}

fn queue(queue: &QueueScreen) -> Vec<Hint> {
    let mut hints = Vec::new();
    if queue.selected().is_some_and(is_rejected) {
        hints.extend(of(Layer::Queue, &DECISIONS));
    } else if queue.selected().is_some() {
        hints.extend(of(Layer::Queue, &[(Action::DropChange, "drop")]));
    }
    hints.extend(of(
        Layer::Queue,
        &[
            (Action::Cancel, "back"),
            (Action::RetryAll, "retry all"),
            (Action::Sync, "sync"),
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
