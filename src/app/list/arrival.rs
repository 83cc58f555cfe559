//! Rows that arrive from the store, and where the selection goes.

use super::{Place, Target, TodoList};
use crate::app::effect::{Effect, WindowId};
use crate::domain::key::Key;
use crate::domain::list::{Around, Window};

/// The result of an answered request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrival {
    /// The next request, if one is due.
    pub effects: Vec<Effect>,
    /// A todo that was added but is not in this list.
    pub missing: Option<Key>,
    /// Whether anything on the screen changed.
    pub changed: bool,
    /// Whether the list is to be counted again: not if it only moved.
    pub recount: bool,
    /// Whether todos may have changed that are not in these rows.
    pub refreshed: bool,
}

impl TodoList {
    /// Handles the store's answer; a stale one changes nothing.
    #[must_use]
    pub fn windowed(&mut self, id: WindowId, window: Window) -> Arrival {
        let Some(request) = self.requested.filter(|request| request.id == id) else {
            return Arrival::default();
        };
        let neighbours = self.neighbours();
        let known = |key: &Key| window.rows.iter().any(|todo| todo.key == *key);
        if request.place == Place::Keep && !window.rows.is_empty() {
            let reached = self
                .select_when_loaded
                .is_some_and(|target| known(&target.key))
                || neighbours.first().is_none_or(known);
            if !reached
                && self.select_when_loaded.is_none()
                && neighbours.first() != request.from.as_ref()
            {
                // The selection moved on while these rows were on their way.
                let here = self.anchor();
                return Arrival {
                    effects: vec![self.request(here, Place::Keep, request.again)],
                    ..Arrival::default()
                };
            }
            if !reached && request.again && !neighbours.iter().any(known) {
                return self.request_beside(&neighbours);
            }
        }
        self.requested = None;
        let other_rows = self.window != window;
        let uncounted = std::mem::take(&mut self.uncounted);
        let recount = uncounted || (other_rows && request.refreshes);
        let changed =
            other_rows || request.place != Place::Keep || self.select_when_loaded.is_some();
        self.window = window;
        self.rebuild_near(&neighbours);
        match request.place {
            Place::Keep => {}
            Place::First => self.select(0),
            Place::Last => self.select(self.rows.len().saturating_sub(1)),
        }
        let missing = self.select_loaded(request.place);
        let pending_moves = std::mem::take(&mut self.pending_moves);
        let changed = changed || !pending_moves.is_empty();
        let effects = pending_moves
            .into_iter()
            .flat_map(|rows| self.step(rows))
            .collect();
        Arrival {
            effects,
            missing,
            changed,
            recount,
            refreshed: request.refreshes,
        }
    }

    /// Drops a request that failed.
    pub fn window_failed(&mut self, id: WindowId) {
        if self.requested.is_some_and(|request| request.id == id) {
            self.requested = None;
            self.pending_moves.clear();
        }
    }

    /// Requests rows around the next neighbour, once: the todo of the last request
    /// is not in the list.
    fn request_beside(&mut self, neighbours: &[Key]) -> Arrival {
        let target = self.select_when_loaded.take();
        let next = usize::from(target.is_none());
        let around = neighbours
            .get(next)
            .map_or(Around::Top, |key| Around::Key(*key));
        Arrival {
            effects: vec![self.request(around, Place::Keep, false)],
            missing: target
                .filter(|target| target.is_new && !self.is_unsaved(target.key))
                .map(|target| target.key),
            ..Arrival::default()
        }
    }

    fn select_loaded(&mut self, place: Place) -> Option<Key> {
        let Target { key, is_new } = self.select_when_loaded?;
        if let Some(at) = self.position(key) {
            self.select(at);
            if !self.is_unsaved(key) {
                self.select_when_loaded = None;
            }
            return None;
        }
        if place == Place::Keep && !self.is_unsaved(key) {
            self.select_when_loaded = None;
            return is_new.then_some(key);
        }
        None
    }
}
