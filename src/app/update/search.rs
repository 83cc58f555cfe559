//! Which todos the list shows: search, scope and order.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::effect::Effect;
use crate::app::model::{Model, Screen, Search};
use crate::app::stamp::Stamp;
use crate::domain::query::{Query, Scope, Sort};
use crate::domain::terms::{parse_terms, split};
use crate::domain::when::Calendar;

/// Opens the search line with what was searched for before.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let came_from = model.list.selected().map(|row| row.todo.key);
    model.screen = Screen::Search(Search {
        input: tui_input::Input::new(model.search.clone()),
        error: None,
        came_from,
    });
    Vec::new()
}

/// Another text is in the search line: shows what it finds, from the start.
pub(super) fn changed(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    let Screen::Search(line) = &mut model.screen else {
        return Vec::new();
    };
    let words: Vec<&str> = split(line.input.value()).collect();
    match parse_terms(&words, Calendar::new(stamp.today)) {
        Err(error) => {
            line.error = Some(error.to_string());
            Vec::new()
        }
        Ok(terms) => {
            line.error = None;
            line.input.value().trim().clone_into(&mut model.search);
            if terms == model.list.query().terms {
                return Vec::new();
            }
            let query = Query {
                terms,
                ..model.list.query().clone()
            };
            model.list.show_first(query)
        }
    }
}

/// Back to the list with what was found.
pub(super) fn keep(model: &mut Model) -> Vec<Effect> {
    model.leave();
    Vec::new()
}

/// Back to the whole list, where the search began.
pub(super) fn drop(model: &mut Model) -> Vec<Effect> {
    let came_from = match &model.screen {
        Screen::Search(line) => line.came_from,
        _ => None,
    };
    model.leave();
    whole(model, came_from)
}

/// Leaves the innermost of search, marks and view; what is selected stays so.
pub(super) fn back(model: &mut Model) -> Vec<Effect> {
    let selected = model.list.selected().map(|row| row.todo.key);
    if !model.search.is_empty() {
        return whole(model, selected);
    }
    if !model.marks.is_empty() {
        model.marks.clear();
        return Vec::new();
    }
    if model.list.query().scope != Scope::Open {
        let query = Query {
            scope: Scope::Open,
            ..model.list.query().clone()
        };
        return model.list.show_at(query, selected);
    }
    Vec::new()
}

fn whole(model: &mut Model, selected: Option<crate::domain::key::Key>) -> Vec<Effect> {
    model.search.clear();
    if model.list.query().terms.is_empty() {
        return Vec::new();
    }
    let query = Query {
        terms: Vec::new(),
        ..model.list.query().clone()
    };
    model.list.show_at(query, selected)
}

/// Next of open, all, done.
pub(super) fn cycle_scope(model: &mut Model) -> Vec<Effect> {
    let query = model.list.query().clone();
    let scope = match query.scope {
        Scope::Open => Scope::All,
        Scope::All => Scope::Done,
        Scope::Done => Scope::Open,
    };
    model.list.show(Query { scope, ..query })
}

/// Next order.
pub(super) fn cycle_sort(model: &mut Model) -> Vec<Effect> {
    let query = model.list.query().clone();
    let sort = match query.sort {
        Sort::Server => Sort::Due,
        Sort::Due => Sort::Priority,
        Sort::Priority => Sort::Created,
        Sort::Created => Sort::Text,
        Sort::Text => Sort::Server,
    };
    model.list.show(Query { sort, ..query })
}
