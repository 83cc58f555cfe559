//! The views, and which of them is shown in what order.

use crate::app::theme::ThemeName;
use crate::domain::key::Key;
use crate::domain::list::ViewCounts;
use crate::domain::query::{Query, Sort};
use crate::domain::view::{Builtin, OwnView, View};
use crate::domain::when::Calendar;

/// The list as it was when the program ended or its account was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedList {
    /// The name of the view.
    pub view: String,
    /// The order the user chose, over that of the view.
    pub order: Option<SortOrder>,
    /// The selected todo.
    pub selected: Option<Key>,
    /// The theme that the user chose.
    pub theme: Option<ChosenTheme>,
}

/// A theme that the user chose, over the configured one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenTheme {
    /// The chosen theme.
    pub chosen: ThemeName,
    /// The theme that was configured then; another one in the configuration counts more.
    pub configured: ThemeName,
}

/// All views, and the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Views {
    all: Vec<View>,
    current: usize,
    /// The order the user chose, over that of the view.
    order: Option<SortOrder>,
}

/// An order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortOrder {
    /// The sort key.
    pub sort: Sort,
    /// Whether the order is reversed.
    pub reverse: bool,
}

impl Views {
    /// The built-in views and the user's own; the first is current.
    #[must_use]
    pub fn new(own: &[OwnView]) -> Self {
        Self {
            all: View::all(own),
            current: 0,
            order: None,
        }
    }

    /// All of them, in the order of their keys.
    #[must_use]
    pub fn all(&self) -> &[View] {
        &self.all
    }

    /// Index of the current one.
    #[must_use]
    pub const fn current(&self) -> usize {
        self.current
    }

    /// Returns whether the current view is the first.
    #[must_use]
    pub const fn is_home(&self) -> bool {
        self.current == 0
    }

    /// Makes a view current. Returns false if there is none with this index.
    pub fn choose(&mut self, index: usize) -> bool {
        let there = index < self.all.len();
        if there {
            self.current = index;
            self.order = None;
        }
        there
    }

    /// Makes the next or the previous view current.
    pub fn step(&mut self, by: isize) {
        let count = self.all.len().max(1);
        let next = self.current.saturating_add(count).saturating_add_signed(by) % count;
        self.choose(next);
    }

    /// Makes the remembered view current, in its order. Returns false if there is
    /// none of its name any more.
    pub(crate) fn restore(&mut self, remembered: &RememberedList) -> bool {
        let mut names = self.all.iter().map(View::name);
        let Some(index) = names.position(|name| name == remembered.view) else {
            return false;
        };
        self.current = index;
        self.order = remembered.order;
        true
    }

    /// Returns the current view and its order, to be remembered.
    pub(crate) fn remembered(&self, selected: Option<Key>) -> Option<RememberedList> {
        Some(RememberedList {
            view: self.all.get(self.current)?.name().to_owned(),
            order: self.order,
            selected,
            theme: None,
        })
    }

    /// Sets the order of the list.
    pub const fn set_order(&mut self, order: SortOrder) {
        self.order = Some(order);
    }

    /// The query of the current view on this day, in the current order.
    #[must_use]
    pub fn query(&self, calendar: Calendar) -> Query {
        let view = self.all.get(self.current);
        let mut query = view
            .map(|view| view.query(calendar).unwrap_or_else(|_| Query::nothing()))
            .unwrap_or_default();
        if let Some(View::Builtin(Builtin::Open)) = view {
            query.sort = Sort::Due;
        }
        if let Some(order) = self.order {
            query.sort = order.sort;
            query.reverse = order.reverse;
        }
        query
    }

    /// How many todos a view has; `None` while that is not known. Built-in views
    /// have counters in the store, the user's own are counted row by row.
    #[must_use]
    pub fn count(&self, index: usize, counts: Option<ViewCounts>, own: &[u64]) -> Option<u64> {
        match self.all.get(index)? {
            View::Builtin(view) => counts.map(|counts| match view {
                Builtin::Open => counts.open,
                Builtin::Today => counts.overdue + counts.due_today,
                Builtin::Upcoming => counts.upcoming,
                Builtin::NoDate => counts.no_date,
                Builtin::Done => counts.done,
                Builtin::All => counts.open + counts.waiting + counts.done,
            }),
            View::Own(_) => own.get(index.checked_sub(Builtin::ALL.len())?).copied(),
        }
    }
}
