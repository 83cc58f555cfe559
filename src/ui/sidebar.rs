//! The sidebar: views, projects and contexts with their counts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line_of;
use super::pen::Pen;
use super::text::width;
use super::theme::Theme;
use crate::app::Model;
use crate::app::sidebar::{self, SidebarEntry};

/// Draws the sidebar with the line at its right.
pub(super) fn sidebar(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let right = area.right().saturating_sub(1);
    for y in area.top()..area.bottom() {
        let symbol = if y == area.top() + 1 {
            theme.symbols.joins[1]
        } else {
            theme.symbols.bar
        };
        if let Some(cell) = buf.cell_mut((right, y)) {
            cell.set_symbol(symbol).set_style(theme.border);
        }
    }
    let inner = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    let mut pen = Pen::new(inner, theme, buf);
    pen.write("  ", theme.muted).write("tudone", theme.accent);
    if model.demo {
        pen.write("  ", theme.muted).write("DEMO", theme.warning);
    }
    let entries = sidebar::entries(model);
    let focus = model.sidebar_focus();
    let top = sidebar::top(&entries, focus, usize::from(inner.height));
    let mut index = sidebar::selectable(&entries, top);
    for (n, entry) in (2..inner.height).zip(entries.iter().skip(top)) {
        let line = line_of(inner, n);
        let is_focused = entry.is_selectable() && focus == Some(index);
        if entry.is_selectable() {
            index += 1;
        }
        draw(entry, is_focused, theme, line, buf);
    }
}

fn draw(entry: &SidebarEntry, focused: bool, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let plain = Style {
        bg: None,
        ..theme.text
    };
    match entry {
        SidebarEntry::Blank => {}
        SidebarEntry::Title(title) => {
            Pen::new(area, theme, buf)
                .go_to(area.x + 2)
                .write(title, theme.heading);
        }
        SidebarEntry::View {
            key,
            name,
            count,
            current,
        } => {
            let style = if *current { theme.current } else { plain };
            line(
                key,
                name,
                *count,
                (style, *current, focused),
                theme,
                area,
                buf,
            );
        }
        SidebarEntry::Tag {
            sign,
            name,
            count,
            current,
        } => {
            let style = if *sign == '+' {
                theme.project
            } else {
                theme.context
            };
            let word = format!("{sign}{name}");
            line(
                "",
                &word,
                *count,
                (style, *current, focused),
                theme,
                area,
                buf,
            );
        }
    }
}

fn line(
    key: &str,
    name: &str,
    count: Option<u64>,
    (style, current, focused): (Style, bool, bool),
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    if current || focused {
        buf.set_style(area, theme.selection);
    }
    let count = count.map(|count| count.to_string()).unwrap_or_default();
    let start = area.right().saturating_sub(width(&count) + 2);
    let words = Rect {
        width: start.saturating_sub(area.x + 1),
        ..area
    };
    let mut pen = Pen::new(words, theme, buf);
    if focused || current {
        let sign = if focused { theme.gutter } else { theme.accent };
        pen.write(theme.symbols.selected, sign);
    }
    pen.go_to(area.x + 2).write(key, theme.key);
    pen.go_to(area.x + 4).write(name, style);
    let count_style = if current { theme.accent } else { theme.muted };
    Pen::new(area, theme, buf)
        .go_to(start)
        .write(&count, count_style);
}
