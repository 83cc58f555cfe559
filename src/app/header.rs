//! The layout of the header, for drawing and for clicks.

use unicode_width::UnicodeWidthStr as _;

use crate::app::action::{Action, Layer};
use crate::app::model::Model;
use crate::domain::query::Sort;

/// The columns of the program's name and the blanks after it.
const PROGRAM: u16 = 8;
/// The columns of the demo's name and the blanks after it.
const DEMO: u16 = 6;
/// The columns of the sign that views are left out, and of the blanks before it.
const CUT: u16 = 3;
/// The blank columns after the marks and the search.
const GAP: u16 = 4;
/// What stands before the text of a search.
const SEARCH: &str = "search: ";

/// The header of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Whether the name of the program is shown.
    pub has_program: bool,
    /// Whether `DEMO` is shown.
    pub has_demo: bool,
    /// The views, from left to right: all of them, or some with their keys.
    pub tabs: Vec<Tab>,
    /// Where a sign shows that views after the last one are left out.
    pub cut: Option<u16>,
    /// The column of the first part at the right end.
    pub right_from: u16,
    /// The parts at the right end.
    pub right: Vec<HeaderPart>,
}

/// A part at the right end of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderPart {
    /// What it shows.
    pub kind: PartKind,
    /// Its text, which is cut where it is wider than its columns.
    pub text: String,
    /// Its columns.
    pub width: u16,
    /// The blank columns after it.
    pub gap: u16,
}

/// A view in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Index of the view.
    pub index: usize,
    /// `5 `, the key that chooses it; empty where all views are shown.
    pub key: String,
    /// Its name.
    pub name: String,
    /// ` 4`, or nothing where that is not known.
    pub count: String,
    /// Whether it is the current one.
    pub is_current: bool,
    /// Its first column.
    pub from: u16,
    /// The column after it.
    pub to: u16,
}

/// What a part at the right end of the header shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// How many are marked.
    Marked,
    /// The search text.
    Search,
    /// The order; its last column is for an arrow.
    Order,
    /// The place in the list.
    Place,
}

impl Header {
    /// The header for a model.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let layout = model.layout();
        let area = layout.header;
        let right = right(model, area.width);
        let right_width = right.iter().fold(1_u16, |sum, part| {
            sum.saturating_add(part.width).saturating_add(part.gap)
        });
        let right_from = (area.x + area.width).saturating_sub(right_width);
        let end = right_from.saturating_sub(2).max(area.x);
        let start = area.x + 1;
        let room = end.saturating_sub(start);
        let demo = if model.demo { DEMO } else { 0 };
        let tabs = tabs(model);
        let mut header = Self {
            has_program: false,
            has_demo: false,
            tabs: Vec::new(),
            cut: None,
            right_from,
            right,
        };
        if layout.sidebar.width > 0 {
            // The views are in the sidebar.
            header.tabs = tabs.into_iter().filter(|tab| tab.is_current).collect();
            header.put_tabs(start, 0, end);
        } else if PROGRAM + demo + columns(&tabs, 3) <= room {
            header.has_program = true;
            header.has_demo = model.demo;
            header.tabs = tabs;
            header.put_tabs(start + PROGRAM + demo, 3, end);
        } else if demo + columns(&tabs, 2) <= room {
            header.has_demo = model.demo;
            header.tabs = tabs;
            header.put_tabs(start + demo, 2, end);
        } else {
            header.put_some(tabs, model, start, end);
        }
        header
    }

    /// Gives the tabs their columns.
    fn put_tabs(&mut self, mut x: u16, gap: u16, end: u16) {
        for tab in &mut self.tabs {
            tab.from = x.min(end);
            x = x.saturating_add(tab.width());
            tab.to = x.min(end);
            x = x.saturating_add(gap);
        }
    }

    /// Shows a row of views around the current one, each with its key: its place among
    /// the shown ones does not say which key that is.
    fn put_some(&mut self, mut tabs: Vec<Tab>, model: &Model, start: u16, end: u16) {
        for tab in &mut tabs {
            tab.key = view_key(model, tab.index).map_or_else(String::new, |key| key + " ");
        }
        let current = model.views.current();
        let after = |last: usize| if last + 1 < tabs.len() { CUT } else { 0 };
        let fits = |first: usize, last: usize, room: u16| {
            let row = tabs.get(first..=last).unwrap_or_default();
            columns(row, 2) + after(last) <= room
        };
        let room = end.saturating_sub(start);
        let demo = if model.demo && fits(current, current, room.saturating_sub(DEMO)) {
            DEMO
        } else {
            0
        };
        let room = room - demo;
        let first = (0..current).find(|first| fits(*first, current, room));
        let first = first.unwrap_or(current);
        let last = (current..tabs.len())
            .rev()
            .find(|last| fits(first, *last, room));
        let is_cut = last.is_some_and(|last| after(last) > 0);
        let mut shown = tabs.split_off(first.min(tabs.len()));
        shown.truncate(last.map_or(1, |last| last - first + 1));
        if let Some(tab) = shown.first_mut().filter(|tab| tab.width() > room) {
            // Its name counts more.
            tab.key.clear();
        }
        self.has_demo = demo > 0;
        self.tabs = shown;
        self.put_tabs(start + demo, 2, end);
        self.cut = self.tabs.last().filter(|_| is_cut).map(|tab| tab.to + 2);
    }

    /// The view in this column.
    #[must_use]
    pub fn view_at(&self, x: u16) -> Option<usize> {
        let tab = self.tabs.iter().find(|tab| x >= tab.from && x < tab.to)?;
        Some(tab.index)
    }
}

impl Tab {
    fn width(&self) -> u16 {
        width(&self.key) + width(&self.name) + width(&self.count)
    }
}

/// All views with their counts, without columns.
fn tabs(model: &Model) -> Vec<Tab> {
    let all = model.views.all().iter().enumerate();
    all.map(|(index, view)| Tab {
        index,
        key: String::new(),
        name: view.name().to_owned(),
        count: model
            .view_count(index)
            .map_or_else(String::new, |count| format!(" {count}")),
        is_current: index == model.views.current(),
        from: 0,
        to: 0,
    })
    .collect()
}

/// The columns of tabs with a gap between two.
fn columns(tabs: &[Tab], gap: u16) -> u16 {
    let gaps = gap.saturating_mul(u16::try_from(tabs.len()).unwrap_or(u16::MAX));
    let sum = |sum: u16, tab: &Tab| sum.saturating_add(tab.width());
    tabs.iter().fold(gaps, sum).saturating_sub(gap)
}

/// The key that chooses the view with this index, if one does.
pub(super) fn view_key(model: &Model, index: usize) -> Option<String> {
    let number = u8::try_from(index + 1).ok()?;
    model.keymap.hint(Layer::List, Action::ChooseView(number))
}

fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

fn right(model: &Model, room: u16) -> Vec<HeaderPart> {
    let part = |kind, text: String, gap| HeaderPart {
        kind,
        width: width(&text),
        text,
        gap,
    };
    let mut parts = Vec::new();
    if room >= 30 {
        if !model.marks.is_empty() {
            let text = format!("{} marked", model.marks.len());
            parts.push(part(PartKind::Marked, text, GAP));
        }
        if !model.search.is_empty() && model.layout().search.height == 0 {
            let text = format!("{SEARCH}{}", model.search);
            parts.push(HeaderPart {
                // The views need the other columns.
                width: width(SEARCH) + width(&model.search).min(room / 3),
                ..part(PartKind::Search, text, GAP)
            });
        }
        let text = format!("{} ", order(model.list.query().sort));
        parts.push(HeaderPart {
            width: width(&text) + 1,
            ..part(PartKind::Order, text, 0)
        });
    }
    if let Some(place) = place(model) {
        parts.push(part(PartKind::Place, format!("    {place}"), 0));
    }
    parts
}

/// `4 of 10`, as far as it is known.
fn place(model: &Model) -> Option<String> {
    let total = model
        .view_count(model.views.current())
        .filter(|_| model.search.is_empty());
    match (model.list.place(), total) {
        (Some(place), Some(total)) => Some(format!("{place} of {total}")),
        (None, Some(0)) | (_, None) => None,
        (None, Some(total)) => Some(format!("of {total}")),
    }
}

const fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::Server => "server order",
        Sort::Due => "by due",
        Sort::Priority => "by priority",
        Sort::Created => "by created",
        Sort::Text => "by text",
    }
}
