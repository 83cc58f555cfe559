//! Moves of the selection, and requests for rows before they are needed.

use super::{Place, TodoList, WindowRequest};
use crate::app::effect::{Effect, WindowId};
use crate::domain::key::Key;
use crate::domain::list::Around;

impl TodoList {
    /// The fewest rows that a request asks for.
    const MIN_ROWS: usize = 60;

    /// Moves the selection by so many rows; past the edge of the window it
    /// continues when the next one arrives.
    #[must_use]
    pub fn step(&mut self, rows: i64) -> Vec<Effect> {
        self.select_when_loaded = None;
        let jumping = self
            .requested
            .is_some_and(|request| request.place != Place::Keep);
        if jumping || !self.pending_moves.is_empty() {
            self.queue_move(rows);
            return Vec::new();
        }
        let at = i64::try_from(self.selected).unwrap_or(i64::MAX);
        let last = i64::try_from(self.rows.len()).unwrap_or(i64::MAX) - 1;
        let target = at.saturating_add(rows);
        let reached = target.clamp(0, last.max(0));
        let over = target - reached;
        let goes_on = (over > 0 && self.window.more_below) || (over < 0 && self.window.more_above);
        if goes_on {
            self.queue_move(over);
        }
        self.select(usize::try_from(reached).unwrap_or(0));
        self.prefetch()
    }

    fn queue_move(&mut self, rows: i64) {
        match self.pending_moves.back_mut() {
            Some(last) if last.signum() == rows.signum() => *last = last.saturating_add(rows),
            _ => self.pending_moves.push_back(rows),
        }
    }

    /// Moves by so many half screens.
    #[must_use]
    pub fn page(&mut self, halves: i64) -> Vec<Effect> {
        let height = i64::try_from(self.height).unwrap_or(i64::MAX);
        // One row of the old screen stays visible.
        let rows = (height * halves / 2).clamp(-(height - 1).max(1), (height - 1).max(1));
        self.step(if rows == 0 { halves.signum() } else { rows })
    }

    /// Selects the first row of the list.
    #[must_use]
    pub fn to_first(&mut self) -> Vec<Effect> {
        self.jump(self.window.more_above, Around::Top, Place::First)
    }

    /// Selects the last row of the list.
    #[must_use]
    pub fn to_last(&mut self) -> Vec<Effect> {
        self.jump(self.window.more_below, Around::Bottom, Place::Last)
    }

    fn jump(&mut self, elsewhere: bool, around: Around, place: Place) -> Vec<Effect> {
        self.select_when_loaded = None;
        self.pending_moves.clear();
        let jumping = self
            .requested
            .is_some_and(|request| request.place != Place::Keep);
        if elsewhere || jumping {
            return vec![self.request(around, place, false)];
        }
        self.select(match place {
            Place::First => 0,
            Place::Keep | Place::Last => self.rows.len().saturating_sub(1),
        });
        self.prefetch()
    }

    /// Selects a todo of the window.
    #[must_use]
    pub fn select_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(at) = self.rows.iter().position(|row| row.todo.key == key) else {
            return Vec::new();
        };
        self.select_when_loaded = None;
        self.pending_moves.clear();
        self.select(at);
        self.prefetch()
    }

    pub(super) fn select(&mut self, at: usize) {
        self.selected = at.min(self.rows.len().saturating_sub(1));
        self.scroll();
    }

    /// Requests the next window when the selection comes near an edge that is not
    /// the end of the list.
    pub(super) fn prefetch(&mut self) -> Vec<Effect> {
        let near = self.height + self.height / 2;
        let above = self.window.more_above && self.selected < near;
        let below = self.window.more_below && self.selected + near >= self.rows.len();
        if self.requested.is_some() || !(above || below) {
            return Vec::new();
        }
        let around = self.anchor();
        vec![self.request(around, Place::Keep, true)]
    }

    pub(super) fn request(&mut self, around: Around, place: Place, again: bool) -> Effect {
        self.last_id = WindowId(self.last_id.0 + 1);
        let refreshes = self.requested.is_some_and(|request| request.refreshes);
        self.requested = Some(WindowRequest {
            id: self.last_id,
            from: self.selected().map(|row| row.todo.key),
            place,
            again,
            refreshes,
        });
        let screens = match place {
            // Ahead of need: the next request is far off then.
            _ if again => 6,
            // All rows are on one side.
            Place::First | Place::Last => 3,
            Place::Keep => 4,
        };
        Effect::Window {
            id: self.last_id,
            query: self.query.clone(),
            around,
            size: Self::MIN_ROWS.max(screens * self.height),
        }
    }

    /// The todo nearest to the selection that the store knows.
    pub(super) fn anchor(&self) -> Around {
        let known = |key| self.window.rows.iter().any(|todo| todo.key == key);
        self.neighbours()
            .into_iter()
            .find(|key| known(*key))
            .map_or(Around::Top, Around::Key)
    }
}
