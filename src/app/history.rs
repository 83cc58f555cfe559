//! Taking back and doing again.

use crate::app::stamp::Stamp;
use crate::domain::change::{Act, Change};
use crate::domain::inverse::inverse;
use crate::domain::key::{ChangeId, Key};

/// What this session did, newest last, and what it took back.
#[derive(Debug, Clone, Default)]
pub struct History {
    done: Vec<Vec<Change>>,
    undone: Vec<Vec<Change>>,
}

impl History {
    /// How many acts can be taken back.
    const DEPTH: usize = 200;

    /// Remembers an act; what was taken back cannot be done again after it.
    pub fn push(&mut self, changes: Vec<Change>) {
        self.undone.clear();
        self.remember(changes);
    }

    /// Forgets an act that did not come about.
    pub fn forget(&mut self, changes: &[Change]) {
        self.done.retain(|act| act != changes);
        self.undone.retain(|act| act != changes);
    }

    /// The changes that take back the last act.
    pub fn undo(&mut self, stamp: Stamp) -> Option<Vec<Change>> {
        let act = self.done.pop()?;
        let changes = self.inverse_of(&act, stamp);
        self.undone.push(changes.clone());
        Some(changes)
    }

    /// The changes that do again what was taken back last.
    pub fn redo(&mut self, stamp: Stamp) -> Option<Vec<Change>> {
        let act = self.undone.pop()?;
        let changes = self.inverse_of(&act, stamp);
        self.remember(changes.clone());
        Some(changes)
    }

    fn remember(&mut self, changes: Vec<Change>) {
        if self.done.len() >= Self::DEPTH {
            self.done.remove(0);
        }
        self.done.push(changes);
    }

    /// What takes `changes` back, last one first. A removed todo comes back as
    /// a new one, for removals are final; the other acts on it then mean the
    /// new one.
    fn inverse_of(&mut self, changes: &[Change], stamp: Stamp) -> Vec<Change> {
        let mut back = Vec::with_capacity(changes.len());
        for (n, change) in (0..).zip(changes.iter().rev()) {
            let mut todo = change.todo;
            let act = inverse(&change.act);
            if matches!(act, Act::Add { .. }) {
                todo = Key::new(stamp.id(2 * n + 1));
                self.rename(change.todo, todo);
            }
            back.push(Change {
                id: ChangeId(stamp.id(2 * n)),
                todo,
                act,
                at: stamp.now,
            });
        }
        back
    }

    fn rename(&mut self, from: Key, to: Key) {
        let acts = self.done.iter_mut().chain(&mut self.undone);
        for change in acts.flatten().filter(|change| change.todo == from) {
            change.todo = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::Date;
    use uuid::Uuid;

    use super::*;

    const KEY: Key = Key::new(Uuid::from_u128(7));

    fn stamp(fresh: u128) -> Stamp {
        Stamp {
            now: Timestamp::UNIX_EPOCH,
            today: Date::constant(2026, 11, 24),
            fresh: Uuid::from_u128(fresh),
        }
    }

    fn change(act: Act) -> Change {
        Change {
            id: ChangeId(Uuid::from_u128(1)),
            todo: KEY,
            act,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn edit(before: &str, after: &str) -> Act {
        Act::Edit {
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }

    fn acts(changes: Option<Vec<Change>>) -> Vec<Act> {
        let changes = changes.unwrap_or_default();
        changes.into_iter().map(|change| change.act).collect()
    }

    #[test]
    fn acts_are_taken_back_newest_first_and_done_again_in_order() {
        let mut history = History::default();
        history.push(vec![change(edit("a", "b"))]);
        history.push(vec![change(edit("b", "c"))]);

        assert_eq!(acts(history.undo(stamp(10))), [edit("c", "b")]);
        assert_eq!(acts(history.undo(stamp(20))), [edit("b", "a")]);
        assert_eq!(acts(history.undo(stamp(30))), []);
        assert_eq!(acts(history.redo(stamp(40))), [edit("a", "b")]);
        assert_eq!(acts(history.redo(stamp(50))), [edit("b", "c")]);
        assert_eq!(acts(history.redo(stamp(60))), []);
    }

    #[test]
    fn a_removed_todo_comes_back_as_a_new_one_and_older_acts_follow_it() {
        let mut history = History::default();
        history.push(vec![change(edit("a", "b"))]);
        let before = "b".to_owned();
        history.push(vec![change(Act::Remove { before })]);

        let back = history.undo(stamp(10)).unwrap_or_default();
        let older = history.undo(stamp(20)).unwrap_or_default();

        let new = back.first().map(|change| change.todo);
        assert_ne!(new, Some(KEY));
        assert_eq!(older.first().map(|change| change.todo), new);
    }

    #[test]
    fn a_new_act_ends_what_can_be_done_again() {
        let mut history = History::default();
        history.push(vec![change(edit("a", "b"))]);
        let _ = history.undo(stamp(10));
        history.push(vec![change(edit("a", "z"))]);
        assert_eq!(history.redo(stamp(20)), None);
    }
}
