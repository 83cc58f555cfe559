//! The heading: which list this is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Pen, columns};
use super::theme::Theme;
use crate::app::Model;
use crate::domain::query::{Scope, Sort};

/// Draws the views with how many todos each holds, and the order and search in force.
pub(super) fn header(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let query = model.list.query();
    let totals = model.totals;
    let views = [
        (Scope::Open, "open", totals.open),
        (Scope::All, "all", totals.open + totals.done),
        (Scope::Done, "done", totals.done),
    ];
    let mut pen = Pen::new(area, theme.placeholder, buf);
    for (scope, name, count) in views {
        let current = scope == query.scope;
        let style = if current { theme.current } else { theme.muted };
        let label = if model.loaded {
            format!(" {name} {count} ")
        } else {
            format!(" {name} ")
        };
        // A small terminal shows the view in force alone.
        if current || area.width >= 36 {
            pen.write(&label, style);
        }
    }
    let from = pen.x().saturating_add(2);
    let mut notes = Vec::new();
    if let Some(order) = order(query.sort) {
        notes.push(format!("by {order}"));
    }
    if !model.search.is_empty() {
        notes.push(format!("search: {}", model.search));
    }
    if notes.is_empty() {
        return;
    }
    let notes = notes.join("  ");
    let room = area.right().saturating_sub(from);
    let width = columns(&notes, usize::from(room)) + 1;
    let start = area
        .right()
        .saturating_sub(u16::try_from(width).unwrap_or(room));
    let mut pen = Pen::new(area, theme.placeholder, buf);
    if room >= 8 {
        pen.go_to(start.max(from)).write(&notes, theme.text);
    }
}

const fn order(sort: Sort) -> Option<&'static str> {
    match sort {
        Sort::Server => None,
        Sort::Due => Some("due"),
        Sort::Priority => Some("priority"),
        Sort::Created => Some("created"),
        Sort::Text => Some("text"),
    }
}
