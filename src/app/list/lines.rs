//! Which rows and headings are on the screen.

use super::{ListRow, TodoList};
use crate::app::groups::{Grouping, Heading};

/// The fewest lines of a list that has headings.
const WITH_HEADINGS: usize = 12;

/// A line of the list on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenLine<'l> {
    /// A heading; not selectable.
    Heading(Heading),
    /// A row.
    Row {
        /// The row.
        row: &'l ListRow,
        /// Whether it is the selected one.
        selected: bool,
    },
}

impl TodoList {
    /// The lines on the screen, top to bottom. With groups the first is always a
    /// heading: that of the first row.
    #[must_use]
    pub fn lines(&self) -> Vec<ScreenLine<'_>> {
        let mut lines = Vec::with_capacity(self.height);
        for (at, row) in self.rows.iter().enumerate().skip(self.top) {
            if let Some(heading) = self.heading(at) {
                lines.push(ScreenLine::Heading(heading));
            }
            if lines.len() >= self.height {
                break;
            }
            lines.push(ScreenLine::Row {
                row,
                selected: at == self.selected,
            });
        }
        lines.truncate(self.height);
        if let Some(ScreenLine::Heading(_)) = lines.last() {
            lines.pop();
        }
        lines
    }

    /// The rows on the screen, and which of them is selected.
    #[must_use]
    pub fn visible(&self) -> (&[ListRow], usize) {
        let count = self
            .lines()
            .iter()
            .filter(|line| matches!(line, ScreenLine::Row { .. }))
            .count();
        let rows = self.rows.get(self.top..self.top + count);
        let selected = self.selected.saturating_sub(self.top);
        (rows.unwrap_or_default(), selected)
    }

    /// Groups the rows, or stops grouping them. Returns whether that changed
    /// anything.
    pub fn group(&mut self, grouping: Option<Grouping>) -> bool {
        if self.grouping == grouping {
            return false;
        }
        self.grouping = grouping;
        self.regroup();
        self.scroll();
        true
    }

    /// Finds the group of each row.
    pub(super) fn regroup(&mut self) {
        self.headings = match self.grouping {
            Some(grouping) => self
                .rows
                .iter()
                .map(|row| grouping.heading(&row.todo.text))
                .collect(),
            None => Vec::new(),
        };
    }

    /// The heading above row `at`, if there is one.
    fn heading(&self, at: usize) -> Option<Heading> {
        if self.height < WITH_HEADINGS {
            return None;
        }
        let own = self.headings.get(at)?;
        let above = at.checked_sub(1).and_then(|above| self.headings.get(above));
        (at == self.top || above != Some(own)).then_some(*own)
    }

    /// How many lines the rows from `from` to `to` take, the first of them at
    /// the top of the screen; counted no further than one more than fit.
    fn taken(&self, from: usize, to: usize) -> usize {
        let mut lines = 0;
        for at in from..=to {
            let grouped = self.height >= WITH_HEADINGS && !self.headings.is_empty();
            let above = at.checked_sub(1).and_then(|above| self.headings.get(above));
            let headed = grouped && (at == from || above != self.headings.get(at));
            lines += 1 + usize::from(headed);
            if lines > self.height {
                break;
            }
        }
        lines
    }

    /// Brings the selected row onto the screen, and rows onto an empty end of it.
    pub(super) fn scroll(&mut self) {
        let height = self.height.max(1);
        let lowest = (self.selected + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest, self.selected);
        while self.top < self.selected && self.taken(self.top, self.selected) > height {
            self.top += 1;
        }
        let last = self.rows.len().saturating_sub(1);
        if last.saturating_sub(self.top) < height {
            while self.top > 0 && self.taken(self.top - 1, last) <= height {
                self.top -= 1;
            }
        }
    }
}
