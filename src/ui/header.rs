//! The header: the views with their counts, the order, the place in the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Pen, Run, runs_width, width};
use super::theme::Theme;
use crate::app::Model;
use crate::domain::query::Sort;

/// The narrowest header that names the program and the views beside the
/// current one.
const ROOMY: u16 = 50;

/// Draws the header and the line under it.
pub(super) fn header(model: &Model, theme: &Theme, area: Rect, rule: Rect, buf: &mut Buffer) {
    let right = right(model, theme, area.width);
    let right_width = runs_width(&right);
    let start = area.right().saturating_sub(right_width + 1);
    Pen::new(area, theme, buf).go_to(start).write_all(&right);

    let tabs_area = Rect {
        width: start.saturating_sub(area.x + 2),
        ..area
    };
    let under = tabs(model, theme, tabs_area, buf);
    self::rule(theme, rule, under, buf);
}

/// Draws a line, heavy in the columns of the current view.
pub(super) fn rule(theme: &Theme, rule: Rect, under: Option<(u16, u16)>, buf: &mut Buffer) {
    for x in rule.left()..rule.right() {
        let current = under.is_some_and(|(from, to)| x >= from && x < to);
        let (sign, style) = if current {
            (theme.symbols.heavy, theme.accent)
        } else {
            (theme.symbols.rule, theme.border)
        };
        if let Some(cell) = buf.cell_mut((x, rule.y)).filter(|_| rule.height > 0) {
            cell.set_symbol(sign).set_style(style);
        }
    }
}

/// Writes the views; returns the columns of the current one. Where the sidebar
/// lists them, only the current one is written.
fn tabs(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let beside_sidebar = model.layout().sidebar.width > 0;
    let mut pen = Pen::new(area, theme, buf);
    pen.write(" ", theme.muted);
    if area.width >= ROOMY && !beside_sidebar {
        pen.write("tudone", theme.accent).write("  ", theme.muted);
        if model.demo {
            pen.write("DEMO", theme.warning).write("  ", theme.muted);
        }
    }
    let current = model.views.current();
    let current_name = model
        .views
        .all()
        .get(current)
        .map_or("", |view| view.name());
    let mut under = None;
    for (index, view) in model.views.all().iter().enumerate() {
        let is_current = index == current;
        let name = view.name();
        let count = model.view_count(index);
        let count = count.map(|count| format!(" {count}")).unwrap_or_default();
        // The current one is always there: the ones before it leave room.
        let reserved = if index < current {
            width(current_name) + 6
        } else {
            0
        };
        let needed = width(name) + width(&count) + 3 + reserved;
        if !is_current && (beside_sidebar || area.width < ROOMY || pen.room() < needed) {
            continue;
        }
        let from = pen.x();
        let (style, count_style) = if is_current {
            (theme.current, theme.accent)
        } else {
            (theme.muted, theme.muted)
        };
        pen.write(name, style).write(&count, count_style);
        if is_current {
            under = Some((from, pen.x()));
        }
        pen.write("   ", theme.muted);
    }
    under.filter(|_| !beside_sidebar)
}

fn right(model: &Model, theme: &Theme, room: u16) -> Vec<Run<'static>> {
    let mut runs = Vec::new();
    let query = model.list.query();
    if room >= 30 {
        if !model.marks.is_empty() {
            runs.push(Run::new(
                format!("{} marked    ", model.marks.len()),
                theme.marked,
            ));
        }
        if !model.search.is_empty() {
            runs.push(Run::new(
                format!("search: {}    ", model.search),
                theme.found,
            ));
        }
        let arrow = theme.symbols.order[usize::from(query.reverse)];
        let order = format!("by {} {arrow}", order(query.sort));
        runs.push(Run::new(order, theme.muted));
    }
    if let Some(place) = place(model) {
        runs.push(Run::new(format!("    {place}"), theme.muted));
    }
    runs
}

/// `4 of 10`, as far as it is known.
fn place(model: &Model) -> Option<String> {
    let total = model
        .view_count(model.views.current())
        .filter(|_| model.search.is_empty());
    match (model.list.place(), total) {
        (Some(place), Some(total)) => Some(format!("{place} of {total}")),
        (None, Some(total)) => Some(format!("of {total}")),
        (_, None) => None,
    }
}

const fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::Server => "server",
        Sort::Due => "due",
        Sort::Priority => "priority",
        Sort::Created => "created",
        Sort::Text => "text",
    }
}
