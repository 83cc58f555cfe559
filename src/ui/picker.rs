//! The palette and the help: a box over the screen behind.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation as _;

use super::frame::frame;
use super::pen::{Pen, fill};
use super::text::width;
use super::theme::Theme;
use super::{line, line_of};
use crate::app::picker::{Match, Picker, PickerEntry, PickerKind};

/// A line of the box.
enum PickerLine<'p> {
    Blank,
    Heading(&'static str),
    Entry {
        found: &'p Match,
        entry: &'p PickerEntry,
        selected: bool,
    },
}

/// Draws the box; returns the position of the cursor.
pub(super) fn picker(
    picker: &Picker,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    dim(theme, area, buf);
    let title = match picker.kind {
        PickerKind::Palette => "Commands",
        PickerKind::Help => "Keys",
    };
    let area = place(picker, area);
    // A small screen has no rows for a frame.
    let is_framed = area.height >= 10;
    let inner = if is_framed {
        frame(title, &note(picker), theme, area, buf)
    } else {
        fill(area, theme.overlay, buf);
        area
    };
    let head = if is_framed { 2 } else { 1 };
    let input = line_of(inner, 0);
    let cursor = line::field(&picker.input, theme, input, buf);
    if let (true, Some(cursor)) = (picker.input.value().is_empty(), cursor) {
        let after = Rect {
            x: cursor.x + 1,
            width: input.right().saturating_sub(cursor.x + 1),
            ..input
        };
        let style = theme.overlay.patch(theme.muted);
        Pen::new(after, theme, buf).write("type to filter", style);
    }
    let list = Rect {
        y: inner.y + head,
        height: inner.height.saturating_sub(head),
        ..inner
    };
    let lines = lines(picker);
    let selected = lines
        .iter()
        .position(|line| matches!(line, PickerLine::Entry { selected: true, .. }))
        .unwrap_or_default();
    let top = (selected + 1).saturating_sub(usize::from(list.height));
    for (n, line) in (0..list.height).zip(lines.iter().skip(top)) {
        draw(line, picker.kind, theme, line_of(list, n), buf);
    }
    if lines.is_empty() {
        let style = theme.overlay.patch(theme.muted);
        Pen::new(line_of(list, 0), theme, buf).write("  nothing matches", style);
    }
    cursor
}

/// The area of the box; the whole screen on a small terminal.
fn place(picker: &Picker, area: Rect) -> Rect {
    if area.width < 60 || area.height < 16 {
        return Rect {
            // The hints and the status stay visible.
            height: area.height.saturating_sub(2),
            ..area
        };
    }
    let (widest, rows) = match picker.kind {
        PickerKind::Palette => (74, 18),
        PickerKind::Help => (90, area.height),
    };
    let width = widest.min(area.width - 4);
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + 3,
        width,
        height: rows.min(area.height.saturating_sub(6)),
    }
}

/// `3 of 84`: the selected entry and how many there are.
fn note(picker: &Picker) -> String {
    match picker.matches.len() {
        0 => String::new(),
        count => format!("{} of {count}", picker.at + 1),
    }
}

fn lines(picker: &Picker) -> Vec<PickerLine<'_>> {
    let mut lines = Vec::new();
    let mut group = "";
    for (at, found) in picker.matches.iter().enumerate() {
        let Some(entry) = picker.entry(found) else {
            continue;
        };
        if picker.is_grouped() && entry.group != group {
            if !lines.is_empty() {
                lines.push(PickerLine::Blank);
            }
            group = entry.group;
            lines.push(PickerLine::Heading(group));
        }
        lines.push(PickerLine::Entry {
            found,
            entry,
            selected: at == picker.at,
        });
    }
    lines
}

fn draw(line: &PickerLine<'_>, kind: PickerKind, theme: &Theme, area: Rect, buf: &mut Buffer) {
    match line {
        PickerLine::Blank => {}
        PickerLine::Heading(title) => {
            let style = theme.overlay.patch(theme.heading);
            Pen::new(area, theme, buf)
                .go_to(area.x + 1)
                .write(title, style);
        }
        PickerLine::Entry {
            found,
            entry,
            selected,
        } => row(found, entry, *selected, kind, theme, area, buf),
    }
}

fn row(
    found: &Match,
    entry: &PickerEntry,
    selected: bool,
    kind: PickerKind,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let mut base = theme.overlay;
    if selected {
        base = base.patch(theme.selection);
        buf.set_style(area, base);
        Pen::new(area, theme, buf).write(theme.symbols.selected, base.patch(theme.gutter));
    }
    let weight = if entry.obstacle.is_some() {
        theme.muted
    } else {
        Style::new()
    };
    let key_style = base.patch(if entry.obstacle.is_some() {
        theme.muted
    } else {
        theme.key
    });
    let note = entry.obstacle.as_ref().unwrap_or(&entry.note);
    let (label_at, note_at) = match kind {
        PickerKind::Help => (18.min(area.width / 3), area.width * 3 / 5),
        PickerKind::Palette => (2, area.width * 2 / 5 + 2),
    };
    let keys_width = width(&entry.keys);
    let keys_at = match kind {
        PickerKind::Help => area.x + 2,
        PickerKind::Palette => area.right().saturating_sub(keys_width + 1),
    };
    let keys_end = match kind {
        PickerKind::Help => area.x + label_at.saturating_sub(1),
        PickerKind::Palette => area.right(),
    };
    let until = |end: u16| Rect {
        width: end.saturating_sub(area.x),
        ..area
    };
    let keys = whole_keys(&entry.keys, keys_end.saturating_sub(keys_at));
    Pen::new(until(keys_end), theme, buf)
        .go_to(keys_at)
        .write(keys, key_style);
    let end = match kind {
        PickerKind::Help => area.right(),
        PickerKind::Palette => keys_at.saturating_sub(1),
    };
    let has_note = !note.is_empty() && area.width >= 50;
    let label_end = if has_note && width(&entry.label) < note_at.saturating_sub(label_at + 1) {
        area.x + note_at - 1
    } else {
        end
    };
    let mut pen = Pen::new(until(label_end), theme, buf);
    pen.go_to(area.x + label_at);
    label(
        &entry.label,
        &found.found,
        base.patch(weight),
        theme,
        &mut pen,
    );
    if has_note {
        let at = (area.x + note_at).max(pen.x() + 2);
        Pen::new(until(end), theme, buf)
            .go_to(at)
            .write(note, base.patch(theme.muted));
    }
}

/// As many of the alternatives `j, down` as fit, at least the first.
fn whole_keys(keys: &str, room: u16) -> &str {
    let ends = keys.rmatch_indices(", ").map(|(at, _)| at);
    std::iter::once(keys.len())
        .chain(ends)
        .filter_map(|end| keys.get(..end))
        .find(|part| width(part) <= room)
        .unwrap_or_else(|| keys.split(", ").next().unwrap_or_default())
}

/// Writes a label, with the characters marked that match.
fn label(text: &str, found: &[u32], style: Style, theme: &Theme, pen: &mut Pen<'_>) {
    let marked = style.patch(theme.today).add_modifier(Modifier::BOLD);
    let mut run = String::new();
    let mut is_found = false;
    for (n, grapheme) in (0_u32..).zip(text.graphemes(true)) {
        let now = found.binary_search(&n).is_ok();
        if now != is_found && !run.is_empty() {
            pen.write(&run, if is_found { marked } else { style });
            run.clear();
        }
        is_found = now;
        run.push_str(grapheme);
    }
    pen.write(&run, if is_found { marked } else { style });
}

/// Dims everything behind the box, except the hints and the status.
fn dim(theme: &Theme, area: Rect, buf: &mut Buffer) {
    let background = theme.text.bg.unwrap_or_default();
    let area = Rect {
        height: area.height.saturating_sub(2),
        ..area
    };
    for position in area.positions() {
        if let Some(cell) = buf.cell_mut(position) {
            cell.fg = theme.border.fg.or(theme.text.fg).unwrap_or_default();
            cell.bg = background;
            cell.modifier = theme.border.add_modifier;
        }
    }
}
