//! A rejected change: its reason, both texts, and the keys that decide.

use ratatui::style::Style;

use super::details::Lines;
use super::pen::{Run, runs_width};
use super::status::moment;
use super::text::wrapped;
use super::theme::Theme;
use super::words;
use crate::app::Model;
use crate::app::action::Layer;
use crate::app::hints::DECISIONS;
use crate::app::queue::{is_rejected, reason, texts};
use crate::domain::push_outcome::Queued;

/// Columns of the labels in front of the texts.
const LABEL: usize = 9;

/// The lines that explain a rejected change in the details.
pub(super) fn lines(queued: &Queued, model: &Model, theme: &Theme, room: u16) -> Lines {
    if !is_rejected(queued) {
        return Vec::new();
    }
    let plain = Style {
        bg: None,
        ..theme.text
    };
    let mut lines = vec![
        Vec::new(),
        vec![
            Run::new(
                format!("{} rejected  ", theme.symbols.rejected),
                theme.alert,
            ),
            Run::new(reason(queued), plain),
        ],
    ];
    lines.extend(both(queued, theme, room));
    let mut hints: Vec<Run<'static>> = Vec::new();
    for (action, word) in DECISIONS {
        let Some(key) = model.keymap.hint(Layer::List, action) else {
            continue;
        };
        let gap = if hints.is_empty() { "" } else { "  " };
        let hint = [
            Run::new(gap, theme.muted),
            Run::new(key, theme.key),
            Run::new(format!(" {word}"), theme.muted),
        ];
        if !hints.is_empty() && runs_width(&hints).saturating_add(runs_width(&hint)) > room {
            lines.push(std::mem::take(&mut hints));
        }
        let is_first = hints.is_empty();
        hints.extend(hint.into_iter().skip(usize::from(is_first)));
    }
    lines.push(hints);
    lines
}

/// *was*, *yours*, *theirs* with the differing words marked.
pub(super) fn both(queued: &Queued, theme: &Theme, room: u16) -> Lines {
    let texts = texts(queued);
    let mine = texts.mine.unwrap_or("(deleted)");
    let mut lines = Vec::new();
    if let Some(theirs) = texts.theirs {
        lines.extend(text("yours", mine, theirs, theme.pending, theme, room));
        lines.extend(text("theirs", theirs, mine, theme.good, theme, room));
    } else {
        lines.extend(text("yours", mine, mine, theme.pending, theme, room));
    }
    lines
}

/// All details of a change, below the queue.
pub(super) fn whole(queued: &Queued, model: &Model, theme: &Theme, room: u16) -> Lines {
    let plain = Style {
        bg: None,
        ..theme.text
    };
    let mut lines = Vec::new();
    if let Some(was) = texts(queued).was {
        lines.extend(text("was", was, was, plain, theme, room));
    }
    lines.extend(both(queued, theme, room));
    let why = reason(queued);
    if !why.is_empty() {
        lines.extend(text("why", &why, &why, plain, theme, room));
    }
    let at = moment(queued.entry.change.at, model);
    lines.push(vec![
        Run::new(format!("{:<LABEL$}", "made"), theme.muted),
        Run::new(at, plain),
    ]);
    lines
}

/// A label and a wrapped text, with the words marked that `other` does not have.
fn text(label: &str, text: &str, other: &str, style: Style, theme: &Theme, room: u16) -> Lines {
    let room = usize::from(room).saturating_sub(LABEL).max(1);
    let mut label = format!("{label:<LABEL$}");
    wrapped(text, room)
        .into_iter()
        .map(|part| {
            let mut runs = vec![Run::new(std::mem::take(&mut label), theme.muted)];
            label = " ".repeat(LABEL);
            runs.extend(words::compared(&part, other, style, theme));
            runs
        })
        .collect()
}
