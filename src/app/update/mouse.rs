//! The mouse: clicks and the wheel do what keys do.

use std::time::Duration;

use jiff::Timestamp;

use crate::app::effect::Effect;
use crate::app::header::Header;
use crate::app::list::ScreenLine;
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::sidebar;
use crate::app::stamp::Stamp;
use crate::app::update::{details, todos, views};

/// The longest time between the two clicks of a double click.
const DOUBLE: Duration = Duration::from_millis(400);

/// How many rows one step of the wheel moves.
const WHEEL: i64 = 3;

/// The column of a row's circle.
const CIRCLE: u16 = 2;

/// The last click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Click {
    x: u16,
    y: u16,
    at: Timestamp,
}

/// Handles a click on a cell of the screen.
pub(super) fn clicked(model: &mut Model, x: u16, y: u16, stamp: Stamp) -> Vec<Effect> {
    model.touch();
    model.dismiss_alert();
    let click = Click {
        x,
        y,
        at: stamp.now,
    };
    let is_double = model.clicked.replace(click).is_some_and(|last| {
        let apart = stamp.now.duration_since(last.at).unsigned_abs();
        (last.x, last.y) == (x, y) && apart <= DOUBLE
    });
    if !matches!(model.screen, Screen::List | Screen::Sidebar(_)) {
        return Vec::new();
    }
    let layout = model.layout();
    if layout.header.contains(x, y) || layout.rule.contains(x, y) {
        let index = Header::of(model).view_at(x);
        model.screen = Screen::List;
        return index.map_or_else(Vec::new, |index| views::choose(model, index));
    }
    if layout.sidebar.contains(x, y) {
        return on_sidebar(model, usize::from(y - layout.sidebar.y));
    }
    if layout.list.contains(x, y) {
        let row = usize::from(y - layout.list.y);
        return on_list(model, row, x - layout.list.x, is_double, stamp);
    }
    Vec::new()
}

fn on_sidebar(model: &mut Model, line: usize) -> Vec<Effect> {
    let entries = sidebar::entries(model);
    let height = usize::from(model.layout().sidebar.height);
    let top = sidebar::top(&entries, model.sidebar_focus(), height);
    let entry = line
        .checked_sub(sidebar::HEAD)
        .and_then(|line| entries.get(top + line));
    model.screen = Screen::List;
    entry.map_or_else(Vec::new, |entry| views::open(model, entry))
}

fn on_list(
    model: &mut Model,
    line: usize,
    column: u16,
    is_double: bool,
    stamp: Stamp,
) -> Vec<Effect> {
    model.screen = Screen::List;
    let Some(ScreenLine::Row { row, .. }) = model.list.lines().get(line).copied() else {
        return Vec::new();
    };
    let key = row.todo.key;
    let mut effects = model.list.select_key(key);
    if column == CIRCLE {
        // Only this todo, even if others are marked.
        let marks = std::mem::take(&mut model.marks);
        effects.extend(todos::toggle_done(model, stamp));
        model.marks = marks;
    } else if is_double {
        effects.extend(details::toggle(model));
    }
    effects
}

/// Handles a turn of the wheel over a cell of the screen.
pub(super) fn wheeled(model: &mut Model, x: u16, y: u16, down: bool) -> Vec<Effect> {
    model.touch();
    let rows = if down { WHEEL } else { -WHEEL };
    let layout = model.layout();
    match &mut model.screen {
        Screen::List | Screen::Sidebar(_) | Screen::Search(_) => {
            if layout.details.contains(x, y) {
                let lines = if down { 3 } else { -3 };
                return details::scroll(model, lines);
            }
            model.list.step(rows)
        }
        Screen::Queue(queue) => {
            queue.step(if down { 1 } else { -1 });
            Vec::new()
        }
        Screen::Picker(picker) => {
            picker.step(if down { 1 } else { -1 });
            Vec::new()
        }
        Screen::Editor(_) | Screen::Confirm { .. } | Screen::Paste { .. } | Screen::Login(_) => {
            Vec::new()
        }
    }
}
