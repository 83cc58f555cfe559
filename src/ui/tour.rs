//! The key that the tour shows, over the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::{Pen, Run, fill, runs_width};
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::tour::Tour;

/// Draws the present key of the tour in one line of `area`.
pub(super) fn tour(tour: Tour, model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(step) = tour.step() else { return };
    let on = |style: ratatui::style::Style| theme.overlay.patch(style);
    let key = |action| model.keymap.hint(Layer::List, action).unwrap_or_default();
    let then = step
        .then
        .map_or_else(String::new, |(before, layer, action, after)| {
            let words = |key| format!("{before}{key}{after}");
            model.keymap.hint_words(layer, action, words)
        });
    let number = format!("  {} of {}   ", tour.number(), Tour::LENGTH);
    let runs = [
        Run::new(number, on(theme.muted)),
        Run::new(key(step.action), on(theme.key)),
        Run::new(format!("  {}{then}   ", step.text), on(theme.text)),
        Run::new(key(Action::Tour), on(theme.key)),
        Run::new(" ends the tour  ", on(theme.muted)),
    ];
    let area = Rect {
        width: runs_width(&runs).min(area.width),
        ..area
    };
    fill(area, theme.overlay, buf);
    Pen::new(area, theme, buf).write_all(&runs);
}
