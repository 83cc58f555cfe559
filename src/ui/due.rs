//! Due dates in words.

use jiff::civil::Date;
use ratatui::style::Style;

use super::theme::Theme;

/// A due date as a list with room for words shows it.
pub(super) fn words(due: Date, today: Date) -> String {
    match days(due, today) {
        -1 => "yesterday".to_owned(),
        late @ ..=-2 => format!("{} days late", -late),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        2..=7 => due.strftime("%a %-d %b").to_string(),
        _ if due.year() == today.year() => due.strftime("%-d %b").to_string(),
        _ => due.strftime("%b %Y").to_string(),
    }
}

/// A due date in six columns.
pub(super) fn short(due: Date, today: Date) -> String {
    match days(due, today) {
        late @ ..=-1 => format!("-{}d", -late),
        0 => "today".to_owned(),
        1..=7 => due.strftime("%a").to_string(),
        _ if due.year() == today.year() => due.strftime("%-d %b").to_string(),
        _ => due.strftime("%b %y").to_string(),
    }
}

/// The style of a due date by its distance.
pub(super) fn style(due: Date, today: Date, theme: &Theme) -> Style {
    match days(due, today) {
        ..=-1 => theme.late,
        0 => theme.today,
        1..=7 => theme.soon,
        _ => theme.later,
    }
}

fn days(due: Date, today: Date) -> i64 {
    (due - today).get_days().into()
}
