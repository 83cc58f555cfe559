//! The header: the views with their counts, the order, the place in the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Pen, Run, runs_width, width};
use super::theme::Theme;
use crate::app::Model;
use crate::domain::query::{Scope, Sort};

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

/// Writes the views; returns the columns of the current one.
fn tabs(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let totals = model.totals;
    let query = model.list.query();
    let views = [
        (Scope::Open, "Open", totals.open),
        (Scope::Done, "Done", totals.done),
        (Scope::All, "All", totals.open + totals.done),
    ];
    let mut pen = Pen::new(area, theme, buf);
    pen.write(" ", theme.text);
    if area.width >= ROOMY {
        pen.write("tudone", theme.accent).write("  ", theme.text);
    }
    let mut under = None;
    for (scope, name, count) in views {
        let current = scope == query.scope;
        let count = if model.loaded {
            format!(" {count}")
        } else {
            String::new()
        };
        if !current && (area.width < ROOMY || pen.room() < width(name) + width(&count) + 3) {
            continue;
        }
        let from = pen.x();
        let (style, count_style) = if current {
            (theme.current, theme.accent)
        } else {
            (theme.muted, theme.muted)
        };
        pen.write(name, style).write(&count, count_style);
        if current {
            under = Some((from, pen.x()));
        }
        pen.write("   ", theme.text);
    }
    under
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
        let order = format!("by {} {}", order(query.sort), theme.symbols.order[0]);
        runs.push(Run::new(order, theme.muted));
    }
    runs
}

const fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::Server => "server order",
        Sort::Due => "due",
        Sort::Priority => "priority",
        Sort::Created => "created",
        Sort::Text => "text",
    }
}
