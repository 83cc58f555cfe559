//! One todo's text, with its parts told apart.

use jiff::civil::Date;
use ratatui::style::Style;

use super::text::Pen;
use super::theme::Theme;
use crate::domain::line::Line;

/// How a text is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'t> {
    pub(super) theme: &'t Theme,
    /// Due dates before it are overdue.
    pub(super) today: Date,
    /// One style for all of it: the selected row, a done one.
    pub(super) plain: Option<Style>,
}

/// Writes `text` as far as there is room. Of a done todo, the mark and the
/// date it was done on are left out: the check box tells them.
pub(super) fn todo(text: &str, look: Look<'_>, pen: &mut Pen<'_>) {
    let (done, words) = body(text);
    if let Some(style) = look.plain {
        pen.write(words, style);
        return;
    }
    let base = if done {
        look.theme.done
    } else {
        look.theme.text
    };
    let mut first = true;
    let mut rest = words;
    while !rest.is_empty() && !pen.is_cut() {
        let end = rest.find(' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let style = if done {
            base
        } else {
            word_style(word, first, look)
        };
        pen.write(word, style);
        let gap = after.len() - after.trim_start_matches(' ').len();
        let (gap, after) = after.split_at_checked(gap).unwrap_or((after, ""));
        pen.write(gap, base);
        rest = after;
        first = false;
    }
}

/// Whether the todo is done, and its text without the mark and date of that.
fn body(text: &str) -> (bool, &str) {
    let line = Line::new(text);
    if !line.is_done() {
        return (false, text);
    }
    let words = text.strip_prefix("x ").unwrap_or(text);
    let words = match line.completed_on() {
        Some(date) => words
            .strip_prefix(date.to_string().as_str())
            .and_then(|words| words.strip_prefix(' '))
            .unwrap_or(words),
        None => words,
    };
    (true, words)
}

fn word_style(word: &str, first: bool, look: Look<'_>) -> Style {
    let theme = look.theme;
    match word.as_bytes() {
        [b'(', b'A'..=b'Z', b')'] if first => theme.priority,
        [b'+', _, ..] => theme.project,
        [b'@', _, ..] => theme.context,
        [b'd', b'u', b'e', b':', ..] => due_style(word, look),
        _ => theme.text,
    }
}

fn due_style(word: &str, look: Look<'_>) -> Style {
    match Line::new(word).due() {
        Some(due) if due < look.today => look.theme.overdue,
        Some(due) if due == look.today => look.theme.due_today,
        Some(_) => look.theme.due,
        None => look.theme.text,
    }
}
