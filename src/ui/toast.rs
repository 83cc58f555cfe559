//! A short message over the last row of the list or of the login.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::{Pen, Run, fill, runs_width};
use super::text::width;
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::{Action, Layer};
use crate::app::screen::Screen;
use crate::app::toast::{Toast, ToastKind};
use crate::domain::due::in_words;
use crate::domain::line::Line;

/// Blanks between what happened and to what.
const GAP: u16 = 2;
/// What the key after a change does.
const UNDO: &str = " undo";

/// Draws the message, right-aligned in `area`.
pub(super) fn toast(toast: &Toast, model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let on = |style: ratatui::style::Style| theme.overlay.patch(style);
    let mut before = vec![Run::new("  ", theme.overlay)];
    let mut after = Vec::new();
    match toast.kind {
        ToastKind::Info => before.push(Run::new(toast.what.clone(), theme.overlay)),
        ToastKind::Alert => {
            let text = format!("{} {}", theme.symbols.rejected, toast.what);
            before.push(Run::new(text, on(theme.alert)));
        }
        ToastKind::Change => {
            let what = format!("{} {}", theme.symbols.marked, toast.what);
            before.push(Run::new(what, on(theme.good)));
            if toast.more > 0 {
                after.push(Run::new(
                    format!(" and {} more", toast.more),
                    on(theme.muted),
                ));
            }
            if let Some(next) = toast.next.filter(|_| toast.more == 0) {
                let words = format!(", next {}", in_words(next, model.today));
                after.push(Run::new(words, on(theme.muted)));
            }
            let is_queue = matches!(model.main_screen(), Screen::Queue(_));
            let layer = if is_queue { Layer::Queue } else { Layer::List };
            if let Some(key) = model.keymap.hint(layer, Action::Undo) {
                after.push(Run::new(format!("   {key}"), on(theme.key)));
                after.push(Run::new(UNDO, on(theme.muted)));
            }
        }
    }
    let fits = |after: &[Run<'_>]| {
        let taken = runs_width(&before).saturating_add(runs_width(after));
        taken.saturating_add(2) <= area.width
    };
    if !fits(&after) {
        // The key says enough.
        after.pop_if(|run| run.text == UNDO);
    }
    while after.len() > 1 && !fits(&after) {
        after.remove(0);
    }
    after.push(Run::new("  ", theme.overlay));
    let subject = Line::new(&toast.subject).words_only();
    let fixed = runs_width(&before).saturating_add(runs_width(&after));
    let room = area.width.saturating_sub(fixed.saturating_add(1 + GAP));
    let subject_width = width(&subject).min(room).min(40);
    let gap = if subject_width > 0 { GAP } else { 0 };
    let fixed = fixed.saturating_add(gap);
    let whole = fixed.saturating_add(subject_width).min(area.width);
    let start = area
        .right()
        .saturating_sub(whole.saturating_add(1))
        .max(area.x);
    let area = Rect {
        x: start,
        width: whole,
        ..area
    };
    fill(area, theme.overlay, buf);
    let mut pen = Pen::new(area, theme, buf);
    pen.write_all(&before);
    let subject_area = Rect {
        x: pen.x() + gap,
        width: subject_width,
        ..area
    };
    let end = subject_area.right();
    Pen::new(subject_area, theme, buf).write(&subject, on(theme.heading));
    let mut pen = Pen::new(area, theme, buf);
    pen.go_to(end).write_all(&after);
}
