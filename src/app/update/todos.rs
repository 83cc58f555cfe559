//! Actions on the selected todo, or on all marked ones: complete, delete, due date,
//! priority.

use jiff::civil::{Date, Weekday};

use crate::app::action::{Action, Day, Layer};
use crate::app::editor::{DayField, Editor, Purpose};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::stamp::Stamp;
use crate::domain::change::{Act, Change};
use crate::domain::key::{ChangeId, Key};
use crate::domain::line::{Line, Priority};
use crate::domain::todo::Todo;
use crate::domain::typed::{Rules, TypedError};

/// Completes the todos, or reopens them if all are done.
pub(super) fn toggle_done(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let targets = targets(model);
    let reopens = targets.iter().all(|todo| Line::new(&todo.text).is_done());
    let (what, verb) = if reopens {
        ("reopened", "reopened")
    } else {
        ("done", "completed")
    };
    change_texts(model, &targets, (what, verb), stamp, |line| {
        match (reopens, line.is_done()) {
            (true, _) => line.reopened().map_err(|error| error.to_string()),
            (false, true) => Ok(line.text().to_owned()),
            (false, false) => Ok(line.completed(stamp.today)),
        }
    })
}

/// Deletes the todos.
pub(super) fn delete(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let targets = targets(model);
    if targets.is_empty() || !may_delete(model) {
        return Vec::new();
    }
    let changes = (0..)
        .zip(&targets)
        .map(|(n, todo)| {
            let before = todo.text.clone();
            change(stamp, n, todo.key, Act::Remove { before })
        })
        .collect();
    report(model, "deleted", &targets);
    model.marks.clear();
    commit(model, "deleted", changes)
}

/// Sets the due date, or opens the line that asks for it.
pub(super) fn set_due(model: &mut Model, day: Day, stamp: Stamp) -> Vec<Effect> {
    let today = stamp.today;
    let date = match day {
        Day::Ask => return ask_day(model, DayField::Due),
        Day::None => None,
        Day::Today => Some(today),
        Day::Tomorrow => today.tomorrow().ok(),
        Day::NextWeek => today.nth_weekday(1, Weekday::Monday).ok(),
        Day::Weekday(n) => Weekday::from_monday_one_offset(n)
            .and_then(|weekday| today.nth_weekday(1, weekday))
            .ok(),
    };
    set_day(model, DayField::Due, date, stamp)
}

/// Opens the line that asks for a day.
pub(super) fn ask_day(model: &mut Model, field: DayField) -> Vec<Effect> {
    if !targets(model).is_empty() && may_edit(model) {
        model.screen = Screen::Editor(Editor::new(Purpose::Day { field }, ""));
    }
    Vec::new()
}

/// Sets or removes the due date or the start date.
pub(super) fn set_day(
    model: &mut Model,
    field: DayField,
    date: Option<Date>,
    stamp: Stamp,
) -> Vec<Effect> {
    let targets = targets(model);
    let what = match (field, date) {
        (DayField::Due, Some(date)) => format!("due {}", date.strftime("%a %-d %b")),
        (DayField::Due, None) => "no due date".to_owned(),
        (DayField::Start, Some(date)) => format!("hidden until {}", date.strftime("%a %-d %b")),
        (DayField::Start, None) => "shown again".to_owned(),
    };
    change_texts(model, &targets, (&what, "edited"), stamp, |line| {
        let changed = match (field, date) {
            (DayField::Due, date) => line.with_due(date),
            (DayField::Start, Some(date)) => line.with_tag(&format!("t:{date}")),
            (DayField::Start, None) => line.without_tag("t:"),
        };
        changed.map_err(|error| error.to_string())
    })
}

/// Sets or removes the priority.
pub(super) fn set_priority(model: &mut Model, letter: Option<char>, stamp: Stamp) -> Vec<Effect> {
    let targets = targets(model);
    let priority = letter.and_then(|letter| Priority::parse(letter.encode_utf8(&mut [0; 4])));
    let what = letter.map_or("no priority".to_owned(), |letter| {
        format!("priority {letter}")
    });
    change_texts(model, &targets, (&what, "edited"), stamp, |line| {
        line.with_priority(priority)
            .map_err(|error| error.to_string())
    })
}

/// Copies the texts to the terminal's clipboard.
pub(super) fn copy(model: &mut Model) -> Vec<Effect> {
    let targets = targets(model);
    if targets.is_empty() {
        return Vec::new();
    }
    let texts: Vec<&str> = targets.iter().map(|todo| todo.text.as_str()).collect();
    let text = texts.join("\n");
    model.say(match targets.len() {
        1 => "text copied".to_owned(),
        count => format!("{count} texts copied"),
    });
    vec![Effect::Copy(text)]
}

/// Marks the selected row, or clears its mark, and selects the next.
pub(super) fn mark(model: &mut Model) -> Vec<Effect> {
    let Some(todo) = selected(model) else {
        return Vec::new();
    };
    if model.marks.remove(&todo.key).is_none() {
        model.marks.insert(todo.key, todo);
    }
    model.list.step(1)
}

/// Marks all rows of the list, or clears all marks if there are any.
pub(super) fn mark_all(model: &mut Model) -> Vec<Effect> {
    if model.marks.is_empty() {
        model.marking = true;
        return vec![Effect::ReadAll {
            query: model.list.query().clone(),
        }];
    }
    model.marks.clear();
    Vec::new()
}

/// Marks all rows of the list, which have been read.
pub(super) fn marked(model: &mut Model, todos: Vec<Todo>) -> Vec<Effect> {
    model.touch();
    model.marking = false;
    model.marks = todos.into_iter().map(|todo| (todo.key, todo)).collect();
    model.say(format!("{} marked", model.marks.len()));
    Vec::new()
}

/// Adds a todo for each line.
pub(super) fn add_all(
    model: &mut Model,
    lines: &[String],
    stamp: Stamp,
) -> Result<Vec<Effect>, TypedError> {
    let texts: Vec<String> = lines
        .iter()
        .map(|line| rules(stamp).check(line).map(|typed| typed.text))
        .collect::<Result<_, _>>()?;
    let changes: Vec<Change> = (0..)
        .zip(texts)
        .map(|(n, text)| {
            let key = Key::new(stamp.id(2 * n + 1));
            change(stamp, 2 * n, key, Act::Add { text })
        })
        .collect();
    model.report("added", &format!("{} todos", changes.len()));
    Ok(commit(model, "added", changes))
}

/// Undoes the last action.
pub(super) fn undo(stamp: Stamp) -> Vec<Effect> {
    vec![Effect::Undo { at: stamp.now }]
}

/// Redoes what was undone last.
pub(super) fn redo(stamp: Stamp) -> Vec<Effect> {
    vec![Effect::Redo { at: stamp.now }]
}

/// Rules for reading typed text.
pub(super) const fn rules(stamp: Stamp) -> Rules {
    Rules {
        today: stamp.today,
        literal: false,
    }
}

/// The marked todos; without marks, the selected one. Shows a message if there is
/// none.
fn targets(model: &mut Model) -> Vec<Todo> {
    if model.marking {
        // The marks are still being read; acting now would miss most rows.
        model.say("still marking all rows: try again");
        return Vec::new();
    }
    if model.marks.is_empty() {
        return selected(model).into_iter().collect();
    }
    let mut targets: Vec<Todo> = model.marks.values().cloned().collect();
    for todo in &mut targets {
        // Its text may have changed since it was marked.
        if let Some(row) = model.list.row(todo.key) {
            todo.text.clone_from(&row.todo.text);
        }
    }
    targets
}

/// The selected todo. Shows a message if there is none.
pub(super) fn selected(model: &mut Model) -> Option<Todo> {
    let found = model.list.selected().map(|row| row.todo.clone());
    if found.is_none() {
        model.say("no todo is selected");
    }
    found
}

/// Commits one edit for each text that `edit` changes; a single one that cannot
/// be edited is an alert, several are counted.
fn change_texts(
    model: &mut Model,
    targets: &[Todo],
    (what, verb): (&str, &'static str),
    stamp: Stamp,
    edit: impl Fn(Line<'_>) -> Result<String, String>,
) -> Vec<Effect> {
    if targets.is_empty() || !may_edit(model) {
        return Vec::new();
    }
    let mut changes = Vec::new();
    let mut edited = Vec::new();
    let mut rejected = Vec::new();
    for (n, todo) in (0..).zip(targets) {
        match edit(Line::new(&todo.text)) {
            Ok(after) if after == todo.text => {}
            Ok(after) => {
                let before = todo.text.clone();
                changes.push(change(stamp, n, todo.key, Act::Edit { before, after }));
                edited.push(todo.clone());
            }
            Err(error) => rejected.push(error),
        }
    }
    model.marks.clear();
    if changes.is_empty() {
        match rejected.first() {
            Some(error) => model.alert(format!("not changed: {error}")),
            None => model.say("nothing to change"),
        }
        return Vec::new();
    }
    if verb == "edited" && edited.len() > 1 {
        // `2 done`, but `2 todos: priority B`.
        report(model, &format!("todos: {what}"), &edited);
    } else {
        report(model, what, &edited);
    }
    if let Some(error) = rejected.first() {
        model.alert(format!("{} not changed: {error}", rejected.len()));
    }
    commit(model, verb, changes)
}

/// Shows what was done, and to which todo or to how many.
fn report(model: &mut Model, what: &str, targets: &[Todo]) {
    match targets {
        [] => {}
        [todo] => model.report(what, &todo.text),
        several => model.report(&format!("{} {what}", several.len()), ""),
    }
}

/// Returns whether the user is logged in and the role may add todos; shows why not.
pub(super) fn may_add(model: &mut Model) -> bool {
    if model.who.is_none() {
        let press = |key| format!(": press {key}");
        let help = model.keymap.hint_words(Layer::List, Action::Login, press);
        model.alert(format!("log in first{help}"));
        return false;
    }
    allowed(model, |may| may.insert, "add todos")
}

/// Returns whether the role may change todos; shows why not.
pub(super) fn may_edit(model: &mut Model) -> bool {
    allowed(model, |may| may.update, "change todos")
}

fn may_delete(model: &mut Model) -> bool {
    allowed(model, |may| may.delete, "delete todos")
}

fn allowed(
    model: &mut Model,
    may: impl Fn(&crate::domain::feed::Capabilities) -> bool,
    what: &str,
) -> bool {
    let allowed = model.capabilities.as_ref().is_none_or(may);
    if !allowed {
        model.alert(format!("your role may not {what}: see `tudone doctor`"));
    }
    allowed
}

pub(super) const fn change(stamp: Stamp, n: u64, todo: Key, act: Act) -> Change {
    Change {
        id: ChangeId(stamp.id(n)),
        todo,
        act,
        at: stamp.now,
    }
}

/// Commits `changes` as one action, which one undo undoes.
pub(super) fn commit(model: &mut Model, verb: &'static str, changes: Vec<Change>) -> Vec<Effect> {
    let id = model.next_commit();
    let mut effects = vec![Effect::Commit {
        id,
        verb,
        changes: changes.clone(),
    }];
    effects.extend(model.list.apply_unsaved(id, changes));
    effects
}
