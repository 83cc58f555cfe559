//! The rows of the list, or why there are none.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line_of;
use super::pen::Pen;
use super::row::{self, Columns, RowFlags};
use super::text::{width, wrapped};
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::connection::ConnectionState;
use crate::app::groups::Heading;
use crate::app::list::ScreenLine;
use crate::app::screen::Screen;
use crate::app::search::TermCompletion;
use crate::domain::due::DueGroup;

/// Draws the rows on the screen, or why there are none.
pub(super) fn list(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let lines = model.list.lines();
    if lines.is_empty() {
        empty(model, theme, area, buf);
        return;
    }
    for (n, line) in (0..area.height).zip(lines) {
        let at = line_of(area, n);
        match line {
            ScreenLine::Heading(heading) => self::heading(heading, model, theme, at, buf),
            ScreenLine::Row { row, selected } => {
                let flags = RowFlags {
                    selected,
                    marked: model.marks.contains_key(&row.todo.key),
                };
                row::row(row, flags, model, theme, at, buf);
            }
        }
    }
}

/// The columns that the sync state of a row on the last line of `area` takes.
pub(super) fn last_state(model: &Model, area: Rect) -> u16 {
    let lines = model.list.lines();
    let last = usize::from(area.height).checked_sub(1);
    match last.and_then(|last| lines.get(last)) {
        Some(ScreenLine::Row { row, .. }) => Columns::of(area.width).taken_by_state(row),
        Some(ScreenLine::Heading(_)) | None => 0,
    }
}

/// Draws a heading with the number of its rows, if that is known.
fn heading(heading: Heading, model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let style = match heading {
        Heading::Due(DueGroup::Overdue) => theme.late,
        Heading::Due(_) | Heading::Priority(_) => theme.group,
    };
    let mut pen = Pen::new(area, theme, buf);
    pen.go_to(area.x + 1).write(&heading.words(), style);
    if let Some(count) = model.group_count(heading) {
        pen.write(&format!(" {count}"), theme.muted);
    }
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let [why, help] = why_empty(model);
    let mut lines = Vec::new();
    for (text, style) in [(why, theme.text), (help, theme.muted)] {
        let wrapped = wrapped(&text, usize::from(area.width));
        lines.extend(wrapped.into_iter().map(|line| (line, style)));
    }
    let count = u16::try_from(lines.len()).unwrap_or(0);
    let first = area.height.saturating_sub(count) / 3;
    for (n, (text, style)) in (first..area.height).zip(lines) {
        centred(&text, style, theme, line_of(area, n), buf);
    }
}

/// Why no row is shown, and what to do about it.
fn why_empty(model: &Model) -> [String; 2] {
    let fetching = matches!(
        model.connection,
        ConnectionState::Connecting | ConnectionState::Syncing
    );
    let never = model.freshness.as_of.is_none();
    let nothing = nothing_matches(model);
    let (why, help) = if model.who.is_none() {
        let help = if model.offline {
            "Start without --offline to log in.".to_owned()
        } else {
            press(model, &[(Action::Login, "to log in")])
        };
        ("Not logged in on this device yet.", help)
    } else if !model.loaded {
        ("Reading your todos", String::new())
    } else if !model.search.is_empty() {
        (nothing.as_str(), leave_search(model))
    } else if never && fetching {
        ("Fetching your todos for the first time", String::new())
    } else if never {
        let keys = [(Action::Sync, "to try now"), (Action::Add, "to add one")];
        ("Your todos have not been fetched yet.", press(model, &keys))
    } else if model.totals.open + model.totals.done > 0 {
        let keys = [
            (Action::NextView, "for another one"),
            (Action::Add, "to add a todo"),
        ];
        ("Nothing in this view.", press(model, &keys))
    } else {
        let help = press(model, &[(Action::Add, "to add one")]);
        ("No todos yet.", help)
    };
    [why.to_owned(), help]
}

/// That nothing matches the search, and the term that may be meant.
fn nothing_matches(model: &Model) -> String {
    let unknown = |it: &TermCompletion| it.term.contains(['+', '@']) && !model.tags.has(&it.typed);
    let tag = model.search_completion().filter(unknown);
    match tag {
        Some(TermCompletion { typed, term }) => {
            format!("Nothing matches `{typed}`; did you mean `{term}`?")
        }
        None => "Nothing matches this search.".to_owned(),
    }
}

/// The keys that change or leave the search.
fn leave_search(model: &Model) -> String {
    let whole = "for the whole list";
    if !matches!(model.main_screen(), Screen::Search(_)) {
        return press(model, &[(Action::Back, whole)]);
    }
    let complete = (Action::Complete, "to complete it");
    let complete = model.search_completion().map(|_| complete);
    let keys: Vec<_> = complete
        .into_iter()
        .chain([(Action::Cancel, whole)])
        .collect();
    press_in(model, Layer::Search, &keys)
}

/// `Press s to try now, a to add one.`, without actions that have no key.
fn press(model: &Model, actions: &[(Action, &str)]) -> String {
    press_in(model, Layer::List, actions)
}

fn press_in(model: &Model, layer: Layer, actions: &[(Action, &str)]) -> String {
    let keys: Vec<String> = actions
        .iter()
        .filter_map(|(action, what)| {
            let key = model.keymap.hint(layer, *action)?;
            Some(format!("{key} {what}"))
        })
        .collect();
    if keys.is_empty() {
        return String::new();
    }
    format!("Press {}.", keys.join(", "))
}

/// Writes `text` in the middle of a line.
pub(super) fn centred(text: &str, style: Style, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let start = area.x + area.width.saturating_sub(width(text)) / 2;
    Pen::new(area, theme, buf).go_to(start).write(text, style);
}
