//! The last line: the connection, the changes to send, the account.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, Run, runs_width};
use super::row::{Columns, state_word};
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::connection::ConnectionState;
use crate::app::screen::Screen;

/// One part of the line. Where room is short, those of least weight are left out.
struct StatusPart {
    run: Run<'static>,
    weight: u8,
    right: bool,
}

/// Draws the line.
pub(super) fn status(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut parts = parts(model, theme, area.width, true);
    if taken(&parts) > area.width {
        parts = self::parts(model, theme, area.width, false);
    }
    while parts.len() > 1 && taken(&parts) > area.width {
        let lightest = parts
            .iter()
            .enumerate()
            .min_by_key(|(_, part)| part.weight)
            .map_or(0, |(at, _)| at);
        parts.remove(lightest);
    }
    let mut pen = Pen::new(area, theme, buf);
    pen.write(" ", theme.muted);
    for (n, part) in parts.iter().filter(|part| !part.right).enumerate() {
        if n > 0 {
            pen.write("   ", theme.muted);
        }
        pen.write_all(std::slice::from_ref(&part.run));
    }
    let mut right: Vec<Run<'_>> = Vec::new();
    for part in parts.iter().filter(|part| part.right) {
        if !right.is_empty() {
            right.push(Run::new(format!(" {} ", theme.symbols.dot), theme.muted));
        }
        right.push(part.run.clone());
    }
    let start = area
        .right()
        .saturating_sub(runs_width(&right).saturating_add(1));
    pen.go_to(start).write_all(&right);
}

/// Columns of all parts, three blanks between them and one at each end.
fn taken(parts: &[StatusPart]) -> u16 {
    let gaps = u16::try_from(3 * parts.len()).unwrap_or(u16::MAX);
    parts.iter().fold(gaps, |sum, part| {
        sum.saturating_add(runs_width(std::slice::from_ref(&part.run)))
    })
}

/// All parts; `named` with the key that belongs to one.
fn parts(model: &Model, theme: &Theme, width: u16, named: bool) -> Vec<StatusPart> {
    let mut parts = Vec::new();
    let mut part = |text: String, style: Style, weight, right| {
        parts.push(StatusPart {
            run: Run::new(text, style),
            weight,
            right,
        });
    };
    let (state, style) = connection(model, theme);
    part(state, style, 5, false);
    let totals = model.totals;
    let counts = [
        (model.list.saving() as u64, "saving", theme.muted, 2),
        (totals.pending, "pending", theme.pending, 4),
        (totals.sent, "sent", theme.pending, 3),
        (totals.rejected, "rejected", theme.alert, 6),
    ];
    for (count, word, style, weight) in counts {
        if count > 0 {
            // Changes that the role may not make are not being sent.
            let (text, style) = match &model.blocked {
                Some(_) if word == "pending" => {
                    (format!("{count} pending, not allowed"), theme.alert)
                }
                _ if named && word == "rejected" => (rejected(count, model), style),
                _ => (format!("{count} {word}"), style),
            };
            part(text, style, weight, false);
        }
    }
    if Columns::of(width) == Columns::Narrow
        && let Some(word) = model.list.selected().and_then(state_word)
    {
        part(format!("this: {word}"), theme.text, 7, false);
    }
    if let Some(who) = &model.who {
        let name = who.email.as_ref().or(who.name.as_ref()).unwrap_or(&who.sub);
        part(name.clone(), theme.muted, 0, true);
    }
    if let Some(as_of) = model.freshness.as_of {
        part(
            format!("as of {}", moment(as_of, model)),
            theme.muted,
            1,
            true,
        );
    }
    parts
}

/// `1 rejected (Q)`, with the key that shows what was rejected.
fn rejected(count: u64, model: &Model) -> String {
    match model.keymap.hint(Layer::List, Action::Queue) {
        Some(key) if !matches!(model.main_screen(), Screen::Queue(_)) => {
            format!("{count} rejected ({key})")
        }
        Some(_) | None => format!("{count} rejected"),
    }
}

fn connection(model: &Model, theme: &Theme) -> (String, Style) {
    let [live, polling, offline] = theme.symbols.connection;
    match &model.connection {
        ConnectionState::LoggedOut if model.offline => (
            format!("{offline} logged out, offline (--offline)"),
            theme.pending,
        ),
        ConnectionState::LoggedOut => {
            let hint = model.keymap.hint(Layer::List, Action::Login);
            let text = match hint {
                Some(key) => format!("{offline} logged out ({key} logs in)"),
                None => format!("{offline} logged out"),
            };
            (text, theme.pending)
        }
        ConnectionState::Off => (format!("{offline} offline (--offline)"), theme.muted),
        ConnectionState::Connecting => (format!("{polling} connecting"), theme.muted),
        ConnectionState::Syncing => (format!("{polling} syncing"), theme.text),
        ConnectionState::Online if model.live => (format!("{live} live"), theme.good),
        ConnectionState::Online => (format!("{polling} polling every 30 s"), theme.good),
        ConnectionState::Offline { next_try: None, .. } => {
            (format!("{offline} offline"), theme.pending)
        }
        ConnectionState::Offline {
            next_try: Some(at), ..
        } => {
            let left = countdown(*at, model.now);
            (format!("{offline} offline, next try {left}"), theme.pending)
        }
        ConnectionState::Refused { why } => (format!("! not synced: {why}"), theme.alert),
    }
}

/// `in 12 s`, `in 2 min`; `now` when it is due.
fn countdown(at: Timestamp, now: Timestamp) -> String {
    match at.duration_since(now).as_secs() {
        ..=0 => "now".to_owned(),
        seconds @ 1..=99 => format!("in {seconds} s"),
        seconds => format!("in {} min", (seconds + 30) / 60),
    }
}

/// The time of day, with the date if that is not today.
pub(super) fn moment(at: Timestamp, model: &Model) -> String {
    let at = model.zone.to_datetime(at);
    if at.date() == model.today {
        at.strftime("%H:%M").to_string()
    } else if at.date().year() == model.today.year() {
        at.strftime("%-d %b %H:%M").to_string()
    } else {
        at.strftime("%-d %b %Y").to_string()
    }
}
