//! The add and edit line.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other actions edit the line"
)]

use crate::app::action::Action;
use crate::app::editor::{Editor, Purpose};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::stamp::Stamp;
use crate::app::update::todos::{self, change, commit};
use crate::domain::change::Act;
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::query::Term;
use crate::domain::typed::{Rules, TypedError};

/// How many lines are kept to be recalled.
const RECALLED: usize = 100;

/// Opens the line for a new todo. The projects and contexts of the view are in it
/// already, after the cursor.
pub(super) fn add(model: &mut Model) -> Vec<Effect> {
    if todos::may_add(model) {
        let mut text = String::new();
        for term in &model.list.query().terms {
            match term {
                Term::Project(name) => text = format!("{text} +{name}"),
                Term::Context(name) => text = format!("{text} @{name}"),
                _ => {}
            }
        }
        model.screen = Screen::Editor(Editor::add(&text).at_start());
    }
    Vec::new()
}

/// Opens the line with the selected todo; for a conflict, with both texts.
pub(super) fn edit(model: &mut Model) -> Vec<Effect> {
    let Some(todo) = todos::selected(model) else {
        return Vec::new();
    };
    if todo.state == crate::domain::todo::SyncState::Rejected {
        return super::queue::act(model, Action::Merge);
    }
    if todos::may_edit(model) {
        model.screen = Screen::Editor(Editor::edit(todo.key, todo.text));
    }
    Vec::new()
}

/// Carries out an action of the line.
pub(super) fn act(model: &mut Model, action: Action, stamp: Stamp) -> Vec<Effect> {
    match action {
        Action::Submit => return submit(model, false, stamp),
        Action::SubmitLiteral => return submit(model, true, stamp),
        Action::Cancel => {
            cancel(model);
            return Vec::new();
        }
        _ => {}
    }
    let (lines, tags) = (&model.lines, &model.tags);
    let Screen::Editor(line) = &mut model.screen else {
        return Vec::new();
    };
    match action {
        Action::Complete => {
            if !line.complete(tags) {
                line.error = Some("nothing to complete here".to_owned());
            }
        }
        Action::RecallOlder => line.recall(lines, true),
        Action::RecallNewer => line.recall(lines, false),
        Action::EditExternally => {
            let text = line.input.value().to_owned();
            return vec![Effect::EditExternally { text }];
        }
        action => line.edited(action),
    }
    Vec::new()
}

/// Opens the text of the selected todo in the user's editor.
pub(super) fn edit_externally(model: &mut Model) -> Vec<Effect> {
    let effects = edit(model);
    match &model.screen {
        Screen::Editor(line) => vec![Effect::EditExternally {
            text: line.input.value().to_owned(),
        }],
        _ => effects,
    }
}

/// Handles the text from the user's editor.
pub(super) fn edited_externally(
    model: &mut Model,
    result: Result<String, String>,
    stamp: Stamp,
) -> Vec<Effect> {
    model.touch();
    let Screen::Editor(line) = &mut model.screen else {
        return Vec::new();
    };
    match result {
        Ok(text) => {
            let text = text.strip_suffix('\n').unwrap_or(&text);
            let unchanged = line.input.value() == text;
            *line = Editor::new(line.purpose.clone(), text);
            if unchanged {
                return Vec::new();
            }
            submit(model, false, stamp)
        }
        Err(reason) => {
            line.error = Some(reason);
            Vec::new()
        }
    }
}

/// Leaves the line; what was typed can be recalled.
fn cancel(model: &mut Model) {
    if let Screen::Editor(line) = &model.screen {
        let typed = line.input.value().to_owned();
        if line.before() != Some(typed.as_str()) && !matches!(line.purpose, Purpose::Day { .. }) {
            keep(model, typed);
        }
    }
    model.leave();
}

/// Keeps a line to be recalled.
pub(super) fn keep(model: &mut Model, line: String) {
    if line.trim().is_empty() || model.lines.last() == Some(&line) {
        return;
    }
    model.lines.retain(|kept| *kept != line);
    model.lines.push(line);
    if model.lines.len() > RECALLED {
        model.lines.remove(0);
    }
}

/// What was done by adding a todo that is done already.
pub(super) const ADDED_AS_DONE: &str = "added as done";

/// What submitting a line does.
enum Submission {
    /// Nothing: the text is unchanged.
    Nothing,
    Change(Key, Act),
    Day,
}

/// Saves the line, or shows beside it why it is rejected.
fn submit(model: &mut Model, literal: bool, stamp: Stamp) -> Vec<Effect> {
    let Screen::Editor(editor) = &mut model.screen else {
        return Vec::new();
    };
    let rules = Rules {
        literal,
        ..todos::rules(stamp)
    };
    let typed = editor.input.value().to_owned();
    let purpose = editor.purpose.clone();
    match parse(&purpose, &typed, rules, stamp) {
        Err(error) => {
            editor.error = Some(format!("{error}. {}", error.help()));
            Vec::new()
        }
        Ok(Submission::Nothing) => {
            model.leave();
            Vec::new()
        }
        Ok(Submission::Day) => day(model, &purpose, &typed, rules, stamp),
        Ok(Submission::Change(key, act)) => {
            model.leave();
            keep(model, typed);
            let (what, verb) = match (&purpose, &act) {
                (Purpose::Merge { .. }, _) => ("merged", "edited"),
                (_, Act::Add { text }) if Line::new(text).is_done() => (ADDED_AS_DONE, "added"),
                (_, Act::Add { .. }) => ("added", "added"),
                _ => ("edited", "edited"),
            };
            let text = match &act {
                Act::Add { text }
                | Act::Edit { after: text, .. }
                | Act::Remove { before: text } => text,
            };
            model.report(what, text);
            commit(model, verb, vec![change(stamp, 0, key, act)])
        }
    }
}

fn parse(
    purpose: &Purpose,
    typed: &str,
    rules: Rules,
    stamp: Stamp,
) -> Result<Submission, TypedError> {
    Ok(match purpose {
        Purpose::Add => {
            let text = rules.check(typed)?.text;
            Submission::Change(Key::new(stamp.id(1)), Act::Add { text })
        }
        Purpose::Edit { before, .. } if typed == before => Submission::Nothing,
        Purpose::Edit { key, before } => {
            let after = rules.check_edit(before, typed)?.text;
            let before = before.clone();
            Submission::Change(*key, Act::Edit { before, after })
        }
        Purpose::Merge {
            key, mine, theirs, ..
        } => {
            let after = rules.check_edit(mine, typed)?.text;
            let before = theirs.clone();
            Submission::Change(*key, Act::Edit { before, after })
        }
        Purpose::Day { .. } => {
            rules.check_date(typed)?;
            Submission::Day
        }
    })
}

fn day(
    model: &mut Model,
    purpose: &Purpose,
    typed: &str,
    rules: Rules,
    stamp: Stamp,
) -> Vec<Effect> {
    model.leave();
    match (purpose, rules.check_date(typed)) {
        (Purpose::Day { field }, Ok(date)) => todos::set_day(model, *field, date, stamp),
        _ => Vec::new(),
    }
}
