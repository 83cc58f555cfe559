//! Answers of the store.

use crate::app::editor::{Editor, Purpose};
use crate::app::effect::{CommitId, Effect, WindowId};
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::toast::ToastKind;
use crate::app::update::line::ADDED_AS_DONE;
use crate::app::update::views;
use crate::domain::change::{Act, Change};
use crate::domain::history::UndoReport;
use crate::domain::line::Line;
use crate::domain::list::{Freshness, Totals, Window};
use crate::domain::todo::Todo;

/// Handles rows that arrived; the screen is redrawn only if something changed.
/// Pending changes of another process are sent soon.
pub(super) fn windowed(
    model: &mut Model,
    id: WindowId,
    window: Window,
    totals: Totals,
    freshness: Freshness,
) -> Vec<Effect> {
    let arrival = model.list.windowed(id, window);
    let as_of = minute(&freshness) != minute(&model.freshness);
    // A round that changes no todo writes at least how fresh the list is.
    let written = arrival.refreshed && model.freshness == freshness;
    if arrival.changed || !model.loaded || model.totals != totals || as_of {
        model.touch();
    }
    let mut effects = arrival.effects;
    if model.counts.is_none() || model.totals != totals || arrival.recount || written {
        effects.extend(views::counts(model));
    } else if arrival.refreshed {
        effects.extend(views::stored_counts(model));
    }
    if model.loaded && totals.pending > model.totals.pending {
        effects.push(Effect::Sync { shown: false });
    }
    model.loaded = true;
    model.totals = totals;
    model.freshness = freshness;
    if arrival.missing.is_some() && !says_more(model) {
        model.touch();
        model.say("saved; this view does not show it");
    }
    effects
}

/// Returns whether the message on the screen says more about the last action than
/// that its todo is not in this view.
fn says_more(model: &Model) -> bool {
    model.toast.as_ref().is_some_and(|toast| {
        toast.is_shown(model.now)
            && (toast.kind != ToastKind::Change || toast.what == ADDED_AS_DONE)
    })
}

/// How fresh the list is, in minutes, as the screen shows it.
fn minute(freshness: &Freshness) -> Option<i64> {
    freshness.as_of.map(|at| at.as_second().div_euclid(60))
}

/// Reports that the store could not be read; the screen stays as it is.
pub(super) fn window_failed(model: &mut Model, id: WindowId, reason: String) -> Vec<Effect> {
    model.touch();
    model.list.window_failed(id);
    model.alert(reason);
    Vec::new()
}

/// Handles saved changes, and sends them soon.
pub(super) fn committed(model: &mut Model, id: CommitId, todos: &[Todo]) -> Vec<Effect> {
    model.touch();
    model.left_behind.retain(|(left, _)| *left != id);
    let saving = model.list.saving();
    let mut effects = model.list.committed(id, todos);
    // An upper bound: some fold into changes that are pending already.
    model.totals.pending += (saving - model.list.saving()) as u64;
    effects.extend(reread(model));
    effects.push(Effect::Sync { shown: false });
    effects
}

/// Reverts changes that could not be saved, and opens their text again.
pub(super) fn commit_failed(model: &mut Model, id: CommitId, reason: &str) -> Vec<Effect> {
    model.touch();
    if let Some(at) = model.left_behind.iter().position(|(left, _)| *left == id) {
        let (_, changes) = model.left_behind.swap_remove(at);
        return left_unsaved(model, &changes, reason);
    }
    let (changes, effects) = model.list.revert(id);
    let error = format!("not saved: {reason}");
    match returned(&changes, &error) {
        Some(editor) if matches!(model.screen, Screen::List) => {
            model.screen = Screen::Editor(editor);
        }
        Some(editor) => {
            model.returned.push(editor);
            model.alert(error);
        }
        None => model.alert(error),
    }
    effects
}

/// Reports changes of an account that was left in the meantime, with their texts: they
/// are kept nowhere else.
fn left_unsaved(model: &mut Model, changes: &[Change], reason: &str) -> Vec<Effect> {
    let texts = changes.iter().map(|change| match &change.act {
        Act::Add { text } => format!("`{text}`"),
        Act::Edit { after, .. } => format!("`{after}`"),
        Act::Remove { before } => format!("deletion of `{before}`"),
    });
    let texts: Vec<String> = texts.collect();
    let notice = format!(
        "not saved for the previous account: {}: {reason}",
        texts.join(", ")
    );
    model.exit_notices.push(notice.clone());
    model.alert(notice);
    Vec::new()
}

/// The line with the text that could not be saved. Completing and deleting lose
/// no text.
fn returned(changes: &[Change], error: &str) -> Option<Editor> {
    let texts: Vec<&str> = changes
        .iter()
        .filter_map(|change| match &change.act {
            Act::Add { text } => Some(text.as_str()),
            Act::Edit { .. } | Act::Remove { .. } => None,
        })
        .collect();
    if !texts.is_empty() {
        let text = texts.join(" ");
        return Some(Editor::returned(Purpose::Add, &text, error.to_owned()));
    }
    changes.iter().find_map(|change| match &change.act {
        Act::Edit { before, after } if !toggles_done(before, after) => {
            let purpose = Purpose::Edit {
                key: change.todo,
                before: before.clone(),
            };
            Some(Editor::returned(purpose, after, error.to_owned()))
        }
        Act::Add { .. } | Act::Edit { .. } | Act::Remove { .. } => None,
    })
}

fn toggles_done(before: &str, after: &str) -> bool {
    Line::new(before).is_done() != Line::new(after).is_done()
}

/// Reports that the store was replaced or can no longer be written, and syncs.
pub(super) fn warned(model: &mut Model, reason: String) -> Vec<Effect> {
    model.touch();
    if !model.exit_notices.contains(&reason) {
        model.exit_notices.push(reason.clone());
    }
    model.alert(reason);
    let mut effects = model.list.refresh();
    effects.push(Effect::Sync { shown: false });
    effects
}

/// Reads again after another connection wrote to the store.
pub(super) fn changed(model: &mut Model) -> Vec<Effect> {
    let mut effects = model.list.refresh();
    effects.extend(reread(model));
    effects
}

/// Requests again what is shown beside the rows.
fn reread(model: &mut Model) -> Option<Effect> {
    model.pane.asked = None;
    matches!(model.main_screen(), Screen::Queue(_)).then_some(Effect::Queue)
}

/// Reads and syncs after the outbox was changed.
pub(super) fn queue_changed(model: &mut Model) -> Vec<Effect> {
    let mut effects = changed(model);
    effects.push(Effect::Sync { shown: false });
    effects
}

/// Describes the rejected texts that are back in the queue; empty without any.
fn restored(report: &UndoReport) -> String {
    match report.restored.as_slice() {
        [] => String::new(),
        [
            Change {
                act: Act::Edit { after, .. },
                ..
            },
        ] => format!(
            "; your rejected text \u{201c}{}\u{201d} is back",
            Line::new(after).words_only()
        ),
        all => format!("; {} rejected texts are back", all.len()),
    }
}

/// Shows what was undone or redone.
pub(super) fn undone(
    model: &mut Model,
    redo: bool,
    report: Option<Box<UndoReport>>,
) -> Vec<Effect> {
    model.touch();
    let what = if redo { "redone" } else { "undone" };
    let Some(report) = report else {
        let what = if redo { "redo" } else { "undo" };
        model.say(format!("nothing to {what}"));
        return Vec::new();
    };
    // An upper bound, as for changes that are committed.
    model.totals.pending += report.changes.len() as u64;
    model.totals.rejected += report.restored.len() as u64;
    let subject = match report.action.count {
        0 | 1 => {
            let words = Line::new(&report.action.text).words_only();
            format!("{} {words}", report.action.verb)
        }
        count => format!("{} {count} todos", report.action.verb),
    };
    match (report.overlaps.first(), report.gone.len()) {
        (Some(overlap), _) => model.alert(format!(
            "not {what}: changed since to \u{201c}{}\u{201d}",
            Line::new(&overlap.todo.text).words_only()
        )),
        (None, gone) if gone > 0 && !report.undid_anything() => {
            model.alert(format!("not {what}: deleted since"));
        }
        (None, _) => model.say(format!("{what}: {subject}{}", restored(&report))),
    }
    let mut keys = report.todos.iter().map(|todo| todo.key);
    let key = keys.find(|key| !report.deletes(*key));
    let mut effects = match key {
        Some(key) if !report.overlaps.is_empty() || report.undid_anything() => {
            let query = model.list.query().clone();
            model.list.show_at(query, Some(key))
        }
        _ => model.list.refresh(),
    };
    effects.extend(reread(model));
    effects.push(Effect::Sync { shown: false });
    effects
}
