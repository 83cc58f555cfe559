//! The list: some rows around the selection, with unsaved changes applied.

use std::collections::VecDeque;

use crate::app::effect::{CommitId, Effect, WindowId};
use crate::app::groups::{Grouping, Heading};
use crate::domain::change::{Act, Change};
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::list::{Around, Window};
use crate::domain::query::{Query, Scope};
use crate::domain::todo::Todo;

mod arrival;
mod lines;
mod motion;
mod unsaved;

pub use arrival::Arrival;
pub use lines::ScreenLine;
use unsaved::{Unsaved, apply_to_rows, apply_to_window};

/// The rows on and near the screen.
///
/// Invariant: [`rows`](Self::rows) is the last window the store answered, with
/// every unsaved change of this session applied. So a failed write is reverted by
/// leaving it out.
///
/// It never holds the whole list: the next window is requested before the
/// selection comes near an edge.
#[derive(Debug, Clone)]
pub struct TodoList {
    query: Query,
    /// As the store last answered.
    window: Window,
    unsaved: Vec<Unsaved>,
    rows: Vec<ListRow>,
    grouping: Option<Grouping>,
    /// The group of each row; empty without groups.
    headings: Vec<Heading>,
    /// Index into `rows`; 0 when there are none.
    selected: usize,
    /// Index of the first row on the screen.
    top: usize,
    /// Rows on the screen.
    height: usize,
    requested: Option<WindowRequest>,
    last_id: WindowId,
    /// Moves to make, in order, once the requested window arrives.
    pending_moves: VecDeque<i64>,
    /// The todo to select as soon as it is in the window.
    select_when_loaded: Option<Target>,
    /// Whether todos were changed here, or another list is shown, since it was last
    /// counted.
    uncounted: bool,
}

/// A todo to select.
#[derive(Debug, Clone, Copy)]
struct Target {
    key: Key,
    /// Whether it was added here, so that it is missed if the list does not have it.
    is_new: bool,
}

/// One row as the screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// The todo.
    pub todo: Todo,
    /// Whether a change of it is not saved yet.
    pub saving: bool,
}

#[derive(Debug, Clone, Copy)]
struct WindowRequest {
    id: WindowId,
    /// The todo that was selected then.
    from: Option<Key>,
    place: Place,
    /// Whether to request rows around a neighbour if the selected todo is gone.
    again: bool,
    /// Whether todos may have changed, and not only the part that is shown.
    refreshes: bool,
}

/// Where the selection goes when a window arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Stays on its todo, or on the nearest one left.
    Keep,
    First,
    Last,
}

impl TodoList {
    /// An empty list of open todos, before the first answer.
    #[must_use]
    pub fn new(height: usize) -> Self {
        Self {
            query: Query::default(),
            window: Window::default(),
            unsaved: Vec::new(),
            rows: Vec::new(),
            grouping: None,
            headings: Vec::new(),
            selected: 0,
            top: 0,
            height,
            requested: None,
            last_id: WindowId::default(),
            pending_moves: VecDeque::new(),
            select_when_loaded: None,
            uncounted: true,
        }
    }

    /// Which todos are listed, and in what order.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// The rows of the window, in order, with unsaved changes applied.
    #[must_use]
    pub fn rows(&self) -> &[ListRow] {
        &self.rows
    }

    /// How many rows the list has, if the window holds them all.
    #[must_use]
    pub fn whole_length(&self) -> Option<usize> {
        let more = self.window.more_above || self.window.more_below;
        (!more && self.requested.is_none()).then_some(self.rows.len())
    }

    /// Returns whether rows are hidden above, and below, the screen.
    #[must_use]
    pub fn goes_on(&self) -> (bool, bool) {
        let above = self.window.more_above || self.top > 0;
        let below = self.window.more_below || self.top + self.height < self.rows.len();
        (above, below)
    }

    /// The place of the selected row in the list, from 1; `None` if the window
    /// does not reach the start.
    #[must_use]
    pub fn place(&self) -> Option<usize> {
        let known = !self.window.more_above && !self.rows.is_empty();
        known.then_some(self.selected + 1)
    }

    /// How many rows fit on the screen.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&ListRow> {
        self.rows.get(self.selected)
    }

    /// The row of a todo, if it is in the window.
    #[must_use]
    pub fn row(&self, key: Key) -> Option<&ListRow> {
        self.rows.iter().find(|row| row.todo.key == key)
    }

    /// How many changes are not saved yet.
    #[must_use]
    pub fn saving(&self) -> usize {
        self.unsaved
            .iter()
            .map(|unsaved| unsaved.changes.len())
            .sum()
    }

    /// Sets the number of rows on the screen.
    #[must_use]
    pub fn resize(&mut self, height: usize) -> Vec<Effect> {
        self.height = height;
        self.scroll();
        self.prefetch()
    }

    /// Shows another list, or the same in another order. The selected todo stays
    /// selected if the list has it.
    #[must_use]
    pub fn show(&mut self, query: Query) -> Vec<Effect> {
        self.query = query;
        self.uncounted = true;
        self.pending_moves.clear();
        let around = self.anchor();
        vec![self.request(around, Place::Keep, false)]
    }

    /// Shows another list from its start.
    #[must_use]
    pub fn show_first(&mut self, query: Query) -> Vec<Effect> {
        self.query = query;
        self.uncounted = true;
        self.pending_moves.clear();
        vec![self.request(Around::Top, Place::First, false)]
    }

    /// Shows another list with the todo `key` selected, if the list has it.
    #[must_use]
    pub fn show_at(&mut self, query: Query, key: Option<Key>) -> Vec<Effect> {
        let Some(key) = key else {
            return self.show_first(query);
        };
        self.query = query;
        self.uncounted = true;
        self.pending_moves.clear();
        self.select_when_loaded = Some(Target { key, is_new: false });
        vec![self.request(Around::Key(key), Place::Keep, false)]
    }

    /// Removes all rows before those of another account are requested. Returns the
    /// changes that are not saved yet.
    pub fn clear(&mut self, query: Query) -> Vec<(CommitId, Vec<Change>)> {
        let unsaved = std::mem::take(&mut self.unsaved);
        *self = Self {
            query,
            last_id: self.last_id,
            ..Self::new(self.height)
        };
        let unsaved = unsaved.into_iter();
        unsaved.map(|it| (it.id, it.changes)).collect()
    }

    /// Requests the same rows again after the store changed.
    #[must_use]
    pub fn refresh(&mut self) -> Vec<Effect> {
        let place = self.requested.map_or(Place::Keep, |request| request.place);
        let around = match (place, self.select_when_loaded) {
            (Place::First, _) => Around::Top,
            (Place::Last, _) => Around::Bottom,
            (Place::Keep, Some(target)) if !self.is_unsaved(target.key) => Around::Key(target.key),
            (Place::Keep, _) => self.anchor(),
        };
        let effect = self.request(around, place, true);
        if let Some(request) = &mut self.requested {
            request.refreshes = true;
        }
        vec![effect]
    }

    /// Applies unsaved changes to the rows. A new todo becomes the selected one.
    #[must_use]
    pub fn apply_unsaved(&mut self, id: CommitId, changes: Vec<Change>) -> Vec<Effect> {
        let added = changes
            .iter()
            .rfind(|change| matches!(change.act, Act::Add { .. }))
            .map(|change| change.todo);
        self.unsaved.push(Unsaved { id, changes });
        if let Some(key) = added {
            self.select_when_loaded = Some(Target { key, is_new: true });
            self.pending_moves.clear();
        }
        self.rebuild();
        if added.is_some() && self.window.more_below {
            return vec![self.request(Around::Bottom, Place::Last, false)];
        }
        self.prefetch()
    }

    /// Moves saved changes into the window, and requests the rows again.
    #[must_use]
    pub fn committed(&mut self, id: CommitId, todos: &[Todo]) -> Vec<Effect> {
        let Some(unsaved) = self.take(id) else {
            return Vec::new();
        };
        for change in &unsaved.changes {
            let todo = todos.iter().find(|todo| todo.key == change.todo);
            apply_to_window(&mut self.window, change, todo);
        }
        self.uncounted = true;
        self.rebuild();
        self.refresh()
    }

    /// Removes changes that could not be saved, and returns them.
    #[must_use]
    pub fn revert(&mut self, id: CommitId) -> (Vec<Change>, Vec<Effect>) {
        let changes = self
            .take(id)
            .map(|unsaved| unsaved.changes)
            .unwrap_or_default();
        self.select_when_loaded = None;
        self.rebuild();
        (changes, self.refresh())
    }

    fn take(&mut self, id: CommitId) -> Option<Unsaved> {
        let at = self.unsaved.iter().position(|unsaved| unsaved.id == id)?;
        Some(self.unsaved.remove(at))
    }

    fn is_unsaved(&self, key: Key) -> bool {
        self.unsaved
            .iter()
            .flat_map(|unsaved| &unsaved.changes)
            .any(|change| change.todo == key)
    }

    fn position(&self, key: Key) -> Option<usize> {
        self.rows.iter().position(|row| row.todo.key == key)
    }

    fn rebuild(&mut self) {
        let neighbours = self.neighbours();
        self.rebuild_near(&neighbours);
    }

    /// Rebuilds `rows`. The selection goes to the first of `neighbours` that is
    /// still listed, on the same line of the screen.
    fn rebuild_near(&mut self, neighbours: &[Key]) {
        let line = self.selected.saturating_sub(self.top);
        let mut rows: Vec<ListRow> =
            Vec::with_capacity(self.window.rows.len() + self.unsaved.len());
        rows.extend(self.window.rows.iter().map(|todo| ListRow {
            todo: todo.clone(),
            saving: false,
        }));
        for change in self.unsaved.iter().flat_map(|unsaved| &unsaved.changes) {
            apply_to_rows(&mut rows, change, self.window.more_below);
        }
        rows.retain(|row| in_scope(self.query.scope, &row.todo.text));
        self.rows = rows;
        self.regroup();
        let target = self
            .select_when_loaded
            .and_then(|target| self.position(target.key));
        let near = neighbours.iter().find_map(|key| self.position(*key));
        self.selected = target
            .or(near)
            .unwrap_or(self.selected)
            .min(self.rows.len().saturating_sub(1));
        self.top = self.selected.saturating_sub(line);
        self.scroll();
    }

    /// The selected todo, then those after it, then those before it, nearest first.
    fn neighbours(&self) -> Vec<Key> {
        let (before, after) = self
            .rows
            .split_at_checked(self.selected)
            .unwrap_or((self.rows.as_slice(), &[]));
        after
            .iter()
            .chain(before.iter().rev())
            .map(|row| row.todo.key)
            .collect()
    }
}

fn in_scope(scope: Scope, text: &str) -> bool {
    match scope {
        Scope::All => true,
        Scope::Open => !Line::new(text).is_done(),
        Scope::Done => Line::new(text).is_done(),
    }
}

#[cfg(test)]
mod tests;
