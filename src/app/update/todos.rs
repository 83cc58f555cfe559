//! Adding, editing, completing, deleting; taking back and doing again.

use crate::app::editor::{Editor, Purpose};
use crate::app::effect::Effect;
use crate::app::model::{Model, Screen};
use crate::app::stamp::Stamp;
use crate::domain::change::{Act, Change};
use crate::domain::key::{ChangeId, Key};
use crate::domain::line::Line;
use crate::domain::typed::{Rules, TypedError};

/// Opens the line for a new todo.
pub(super) fn add(model: &mut Model) -> Vec<Effect> {
    if owner(model) {
        model.screen = Screen::Editor(Editor::add(""));
    }
    Vec::new()
}

/// Opens the line with the selected todo.
pub(super) fn edit(model: &mut Model) -> Vec<Effect> {
    if let Some((key, text)) = selected(model) {
        model.screen = Screen::Editor(Editor::edit(key, text));
    }
    Vec::new()
}

/// Takes what the line holds, or says beside it why not.
pub(super) fn submit(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let Screen::Editor(editor) = &mut model.screen else {
        return Vec::new();
    };
    let typed = editor.input.value();
    let act = match &editor.purpose {
        Purpose::Add => rules(stamp).check(typed).map(|typed| {
            let key = Key::new(stamp.id(1));
            Some((key, Act::Add { text: typed.text }))
        }),
        Purpose::Edit { before, .. } if typed == before => Ok(None),
        Purpose::Edit { key, before } => rules(stamp).check_edit(before, typed).map(|typed| {
            let (before, after) = (before.clone(), typed.text);
            Some((*key, Act::Edit { before, after }))
        }),
    };
    match act {
        Err(error) => {
            editor.error = Some(error.to_string());
            Vec::new()
        }
        Ok(None) => {
            model.leave();
            Vec::new()
        }
        Ok(Some((key, act))) => {
            model.leave();
            match &act {
                Act::Add { text } if Line::new(text).is_done() => {
                    model.report("added as done", text);
                }
                Act::Add { text } => model.report("added", text),
                Act::Edit { after, .. } => model.report("edited", after),
                Act::Remove { before } => model.report("deleted", before),
            }
            commit(model, vec![change(stamp, 0, key, act)])
        }
    }
}

const fn rules(stamp: Stamp) -> Rules {
    Rules {
        today: stamp.today,
        literal: false,
    }
}

/// Completes the selected todo, or reopens it.
pub(super) fn toggle_done(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let Some((key, before)) = selected(model) else {
        return Vec::new();
    };
    let line = Line::new(&before);
    let (after, what) = if line.is_done() {
        match line.reopened() {
            Ok(after) => (after, "reopened"),
            Err(error) => {
                model.alert(format!("not reopened: {error}"));
                return Vec::new();
            }
        }
    } else {
        (line.completed(stamp.today), "done")
    };
    model.report(what, &before);
    let act = Act::Edit { before, after };
    commit(model, vec![change(stamp, 0, key, act)])
}

/// Deletes the selected todo.
pub(super) fn delete(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let Some((key, before)) = selected(model) else {
        return Vec::new();
    };
    model.report("deleted", &before);
    let act = Act::Remove { before };
    commit(model, vec![change(stamp, 0, key, act)])
}

/// One new todo for each line.
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
    Ok(commit(model, changes))
}

/// Takes back the last act.
pub(super) fn undo(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let changes = model.history.undo(stamp);
    again(model, changes, "undone", "nothing to undo")
}

/// Does again what was taken back last.
pub(super) fn redo(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let changes = model.history.redo(stamp);
    again(model, changes, "redone", "nothing to redo")
}

fn again(
    model: &mut Model,
    changes: Option<Vec<Change>>,
    what: &str,
    nothing: &str,
) -> Vec<Effect> {
    let Some(changes) = changes else {
        model.say(nothing);
        return Vec::new();
    };
    if let Some(change) = changes.iter().find(|change| is_stale(model, change)) {
        let text = told(change).to_owned();
        model.history.forget(&changes);
        model.alert(format!("changed elsewhere since, so left as it is: {text}"));
        return Vec::new();
    }
    if let Some(change) = changes.first() {
        model.say(format!("{what}: {}", told(change)));
    }
    write(model, changes)
}

/// Whether the todo has another text than the change is made on.
fn is_stale(model: &Model, change: &Change) -> bool {
    let row = model.list.row(change.todo);
    match &change.act {
        Act::Add { .. } => false,
        Act::Edit { before, .. } | Act::Remove { before } => {
            row.is_some_and(|row| row.todo.text != *before)
        }
    }
}

fn told(change: &Change) -> &str {
    match &change.act {
        Act::Add { text } => text,
        Act::Edit { after, .. } => after,
        Act::Remove { before } => before,
    }
}

fn selected(model: &mut Model) -> Option<(Key, String)> {
    let row = model.list.selected();
    let found = row.map(|row| (row.todo.key, row.todo.text.clone()));
    if found.is_none() {
        model.say("nothing is selected");
    }
    found
}

/// Whether there is somebody whose list a todo can go into.
pub(super) fn owner(model: &mut Model) -> bool {
    if model.who.is_none() {
        model.alert("log in first: press L");
    }
    model.who.is_some()
}

const fn change(stamp: Stamp, n: u64, todo: Key, act: Act) -> Change {
    Change {
        id: ChangeId(stamp.id(n)),
        todo,
        act,
        at: stamp.now,
    }
}

fn commit(model: &mut Model, changes: Vec<Change>) -> Vec<Effect> {
    model.history.push(changes.clone());
    write(model, changes)
}

fn write(model: &mut Model, changes: Vec<Change>) -> Vec<Effect> {
    let id = model.next_commit();
    let mut effects = vec![Effect::Commit {
        id,
        changes: changes.clone(),
    }];
    effects.extend(model.list.lay(id, changes));
    effects
}
