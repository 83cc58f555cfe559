//! The search line under the header, and the explanation of terms.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::pen::{Pen, fill};
use super::text::width;
use super::theme::Theme;
use super::{line, line_of, words};
use crate::app::Model;
use crate::app::screen::Screen;
use crate::domain::casefold::search_key;

/// Terms to choose from, and what they select.
const TERMS: [(&[&str], &str); 4] = [
    (&["+project", "@context"], "that tag"),
    (
        &["due:today", "due:overdue", "due:this-week", "due:2026-12"],
        "by date",
    ),
    (&["pri:A", "no:due", "not:+work"], "priority, without, not"),
    (&["state:pending", "state:rejected"], "by state"),
];

/// Columns before the examples of terms.
const INDENT: u16 = 3;

/// Draws the search line; returns the position of the cursor while it is open.
pub(super) fn line(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let row = line_of(area, 0);
    if row.height == 0 {
        return None;
    }
    fill(row, theme.text, buf);
    let search = if let Screen::Search(search) = model.main_screen() {
        Some(search)
    } else {
        None
    };
    let error = search.and_then(|search| search.error.as_deref());
    let most = area.width * 3 / 5;
    let (note, style) = match error {
        Some(error) => (error.to_owned(), theme.warning),
        None => (found(model, theme, most), theme.muted),
    };
    let note_width = width(&note).min(most);
    let start = row.right().saturating_sub(note_width + 1);
    let note_area = Rect {
        width: row.width.saturating_sub(1),
        ..row
    };
    Pen::new(note_area, theme, buf)
        .go_to(start)
        .write(&note, style);
    let typed_area = Rect {
        x: row.x + 1,
        width: start.saturating_sub(row.x + 3),
        ..row
    };
    let mut pen = Pen::new(typed_area, theme, buf);
    pen.write("/", theme.accent).write(" ", theme.text);
    let field = Rect {
        x: typed_area.x + 2,
        width: typed_area.width.saturating_sub(2),
        ..typed_area
    };
    let Some(search) = search else {
        words::typed(&model.search, theme.text, theme, &mut pen);
        return None;
    };
    let cursor = line::text(&search.input, theme.text, theme, field, buf);
    if let (Some(completion), Some(cursor)) = (search.completion(&model.tags), cursor) {
        let (rest, input) = (completion.rest(), &search.input);
        line::ghost(rest, input, cursor, theme.muted, theme, field, buf);
    }
    cursor.filter(|_| matches!(model.screen, Screen::Search(_)))
}

/// `2 of 10 open · 1 more in done`, as far as it is known and fits.
fn found(model: &Model, theme: &Theme, room: u16) -> String {
    if model.search.is_empty() {
        return String::new();
    }
    let index = model.views.current();
    let total = model.view_count(index);
    let view = model.views.all().get(index);
    let view = view.map_or_else(String::new, |view| view.name().to_lowercase());
    let (found, done) = model.found();
    let found = match (found, total) {
        (Some(found), Some(total)) => format!("{found} of {total} {view}"),
        (Some(found), None) => format!("{found} found"),
        (None, _) => return String::new(),
    };
    let done = done.filter(|done| *done > 0);
    let both = done.map(|done| format!("{found} {} {done} more in done", theme.symbols.dot));
    both.filter(|both| width(both) <= room).unwrap_or(found)
}

/// The words of the search, case-folded.
pub(super) fn needles(model: &Model) -> Vec<String> {
    model
        .search
        .split(' ')
        .filter(|word| !word.is_empty() && (!word.contains(':') || word.starts_with(['+', '@'])))
        .map(|word| search_key(word.trim_matches('"')).into_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// The column of the meanings if so many examples of each are shown.
fn meanings(shown: usize) -> u16 {
    let columns = |examples: &[&str]| {
        let shown = examples.iter().take(shown);
        shown.map(|it| width(it) + 2).sum::<u16>()
    };
    let widest = TERMS.iter().map(|(examples, _)| columns(examples)).max();
    INDENT + widest.unwrap_or_default()
}

/// Draws the terms that narrow a list.
pub(super) fn terms(theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let mut pen = Pen::new(line_of(area, 0), theme, buf);
    pen.go_to(area.x + 1)
        .write("words and terms that narrow the list", theme.muted);
    let meaning_width = TERMS.iter().map(|(_, meaning)| width(meaning)).max();
    let room = area
        .width
        .saturating_sub(meaning_width.unwrap_or_default() + 1);
    // As many examples as leave room for what they mean.
    let (shown, meanings) = (1..=4)
        .rev()
        .map(|shown| (shown, meanings(shown)))
        .find(|(_, at)| *at <= room)
        .unwrap_or((1, meanings(1)));
    for (n, (examples, meaning)) in (1..area.height).zip(TERMS) {
        let mut pen = Pen::new(line_of(area, n), theme, buf);
        pen.go_to(area.x + INDENT);
        for example in examples.iter().take(shown) {
            pen.write(example, theme.key).write("  ", theme.muted);
        }
        pen.go_to(area.x + meanings).write(meaning, theme.muted);
    }
}
