//! The last line: the connection, the changes that wait, the account.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row::{Columns, state_word};
use super::text::{Pen, Run, runs_width};
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::link::Link;

/// One part of the line. The least weighty ones go first where room is short.
struct Part {
    run: Run<'static>,
    weight: u8,
    right: bool,
}

/// Draws the line.
pub(super) fn status(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut parts = parts(model, theme, area.width);
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
    let start = area.right().saturating_sub(runs_width(&right) + 1);
    pen.go_to(start).write_all(&right);
}

/// Columns of all parts, three blanks between them and one at each end.
fn taken(parts: &[Part]) -> u16 {
    let gaps = u16::try_from(3 * parts.len()).unwrap_or(u16::MAX);
    parts.iter().fold(gaps, |sum, part| {
        sum.saturating_add(runs_width(std::slice::from_ref(&part.run)))
    })
}

fn parts(model: &Model, theme: &Theme, width: u16) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = |text: String, style: Style, weight, right| {
        parts.push(Part {
            run: Run::new(text, style),
            weight,
            right,
        });
    };
    let (link, style) = link(model, theme);
    part(link, style, 5, false);
    let totals = model.totals;
    let waits = [
        (model.list.saving() as u64, "saving", theme.muted, 2),
        (totals.pending, "pending", theme.pending, 4),
        (totals.sent, "sent", theme.pending, 3),
        (totals.rejected, "rejected", theme.alert, 6),
    ];
    for (count, word, style, weight) in waits {
        if count > 0 {
            // What the role may not do is not on its way.
            let (text, style) = match &model.blocked {
                Some(_) if word == "pending" => {
                    (format!("{count} pending, not allowed"), theme.alert)
                }
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

fn link(model: &Model, theme: &Theme) -> (String, Style) {
    let [live, polling, offline] = theme.symbols.link;
    match &model.link {
        Link::LoggedOut if model.offline => (
            format!("{offline} logged out, offline (--offline)"),
            theme.pending,
        ),
        Link::LoggedOut => {
            let hint = model.keymap.hint(Layer::List, Action::Login);
            let text = match hint {
                Some(key) => format!("{offline} logged out ({key} logs in)"),
                None => format!("{offline} logged out"),
            };
            (text, theme.pending)
        }
        Link::Off => (format!("{offline} offline (--offline)"), theme.muted),
        Link::Connecting => (format!("{polling} connecting"), theme.muted),
        Link::Syncing => (format!("{polling} syncing"), theme.text),
        Link::Online if model.live => (format!("{live} live"), theme.good),
        Link::Online => (format!("{polling} polling every 30 s"), theme.good),
        Link::Offline { next_try: None, .. } => (format!("{offline} offline"), theme.pending),
        Link::Offline {
            next_try: Some(at), ..
        } => {
            let left = countdown(*at, model.now);
            (format!("{offline} offline, next try {left}"), theme.pending)
        }
        Link::Refused { why } => (format!("! not synced: {why}"), theme.alert),
    }
}

/// `in 12 s`, `in 2 min`; `now` when the time has come.
fn countdown(at: Timestamp, now: Timestamp) -> String {
    match at.duration_since(now).as_secs() {
        ..=0 => "now".to_owned(),
        seconds @ 1..=99 => format!("in {seconds} s"),
        seconds => format!("in {} min", (seconds + 30) / 60),
    }
}

/// The time of day, with the date when it is not today's.
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
