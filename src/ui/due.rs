//! The colours of due dates.

use jiff::civil::Date;
use ratatui::style::Style;

use super::theme::Theme;
use crate::domain::due::Urgency;

/// The style of a due date by its distance.
pub(super) fn style(due: Date, today: Date, theme: &Theme) -> Style {
    match Urgency::of(due, today) {
        Urgency::Late => theme.late,
        Urgency::Today => theme.today,
        Urgency::Soon => theme.soon,
        Urgency::Later => theme.later,
    }
}
