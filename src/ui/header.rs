//! The header: the views with their counts, the order, the place in the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::Pen;
use super::theme::Theme;
use crate::app::Model;
use crate::app::header::{Header, PartKind};

/// Draws the header and the line under it.
pub(super) fn header(model: &Model, theme: &Theme, area: Rect, rule: Rect, buf: &mut Buffer) {
    let header = Header::of(model);
    let arrow = theme.symbols.order[usize::from(model.list.query().reverse)];
    let mut x = header.right_from;
    for part in &header.right {
        let style = match part.kind {
            PartKind::Marked => theme.marked,
            PartKind::Search => theme.found,
            PartKind::Order | PartKind::Place => theme.muted,
        };
        let columns = Rect {
            x,
            width: part.width,
            ..area
        };
        let mut pen = Pen::new(columns.intersection(area), theme, buf);
        pen.write(&part.text, style);
        if part.kind == PartKind::Order {
            pen.write(arrow, theme.muted);
        }
        x = x.saturating_add(part.width).saturating_add(part.gap);
    }
    let left = Rect {
        width: header.right_from.saturating_sub(area.x + 2),
        ..area
    };
    let mut pen = Pen::new(left, theme, buf);
    pen.write(" ", theme.muted);
    if header.has_program {
        pen.write("tudone", theme.accent).write("  ", theme.muted);
    }
    if header.has_demo {
        pen.write("DEMO", theme.warning).write("  ", theme.muted);
    }
    let mut under = None;
    for tab in &header.tabs {
        let (style, count_style) = if tab.is_current {
            (theme.current, theme.accent)
        } else {
            (theme.muted, theme.muted)
        };
        pen.go_to(tab.from)
            .write(&tab.key, theme.key)
            .write(&tab.name, style)
            .write(&tab.count, count_style);
        if tab.is_current && model.layout().sidebar.width == 0 {
            under = Some((tab.from, tab.to));
        }
    }
    if let Some(x) = header.cut {
        pen.go_to(x)
            .write(theme.symbols.cut.encode_utf8(&mut [0; 4]), theme.muted);
    }
    self::rule(theme, rule, under, buf);
}

/// Draws a line, heavy in the columns of the current view.
pub(super) fn rule(theme: &Theme, rule: Rect, under: Option<(u16, u16)>, buf: &mut Buffer) {
    for x in rule.left()..rule.right() {
        let current = under.is_some_and(|(from, to)| x >= from && x < to);
        let (sign, style) = if current {
            (theme.symbols.heavy, theme.accent)
        } else {
            (theme.symbols.rule, theme.border)
        };
        if let Some(cell) = buf.cell_mut((x, rule.y)).filter(|_| rule.height > 0) {
            cell.set_symbol(sign).set_style(style);
        }
    }
}
