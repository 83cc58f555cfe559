//! The login screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::frame::frame;
use super::pen::Pen;
use super::text::{columns, width};
use super::theme::Theme;
use super::{line_of, list::centred, qr};
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::login::{Login, Stage};
use crate::auth::device::Prompt;

/// From this height on, there is room for a frame.
const ROOMY: u16 = 18;

/// One line of the screen. On a small screen, lines of the highest rank are left
/// out first.
struct Text {
    words: String,
    style: Style,
    rank: u8,
    /// Whether it has a frame, which needs an empty line above and below.
    framed: bool,
}

/// Draws the next step of the login, or its error.
pub(super) fn login(model: &Model, login: &Login, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if let (true, Stage::Code { prompt, .. }) = (login.qr, &login.stage)
        && code(model, prompt, theme, area, buf)
    {
        return;
    }
    let foot = u16::from(area.height >= 6);
    let body = Rect {
        height: area.height - foot,
        ..area
    };
    let mut lines = lines(model, login, theme, area);
    if login.qr {
        lines.push(text(
            "The terminal is too small for the QR code.",
            theme.alert,
            0,
        ));
    }
    if let Some(remark) = &login.remark {
        lines.push(text(remark, theme.text, 2));
    }
    while lines.len() > usize::from(body.height) {
        let Some(rank) = lines
            .iter()
            .map(|line| line.rank)
            .max()
            .filter(|rank| *rank > 0)
        else {
            break;
        };
        if let Some(at) = lines.iter().rposition(|line| line.rank == rank) {
            lines.remove(at);
        }
    }
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let first = body.height.saturating_sub(count) / 3;
    for (n, line) in (first..body.height).zip(&lines) {
        if line.framed {
            let around = around(&line.words, line_of(body, n));
            frame("", "", theme, around, buf);
        }
        let style = if line.framed {
            theme.overlay.patch(line.style)
        } else {
            line.style
        };
        centred(&line.words, style, theme, line_of(body, n), buf);
    }
    if foot == 1 {
        keys(model, login, theme, line_of(area, area.height - 1), buf);
    }
}

fn text(text: &str, style: Style, rank: u8) -> Text {
    Text {
        words: text.to_owned(),
        style,
        rank,
        framed: false,
    }
}

/// The area of a frame around centred `words`.
fn around(words: &str, line: Rect) -> Rect {
    let width = u16::try_from(words.len()).unwrap_or(u16::MAX);
    let width = width.saturating_add(8).min(line.width);
    Rect {
        x: line.x + (line.width - width) / 2,
        y: line.y.saturating_sub(1),
        width,
        height: 3,
    }
}

/// The user code, spaced and framed if there is room.
fn user_code(code: &str, theme: &Theme, area: Rect) -> Text {
    let letters: Vec<String> = code.chars().map(String::from).collect();
    let spaced = letters.join(" ");
    let fits = area.height >= ROOMY && spaced.len() + 8 <= usize::from(area.width);
    let words = if fits { &spaced } else { code };
    Text {
        framed: fits,
        ..text(words, theme.code, 0)
    }
}

fn lines(model: &Model, login: &Login, theme: &Theme, area: Rect) -> Vec<Text> {
    let width = area.width;
    let space = || text("", theme.text, 9);
    let mut lines = vec![text("Log in", theme.heading, 8), space()];
    match &login.stage {
        Stage::LoggedIn { name } => {
            lines.extend(wrapped(
                &format!("You are logged in as {name}."),
                theme.text,
                0,
                width,
            ));
            let again = "A new login replaces this one.";
            lines.extend(wrapped(again, theme.muted, 1, width));
        }
        Stage::Starting => lines.push(text("Requesting a code…", theme.text, 0)),
        Stage::Unlocking => {
            lines.push(text(
                "Waiting for your keyring to be unlocked…",
                theme.text,
                0,
            ));
        }
        Stage::Verifying => {
            lines.push(text("Approved. Checking with the server…", theme.text, 0));
        }
        Stage::Failed { message, help } => {
            lines.extend(wrapped(message, theme.alert, 0, width));
            lines.push(space());
            lines.extend(wrapped(help, theme.text, 1, width));
        }
        Stage::Code {
            prompt,
            poll_error,
            seconds_left,
            ..
        } => {
            lines.push(text("Open this page on any device:", theme.text, 5));
            lines.push(space());
            lines.extend(wrapped(prompt.page(), theme.text, 0, width));
            lines.push(space());
            lines.push(text(prompt.code_instruction(), theme.text, 5));
            lines.push(space());
            let code = user_code(&prompt.user_code, theme, area);
            if code.framed {
                lines.push(space());
            }
            let framed = code.framed;
            lines.push(code);
            if framed {
                lines.push(space());
            }
            lines.push(space());
            let (minutes, seconds) = (seconds_left / 60, seconds_left % 60);
            let left = format!("{minutes}:{seconds:02} left");
            let whole = format!("Waiting for you to press Confirm there, {left}");
            let fits = whole.len() <= usize::from(width);
            lines.push(text(if fits { &whole } else { &left }, theme.muted, 1));
            if model.demo {
                lines.push(space());
                let demo = "This is the demo: without a browser, enter confirms by itself.";
                lines.extend(wrapped(demo, theme.muted, 3, width));
            }
            if let Some(error) = poll_error {
                let text = format!("{error}; trying again");
                lines.extend(wrapped(&text, theme.pending, 3, width));
            }
        }
    }
    lines
}

/// Wraps a text to lines of one style.
fn wrapped(whole: &str, style: Style, rank: u8, width: u16) -> Vec<Text> {
    let room = usize::from(width).saturating_sub(2);
    super::text::wrapped(whole, room)
        .iter()
        .map(|line| text(line, style, rank))
        .collect()
}

/// Draws the QR code with the user code under it. Returns `false` if it does not fit.
fn code(model: &Model, prompt: &Prompt, theme: &Theme, area: Rect, buf: &mut Buffer) -> bool {
    let lines = qr::lines(prompt.page());
    let width = lines
        .first()
        .map_or(0, |line| columns(line, usize::from(u16::MAX)));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    if lines.is_empty() || width > usize::from(area.width) || height + 2 > area.height {
        return false;
    }
    let style = Style::new().fg(Color::White).bg(Color::Black);
    let first = (area.height - height - 2) / 2;
    for (n, line) in (first..area.height).zip(&lines) {
        centred(line, style, theme, line_of(area, n), buf);
    }
    centred(
        &prompt.user_code,
        theme.code,
        theme,
        line_of(area, first + height),
        buf,
    );
    let hint = model
        .keymap
        .hint(Layer::Login, Action::ToggleQr)
        .unwrap_or_default();
    let back = format!("{hint} back to the text");
    centred(
        &back,
        theme.muted,
        theme,
        line_of(area, first + height + 1),
        buf,
    );
    true
}

fn keys(model: &Model, login: &Login, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let cancel = [(Action::Cancel, "close"), (Action::Quit, "quit")];
    let can: &[(Action, &str)] = match login.stage {
        Stage::Code { openable, .. } => {
            let keys = &[
                (Action::OpenBrowser, "open"),
                (Action::CopyCode, "copy code"),
                (Action::CopyLink, "copy link"),
                (Action::ToggleQr, "QR code"),
                (Action::Retry, "new code"),
            ];
            if openable {
                keys
            } else {
                keys.get(1..).unwrap_or_default()
            }
        }
        Stage::LoggedIn { .. } => &[(Action::Retry, "log in again")],
        Stage::Failed { .. } => &[(Action::Retry, "try again")],
        Stage::Starting | Stage::Unlocking | Stage::Verifying => &[],
    };
    let mut pen = Pen::new(area, theme, buf);
    for (action, word) in can.iter().chain(&cancel) {
        let Some(key) = model.keymap.hint(Layer::Login, *action) else {
            continue;
        };
        if width(&key) + width(word) + 3 <= area.right().saturating_sub(pen.x()) {
            pen.write("  ", theme.text).write(&key, theme.key);
            pen.write(" ", theme.text).write(word, theme.muted);
        }
    }
}
