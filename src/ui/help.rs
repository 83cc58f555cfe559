//! The list of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::line_of;
use super::text::Pen;
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::help::{self, HelpLine};
use crate::app::model::Size;

/// Draws the lines from `top` on, in as many columns as fit.
pub(super) fn help(model: &Model, top: usize, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let size = Size {
        width: area.width,
        height: area.height,
    };
    let (columns, page) = (help::columns(size), help::page(size));
    let last_top = help::last_top(size);
    let top = top.min(last_top);
    let framed = area.height > 4;
    if framed {
        let mut pen = Pen::new(line_of(area, 0), theme, buf);
        pen.write(" Keys", theme.heading);
        foot(
            model,
            last_top > 0,
            theme,
            line_of(area, area.height - 1),
            buf,
        );
    }
    let lines = help::lines(&model.keymap);
    let width = area.width / u16::try_from(columns).unwrap_or(1).max(1);
    for (n, line) in lines.iter().skip(top).take(columns * page).enumerate() {
        let (column, y) = (n / page, n % page);
        let x = area.x + width * u16::try_from(column).unwrap_or(0);
        let cell = Rect {
            x,
            width: width.min(area.right().saturating_sub(x)),
            ..line_of(area, u16::try_from(y).unwrap_or(0) + u16::from(framed))
        };
        draw(line, theme, cell, buf);
    }
}

fn draw(line: &HelpLine, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut pen = Pen::new(area, theme, buf);
    match line {
        HelpLine::Blank => {}
        HelpLine::Heading(title) => {
            pen.write(" ", theme.text).write(title, theme.heading);
        }
        HelpLine::Keys { keys, help } => {
            let keys_width = 24.min(area.width / 2);
            let keys_area = Rect {
                width: keys_width.saturating_sub(1),
                ..area
            };
            let label = if keys.is_empty() { "–" } else { keys };
            pen = Pen::new(keys_area, theme, buf);
            pen.write("  ", theme.text).write(label, theme.key);
            let mut pen = Pen::new(area, theme, buf);
            pen.go_to(area.x + keys_width).write(help, theme.text);
        }
    }
}

fn foot(model: &Model, scrolls: bool, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let hint = |action| model.keymap.hint(Layer::Help, action).unwrap_or_default();
    let mut pen = Pen::new(area, theme, buf);
    pen.write(" ", theme.text);
    pen.write(&hint(Action::Cancel), theme.key)
        .write(" back", theme.muted);
    if scrolls {
        pen.write("  ", theme.text)
            .write(&hint(Action::Down), theme.key);
        pen.write("/", theme.muted)
            .write(&hint(Action::Up), theme.key);
        pen.write(" scroll", theme.muted);
    }
}
