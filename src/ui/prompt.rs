//! The line above the status line: text being typed, a question, a notice, or
//! what can be done.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;

use super::text::{Glyph, Pen, columns};
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::editor::{self, Purpose};
use crate::app::model::Screen;

/// Whether a line of text or a question is open.
pub(super) const fn is_open(model: &Model) -> bool {
    match model.screen {
        Screen::Editor(_) | Screen::Search(_) | Screen::Confirm { .. } | Screen::Paste { .. } => {
            true
        }
        Screen::List | Screen::Help { .. } | Screen::Login(_) => false,
    }
}

/// Why the line typed is not taken.
pub(super) fn error(model: &Model) -> Option<&str> {
    match &model.screen {
        Screen::Editor(editor) => editor.error.as_deref(),
        Screen::Search(search) => search.error.as_deref(),
        Screen::List
        | Screen::Confirm { .. }
        | Screen::Paste { .. }
        | Screen::Help { .. }
        | Screen::Login(_) => None,
    }
}

/// Draws the line; where the cursor belongs, if there is one.
pub(super) fn prompt(
    model: &Model,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    match &model.screen {
        Screen::Editor(editor) => {
            let label = match editor.purpose {
                Purpose::Add => "add: ",
                Purpose::Edit { .. } => "edit: ",
            };
            field(label, &editor.input, theme, area, buf)
        }
        Screen::Search(search) => field("search: ", &search.input, theme, area, buf),
        Screen::Confirm { text, .. } => {
            confirm(model, text, theme, area, buf);
            None
        }
        Screen::Paste { lines, .. } => {
            let question = format!("{} lines pasted:", lines.len());
            let answers = [
                (Action::PasteSeveral, format!("{} todos", lines.len())),
                (Action::PasteOne, "one".to_owned()),
                (Action::Cancel, "none".to_owned()),
            ];
            let mut pen = Pen::new(area, theme.placeholder, buf);
            pen.write(&question, theme.heading);
            hints(model, Layer::Paste, &answers, theme, &mut pen);
            None
        }
        Screen::List | Screen::Help { .. } | Screen::Login(_) => {
            idle(model, theme, area, buf);
            None
        }
    }
}

/// A label and the text being typed, scrolled so that the cursor is in sight.
fn field(
    label: &str,
    input: &Input,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let area = area.intersection(buf.area);
    let mut pen = Pen::new(area, theme.placeholder, buf);
    if area.width >= 20 {
        pen.write(label, theme.heading);
    }
    let room = usize::from(pen.room());
    let (before, after) = editor::split(input);
    let shown = tail(before, room.saturating_sub(1));
    pen.write(shown, theme.text);
    let x = pen.x().min(area.right().saturating_sub(1));
    pen.write(after, theme.text);
    (area.width > 0 && area.height > 0).then_some(Position { x, y: area.y })
}

/// The end of `text` that takes at most `room` columns.
fn tail(text: &str, room: usize) -> &str {
    let mut start = text.len();
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        taken += usize::from(Glyph::of(grapheme).width);
        if taken > room {
            break;
        }
        start = at;
    }
    text.get(start..).unwrap_or_default()
}

fn confirm(model: &Model, text: &str, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let answers = [
        (Action::Confirm, "yes".to_owned()),
        (Action::Cancel, "no".to_owned()),
    ];
    // The answers stay in sight; the text gets what they leave.
    let reserved = 20;
    let words = Rect {
        width: area.width.saturating_sub(reserved).max(area.width.min(8)),
        ..area
    };
    let mut pen = Pen::new(words, theme.placeholder, buf);
    pen.write("delete? ", theme.alert).write(text, theme.text);
    let x = pen.x();
    let mut pen = Pen::new(area, theme.placeholder, buf);
    pen.go_to(x);
    hints(model, Layer::Confirm, &answers, theme, &mut pen);
}

fn idle(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut pen = Pen::new(area, theme.placeholder, buf);
    if let Some(notice) = &model.notice {
        let style = if notice.alert {
            theme.alert
        } else {
            theme.text
        };
        pen.write(" ", style).write(&notice.text, style);
        return;
    }
    if !model.pressed.is_empty() {
        pen.write(" ", theme.muted);
        for key in &model.pressed {
            pen.write(&key.to_string(), theme.key)
                .write(" ", theme.muted);
        }
        pen.write("…", theme.muted);
        return;
    }
    let mut can = Vec::new();
    for (action, word) in [
        (Action::Add, "add"),
        (Action::ToggleDone, "done"),
        (Action::Edit, "edit"),
        (Action::Delete, "delete"),
        (Action::Search, "search"),
        (Action::CycleScope, "view"),
        (Action::Undo, "undo"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
    ] {
        can.push((action, word.to_owned()));
    }
    if !model.search.is_empty() {
        can.insert(0, (Action::ClearSearch, "whole list".to_owned()));
    }
    hints(model, Layer::List, &can, theme, &mut pen);
}

/// Keys and what they do, as many as fit.
fn hints(
    model: &Model,
    layer: Layer,
    actions: &[(Action, String)],
    theme: &Theme,
    pen: &mut Pen<'_>,
) {
    for (action, word) in actions {
        let Some(key) = model.keymap.hint(layer, *action) else {
            continue;
        };
        let room = usize::from(pen.room());
        if columns(&key, room) + columns(word, room) + 3 > room {
            return;
        }
        pen.write("  ", theme.text).write(&key, theme.key);
        pen.write(" ", theme.text).write(word, theme.muted);
    }
}
