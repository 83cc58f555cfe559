//! The layout of the header, for drawing and for clicks.

use unicode_width::UnicodeWidthStr as _;

use crate::app::model::Model;
use crate::domain::query::Sort;

/// The narrowest header that names the program and the views beside the
/// current one.
const ROOMY: u16 = 50;
/// The blank columns after the marks and the search.
const GAP: u16 = 4;
/// What stands before the text of a search.
const SEARCH: &str = "search: ";

/// The header of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Whether the name of the program is shown.
    pub named: bool,
    /// The views, from left to right.
    pub tabs: Vec<Tab>,
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
        let room = end - area.x;
        let beside_sidebar = layout.sidebar.width > 0;
        let named = room >= ROOMY && !beside_sidebar;
        let mut x = area.x + 1;
        if named {
            x += if model.demo { 14 } else { 8 };
        }
        let mut tabs = Vec::new();
        let current = model.views.current();
        let current_name = model.views.all().get(current);
        let current_width = current_name.map_or(0, |view| width(view.name()));
        for (index, view) in model.views.all().iter().enumerate() {
            let is_current = index == current;
            let count = model.view_count(index);
            let count = count.map(|count| format!(" {count}")).unwrap_or_default();
            // The current view is always shown: the ones before it leave room.
            let reserved = if index < current {
                current_width + 6
            } else {
                0
            };
            let wide = width(view.name()) + width(&count);
            let fits = end.saturating_sub(x) >= wide + 3 + reserved;
            if !is_current && (beside_sidebar || room < ROOMY || !fits) {
                continue;
            }
            tabs.push(Tab {
                index,
                name: view.name().to_owned(),
                count,
                is_current,
                from: x.min(end),
                to: (x + wide).min(end),
            });
            x += wide + 3;
        }
        Self {
            named,
            tabs,
            right_from,
            right,
        }
    }

    /// The view in this column.
    #[must_use]
    pub fn view_at(&self, x: u16) -> Option<usize> {
        let tab = self.tabs.iter().find(|tab| x >= tab.from && x < tab.to)?;
        Some(tab.index)
    }
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
