//! Where the parts of the main screen are, by the size of the terminal.

use crate::app::editor::Purpose;
use crate::app::model::{Model, Size};
use crate::app::screen::Screen;

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// The first column.
    pub x: u16,
    /// The first row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows; 0 for a part that is not shown.
    pub height: u16,
}

impl Area {
    /// Returns whether the cell is inside.
    #[must_use]
    pub const fn contains(self, x: u16, y: u16) -> bool {
        x >= self.x && y >= self.y && x - self.x < self.width && y - self.y < self.height
    }

    /// Cuts off the first `rows`, and returns them.
    fn take_top(&mut self, rows: u16) -> Self {
        let rows = rows.min(self.height);
        let top = Self {
            height: rows,
            ..*self
        };
        self.y += rows;
        self.height -= rows;
        top
    }

    /// Cuts off the last `rows`, and returns them.
    fn take_bottom(&mut self, rows: u16) -> Self {
        let rows = rows.min(self.height);
        self.height -= rows;
        Self {
            y: self.y + self.height,
            height: rows,
            ..*self
        }
    }

    /// Cuts off the first `columns`, and returns them.
    fn take_left(&mut self, columns: u16) -> Self {
        let columns = columns.min(self.width);
        let left = Self {
            width: columns,
            ..*self
        };
        self.x += columns;
        self.width -= columns;
        left
    }

    /// Cuts off the last `columns`, and returns them.
    fn take_right(&mut self, columns: u16) -> Self {
        let columns = columns.min(self.width);
        self.width -= columns;
        Self {
            x: self.x + self.width,
            width: columns,
            ..*self
        }
    }
}

/// The parts that the main screen makes room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LayoutParts {
    /// Whether the details of the selected todo are shown.
    pub details: bool,
    /// How much of the search is shown.
    pub search: SearchPart,
    /// Rows inside the frame of the add or edit line or question that is open.
    pub line: Option<u16>,
}

/// How much of the search the main screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchPart {
    /// Nothing.
    #[default]
    Hidden,
    /// The search line.
    Line,
    /// The line, and what its terms mean.
    Terms,
}

/// The parts of the main screen, top to bottom. A part without room has no height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Views, order and place in the list.
    pub header: Area,
    /// The line under the header.
    pub rule: Area,
    /// Views, projects and contexts.
    pub sidebar: Area,
    /// The search line.
    pub search: Area,
    /// The rows.
    pub list: Area,
    /// The explanation of search terms.
    pub terms: Area,
    /// The details of the selected todo, its border included.
    pub details: Area,
    /// Whether the details are beside the list, not below it.
    pub details_beside: bool,
    /// The add or edit line, its frame included.
    pub line: Area,
    /// The keys that work now.
    pub hints: Area,
    /// The state of the connection and of the changes.
    pub status: Area,
}

/// Columns of the sidebar, its border included.
pub const SIDEBAR: u16 = 28;
/// The narrowest terminal with a sidebar.
pub(super) const WITH_SIDEBAR: u16 = 130;
/// The narrowest terminal with a sidebar and details.
const WITH_BOTH: u16 = 170;
/// The narrowest terminal with the details beside the list.
const BESIDE: u16 = 100;
/// Rows of the explanation of search terms.
const TERMS: u16 = 5;

impl Layout {
    /// Returns whether there is room for a search line under the header.
    #[must_use]
    pub const fn has_search_line(size: Size) -> bool {
        size.height >= 6
    }

    /// Divides a terminal of this size.
    #[must_use]
    pub fn new(size: Size, parts: LayoutParts) -> Self {
        let mut rest = Area {
            x: 0,
            y: 0,
            width: size.width,
            height: size.height,
        };
        let mut layout = Self::default();
        if size.height > 1 {
            layout.status = rest.take_bottom(1);
        }
        if size.height > 2 {
            layout.hints = rest.take_bottom(1);
        }
        if let Some(rows) = parts.line {
            layout.line = rest.take_bottom(line_height(size, rows));
        }
        let sidebar = size.width >= WITH_SIDEBAR && !(parts.details && size.width < WITH_BOTH);
        if sidebar {
            layout.sidebar = rest.take_left(SIDEBAR);
        }
        if size.height >= 6 {
            layout.header = rest.take_top(1);
        }
        if size.height >= 9 {
            layout.rule = rest.take_top(1);
        }
        layout.take_details(&mut rest, parts);
        if parts.search != SearchPart::Hidden && Self::has_search_line(size) {
            layout.search = rest.take_top(if rest.height > 8 { 2 } else { 1 });
        }
        if parts.search == SearchPart::Terms && rest.height > TERMS + 6 {
            layout.terms = rest.take_bottom(TERMS);
        }
        layout.list = rest;
        layout
    }

    fn take_details(&mut self, rest: &mut Area, parts: LayoutParts) {
        if !parts.details {
            return;
        }
        self.details_beside =
            rest.width >= BESIDE - SIDEBAR && rest.width + self.sidebar.width >= BESIDE;
        self.details = if self.details_beside {
            rest.take_right(rest.width * 45 / 100)
        } else if rest.height >= 14 {
            rest.take_bottom(rest.height / 2 + 1)
        } else {
            // One row of the list stays in sight.
            rest.take_bottom(rest.height.saturating_sub(1))
        };
    }
}

impl Model {
    /// The parts of the main screen.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let screen = self.main_screen();
        let mut search = SearchPart::Hidden;
        let line = match screen {
            // Their text stands above the line.
            Screen::Editor(line) if matches!(line.purpose, Purpose::Merge { .. }) => Some(3),
            Screen::Editor(_) | Screen::Paste { .. } | Screen::Confirm { .. } => Some(2),
            Screen::Search(_) if !Layout::has_search_line(self.size) => Some(0),
            Screen::Search(line) if line.input.value().is_empty() || line.error.is_some() => {
                search = SearchPart::Terms;
                None
            }
            Screen::Search(_) => {
                search = SearchPart::Line;
                None
            }
            Screen::List
            | Screen::Sidebar(_)
            | Screen::Queue(_)
            | Screen::Picker(_)
            | Screen::Login(_) => None,
        };
        if !self.search.is_empty() && matches!(screen, Screen::List | Screen::Sidebar(_)) {
            search = SearchPart::Line;
        }
        let parts = LayoutParts {
            details: self.pane.open && !matches!(screen, Screen::Queue(_)),
            search,
            line,
        };
        Layout::new(self.size, parts)
    }
}

/// Rows of the add or edit line: framed with a preview where there is room.
const fn line_height(size: Size, rows: u16) -> u16 {
    match size.height {
        0..=6 => 1,
        // Without a frame.
        7..=11 => rows,
        _ => rows + 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(width: u16, height: u16, parts: LayoutParts) -> Layout {
        Layout::new(Size { width, height }, parts)
    }

    const DETAILS: LayoutParts = LayoutParts {
        details: true,
        search: SearchPart::Hidden,
        line: None,
    };

    #[test]
    fn the_hints_and_the_status_are_on_every_terminal_of_three_rows() {
        for height in 3..60 {
            for width in [20, 40, 80, 120, 180] {
                for line in [None, Some(2), Some(3)] {
                    let parts = LayoutParts { line, ..DETAILS };
                    let layout = layout(width, height, parts);
                    assert_eq!((layout.hints.height, layout.status.height), (1, 1));
                    assert_eq!(layout.status.y, height - 1);
                    assert_eq!(layout.hints.width, width);
                }
            }
        }
    }

    #[test]
    fn parts_never_overlap_and_cover_the_terminal() {
        let all = LayoutParts {
            details: true,
            search: SearchPart::Terms,
            line: Some(2),
        };
        for parts in [LayoutParts::default(), DETAILS, all] {
            for height in 0..50 {
                for width in [0, 1, 19, 20, 40, 99, 100, 129, 130, 169, 170, 250] {
                    let l = layout(width, height, parts);
                    let areas = [
                        l.header, l.rule, l.sidebar, l.search, l.list, l.terms, l.details, l.line,
                        l.hints, l.status,
                    ];
                    for y in 0..height {
                        for x in 0..width {
                            let inside = areas.iter().filter(|area| area.contains(x, y)).count();
                            assert_eq!(inside, 1, "({x},{y}) of {width}×{height}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_sidebar_needs_130_columns_and_170_beside_details() {
        let shown = |width, parts| layout(width, 30, parts).sidebar.width > 0;
        assert!(!shown(129, LayoutParts::default()) && shown(130, LayoutParts::default()));
        assert!(!shown(169, DETAILS) && shown(170, DETAILS));
    }

    #[test]
    fn details_are_beside_the_list_from_100_columns() {
        assert!(!layout(99, 30, DETAILS).details_beside);
        assert!(layout(100, 30, DETAILS).details_beside);
        let narrow = layout(80, 24, DETAILS);
        assert!(
            narrow.list.height >= 8 && narrow.details.height >= 8,
            "{narrow:?}"
        );
    }
}
