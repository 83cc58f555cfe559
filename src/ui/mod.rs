//! Draws the model. Reads it, writes cells, decides nothing.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::Model;
use crate::app::layout::Area;
use crate::app::model::Screen;
use crate::domain::line::Line;

mod due;
mod frame;
mod header;
mod help;
mod hints;
mod line;
mod list;
mod login;
pub mod qr;
mod row;
mod status;
mod toast;
mod words;

pub mod color;
pub mod symbols;
pub mod text;
pub mod theme;

pub use color::ColorDepth;
pub use theme::{Theme, ThemeName};

/// Draws one frame.
pub fn draw(model: &Model, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    if let Some(cursor) = screen(model, theme, area, frame.buffer_mut()) {
        frame.set_cursor_position(cursor);
    }
}

/// Draws the screen in front into `area`. Returns where the cursor belongs, if a
/// line of text is open.
pub fn screen(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<Position> {
    text::fill(area, theme.text, buf);
    match &model.screen {
        Screen::Help { top } => {
            help::help(model, *top, theme, area, buf);
            None
        }
        Screen::Login(login) => {
            login::login(model, login, theme, area, buf);
            None
        }
        Screen::List | Screen::Editor(_) | Screen::Search(_) | Screen::Paste { .. } => {
            main(model, theme, buf)
        }
    }
}

/// The list and what is around it.
fn main(model: &Model, theme: &Theme, buf: &mut Buffer) -> Option<Position> {
    let layout = model.layout();
    let at = |area: Area| rect(area).intersection(buf.area);
    let (header, rule, rows) = (at(layout.header), at(layout.rule), at(layout.list));
    let (line, hints, status) = (at(layout.line), at(layout.hints), at(layout.status));
    if header.height > 0 {
        header::header(model, theme, header, rule, buf);
    }
    list::list(model, theme, rows, buf);
    hints::hints(model, theme, hints, buf);
    status::status(model, theme, status, buf);
    let cursor = match &model.screen {
        Screen::Editor(editor) => line::editor(editor, theme, line, buf),
        Screen::Search(search) => {
            let inner = line::boxed("Search", theme, line, buf);
            line::field(&search.input, theme, line_of(inner, 0), buf)
        }
        Screen::Paste { lines, .. } => {
            let inner = line::boxed("Paste", theme, line, buf);
            let question = format!("{} lines: one todo each, or one todo?", lines.len());
            let mut pen = text::Pen::new(inner, theme, buf);
            pen.write(&question, theme.overlay);
            None
        }
        Screen::List | Screen::Help { .. } | Screen::Login(_) => None,
    };
    if let Some(toast) = &model.toast {
        let over = if rows.height > 0 { rows } else { status };
        let last = line_of(over, over.height.saturating_sub(1));
        toast::toast(toast, model, theme, last, buf);
    }
    cursor
}

const fn rect(area: Area) -> Rect {
    Rect {
        x: area.x,
        y: area.y,
        width: area.width,
        height: area.height,
    }
}

/// Line `n` of `area`; empty when there is none.
fn line_of(area: Rect, n: u16) -> Rect {
    Rect {
        y: area.y + n,
        height: u16::from(n < area.height),
        ..area
    }
}

/// A todo's words without the marks that programs read: `x DATE`, `(A)`.
fn words_of(text: &str) -> Cow<'_, str> {
    let line = Line::new(text);
    let reopened = if line.is_done() {
        line.reopened().map_or(Cow::Borrowed(text), Cow::Owned)
    } else {
        Cow::Borrowed(text)
    };
    match line.priority() {
        Some(_) if reopened.starts_with('(') => {
            Cow::Owned(reopened.get(4..).unwrap_or_default().to_owned())
        }
        _ => reopened,
    }
}
