//! Boxes over the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::pen::{Pen, fill};
use super::text::width;
use super::theme::Theme;

/// Draws a box with a title in its upper border and a note in its lower one.
/// Returns the area inside, without a blank column on each side.
pub(super) fn frame(title: &str, note: &str, theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    fill(area, theme.overlay, buf);
    if area.width < 4 || area.height < 2 {
        return area;
    }
    let style = theme.overlay.patch(theme.accent);
    let signs = &theme.symbols;
    let [top_left, top_right, bottom_left, bottom_right] = signs.corners;
    let (left, right, top, bottom) = (area.x, area.right() - 1, area.y, area.bottom() - 1);
    let mut put = |x: u16, y: u16, symbol: &str| {
        if let Some(cell) = buf.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    };
    for x in left..=right {
        put(x, top, signs.rule);
        put(x, bottom, signs.rule);
    }
    for y in top..=bottom {
        put(left, y, signs.bar);
        put(right, y, signs.bar);
    }
    put(left, top, top_left);
    put(right, top, top_right);
    put(left, bottom, bottom_left);
    put(right, bottom, bottom_right);

    let line = |y: u16| Rect {
        x: left + 2,
        y,
        width: area.width.saturating_sub(4),
        height: 1,
    };
    if !title.is_empty() {
        let mut pen = Pen::new(line(top), theme, buf);
        let style = theme.overlay.patch(theme.heading);
        pen.write(" ", style).write(title, style).write(" ", style);
    }
    let note_width = width(note) + 2;
    if !note.is_empty() && note_width + 4 <= area.width {
        let mut pen = Pen::new(line(bottom), theme, buf);
        // The border may be bold.
        let style = theme
            .overlay
            .patch(theme.muted)
            .remove_modifier(Modifier::BOLD);
        pen.go_to(right.saturating_sub(1 + note_width));
        pen.write(" ", style).write(note, style).write(" ", style);
    }
    Rect {
        x: left + 2,
        y: top + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}
