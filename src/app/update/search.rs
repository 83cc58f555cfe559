//! Which todos the list shows: search, scope and order.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::editor::split as split_at_cursor;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::screen::{Screen, Search};
use crate::domain::query::Query;
use crate::domain::terms::{parse_terms, split};

/// Opens the search line with the last search in it.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    open_with(model, model.search.clone());
    Vec::new()
}

fn open_with(model: &mut Model, text: String) {
    let came_from = model.list.selected().map(|row| row.todo.key);
    model.screen = Screen::Search(Search {
        input: tui_input::Input::new(text),
        error: None,
        came_from,
    });
}

/// Runs the search again after its text changed, and shows the list from its start.
pub(super) fn changed(model: &mut Model) -> Vec<Effect> {
    let calendar = model.calendar();
    let Screen::Search(line) = &mut model.screen else {
        return Vec::new();
    };
    let words: Vec<&str> = split(line.input.value()).collect();
    if let Err(error) = parse_terms(&words, calendar) {
        line.error = Some(error.brief());
        return Vec::new();
    }
    line.error = None;
    line.input.value().trim().clone_into(&mut model.search);
    let query = query(model);
    if query == *model.list.query() {
        return Vec::new();
    }
    model.list.show_first(query)
}

/// Shows what `text` finds in the current view. The search line explains an invalid
/// term.
pub(super) fn find(model: &mut Model, text: String) -> Vec<Effect> {
    let words: Vec<&str> = split(&text).collect();
    if parse_terms(&words, model.calendar()).is_err() {
        open_with(model, text);
        return changed(model);
    }
    model.search = text;
    let query = query(model);
    model.list.show_first(query)
}

/// Completes the term at the cursor.
pub(super) fn complete(model: &mut Model) -> Vec<Effect> {
    let Screen::Search(line) = &mut model.screen else {
        return Vec::new();
    };
    let (before, after) = split_at_cursor(&line.input);
    let word = before.rsplit(' ').next().unwrap_or_default();
    let Some(term) = model.tags.terms(word).into_iter().next() else {
        line.error = Some("nothing to complete here".to_owned());
        return Vec::new();
    };
    let start = before.strip_suffix(word).unwrap_or_default();
    let cursor = (start.chars().count()) + term.chars().count();
    line.input = tui_input::Input::new(format!("{start}{term}{after}")).with_cursor(cursor);
    changed(model)
}

/// Returns to the list and keeps the results.
pub(super) fn keep(model: &mut Model) -> Vec<Effect> {
    model.leave();
    Vec::new()
}

/// Returns to the whole list, where the search began.
pub(super) fn drop(model: &mut Model) -> Vec<Effect> {
    let came_from = match &model.screen {
        Screen::Search(line) => line.came_from,
        _ => None,
    };
    model.leave();
    show_whole(model, came_from)
}

/// Leaves the innermost of search, marks and view; the selection stays.
pub(super) fn back(model: &mut Model) -> Vec<Effect> {
    let selected = model.list.selected().map(|row| row.todo.key);
    if !model.search.is_empty() {
        return show_whole(model, selected);
    }
    if !model.marks.is_empty() {
        model.marks.clear();
        return Vec::new();
    }
    if !model.views.is_home() {
        model.views.choose(0);
        return show_whole(model, selected);
    }
    Vec::new()
}

fn show_whole(model: &mut Model, selected: Option<crate::domain::key::Key>) -> Vec<Effect> {
    model.search.clear();
    let query = query(model);
    if query == *model.list.query() {
        return Vec::new();
    }
    model.list.show_at(query, selected)
}

/// The query of the current view, narrowed by the search.
pub(super) fn query(model: &Model) -> Query {
    let query = model.views.query(model.calendar());
    let words: Vec<&str> = split(&model.search).collect();
    match parse_terms(&words, model.calendar()) {
        Ok(terms) => query.narrowed(terms),
        Err(_) => query,
    }
}
