//! The row of keys that work now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::{Pen, Run, runs_width};
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::Action;
use crate::app::hints::{self, Hint};

/// Draws as many hints as fit, the most used first; `? keys` is at the right end.
pub(super) fn hints(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let pinned = pinned(model, theme);
    let end = area
        .right()
        .saturating_sub(runs_width(&pinned) + 1)
        .max(area.x);
    let room = Rect {
        width: end.saturating_sub(area.x + if pinned.is_empty() { 0 } else { 2 }),
        ..area
    };
    if model.pressed.is_empty() {
        write(model, &hints::hints(model), theme, room, buf);
    } else {
        pending(model, theme, room, buf);
    }
    if area.width >= 20 {
        Pen::new(area, theme, buf).go_to(end).write_all(&pinned);
    }
}

fn pinned(model: &Model, theme: &Theme) -> Vec<Run<'static>> {
    match model.keymap.hint(model.layer(), Action::Help) {
        Some(key) => vec![Run::new(key, theme.key), Run::new(" keys", theme.muted)],
        None => Vec::new(),
    }
}

/// The keys of a sequence that is not complete yet.
fn pending(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut pen = Pen::new(area, theme, buf);
    pen.write(" ", theme.muted);
    for key in &model.pressed {
        pen.write(&key.to_string(), theme.key)
            .write(" ", theme.muted);
    }
    pen.write(theme.symbols.cut.encode_utf8(&mut [0; 4]), theme.muted);
}

fn write(model: &Model, hints: &[Hint], theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut pen = Pen::new(area, theme, buf);
    pen.write(" ", theme.muted);
    for (n, hint) in hints.iter().enumerate() {
        let Some(mut key) = model.keymap.hint(hint.layer, hint.action) else {
            continue;
        };
        if matches!(hint.action, Action::SetDue(_) | Action::SetPriority(_)) {
            // All of them share the first key.
            key.truncate(key.find(' ').unwrap_or(key.len()));
        }
        let gap = if n == 0 { "" } else { "   " };
        let runs = [
            Run::new(gap, theme.muted),
            Run::new(key, theme.key),
            Run::new(" ", theme.muted),
            Run::new(hint.word.clone(), theme.muted),
        ];
        if n > 0 && runs_width(&runs) > pen.room() {
            return;
        }
        pen.write_all(&runs);
    }
}
