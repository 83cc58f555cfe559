//! The keys that complete a sequence, over the end of the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::frame::frame;
use super::line_of;
use super::pen::Pen;
use super::text::width;
use super::theme::Theme;
use crate::app::Model;
use crate::app::action::Action;
use crate::app::bindings::TABLE;
use crate::app::keys::KeyPress;

/// Blanks between two columns.
const GAP: u16 = 2;

/// Columns of a key, with those up to what it does.
fn key_width(keys: &str) -> u16 {
    width(keys).max(2) + 2
}

/// Draws the keys that may follow, in as many columns as fit.
pub(super) fn continuations(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let layer = model.layer();
    let all = model.keymap.continuations(layer, &model.pressed);
    let shown: Vec<(String, &str)> = all
        .iter()
        .filter(|(_, action)| !is_seldom(*action))
        .filter_map(|(keys, action)| {
            let row = TABLE
                .iter()
                .find(|row| row.layer == layer && row.action == *action)?;
            Some((keys.clone(), row.help))
        })
        .collect();
    let column = shown
        .iter()
        .map(|(keys, help)| key_width(keys) + width(help) + GAP)
        .max()
        .unwrap_or(GAP);
    let columns = ((area.width + GAP).saturating_sub(4) / column).clamp(1, 3);
    let count = u16::try_from(shown.len()).unwrap_or(u16::MAX);
    let rows = count.div_ceil(columns);
    let height = (rows + 2).min(area.height);
    let boxed = Rect {
        x: area.x,
        y: area.bottom().saturating_sub(height),
        width: (columns * column + 4 - GAP).min(area.width),
        height,
    };
    let pressed: Vec<String> = model.pressed.iter().map(KeyPress::to_string).collect();
    let title = format!("{} {}", pressed.join(" "), theme.symbols.cut);
    let hidden = count > columns.saturating_mul(height.saturating_sub(2));
    let note = if hidden { theme.symbols.more } else { "" };
    let inner = frame(&title, note, theme, boxed, buf);
    for (n, (keys, help)) in (0..).zip(&shown) {
        let (place, row) = (n / rows.max(1), n % rows.max(1));
        let cell = Rect {
            x: inner.x + place * column,
            width: column.min(inner.width.saturating_sub(place * column)),
            ..line_of(inner, row)
        };
        let mut pen = Pen::new(cell, theme, buf);
        pen.write(keys, theme.overlay.patch(theme.key));
        let gap = cell.x + key_width(keys);
        pen.go_to(gap).write(help, theme.overlay.patch(theme.muted));
    }
}

/// Returns whether a key works but is not listed: priorities after E would fill the
/// box.
const fn is_seldom(action: Action) -> bool {
    matches!(action, Action::SetPriority(Some('F'..='Z')))
}
