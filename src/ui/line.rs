//! The framed line in which a todo is typed, with a preview of what is saved.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use tui_input::Input;

use super::due;
use super::frame::frame;
use super::line_of;
use super::pen::{Pen, Run, fill};
use super::text::{tail, width};
use super::theme::Theme;
use super::words;
use crate::app::Model;
use crate::app::editor::{self, DayField, Editor, Purpose};
use crate::app::preview::{Preview, PreviewPart, preview};
use crate::domain::due::in_words;
use crate::domain::recurrence::Recurrence;
use crate::domain::typed::Rules;
use crate::domain::when;

/// Draws the add or edit line; returns the position of the cursor.
pub(super) fn editor(
    editor: &Editor,
    model: &Model,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let title = match &editor.purpose {
        Purpose::Add => "New todo",
        Purpose::Edit { .. } => "Edit",
        Purpose::Merge { .. } => "Edit both into one",
        Purpose::Day {
            field: DayField::Due,
        } => "Due on",
        Purpose::Day {
            field: DayField::Start,
        } => "Hide until",
    };
    let inner = boxed(title, theme, area, buf);
    let mut next = 0;
    if let Purpose::Merge { mine, theirs, .. } = &editor.purpose
        && inner.height > 2
    {
        let mut pen = Pen::new(line_of(inner, 0), theme, buf);
        pen.write("  theirs ", theme.overlay.patch(theme.muted));
        pen.write_all(&words::compared(theirs, mine, theme.good, theme));
        next = 1;
    }
    let typed = line_of(inner, next);
    let cursor = field(&editor.input, theme, typed, buf);
    if let (Some(ghost), Some(cursor)) = (editor.ghost(&model.tags), cursor) {
        let style = theme.overlay.patch(theme.muted);
        self::ghost(&ghost, &editor.input, cursor, style, theme, typed, buf);
    }
    if inner.height > next + 1 {
        let mut pen = Pen::new(line_of(inner, next + 1), theme, buf);
        pen.write("  ", theme.overlay);
        pen.write_all(&explanation(editor, model, theme));
    }
    cursor
}

/// Draws what completing adds at the cursor. It would cover any text there.
pub(super) fn ghost(
    ghost: &str,
    input: &Input,
    cursor: Position,
    style: Style,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    if editor::split(input).1.is_empty() {
        let after = Rect {
            x: cursor.x,
            width: area.right().saturating_sub(cursor.x),
            ..area
        };
        Pen::new(after, theme, buf).write(ghost, style);
    }
}

/// Why the line was rejected, or what Enter saves.
fn explanation(editor: &Editor, model: &Model, theme: &Theme) -> Vec<Run<'static>> {
    let on = |style: Style| theme.overlay.patch(style);
    if let Some(error) = &editor.error {
        return vec![Run::new(error.clone(), on(theme.alert))];
    }
    let text = editor.input.value();
    if text.trim().is_empty() {
        return Vec::new();
    }
    if let Purpose::Day { .. } = editor.purpose {
        return day(text, model, theme);
    }
    let rules = Rules {
        today: model.today,
        literal: false,
    };
    match preview(text, editor.before(), rules, &model.tags) {
        Err(error) => vec![Run::new(error.to_string(), on(theme.warning))],
        Ok(preview) => parts(&preview, model, theme),
    }
}

fn day(text: &str, model: &Model, theme: &Theme) -> Vec<Run<'static>> {
    let on = |style: Style| theme.overlay.patch(style);
    match when::date(text.trim(), model.today) {
        Some(date) => vec![
            Run::new(format!("{} ", theme.symbols.means), on(theme.muted)),
            Run::new(
                full_date(date, model),
                on(due::style(date, model.today, theme)),
            ),
        ],
        None => vec![Run::new(
            "a day: tomorrow, fri, +3d, 2026-12-01; none clears it",
            on(theme.muted),
        )],
    }
}

/// `Fri 27 Nov, tomorrow`.
fn full_date(date: jiff::civil::Date, model: &Model) -> String {
    let words = in_words(date, model.today);
    let day = date.strftime("%a %-d %b").to_string();
    let day = if date.year() == model.today.year() {
        day
    } else {
        format!("{day} {}", date.year())
    };
    if day.ends_with(&words) || words.ends_with(&date.year().to_string()) {
        day
    } else {
        format!("{day}, {words}")
    }
}

fn parts(preview: &Preview, model: &Model, theme: &Theme) -> Vec<Run<'static>> {
    let on = |style: Style| theme.overlay.patch(style);
    let mut runs = Vec::new();
    let label = |runs: &mut Vec<Run<'static>>, label: &str| {
        let lead = if runs.is_empty() {
            format!("{} {label}", theme.symbols.means)
        } else {
            format!("   {label}")
        };
        runs.push(Run::new(lead, on(theme.muted)));
    };
    for notice in &preview.notices {
        label(&mut runs, "");
        runs.push(Run::new(notice.to_string(), on(theme.warning)));
    }
    for part in &preview.parts {
        let (name, value, style) = match part {
            PreviewPart::Done => ("", "done".to_owned(), theme.done),
            PreviewPart::Priority(letter) => {
                ("priority ", letter.to_string(), theme.priority_of(*letter))
            }
            PreviewPart::Due(date) => (
                "due ",
                full_date(*date, model),
                due::style(*date, model.today, theme),
            ),
            PreviewPart::Start(date) => ("hidden until ", full_date(*date, model), theme.text),
            PreviewPart::Repeats(rule, next) => {
                let words = Recurrence::parse(rule).map_or_else(|| rule.clone(), Recurrence::words);
                let next = next.map(|day| full_date(day, model));
                let next = next.map_or(String::new(), |day| format!(", done today: next {day}"));
                ("repeats ", format!("{words}{next}"), theme.text)
            }
            PreviewPart::Project(name, _) => ("project ", name.clone(), theme.project),
            PreviewPart::Context(name, _) => ("context ", name.clone(), theme.context),
        };
        label(&mut runs, name);
        runs.push(Run::new(value, on(Style { bg: None, ..style })));
        if let PreviewPart::Project(_, Some(open)) | PreviewPart::Context(_, Some(open)) = part {
            let todos = if *open == 1 { "todo" } else { "todos" };
            runs.push(Run::new(format!(" ({open} {todos})"), on(theme.muted)));
        }
    }
    runs
}

/// Draws a frame if there is room for one; returns the area inside.
pub(super) fn boxed(title: &str, theme: &Theme, area: Rect, buf: &mut Buffer) -> Rect {
    fill(area, theme.overlay, buf);
    if area.height < 4 {
        return Rect {
            x: area.x + area.width.min(1),
            width: area.width.saturating_sub(2),
            ..area
        };
    }
    frame(title, "", theme, area, buf)
}

/// Draws the text being typed, scrolled so that the cursor is visible.
pub(super) fn field(
    input: &Input,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let area = area.intersection(buf.area);
    let mut pen = Pen::new(area, theme, buf);
    let base = theme.overlay;
    if area.width >= 20 {
        let sign = base.patch(theme.accent);
        pen.write(theme.symbols.prompt, sign).write(" ", base);
    }
    let x = pen.x();
    let rest = Rect {
        x,
        width: area.right().saturating_sub(x),
        ..area
    };
    text(input, base, theme, rest, buf)
}

/// As [`field`], without a prompt before it.
pub(super) fn text(
    input: &Input,
    base: Style,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let mut pen = Pen::new(area, theme, buf);
    let room = usize::from(pen.room());
    let (before, after) = editor::split(input);
    let shown = tail(before, room.saturating_sub(1));
    words::typed(shown, base, theme, &mut pen);
    let x = pen.x().min(area.right().saturating_sub(1));
    if width(after) > 0 {
        pen.write(after, base);
    }
    (area.width > 0 && area.height > 0).then_some(Position { x, y: area.y })
}
