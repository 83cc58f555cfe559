//! The list: some rows around the selection, with changes that are not yet on
//! the disk laid over them.

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
use unsaved::{Unsaved, overlay, settle};

/// The rows on and near the screen.
///
/// Always true: [`rows`](Self::rows) is the last window the store answered,
/// with every uncommitted change of this session laid over it. So a write that
/// fails is undone by leaving it out.
///
/// There is no whole list here: before the selection comes near an edge, the
/// next window is asked for.
#[derive(Debug, Clone)]
pub struct List {
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
    asked: Option<Asked>,
    last_id: WindowId,
    /// Moves still to make, in order, once the window asked for is here.
    pending_moves: VecDeque<i64>,
    /// A todo that is to be selected as soon as it is in the window.
    select_when_loaded: Option<Key>,
}

/// One row as the screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// The todo.
    pub todo: Todo,
    /// Whether a change of it is not yet on the disk.
    pub saving: bool,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    id: WindowId,
    /// What was selected then.
    from: Option<Key>,
    place: Place,
    /// Whether a selected todo that is gone may be looked for by its neighbour.
    again: bool,
}

/// Where the selection goes when a window arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Stays on its todo, or on the nearest one left.
    Keep,
    First,
    Last,
}

impl List {
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
            asked: None,
            last_id: WindowId::default(),
            pending_moves: VecDeque::new(),
            select_when_loaded: None,
        }
    }

    /// Which todos, and in what order.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// The rows of the window, in order, changes not yet on the disk included.
    #[must_use]
    pub fn rows(&self) -> &[ListRow] {
        &self.rows
    }

    /// How many rows the list has, where the window holds them all.
    #[must_use]
    pub fn whole_length(&self) -> Option<usize> {
        let more = self.window.more_above || self.window.more_below;
        (!more && self.asked.is_none()).then_some(self.rows.len())
    }

    /// Returns whether the list goes on above, and below, what is on the screen.
    #[must_use]
    pub fn goes_on(&self) -> (bool, bool) {
        let above = self.window.more_above || self.top > 0;
        let below = self.window.more_below || self.top + self.height < self.rows.len();
        (above, below)
    }

    /// The place of the selected row in the list, from 1; `None` where the window
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

    /// How many changes are not yet on the disk.
    #[must_use]
    pub fn saving(&self) -> usize {
        self.unsaved
            .iter()
            .map(|unsaved| unsaved.changes.len())
            .sum()
    }

    /// Gives the list another number of rows on the screen.
    #[must_use]
    pub fn resize(&mut self, height: usize) -> Vec<Effect> {
        self.height = height;
        self.scroll();
        self.prefetch()
    }

    /// Shows another list, or the same in another order; the selected todo
    /// stays selected where it is in it.
    #[must_use]
    pub fn show(&mut self, query: Query) -> Vec<Effect> {
        self.query = query;
        self.pending_moves.clear();
        let around = self.anchor();
        vec![self.ask(around, Place::Keep, false)]
    }

    /// Shows another list from its start.
    #[must_use]
    pub fn show_first(&mut self, query: Query) -> Vec<Effect> {
        self.query = query;
        self.pending_moves.clear();
        vec![self.ask(Around::Top, Place::First, false)]
    }

    /// Shows another list with the todo `key` selected, if it is in it.
    #[must_use]
    pub fn show_at(&mut self, query: Query, key: Option<Key>) -> Vec<Effect> {
        let Some(key) = key else {
            return self.show_first(query);
        };
        self.query = query;
        self.pending_moves.clear();
        self.select_when_loaded = Some(key);
        vec![self.ask(Around::Key(key), Place::Keep, false)]
    }

    /// Forgets all rows: another account's are coming.
    #[must_use]
    pub fn reset(&mut self, query: Query) -> Vec<Effect> {
        let last_id = self.last_id;
        *self = Self::new(self.height);
        self.last_id = last_id;
        self.show_first(query)
    }

    /// Asks for the same rows again, because the store has others now.
    #[must_use]
    pub fn refresh(&mut self) -> Vec<Effect> {
        let place = self.asked.map_or(Place::Keep, |asked| asked.place);
        let around = match (place, self.select_when_loaded) {
            (Place::First, _) => Around::Top,
            (Place::Last, _) => Around::Bottom,
            (Place::Keep, Some(key)) if !self.is_unsaved(key) => Around::Key(key),
            (Place::Keep, _) => self.anchor(),
        };
        vec![self.ask(around, place, true)]
    }

    /// Lays changes over the rows until they are on the disk. A new todo
    /// becomes the selected one.
    #[must_use]
    pub fn lay(&mut self, id: CommitId, changes: Vec<Change>) -> Vec<Effect> {
        let added = changes
            .iter()
            .rfind(|change| matches!(change.act, Act::Add { .. }))
            .map(|change| change.todo);
        self.unsaved.push(Unsaved { id, changes });
        if let Some(key) = added {
            self.select_when_loaded = Some(key);
            self.pending_moves.clear();
        }
        self.derive();
        if added.is_some() && self.window.more_below {
            return vec![self.ask(Around::Bottom, Place::Last, false)];
        }
        self.prefetch()
    }

    /// Takes changes as written: they are part of the window from now on, and
    /// the store is asked for the rows as they are.
    #[must_use]
    pub fn committed(&mut self, id: CommitId, todos: &[Todo]) -> Vec<Effect> {
        let Some(unsaved) = self.take(id) else {
            return Vec::new();
        };
        for change in &unsaved.changes {
            let todo = todos.iter().find(|todo| todo.key == change.todo);
            settle(&mut self.window, change, todo);
        }
        self.derive();
        self.refresh()
    }

    /// Takes changes back that could not be written, and returns them.
    #[must_use]
    pub fn take_back(&mut self, id: CommitId) -> (Vec<Change>, Vec<Effect>) {
        let changes = self
            .take(id)
            .map(|unsaved| unsaved.changes)
            .unwrap_or_default();
        self.select_when_loaded = None;
        self.derive();
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

    fn derive(&mut self) {
        let neighbours = self.neighbours();
        self.derive_near(&neighbours);
    }

    /// Makes `rows` again. The selection goes to the first of `neighbours` that
    /// is still there, on the same line of the screen.
    fn derive_near(&mut self, neighbours: &[Key]) {
        let line = self.selected.saturating_sub(self.top);
        let mut rows: Vec<ListRow> =
            Vec::with_capacity(self.window.rows.len() + self.unsaved.len());
        rows.extend(self.window.rows.iter().map(|todo| ListRow {
            todo: todo.clone(),
            saving: false,
        }));
        for change in self.unsaved.iter().flat_map(|unsaved| &unsaved.changes) {
            overlay(&mut rows, change, self.window.more_below);
        }
        rows.retain(|row| in_scope(self.query.scope, &row.todo.text));
        self.rows = rows;
        self.regroup();
        let select_when_loaded = self.select_when_loaded.and_then(|key| self.position(key));
        let near = neighbours.iter().find_map(|key| self.position(*key));
        self.selected = select_when_loaded
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
