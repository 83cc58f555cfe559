//! The screen of changes that are not on the server.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::list::centred;
use super::pen::{Pen, Run};
use super::text::width;
use super::theme::Theme;
use super::{conflict, line_of};
use crate::app::Model;
use crate::app::queue::{QueueScreen, is_rejected, reason, texts, verb};
use crate::domain::change::Progress;
use crate::domain::push_outcome::Queued;

/// Draws the header of the queue.
pub(super) fn header(queue: &QueueScreen, theme: &Theme, area: Rect, rule: Rect, buf: &mut Buffer) {
    let count = match queue.items.len() {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    };
    let mut pen = Pen::new(area, theme, buf);
    pen.write(" ", theme.muted);
    if area.width >= 60 {
        pen.write("tudone", theme.accent).write("  ", theme.muted);
    }
    pen.write("Changes not yet on the server", theme.current);
    if queue.loaded {
        let start = area.right().saturating_sub(width(&count) + 1);
        pen.go_to(start).write(&count, theme.muted);
    }
    super::header::rule(theme, rule, None, buf);
}

/// Draws the changes, and everything about the selected one below them.
pub(super) fn queue(
    queue: &QueueScreen,
    model: &Model,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    if queue.items.is_empty() {
        let words = match (queue.loaded, &model.who) {
            (true, _) => "Everything is on the server.",
            (false, None) => "Not logged in on this device yet.",
            (false, Some(_)) => return,
        };
        let middle = line_of(area, area.height / 3);
        centred(words, theme.text, theme, middle, buf);
        return;
    }
    let details = if area.height >= 12 {
        area.height / 2
    } else {
        0
    };
    let rows = Rect {
        height: area.height - details,
        ..area
    };
    let height = usize::from(rows.height).max(1);
    let top = (queue.selected + 1).saturating_sub(height);
    let shown = queue.items.iter().skip(top).take(height);
    let why_start = reasons_start(shown.clone(), area);
    for (n, queued) in (0..rows.height).zip(shown) {
        let selected = top + usize::from(n) == queue.selected;
        row(queued, selected, why_start, theme, line_of(rows, n), buf);
    }
    let Some(queued) = queue.selected().filter(|_| details > 0) else {
        return;
    };
    let below = Rect {
        y: rows.bottom(),
        height: details,
        ..area
    };
    super::header::rule(theme, line_of(below, 0), None, buf);
    let title = format!(" {} ", title(queued, model));
    let title_area = Rect {
        x: below.x + 2,
        width: below.width.saturating_sub(4),
        ..line_of(below, 0)
    };
    Pen::new(title_area, theme, buf).write(&title, theme.heading);
    let lines = conflict::whole(queued, model, theme, below.width.saturating_sub(3));
    for (n, line) in (2..below.height).zip(&lines) {
        let area = Rect {
            x: below.x + 2,
            width: below.width.saturating_sub(3),
            ..line_of(below, n)
        };
        Pen::new(area, theme, buf).write_all(line);
    }
}

/// `edit of 10, tried once`; without the handle while the todo has none that is known
/// here.
fn title(queued: &Queued, model: &Model) -> String {
    let key = queued.entry.change.todo;
    let handle = match (&queued.base, model.list.row(key)) {
        (Some(row), _) => format!(" of {}", row.id),
        (None, Some(row)) => format!(" of {}", row.todo.handle()),
        (None, None) => String::new(),
    };
    let tries = match queued.entry.progress {
        Progress::Sent { tries: 1 } => ", tried once".to_owned(),
        Progress::Sent { tries } if tries > 1 => format!(", tried {tries} times"),
        Progress::Sent { .. } | Progress::Pending | Progress::Answered | Progress::Rejected(_) => {
            String::new()
        }
    };
    format!("{}{handle}{tries}", verb(queued))
}

/// The narrowest row with room for `conflict: changed elsewhere` beside the text.
const WITH_REASON: u16 = 72;

/// The column of the reasons, at the right end: the texts get the rest. `None` where
/// there is no room for both.
fn reasons_start<'q>(shown: impl Iterator<Item = &'q Queued>, area: Rect) -> Option<u16> {
    let widest = shown.map(|queued| width(&reason(queued))).max()?;
    let start = area
        .right()
        .saturating_sub(widest.min(area.width * 2 / 5) + 1);
    (area.width >= WITH_REASON).then_some(start)
}

fn row(
    queued: &Queued,
    selected: bool,
    why_start: Option<u16>,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    if selected {
        buf.set_style(area, theme.selection);
    }
    let signs = &theme.symbols;
    let plain = Style {
        bg: None,
        ..theme.text
    };
    let (symbol, word, style) = match queued.entry.progress {
        Progress::Rejected(_) => (signs.rejected, "rejected", theme.alert),
        Progress::Sent { .. } => (signs.sent, "sent", theme.pending),
        Progress::Pending | Progress::Answered => (signs.pending, "pending", theme.pending),
    };
    let why = reason(queued);
    let why_start = why_start.filter(|_| !why.is_empty());
    let words_end = why_start.map_or(area.right(), |start| start.saturating_sub(2));
    let words = Rect {
        width: words_end.saturating_sub(area.x),
        ..area
    };
    let mut pen = Pen::new(words, theme, buf);
    pen.write(if selected { signs.selected } else { " " }, theme.gutter);
    pen.go_to(area.x + 2).write(symbol, style);
    if area.width >= 40 {
        pen.write(" ", plain).write(word, style);
        pen.go_to(area.x + 14).write(verb(queued), theme.muted);
        pen.go_to(area.x + 22);
    } else {
        pen.write(" ", plain);
    }
    let texts = texts(queued);
    let text = texts.mine.or(texts.was).unwrap_or_default();
    pen.write(text, plain);
    if let Some(start) = why_start {
        let style = if is_rejected(queued) {
            plain
        } else {
            theme.muted
        };
        Pen::new(area, theme, buf)
            .go_to(start)
            .write_all(&[Run::new(why, style)]);
    }
}
