//! Says which todos follow from completed ones.

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::domain::change::{Act, Change};
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::text::sanitize::plain;

/// At most so many successors are named.
const NAMED: usize = 5;

/// The repeating todos that a command is about to change.
#[derive(Debug)]
pub(crate) struct Successors(Vec<Repeating>);

#[derive(Debug)]
struct Repeating {
    todo: Key,
    done: bool,
    successor: Option<Todo>,
}

impl Successors {
    /// Reads the repeating todos among those that `changes` edit.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn of(store: &Store, changes: &[Change]) -> Result<Self, CliError> {
        let mut found = Vec::new();
        for change in changes {
            let Act::Edit { before, after } = &change.act else {
                continue;
            };
            let repeats = |text: &str| Line::new(text).recurrence().is_some();
            if repeats(before) || repeats(after) {
                found.push(Repeating {
                    todo: change.todo,
                    done: Line::new(before).is_done(),
                    successor: store.successor(change.todo)?,
                });
            }
        }
        Ok(Self(found))
    }

    /// Prints on stderr what was added, and what stays although its todo was
    /// reopened.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn announce(&self, context: &CommandContext, store: &Store) -> Result<(), CliError> {
        let (mut added, mut missing) = (Vec::new(), false);
        for repeating in &self.0 {
            let Some(now) = store.todo(repeating.todo)? else {
                continue;
            };
            let line = Line::new(&now.text);
            let before = repeating.successor.as_ref();
            match (repeating.done, line.is_done()) {
                (false, true) => match store.successor(repeating.todo)? {
                    Some(next) => added.push(next),
                    None => missing |= line.recurrence().is_some(),
                },
                (true, false) => {
                    if let Some(kept) = before.map_or(Ok(None), |next| store.todo(next.key))? {
                        let (handle, text) = (kept.handle(), plain(&kept.text));
                        context.notice(format!("{handle} was changed since and stays: {text}"));
                    }
                }
                (true, true) | (false, false) => {}
            }
        }
        let (named, more) = added.split_at(added.len().min(NAMED));
        for next in named {
            context.notice(format!("next: {}  {}", next.handle(), plain(&next.text)));
        }
        if !more.is_empty() {
            context.notice(format!("and {} more", more.len()));
        }
        let role = store.capabilities()?;
        if missing && role.is_some_and(|role| !role.insert) {
            context.notice("no next todo: the server does not let you add todos");
        }
        let is_bare = role.is_some_and(|role| !role.full);
        if is_bare && !added.is_empty() && store.is_first_successor()? {
            context.notice(
                "on this backend another device that completes the same todo may add it, too; \
                 `tudone setup hasura` changes that",
            );
        }
        Ok(())
    }
}
