//! The rows of the list, or why there are none.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line_of;
use super::row::{self, Position};
use super::text::{Pen, width};
use super::theme::Theme;
use crate::app::Model;
use crate::app::link::Link;

/// Draws the rows on the screen, or why there are none.
pub(super) fn list(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (rows, selected) = model.list.visible();
    if rows.is_empty() {
        empty(model, theme, area, buf);
        return;
    }
    for (n, shown) in (0..area.height).zip(rows) {
        let position = Position {
            selected: usize::from(n) == selected,
            marked: model.marks.contains_key(&shown.todo.key),
        };
        row::row(shown, position, model, theme, line_of(area, n), buf);
    }
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let never = model.freshness.as_of.is_none();
    let lines: &[&str] = if model.who.is_none() {
        &["Not logged in on this device yet.", "Press L to log in."]
    } else if !model.loaded {
        &["Reading your todos…"]
    } else if !model.search.is_empty() {
        &["Nothing matches this search.", "Esc shows the whole list."]
    } else if never && matches!(model.link, Link::Connecting | Link::Syncing) {
        &["Fetching your todos for the first time…"]
    } else if never {
        &[
            "Your todos have not been fetched yet.",
            "Press s to try now, or a to add one.",
        ]
    } else if model.totals.open + model.totals.done > 0 {
        &[
            "Nothing in this view.",
            "Press f for another one, a to add a todo.",
        ]
    } else {
        &["No todos yet.", "Press a to add one."]
    };
    let count = u16::try_from(lines.len()).unwrap_or(0);
    let first = area.height.saturating_sub(count) / 3;
    for (n, text) in (first..area.height).zip(lines) {
        let style = if n == first { theme.text } else { theme.muted };
        centred(text, style, theme, line_of(area, n), buf);
    }
}

/// Writes `text` in the middle of a line.
pub(super) fn centred(text: &str, style: Style, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let start = area.x + area.width.saturating_sub(width(text)) / 2;
    Pen::new(area, theme, buf).go_to(start).write(text, style);
}
