//! Draws the model. Reads it, writes cells, decides nothing.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::Model;
use crate::app::layout::Area;
use crate::app::screen::{Question, Screen};
use crate::app::toast::{Toast, ToastKind};

mod conflict;
mod continuations;
mod details;
mod due;
mod frame;
mod glyph;
mod header;
mod hints;
mod line;
mod list;
mod login;
mod picker;
pub mod qr;
mod queue;
mod row;
mod search;
mod sidebar;
mod status;
mod toast;
mod tour;
mod welcome;
mod words;

pub mod color;
pub mod pen;
pub mod symbols;
pub mod text;
pub mod theme;

pub use color::ColorDepth;
pub use theme::{Theme, ThemeName, Themes};
pub use welcome::{draw_welcome, welcome_screen};

/// Draws one frame.
pub fn draw(model: &Model, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    if let Some(cursor) = screen(model, theme, area, frame.buffer_mut()) {
        frame.set_cursor_position(cursor);
    }
}

/// Draws the screen in front into `area` of an empty buffer. Returns the position of the
/// cursor, if a line of text is open.
pub fn screen(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<Position> {
    buf.set_style(area, theme.text);
    let cursor = front(model, theme, area, buf);
    if let Some(toast) = model
        .toast
        .as_ref()
        .filter(|toast| is_in_sight(toast, model))
    {
        let over = toast_line(model, area);
        toast::toast(toast, model, theme, over, buf);
    }
    cursor
}

/// Returns whether nothing more urgent is drawn where the message would be: a box of
/// choices hides all messages but alerts.
fn is_in_sight(toast: &Toast, model: &Model) -> bool {
    let is_covered = model.shows_continuations() || matches!(model.screen, Screen::Picker(_));
    toast.kind == ToastKind::Alert || !is_covered
}

/// The line that a message covers: the last of the list or of the login, above the
/// keys.
fn toast_line(model: &Model, area: Rect) -> Rect {
    let layout = model.layout();
    let over = if matches!(model.main_screen(), Screen::Login(_)) {
        login::body(area)
    } else if layout.list.height > 0 {
        rect(layout.list)
    } else {
        rect(layout.status)
    };
    let mut line = line_of(over, over.height.saturating_sub(1)).intersection(area);
    if over == rect(layout.list) && !matches!(model.main_screen(), Screen::Queue(_)) {
        line.width = line.width.saturating_sub(list::last_state(model, over));
    }
    line
}

fn front(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<Position> {
    match &model.screen {
        Screen::Picker(picker) => {
            behind(&picker.behind, model, theme, area, buf);
            picker::picker(picker, theme, area, buf)
        }
        Screen::Login(login) => {
            login::login(model, login, theme, area, buf);
            None
        }
        Screen::List
        | Screen::Sidebar(_)
        | Screen::Editor(_)
        | Screen::Search(_)
        | Screen::Queue(_)
        | Screen::Confirm { .. }
        | Screen::Paste { .. } => main(model, theme, buf),
    }
}

/// Draws the screen that a picker covers.
fn behind(screen: &Screen, model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    match screen {
        Screen::Login(login) => login::login(model, login, theme, area, buf),
        Screen::List
        | Screen::Sidebar(_)
        | Screen::Editor(_)
        | Screen::Search(_)
        | Screen::Queue(_)
        | Screen::Confirm { .. }
        | Screen::Paste { .. }
        | Screen::Picker(_) => {
            let _ = main(model, theme, buf);
        }
    }
}

/// Draws the main screen: the list or the queue, and all around it.
fn main(model: &Model, theme: &Theme, buf: &mut Buffer) -> Option<Position> {
    let layout = model.layout();
    let whole = buf.area;
    let at = |area: Area| rect(area).intersection(whole);
    let (header, rule, rows) = (at(layout.header), at(layout.rule), at(layout.list));
    let (line, hints, status) = (at(layout.line), at(layout.hints), at(layout.status));
    if let Screen::Queue(queue) = model.main_screen() {
        queue::header(queue, theme, header, rule, buf);
        queue::queue(queue, model, theme, rows, buf);
    } else {
        if layout.sidebar.height > 0 {
            sidebar::sidebar(model, theme, at(layout.sidebar), buf);
        }
        header::header(model, theme, header, rule, buf);
        list::list(model, theme, rows, buf);
        search::terms(theme, at(layout.terms), buf);
        if layout.details.height > 0 {
            let area = at(layout.details);
            details::details(model, theme, area, layout.details_beside, buf);
        }
    }
    hints::hints(model, theme, hints, buf);
    status::status(model, theme, status, buf);
    let cursor = search::line(model, theme, at(layout.search), buf);
    let cursor = cursor.or_else(|| open_line(model, theme, line, buf));
    if let (Some(shown), Screen::List) = (model.tour, &model.screen) {
        let above_toast = rows.height.saturating_sub(2);
        tour::tour(shown, model, theme, line_of(rows, above_toast), buf);
    }
    if model.shows_continuations() {
        continuations::continuations(model, theme, rows, buf);
    }
    cursor
}

/// Draws the line or question that is open.
fn open_line(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) -> Option<Position> {
    match model.main_screen() {
        Screen::Editor(editor) => line::editor(editor, model, theme, area, buf),
        Screen::Search(search) => {
            // Only if there is no room under the header.
            pen::fill(area, theme.overlay, buf);
            let cursor = line::field(&search.input, theme, area, buf)?;
            if let Some(completion) = search.completion(&model.tags) {
                let (rest, input) = (completion.rest(), &search.input);
                let style = theme.overlay.patch(theme.muted);
                line::ghost(rest, input, cursor, style, theme, area, buf);
            }
            Some(cursor)
        }
        Screen::Paste { lines, .. } => {
            let question = format!("{} lines: one todo each, or one todo?", lines.len());
            question_box("Paste", &question, theme, area, buf);
            None
        }
        Screen::Confirm {
            question, queued, ..
        } => {
            let texts = crate::app::queue::texts(queued);
            let mine = texts.mine.or(texts.was).unwrap_or_default();
            let (title, text) = match question {
                Question::Drop => ("Drop your change?", format!("yours: {mine}")),
                Question::KeepMine => (
                    "Replace theirs with yours?",
                    format!("theirs: {}", texts.theirs.unwrap_or_default()),
                ),
            };
            question_box(title, &text, theme, area, buf);
            None
        }
        Screen::List
        | Screen::Sidebar(_)
        | Screen::Queue(_)
        | Screen::Picker(_)
        | Screen::Login(_) => None,
    }
}

fn question_box(title: &str, text: &str, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let inner = line::boxed(title, theme, area, buf);
    let shown = if inner.height > 1 {
        text.to_owned()
    } else {
        format!("{title} {text}")
    };
    pen::Pen::new(line_of(inner, 0), theme, buf).write(&shown, theme.overlay);
}

const fn rect(area: Area) -> Rect {
    Rect {
        x: area.x,
        y: area.y,
        width: area.width,
        height: area.height,
    }
}

/// `area` without one column and one row on each side, if there is room.
fn inset(area: Rect) -> Rect {
    let (x, y) = (u16::from(area.width > 20), u16::from(area.height > 8));
    Rect {
        x: area.x + x,
        y: area.y + y,
        width: area.width - 2 * x,
        height: area.height - 2 * y,
    }
}

/// Line `n` of `area`; empty if there is none.
fn line_of(area: Rect, n: u16) -> Rect {
    Rect {
        y: area.y + n,
        height: u16::from(n < area.height),
        ..area
    }
}
