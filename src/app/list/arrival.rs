//! The store answers: rows for the screen, and where the selection goes.

use super::{List, Place};
use crate::app::effect::{Effect, WindowId};
use crate::domain::key::Key;
use crate::domain::list::{Around, Window};

/// What came of an answered question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrival {
    /// The next question, if one is due.
    pub effects: Vec<Effect>,
    /// A todo that was to be selected and is not in this list.
    pub missing: Option<Key>,
    /// Whether anything on the screen is another now.
    pub changed: bool,
}

impl List {
    /// Takes the store's answer; a stale one changes nothing.
    #[must_use]
    pub fn windowed(&mut self, id: WindowId, window: Window) -> Arrival {
        let Some(asked) = self.asked.filter(|asked| asked.id == id) else {
            return Arrival::default();
        };
        self.asked = None;
        let neighbours = self.neighbours();
        let known = |key: &Key| window.rows.iter().any(|todo| todo.key == *key);
        if asked.place == Place::Keep && !window.rows.is_empty() {
            let reached = self.select_when_loaded.is_some_and(|key| known(&key))
                || neighbours.first().is_none_or(known);
            if !reached
                && self.select_when_loaded.is_none()
                && neighbours.first() != asked.from.as_ref()
            {
                // The selection moved on while these rows were on their way.
                let here = self.anchor();
                return Arrival {
                    effects: vec![self.ask(here, Place::Keep, asked.again)],
                    ..Arrival::default()
                };
            }
            if !reached && asked.again && !neighbours.iter().any(known) {
                return self.ask_beside(&neighbours);
            }
        }
        let changed = self.window != window
            || asked.place != Place::Keep
            || self.select_when_loaded.is_some();
        self.window = window;
        self.derive_near(&neighbours);
        match asked.place {
            Place::Keep => {}
            Place::First => self.select(0),
            Place::Last => self.select(self.rows.len().saturating_sub(1)),
        }
        let missing = self.select_loaded(asked.place);
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
        }
    }

    /// The window asked for will not come.
    pub fn window_failed(&mut self, id: WindowId) {
        if self.asked.is_some_and(|asked| asked.id == id) {
            self.asked = None;
            self.pending_moves.clear();
        }
    }

    /// The todo asked around is not in the list (any more): asks around the
    /// next best, once.
    fn ask_beside(&mut self, neighbours: &[Key]) -> Arrival {
        let missing = self.select_when_loaded.take();
        let next = usize::from(missing.is_none());
        let around = neighbours
            .get(next)
            .map_or(Around::Top, |key| Around::Key(*key));
        Arrival {
            effects: vec![self.ask(around, Place::Keep, false)],
            missing: missing.filter(|key| !self.is_unsaved(*key)),
            changed: false,
        }
    }

    fn select_loaded(&mut self, place: Place) -> Option<Key> {
        let key = self.select_when_loaded?;
        if let Some(at) = self.position(key) {
            self.select(at);
            if !self.is_unsaved(key) {
                self.select_when_loaded = None;
            }
            return None;
        }
        if place == Place::Keep && !self.is_unsaved(key) {
            return self.select_when_loaded.take();
        }
        None
    }
}
