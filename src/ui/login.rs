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

/// The columns that a frame adds to its text.
const FRAME: u16 = 8;

/// One line of the screen. On a small screen, lines of the highest rank are left
/// out first.
struct Text {
    words: String,
    style: Style,
    rank: u8,
    /// Whether it has a frame, which needs an empty line above and below.
    framed: bool,
    /// Whether it starts at the left edge, not centred.
    from_left: bool,
}

/// Draws the next step of the login, or its error.
pub(super) fn login(model: &Model, login: &Login, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if let (true, Stage::Code { prompt, .. }) = (login.qr, &login.stage)
        && code(model, prompt, theme, area, buf)
    {
        return;
    }
    let body = body(area);
    let room = usize::from(body.height);
    let mut lines = lines(model, login, theme, area.width, true);
    if lines.len() > room {
        // A frame needs its empty lines, which are the first to be left out.
        lines = self::lines(model, login, theme, area.width, false);
    }
    while lines.len() > room {
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
        if line.from_left {
            Pen::new(line_of(body, n), theme, buf).write(&line.words, style);
        } else {
            centred(&line.words, style, theme, line_of(body, n), buf);
        }
    }
    if body.height < area.height {
        let foot = line_of(area, body.height);
        let is_shown = |time: &String| lines.iter().any(|line| line.words.contains(time));
        let time = time_left(login).filter(|time| !is_shown(time));
        let room = Rect {
            width: foot.width - time.map_or(0, |time| right(&time, theme, foot, buf)),
            ..foot
        };
        keys(model, login, theme, room, buf);
    }
}

/// The part of the screen above its keys.
pub(super) fn body(area: Rect) -> Rect {
    let foot = u16::from(area.height > 1);
    Rect {
        height: area.height - foot,
        ..area
    }
}

/// How long the code is valid, in minutes and seconds: `14:52`.
fn time_left(login: &Login) -> Option<String> {
    let Stage::Code { seconds_left, .. } = login.stage else {
        return None;
    };
    let (minutes, seconds) = (seconds_left / 60, seconds_left % 60);
    Some(format!("{minutes}:{seconds:02}"))
}

/// Writes `words` at the right end of a line. Returns the columns that it takes.
fn right(words: &str, theme: &Theme, line: Rect, buf: &mut Buffer) -> u16 {
    let taken = width(words).saturating_add(1).min(line.width);
    Pen::new(line, theme, buf)
        .go_to(line.right() - taken)
        .write(words, theme.muted);
    taken
}

fn text(text: &str, style: Style, rank: u8) -> Text {
    Text {
        words: text.to_owned(),
        style,
        rank,
        framed: false,
        from_left: false,
    }
}

/// The area of a frame around centred `words`.
fn around(words: &str, line: Rect) -> Rect {
    let width = width(words).saturating_add(FRAME).min(line.width);
    Rect {
        x: line.x + (line.width - width) / 2,
        y: line.y.saturating_sub(1),
        width,
        height: 3,
    }
}

/// The user code: spaced, with a frame and its empty lines, if that is `roomy` and fits.
fn user_code(code: &str, theme: &Theme, columns: u16, roomy: bool) -> Vec<Text> {
    let letters: Vec<String> = code.chars().map(String::from).collect();
    let spaced = letters.join(" ");
    if !roomy || width(&spaced).saturating_add(FRAME) > columns {
        return vec![text(code, theme.code, 0)];
    }
    let framed = Text {
        framed: true,
        ..text(&spaced, theme.code, 0)
    };
    vec![space(theme), framed, space(theme)]
}

/// Breaks a URL into whole lines from the left edge, nothing between its parts.
fn from_left(url: &str, theme: &Theme, columns: u16) -> Vec<Text> {
    let lines = super::text::wrapped(url, usize::from(columns));
    let line = |words: &String| Text {
        from_left: true,
        ..text(words, theme.text, 0)
    };
    lines.iter().map(line).collect()
}

fn space(theme: &Theme) -> Text {
    text("", theme.text, 9)
}

/// The lines of the screen, with a frame around the user code if that is `roomy`.
fn lines(model: &Model, login: &Login, theme: &Theme, columns: u16, roomy: bool) -> Vec<Text> {
    let mut lines = vec![text("Log in", theme.heading, 8), space(theme)];
    match &login.stage {
        Stage::LoggedIn { name } => {
            let who = format!("You are logged in as {name}.");
            lines.extend(wrapped(&who, theme.text, 0, columns));
            let again = "A new login replaces this one.";
            lines.extend(wrapped(again, theme.muted, 1, columns));
        }
        Stage::Starting => lines.push(text("Requesting a code", theme.text, 0)),
        Stage::Unlocking => {
            let locked = "Waiting for your keyring to be unlocked";
            lines.push(text(locked, theme.text, 0));
        }
        Stage::Verifying => {
            lines.push(text("Approved. Checking with the server", theme.text, 0));
        }
        Stage::Failed { message, help } => {
            lines.extend(wrapped(message, theme.alert, 0, columns));
            lines.push(space(theme));
            lines.extend(wrapped(help, theme.text, 1, columns));
        }
        Stage::Code {
            prompt, poll_error, ..
        } => {
            lines.extend(page_and_code(prompt, theme, columns, roomy));
            lines.push(space(theme));
            let left = format!("{} left", time_left(login).unwrap_or_default());
            let whole = format!("Waiting for you to press Confirm there, {left}");
            let fits = width(&whole) <= columns;
            lines.push(text(if fits { &whole } else { &left }, theme.muted, 1));
            if model.demo {
                lines.push(space(theme));
                let confirms = |key| format!(": without a browser, {key} confirms by itself");
                let open = Action::OpenBrowser;
                let help = model.keymap.hint_words(Layer::Login, open, confirms);
                let demo = format!("This is the demo{help}.");
                lines.extend(wrapped(&demo, theme.muted, 3, columns));
            }
            if let Some(error) = poll_error {
                let text = format!("{error}; trying again");
                lines.extend(wrapped(&text, theme.pending, 3, columns));
            }
        }
    }
    if login.qr {
        let small = "The terminal is too small for the QR code.";
        lines.push(text(small, theme.alert, 0));
    }
    if let Some(remark) = &login.remark {
        lines.push(text(remark, theme.text, 2));
    }
    lines
}

/// The page to open and the code it must show. A page that is wider than the screen
/// follows the code.
fn page_and_code(prompt: &Prompt, theme: &Theme, columns: u16, roomy: bool) -> Vec<Text> {
    let page = prompt.page();
    let fits = width(page) <= columns;
    let mut lines = Vec::new();
    if fits {
        lines.push(text("Open this page on any device:", theme.text, 5));
        lines.push(space(theme));
        lines.push(text(page, theme.text, 0));
        lines.push(space(theme));
    } else {
        lines.push(text("Open the page below on any device", theme.text, 5));
    }
    lines.push(text(prompt.code_instruction(), theme.text, 5));
    lines.push(space(theme));
    lines.extend(user_code(&prompt.user_code, theme, columns, roomy));
    if !fits {
        lines.push(space(theme));
        lines.extend(from_left(page, theme, columns));
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
