//! The framed line in which a todo is written.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use tui_input::Input;

use super::frame::frame;
use super::line_of;
use super::text::{Pen, fill, tail};
use super::theme::Theme;
use crate::app::editor::{self, Editor, Purpose};

/// Draws the add or edit line; returns where the cursor belongs.
pub(super) fn editor(
    editor: &Editor,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let title = match editor.purpose {
        Purpose::Add => "New todo",
        Purpose::Edit { .. } => "Edit",
    };
    let inner = boxed(title, theme, area, buf);
    let cursor = field(&editor.input, theme, line_of(inner, 0), buf);
    if let Some(error) = &editor.error {
        let below = line_of(inner, u16::from(inner.height > 1));
        let mut pen = Pen::new(below, theme, buf);
        let style = theme.overlay.patch(theme.alert);
        pen.write("  ", theme.overlay).write(error, style);
    }
    cursor
}

/// Draws a frame where there is room for one; returns what is inside.
pub(super) fn boxed(title: &str, theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    fill(area, theme.overlay, buf);
    if area.height < 4 {
        return Rect {
            x: area.x + area.width.min(1),
            width: area.width.saturating_sub(2),
            ..area
        };
    }
    frame(title, "", theme, area, buf)
}

/// The text being typed, scrolled so that the cursor is in sight.
pub(super) fn field(
    input: &Input,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let area = area.intersection(buf.area);
    let mut pen = Pen::new(area, theme, buf);
    let base = theme.overlay;
    if area.width >= 20 {
        let prompt: Style = base.patch(theme.accent);
        pen.write(theme.symbols.prompt, prompt).write(" ", base);
    }
    let room = usize::from(pen.room());
    let (before, after) = editor::split(input);
    let shown = tail(before, room.saturating_sub(1));
    pen.write(shown, base);
    let x = pen.x().min(area.right().saturating_sub(1));
    pen.write(after, base);
    (area.width > 0 && area.height > 0).then_some(Position { x, y: area.y })
}
