//! The rows of the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line::{self, Look};
use super::row;
use super::text::{Pen, columns};
use super::theme::Theme;
use crate::app::Model;
use crate::app::link::Link;
use crate::app::list::Shown;
use crate::domain::line::Line;
use crate::domain::todo::State;

/// Narrower than this, a row has no handle and its state is a symbol alone
/// (the status line then tells the word of the selected row).
pub(super) const ROOMY: u16 = 40;

/// Draws the rows on the screen, or why there are none.
pub(super) fn list(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (rows, selected) = model.list.visible();
    if rows.is_empty() {
        empty(model, theme, area, buf);
        return;
    }
    let handles = handle_width(rows, area.width);
    for (n, shown) in (0..area.height).zip(rows) {
        let place = Place {
            area: row(area, n),
            handles,
            selected: usize::from(n) == selected,
        };
        todo(shown, model, theme, &place, buf);
    }
}

/// Where a row goes.
struct Place {
    area: Rect,
    /// Width of the column of handles; 0 when there is none.
    handles: u16,
    selected: bool,
}

fn todo(shown: &Shown, model: &Model, theme: &Theme, place: &Place, buf: &mut Buffer) {
    let Place { area, selected, .. } = *place;
    let over = |style: Style| if selected { theme.selected } else { style };
    if selected {
        buf.set_style(area, theme.selected);
    }
    let tag = tag(shown, area.width >= ROOMY);
    let tag_width = tag.map_or(0, |(text, _)| text_width(text) + 2);
    let done = Line::new(&shown.todo.text).is_done();
    let words = Rect {
        width: area.width.saturating_sub(tag_width),
        ..area
    };
    let mut pen = Pen::new(words, theme.placeholder, buf);
    pen.write(if selected { "›" } else { " " }, over(theme.text));
    pen.write(if done { "[x] " } else { "[ ] " }, over(theme.muted));
    if place.handles > 0 {
        let handle = shown.todo.handle().to_string();
        let handle = short(&handle, shown.saving);
        let start = pen.x() + place.handles.saturating_sub(text_width(handle));
        pen.go_to(start)
            .write(handle, over(theme.muted))
            .write(" ", over(theme.text));
    }
    let look = Look {
        theme,
        today: model.today,
        plain: selected.then_some(theme.selected),
    };
    line::todo(&shown.todo.text, look, &mut pen);
    if let Some((text, style)) = tag {
        let style = style.map_or(theme.muted, |style| style(theme));
        let start = area.right().saturating_sub(text_width(text) + 1);
        let mut pen = Pen::new(area, theme.placeholder, buf);
        pen.go_to(start).write(text, over(style));
    }
}

type Role = fn(&Theme) -> Style;

/// How far the changes of a row are: a symbol and a word.
fn tag(shown: &Shown, roomy: bool) -> Option<(&'static str, Option<Role>)> {
    let (long, short, role): (_, _, Option<Role>) = match (shown.saving, shown.todo.state) {
        (true, _) => ("~ saving", "~", None),
        (false, State::Synced) => return None,
        (false, State::Pending) => ("↑ pending", "↑", Some(|theme| theme.waiting)),
        (false, State::Sent) => ("↑ sent", "⇡", Some(|theme| theme.waiting)),
        (false, State::Rejected) => ("! rejected", "!", Some(|theme| theme.alert)),
    };
    Some((if roomy { long } else { short }, role))
}

/// The word for how far the changes of a row are; none when nothing waits.
pub(super) fn state_word(shown: &Shown) -> Option<&'static str> {
    match (shown.saving, shown.todo.state) {
        (true, _) => Some("saving"),
        (false, State::Synced) => None,
        (false, state) => Some(state.word()),
    }
}

/// The handle of a row that is being saved.
const NEW: &str = "new";

/// A row that is being saved has no number yet, only a long key.
fn short(handle: &str, saving: bool) -> &str {
    if handle.len() <= 8 {
        handle
    } else if saving {
        NEW
    } else {
        handle.get(..8).unwrap_or(handle)
    }
}

/// Wide enough for a new row from the beginning, so that adding one moves none
/// of the others aside.
fn handle_width(rows: &[Shown], width: u16) -> u16 {
    if width < ROOMY {
        return 0;
    }
    rows.iter()
        .map(|row| text_width(short(&row.todo.handle().to_string(), row.saving)))
        .fold(text_width(NEW), u16::max)
}

fn text_width(text: &str) -> u16 {
    u16::try_from(columns(text, usize::from(u16::MAX))).unwrap_or(u16::MAX)
}

fn empty(model: &Model, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let never = model.freshness.as_of.is_none();
    let lines: &[&str] = if model.who.is_none() {
        &[
            "Nobody is logged in on this device yet.",
            "Press L to log in.",
        ]
    } else if !model.loaded {
        &["Reading your todos…"]
    } else if !model.search.is_empty() {
        &["Nothing matches this search.", "Esc shows the whole list."]
    } else if never && matches!(model.link, Link::Connecting | Link::Syncing) {
        &["Fetching your todos for the first time…"]
    } else if never {
        &[
            "Your todos have not been fetched yet.",
            "Press s to try now, or a to add one.",
        ]
    } else if model.totals.open + model.totals.done > 0 {
        &[
            "Nothing in this view.",
            "Press f for another one, a to add a todo.",
        ]
    } else {
        &["No todos yet.", "Press a to add one."]
    };
    let count = u16::try_from(lines.len()).unwrap_or(0);
    let first = area.height.saturating_sub(count) / 3;
    for (n, text) in (first..area.height).zip(lines) {
        let style = if n == first { theme.text } else { theme.muted };
        centred(text, style, row(area, n), buf);
    }
}

/// Writes `text` in the middle of a line.
pub(super) fn centred(text: &str, style: Style, area: Rect, buf: &mut Buffer) {
    let start = area.x + area.width.saturating_sub(text_width(text)) / 2;
    Pen::new(area, Style::new(), buf)
        .go_to(start)
        .write(text, style);
}
