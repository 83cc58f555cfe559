//! Reports the effects of completing and reopening repeating todos.

use crate::domain::change::{Act, Change};
use crate::domain::feed::Capabilities;
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::successors::SuccessorReport;
use crate::store::Store;
use crate::store::error::StoreError;

/// The repeating todos that are about to be changed, for
/// [`Store::successor_report`].
#[derive(Debug, Default)]
pub struct RepeatingTodos(Vec<Repeating>);

#[derive(Debug)]
struct Repeating {
    todo: Key,
    was_done: bool,
    successor: Option<Key>,
}

impl Store {
    /// Reads the repeating todos among those that `changes` edit.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn repeating_todos(&self, changes: &[Change]) -> Result<RepeatingTodos, StoreError> {
        let mut found = Vec::new();
        for change in changes {
            let Act::Edit { before, after } = &change.act else {
                continue;
            };
            let repeats = |text: &str| Line::new(text).recurrence().is_some();
            if repeats(before) || repeats(after) {
                found.push(Repeating {
                    todo: change.todo,
                    was_done: Line::new(before).is_done(),
                    successor: self.successor(change.todo)?.map(|todo| todo.key),
                });
            }
        }
        Ok(RepeatingTodos(found))
    }

    /// Reports added and kept successors of todos that were read `before` they were
    /// completed or reopened.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn successor_report(&self, before: &RepeatingTodos) -> Result<SuccessorReport, StoreError> {
        let mut report = SuccessorReport::default();
        let mut missing = false;
        for repeating in &before.0 {
            let Some(now) = self.todo(repeating.todo)? else {
                continue;
            };
            let line = Line::new(&now.text);
            match (repeating.was_done, line.is_done()) {
                (false, true) => match self.successor(repeating.todo)? {
                    Some(next) => report.added.push(next),
                    None => missing |= line.recurrence().is_some(),
                },
                (true, false) => {
                    if let Some(successor) = repeating.successor {
                        report.kept.extend(self.todo(successor)?);
                    }
                }
                (true, true) | (false, false) => {}
            }
        }
        let may_not_add = |role: Capabilities| !role.insert;
        report.not_allowed = missing && self.capabilities()?.is_some_and(may_not_add);
        Ok(report)
    }
}
