//! The last line: whose list, how it stands with the server, what waits.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::list::{ROOMY, state_word};
use super::text::{Pen, columns};
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::link::Link;

/// One part of the line. The least weighty ones go first where room is short.
struct Part {
    text: String,
    style: Style,
    weight: u8,
}

/// Draws the line.
pub(super) fn status(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut parts = parts(model, theme, area.width);
    let room = usize::from(area.width);
    let taken =
        |parts: &[Part]| -> usize { parts.iter().map(|part| columns(&part.text, room) + 3).sum() };
    while parts.len() > 1 && taken(&parts) > room + 1 {
        let lightest = parts
            .iter()
            .enumerate()
            .min_by_key(|(_, part)| part.weight)
            .map_or(0, |(at, _)| at);
        parts.remove(lightest);
    }
    let mut pen = Pen::new(area, theme.placeholder, buf);
    pen.write(" ", theme.muted);
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            pen.write(" · ", theme.muted);
        }
        pen.write(&part.text, part.style);
    }
}

/// One message across the line.
pub(super) fn told(text: &str, style: Style, area: Rect, buf: &mut Buffer) {
    Pen::new(area, style, buf)
        .write(" ", style)
        .write(text, style);
}

fn parts(model: &Model, theme: &Theme, width: u16) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = |text: String, style, weight| {
        parts.push(Part {
            text,
            style,
            weight,
        });
    };
    if let Some(who) = &model.who {
        let name = who.email.as_ref().or(who.name.as_ref()).unwrap_or(&who.sub);
        part(name.clone(), theme.muted, 1);
    }
    let (link, style) = link(model, theme);
    part(link, style, 5);
    let totals = model.totals;
    let waits = [
        (model.list.saving() as u64, "saving", theme.muted, 3),
        (totals.pending, "pending", theme.waiting, 4),
        (totals.sent, "sent", theme.waiting, 3),
        (totals.rejected, "rejected", theme.alert, 4),
    ];
    for (count, word, style, weight) in waits {
        if count > 0 {
            part(format!("{count} {word}"), style, weight);
        }
    }
    if width < ROOMY
        && let Some(word) = model.list.selected().and_then(state_word)
    {
        part(format!("this: {word}"), theme.text, 6);
    }
    if let Some(as_of) = model.freshness.as_of {
        let as_of = minute(as_of, &model.zone, model);
        part(format!("as of {as_of}"), theme.muted, 2);
    }
    parts
}

fn link(model: &Model, theme: &Theme) -> (String, Style) {
    match &model.link {
        Link::SignedOut => {
            let hint = model.keymap.hint(Layer::List, Action::Login);
            let text = match hint {
                Some(key) => format!("signed out – press {key} to log in"),
                None => "signed out".to_owned(),
            };
            (text, theme.waiting)
        }
        Link::Off => ("offline as asked".to_owned(), theme.muted),
        Link::Connecting => ("connecting".to_owned(), theme.muted),
        Link::Syncing => ("syncing".to_owned(), theme.text),
        Link::Online if model.live => ("live".to_owned(), theme.good),
        Link::Online => ("polling".to_owned(), theme.good),
        Link::Offline { next_try: None, .. } => ("offline".to_owned(), theme.waiting),
        Link::Offline {
            next_try: Some(at), ..
        } => {
            let at = model.zone.to_datetime(*at).strftime("%H:%M:%S");
            (format!("offline, next try {at}"), theme.waiting)
        }
        Link::Refused { why } => (format!("not synced: {why}"), theme.alert),
    }
}

/// The time of day, with the date when it is not today's.
fn minute(at: Timestamp, zone: &TimeZone, model: &Model) -> String {
    let at = zone.to_datetime(at);
    if at.date() == model.today {
        at.strftime("%H:%M").to_string()
    } else {
        at.strftime("%Y-%m-%d %H:%M").to_string()
    }
}
