//! Draws the model. Reads it, writes cells, decides nothing.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::Model;
use crate::app::model::Screen;

mod header;
mod help;
mod line;
mod list;
mod login;
mod prompt;
pub mod qr;
mod status;
pub mod text;
pub mod theme;

pub use theme::Theme;

/// Draws one frame.
pub fn draw(model: &Model, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    if let Some(cursor) = screen(model, theme, area, frame.buffer_mut()) {
        frame.set_cursor_position(cursor);
    }
}

/// Draws the screen in front into `area`; where the cursor belongs, if a line
/// of text is open.
pub fn screen(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<Position> {
    match &model.screen {
        Screen::Help { top } => {
            help::help(model, *top, theme, area, buf);
            None
        }
        Screen::Login(login) => {
            login::login(model, login, theme, area, buf);
            None
        }
        Screen::List
        | Screen::Editor(_)
        | Screen::Search(_)
        | Screen::Confirm { .. }
        | Screen::Paste { .. } => main(model, theme, area, buf),
    }
}

/// The list with its heading above, the prompt and the status line below.
/// Small terminals lose the prompt line first (it then shares the last line),
/// then the heading.
fn main(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let heading = u16::from(area.height >= 5);
    let foot = match area.height {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    };
    if heading == 1 {
        header::header(model, theme, row(area, 0), buf);
    }
    let rows = Rect {
        y: area.y + heading,
        height: area.height - heading - foot,
        ..area
    };
    list::list(model, theme, rows, buf);
    let last = row(area, area.height.saturating_sub(1));
    if foot == 2 {
        let cursor = prompt::prompt(model, theme, row(area, area.height - 2), buf);
        match prompt::error(model) {
            Some(error) => status::told(error, theme.alert, last, buf),
            None => status::status(model, theme, last, buf),
        }
        return cursor;
    }
    if prompt::is_open(model) || (foot == 1 && model.notice.is_some()) {
        text::blank(last, buf);
        return prompt::prompt(model, theme, last, buf);
    }
    if foot == 1 {
        status::status(model, theme, last, buf);
    }
    None
}

/// Line `n` of `area`; empty when there is none.
fn row(area: Rect, n: u16) -> Rect {
    Rect {
        y: area.y + n,
        height: u16::from(n < area.height),
        ..area
    }
}

#[cfg(test)]
mod tests;
