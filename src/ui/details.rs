//! The details of the selected todo.

use jiff::Timestamp;
use jiff::civil::Date;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::conflict;
use super::due;
use super::line_of;
use super::pen::{Pen, Run, runs_width};
use super::status::moment;
use super::text::{width, wrapped};
use super::theme::Theme;
use crate::app::Model;
use crate::app::list::ListRow;
use crate::domain::change::{Act, Progress};
use crate::domain::due::{self as domain_due, Urgency, in_words};
use crate::domain::line::Line;
use crate::domain::push_outcome::Queued;
use crate::domain::recurrence::Recurrence;
use crate::domain::todo::{SyncState, Todo};

/// Lines of the pane.
pub(super) type Lines = Vec<Vec<Run<'static>>>;

/// Draws the pane with its border: at its left beside the list, at its top below
/// the list.
pub(super) fn details(model: &Model, theme: &Theme, area: Rect, beside: bool, buf: &mut Buffer) {
    let inner = border(theme, area, beside, buf);
    let Some(row) = model.list.selected() else {
        let mut pen = Pen::new(inner, theme, buf);
        pen.write("no todo is selected", theme.muted);
        return;
    };
    let mut lines = lines(row, model, theme, inner.width);
    if lines.len() > usize::from(inner.height) {
        // The sign that more lines follow takes the last column.
        lines = self::lines(row, model, theme, inner.width.saturating_sub(2));
    }
    let top = model
        .pane
        .top
        .min(lines.len().saturating_sub(usize::from(inner.height)));
    for (n, line) in (0..inner.height).zip(lines.iter().skip(top)) {
        Pen::new(line_of(inner, n), theme, buf).write_all(line);
    }
    let below = lines.len() > top + usize::from(inner.height);
    if below && inner.height > 0 {
        let last = line_of(inner, inner.height - 1);
        let mut pen = Pen::new(last, theme, buf);
        pen.go_to(last.right().saturating_sub(1));
        pen.write(theme.symbols.more, theme.muted);
    }
}

fn border(theme: &Theme, area: Rect, beside: bool, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    let mut put = |x: u16, y: u16, symbol: &str| {
        if let Some(cell) = buf.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(theme.border);
        }
    };
    if beside {
        for y in area.top()..area.bottom() {
            put(area.x, y, theme.symbols.bar);
        }
        return Rect {
            x: area.x + 3.min(area.width),
            width: area.width.saturating_sub(4),
            ..area
        };
    }
    for x in area.left()..area.right() {
        put(x, area.y, theme.symbols.rule);
    }
    Rect {
        x: area.x + 2.min(area.width),
        y: area.y + 1,
        width: area.width.saturating_sub(3),
        height: area.height.saturating_sub(1),
    }
}

fn lines(row: &ListRow, model: &Model, theme: &Theme, room: u16) -> Lines {
    let todo = &row.todo;
    let line = Line::new(&todo.text);
    let mut lines: Lines = wrapped(&todo.text, usize::from(room))
        .into_iter()
        .map(|text| vec![Run::new(text, theme.heading)])
        .collect();
    lines.push(Vec::new());
    let mut field = |label: &str, value: Run<'static>| {
        lines.extend(labelled(label, &value, theme, room));
    };
    let plain = Style {
        bg: None,
        ..theme.text
    };
    if let Some(on) = line.completed_on() {
        field("completed", Run::new(day(on), plain));
    }
    if let Some(due) = line.due() {
        let style = due::style(due, model.today, theme);
        field("due", Run::new(distance(due, model.today), style));
    }
    let priority = line.priority().map_or_else(
        || Run::new("none", theme.muted),
        |priority| {
            let letter = priority.letter();
            Run::new(letter.to_string(), theme.priority_of(letter))
        },
    );
    field("priority", priority);
    let projects: Vec<&str> = line.projects().collect();
    if !projects.is_empty() {
        field("project", Run::new(projects.join(", "), theme.project));
    }
    let contexts: Vec<&str> = line.contexts().collect();
    if !contexts.is_empty() {
        field("context", Run::new(contexts.join(", "), theme.context));
    }
    for (key, value) in line
        .tags()
        .filter(|(key, _)| !matches!(*key, "due" | "pri"))
    {
        if let Some(repeats) = repeats(key, value, line, model.today) {
            field("repeats", Run::new(repeats, plain));
            continue;
        }
        let label: String = key.chars().take(10).collect();
        field(&label, Run::new(value.to_owned(), plain));
    }
    if let Some(at) = todo.created_at {
        field("created", Run::new(time(at, model), plain));
    }
    if let Some(at) = todo.updated_at.filter(|at| Some(*at) != todo.created_at) {
        field("changed", Run::new(time(at, model), plain));
    }
    lines.push(handle(todo, theme, room));
    lines.extend(state(row, model, theme, room));
    lines
}

/// Columns of the labels in front of the values.
const LABEL: u16 = 11;

/// A label and its value, wrapped.
fn labelled(label: &str, value: &Run<'static>, theme: &Theme, room: u16) -> Lines {
    let room = usize::from(room.saturating_sub(LABEL));
    let mut label = Some(label);
    wrapped(&value.text, room)
        .into_iter()
        .map(|text| {
            let label = label.take().unwrap_or_default();
            let label = format!("{label:<width$}", width = usize::from(LABEL));
            vec![Run::new(label, theme.muted), Run::new(text, value.style)]
        })
        .collect()
}

/// The handle and the key, whole where there is room.
fn handle(todo: &Todo, theme: &Theme, room: u16) -> Vec<Run<'static>> {
    let plain = Style {
        bg: None,
        ..theme.text
    };
    let key = todo.key.to_string();
    let handle = todo.handle().to_string();
    let mut runs = vec![Run::new(
        format!("{:<width$}", "handle", width = usize::from(LABEL)),
        theme.muted,
    )];
    if handle != key {
        runs.push(Run::new(format!("{handle}   "), plain));
        runs.push(Run::new("key ", theme.muted));
    }
    if runs_width(&runs).saturating_add(width(&key)) <= room {
        runs.push(Run::new(key, plain));
    } else {
        let short: String = key.chars().take(13).collect();
        runs.push(Run::new(format!("{short}{}", theme.symbols.cut), plain));
    }
    runs
}

/// The rule of a repeating todo in words, and the date of the todo that follows if
/// this one is completed today.
fn repeats(key: &str, value: &str, line: Line<'_>, today: Date) -> Option<String> {
    let rule = Recurrence::parse(value).filter(|_| key == "rec")?;
    let next = rule.next(line, today).filter(|_| !line.is_done());
    let next = next.and_then(|next| next.due.or(next.start)).map(day);
    let next = next.map_or(String::new(), |day| format!(", next {day}"));
    Some(format!("{}{next}", rule.words()))
}

/// The sync state with its reason, and for a conflict both texts and the keys that
/// decide.
fn state(row: &ListRow, model: &Model, theme: &Theme, room: u16) -> Lines {
    let mut lines = Vec::new();
    let details = model
        .pane
        .read
        .as_ref()
        .filter(|details| details.key == row.todo.key);
    let changes: &[Queued] = details.map_or(&[], |details| &details.changes);
    if row.todo.state == SyncState::Rejected {
        for queued in changes {
            lines.extend(conflict::lines(queued, model, theme, room));
        }
    }
    let history: Lines = changes
        .iter()
        .map(|queued| {
            let at = moment(queued.entry.change.at, model);
            let what = format!(
                "{}, {}",
                verb(&queued.entry.change.act),
                progress(queued, model)
            );
            vec![
                Run::new(format!("{at:<7}"), theme.muted),
                Run::new(what, theme.muted),
            ]
        })
        .collect();
    if !history.is_empty() {
        lines.push(Vec::new());
        lines.push(vec![Run::new("on this device", theme.muted)]);
        lines.extend(history);
    }
    lines
}

const fn verb(act: &Act) -> &'static str {
    match act {
        Act::Add { .. } => "added",
        Act::Edit { .. } => "edited",
        Act::Remove { .. } => "deleted",
    }
}

fn progress(queued: &Queued, model: &Model) -> &'static str {
    let may = model.capabilities.as_ref();
    let allowed = may.is_none_or(|may| match queued.entry.change.act {
        Act::Add { .. } => may.insert,
        Act::Edit { .. } => may.update,
        Act::Remove { .. } => may.delete,
    });
    match queued.entry.progress {
        Progress::Pending if !allowed => "waiting: your role may not do this",
        Progress::Pending => "pending",
        Progress::Sent { .. } => "sent, not answered yet",
        Progress::Answered => "on the server",
        Progress::Rejected(_) => "rejected",
    }
}

fn day(date: Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

/// `Sun 29 Nov 2026, in 5 days`.
fn distance(due: Date, today: Date) -> String {
    let words = match Urgency::of(due, today) {
        Urgency::Late => in_words(due, today),
        Urgency::Today | Urgency::Soon | Urgency::Later => domain_due::distance(due, today),
    };
    format!("{}, {words}", day(due))
}

fn time(at: Timestamp, model: &Model) -> String {
    let local = model.zone.to_datetime(at);
    if local.date() == model.today {
        return local.strftime("today %H:%M").to_string();
    }
    if local.date().year() == model.today.year() {
        return local.strftime("%a %-d %b %H:%M").to_string();
    }
    local.strftime("%a %-d %b %Y").to_string()
}
