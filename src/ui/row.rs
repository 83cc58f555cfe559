//! One row of the list: done, priority, words, due date, state.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::due;
use super::pen::Pen;
use super::search;
use super::text::width;
use super::theme::Theme;
use super::words::{self, Look};
use crate::app::Model;
use crate::app::list::ListRow;
use crate::domain::due::{in_short, in_words};
use crate::domain::line::{Line, Priority};
use crate::domain::todo::SyncState;

/// The columns of a list, by its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// Words only and a short due date.
    Narrow,
    /// With a column for the priority; the state is a symbol.
    Medium,
    /// Due date and state in words.
    Wide,
}

impl Columns {
    /// The columns that fit into `width`.
    pub(super) const fn of(width: u16) -> Self {
        match width {
            0..=39 => Self::Narrow,
            40..=59 => Self::Medium,
            _ => Self::Wide,
        }
    }

    /// Columns at the right end that the sync state of this row takes.
    pub(super) const fn taken_by_state(self, shown: &ListRow) -> u16 {
        match (self, shown.saving, shown.todo.state) {
            (_, false, SyncState::Synced) => 0,
            (Self::Wide, _, _) => self.state(),
            (Self::Narrow | Self::Medium, _, _) => 2,
        }
    }

    /// Width of the column of states, the blank before it included.
    const fn state(self) -> u16 {
        match self {
            Self::Narrow => 0,
            Self::Medium => 2,
            Self::Wide => 11,
        }
    }
}

/// Whether a row is selected, and marked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RowFlags {
    pub(super) selected: bool,
    pub(super) marked: bool,
}

/// Draws a row.
pub(super) fn row(
    shown: &ListRow,
    flags: RowFlags,
    model: &Model,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    if flags.selected {
        buf.set_style(area, theme.selection);
    }
    let columns = Columns::of(area.width);
    let line = Line::new(&shown.todo.text);
    let (end, reserved) = state(shown, columns, theme, area, buf);
    let end = end.min(area.right().saturating_sub(1 + reserved));
    let end = due(line, columns, end, model, theme, area, buf);

    let words_area = Rect {
        width: end.saturating_sub(area.x),
        ..area
    };
    let mut pen = Pen::new(words_area, theme, buf);
    if flags.selected {
        pen.write(theme.symbols.selected, theme.gutter);
    }
    pen.go_to(area.x + 1);
    if flags.marked {
        pen.write(theme.symbols.marked, theme.marked);
    }
    pen.go_to(area.x + 2);
    mark(line, columns, theme, &mut pen);
    let needles = search::needles(model);
    let look = Look {
        needles: &needles,
        theme,
        today: model.today,
        lifted: columns != Columns::Narrow,
    };
    words::words(&shown.todo.text, look, &mut pen);
}

/// The circle, and the priority in a column of its own.
fn mark(line: Line<'_>, columns: Columns, theme: &Theme, pen: &mut Pen<'_>) {
    let letter = line.priority().map(Priority::letter);
    let style = match letter {
        _ if line.is_done() => theme.done,
        Some(letter) => theme.priority_of(letter),
        None => theme.muted,
    };
    let circle = if line.is_done() {
        theme.symbols.done
    } else {
        theme.symbols.open
    };
    // Only the letter is bold.
    let circle_style = Style {
        add_modifier: style.add_modifier - ratatui::style::Modifier::BOLD,
        ..style
    };
    pen.write(circle, circle_style).write(" ", theme.muted);
    if columns == Columns::Narrow {
        return;
    }
    let mut one = [0; 4];
    let letter = letter.unwrap_or(' ').encode_utf8(&mut one);
    pen.write(letter, style).write(" ", theme.muted);
}

/// Writes the due date right-aligned before `end`; for a done todo, the date of
/// completion. Returns where the words must end.
fn due(
    line: Line<'_>,
    columns: Columns,
    end: u16,
    model: &Model,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> u16 {
    let (date, style) = if line.is_done() {
        (line.completed_on(), theme.muted)
    } else {
        let due = line.due();
        let style = due.map_or(theme.muted, |due| due::style(due, model.today, theme));
        (due, style)
    };
    let Some(date) = date else {
        return end;
    };
    let text = match columns {
        Columns::Wide if line.is_done() => completed(date, model),
        Columns::Wide => in_words(date, model.today),
        Columns::Narrow | Columns::Medium if line.is_done() => return end,
        Columns::Narrow | Columns::Medium => in_short(date, model.today),
    };
    let start = end.saturating_sub(width(&text));
    if start < area.x + area.width / 2 {
        return end;
    }
    let end_area = Rect {
        width: end.saturating_sub(area.x),
        ..area
    };
    Pen::new(end_area, theme, buf)
        .go_to(start)
        .write(&text, style);
    start.saturating_sub(2)
}

fn completed(on: jiff::civil::Date, model: &Model) -> String {
    match (model.today - on).get_days() {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        _ if on.year() == model.today.year() => on.strftime("%-d %b").to_string(),
        _ => on.strftime("%b %Y").to_string(),
    }
}

/// A role of the theme.
type ThemeRole = fn(&Theme) -> Style;

/// Writes the sync state of a row. Returns where the words must end, and the width
/// that every row reserves for the state.
fn state(
    shown: &ListRow,
    columns: Columns,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> (u16, u16) {
    let reserved = columns.state();
    let signs = &theme.symbols;
    let (symbol, role): (_, ThemeRole) = match (shown.saving, shown.todo.state) {
        (true, _) => (signs.saving, |theme| theme.muted),
        (false, SyncState::Synced) => return (area.right(), reserved),
        (false, SyncState::Pending) => (signs.pending, |theme| theme.pending),
        (false, SyncState::Sent) => (signs.sent, |theme| theme.pending),
        (false, SyncState::Rejected) => (signs.rejected, |theme| theme.alert),
    };
    let text = match (columns, state_word(shown)) {
        (Columns::Wide, Some(word)) => format!("{symbol} {word}"),
        _ => symbol.to_owned(),
    };
    let start = area.right().saturating_sub(columns.taken_by_state(shown));
    Pen::new(area, theme, buf)
        .go_to(start)
        .write(&text, role(theme));
    (start.saturating_sub(1), reserved)
}

/// The word for the sync state of a row; `None` if it is synced.
pub(super) fn state_word(shown: &ListRow) -> Option<&'static str> {
    match (shown.saving, shown.todo.state) {
        (true, _) => Some("saving"),
        (false, SyncState::Synced) => None,
        (false, state) => Some(state.word()),
    }
}
