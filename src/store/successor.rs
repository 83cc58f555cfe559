//! Successors: the todos that completing repeating todos adds.
//!
//! Completing a repeating todo adds its successor in the same transaction. Only the
//! device whose edit completes the todo on the server sends the successor, so that it
//! is added once: its add waits until that edit is answered, and then gets a key
//! derived from the todo's key and the revision that the edit replaced.
//!
//! A link records which outbox entry completes the todo. After each change of the
//! todo's entries, [`Write::reconcile`] updates the successor accordingly.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::change::{Act, Change, OutboxEntry, Progress};
use crate::domain::inverse::UndoAction;
use crate::domain::key::{ChangeId, Key};
use crate::domain::line::Line;
use crate::domain::recurrence;
use crate::domain::todo::Todo;
use crate::os::time_zone;
use crate::store::error::StoreError;
use crate::store::handles;
use crate::store::write::Write;

mod links;
mod outcome;
mod report;

use links::SuccessorLink;
pub(super) use links::waiting;
pub use report::RepeatingTodos;

/// The number of newest links that are kept in any case; an older one is deleted once
/// its completion is answered. The successor is then found like that of another device's
/// completion: on a full backend, by its text.
const MAX_LINKS: i64 = 1000;

/// The reason why a completion was not this device's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AbandonReason {
    /// The user reopened the todo, or dropped the change.
    Reopened,
    /// Another device completed the todo.
    CompletedElsewhere,
}

fn completes(act: &Act) -> bool {
    match act {
        Act::Add { text } => Line::new(text).is_done(),
        Act::Edit { before, after } => !Line::new(before).is_done() && Line::new(after).is_done(),
        Act::Remove { .. } => false,
    }
}

fn reopens(act: &Act) -> bool {
    matches!(act, Act::Edit { before, after }
        if Line::new(before).is_done() && !Line::new(after).is_done())
}

const fn is_add(act: &Act) -> bool {
    matches!(act, Act::Add { .. })
}

const fn is_rejected(entry: &OutboxEntry) -> bool {
    matches!(entry.progress, Progress::Rejected(_))
}

/// Returns the revision that the answered `entry` replaced.
const fn replaced(entry: &OutboxEntry) -> Option<i64> {
    if is_add(&entry.change.act) {
        Some(0)
    } else {
        entry.revision
    }
}

fn derived(entry: &OutboxEntry) -> Option<String> {
    let today = day(entry.change.at);
    match &entry.change.act {
        Act::Add { text } => recurrence::successor("", text, today),
        Act::Edit { before, after } => recurrence::successor(before, after, today),
        Act::Remove { .. } => None,
    }
}

/// Returns the day of an instant in the system's time zone.
fn day(at: Timestamp) -> Date {
    time_zone::local().to_datetime(at).date()
}

impl Write<'_> {
    /// Adds the successor if `change` completed a repeating todo, and withdraws it if
    /// `change` reopened one.
    pub(super) fn follow_completion(
        &mut self,
        change: &Change,
        before: Option<&Todo>,
        after: Option<&Todo>,
    ) -> Result<(), StoreError> {
        if let (Some(before), Some(after)) = (before, after) {
            let done = (
                Line::new(&before.text).is_done(),
                Line::new(&after.text).is_done(),
            );
            match done {
                (false, true) => {
                    self.add_or_restore_successor(change, &before.text, &after.text)?;
                }
                (true, false) => self.withdraw_successor(change, &before.text)?,
                (true, true) | (false, false) => {}
            }
        }
        self.reconcile(change.todo)?;
        // Changing a successor that waits does not release it.
        match self.undecided(change.todo)? {
            Some(link) => self.decide(link),
            None => Ok(()),
        }
    }

    fn add_or_restore_successor(
        &mut self,
        change: &Change,
        before: &str,
        after: &str,
    ) -> Result<(), StoreError> {
        let queue = self.queue(change.todo)?;
        let last = queue.entries.iter().rev().find(|entry| !is_rejected(entry));
        let edit = last
            .filter(|entry| completes(&entry.change.act))
            .map(|entry| entry.seq);
        let latest = self.links(change.todo)?.pop();
        match (edit, latest) {
            (Some(edit), Some(link)) if link.edit == edit || self.lacks_entry(&link)? => {
                self.restore_successor(SuccessorLink { edit, ..link }, change)
            }
            (Some(edit), _) => self.add_successor(change, edit, before, after),
            // The reopening was undone before it was sent.
            (None, Some(link)) if link.reopened.is_some() => self.restore_successor(link, change),
            (None, _) => Ok(()),
        }
    }

    /// Returns whether a link is undecided and its entry is missing or rejected: a new
    /// completion then replaces it.
    fn lacks_entry(&self, link: &SuccessorLink) -> Result<bool, StoreError> {
        let entry = self.entry(link.edit)?;
        Ok(!link.released && entry.is_none_or(|entry| is_rejected(&entry)))
    }

    fn may_add(&self) -> bool {
        self.account_state
            .capabilities
            .is_none_or(|role| role.insert)
    }

    fn add_successor(
        &mut self,
        change: &Change,
        edit: i64,
        before: &str,
        after: &str,
    ) -> Result<(), StoreError> {
        if !self.may_add() {
            return Ok(());
        }
        let Some(text) = recurrence::successor(before, after, day(change.at)) else {
            return Ok(());
        };
        let link = SuccessorLink {
            key: change.todo.successor_by(change.id),
            todo: change.todo,
            edit,
            text,
            released: false,
            reopened: None,
            withdrawn: false,
            sent: None,
        };
        self.save(&link)?;
        self.tx
            .prepare_cached(
                "DELETE FROM successors WHERE released = 1 AND edit <= (
                     SELECT edit FROM successors ORDER BY edit DESC LIMIT 1 OFFSET ?1)",
            )?
            .execute([MAX_LINKS])?;
        self.add_text(&link, change.at)
    }

    fn add_text(&mut self, link: &SuccessorLink, at: Timestamp) -> Result<(), StoreError> {
        let add = Act::Add {
            text: link.text.clone(),
        };
        self.change_successor(link.key, add, at)
    }

    fn change_successor(&mut self, key: Key, act: Act, at: Timestamp) -> Result<(), StoreError> {
        let change = Change {
            id: ChangeId(key.uuid()),
            todo: key,
            act,
            at,
        };
        self.accept(&change).map(drop)
    }

    /// Restores the successor that a reopening withdrew, since the reopening was
    /// undone. If the role may no longer add it, there is none.
    fn restore_successor(
        &mut self,
        link: SuccessorLink,
        change: &Change,
    ) -> Result<(), StoreError> {
        let was_reopened = link.reopened.is_some();
        let mut link = SuccessorLink {
            reopened: None,
            ..link
        };
        let state = self.todo_state(link.key)?;
        let removal = Act::Remove {
            before: link.text.clone(),
        };
        let act = match state.fold_context().undo_action(&removal) {
            // No reopening withdrew it: it exists, or the user deleted it.
            _ if !was_reopened => None,
            UndoAction::AddNew { .. } if !self.may_add() => return self.unlink(link.key),
            _ if link.withdrawn => Some(Act::Add {
                text: link.text.clone(),
            }),
            UndoAction::Change(act) => Some(act),
            // Its deletion was sent.
            UndoAction::AddNew { text } => {
                let fresh = link.key.successor_by(change.id);
                self.redirect_handles(link.key, None, fresh)?;
                link = SuccessorLink {
                    key: fresh,
                    released: true,
                    ..link
                };
                Some(Act::Add { text })
            }
            UndoAction::Unchanged | UndoAction::Deleted(_) | UndoAction::Overlap => None,
        };
        link.withdrawn = false;
        self.save(&link)?;
        act.map_or(Ok(()), |act| {
            self.change_successor(link.key, act, change.at)
        })
    }

    /// Returns the successor of the latest completion of `todo`. If this device's is
    /// missing, another device has reopened the todo and maybe completed it again: then
    /// deletes the links that are outdated.
    fn latest_successor(
        &self,
        todo: Key,
        done: &str,
    ) -> Result<Option<(SuccessorLink, Todo)>, StoreError> {
        let links = self.links(todo)?;
        if let Some(latest) = links.last() {
            let shown = handles::todo(&self.tx, latest.key)?;
            if shown.is_some() || !latest.released {
                return Ok(shown.map(|successor| (latest.clone(), successor)));
            }
        }
        let Some(link) = self.link_of_completion_elsewhere(todo, done)? else {
            return Ok(None);
        };
        for outdated in links {
            self.unlink(outdated.key)?;
        }
        let shown = handles::todo(&self.tx, link.key)?;
        Ok(shown.map(|successor| (link, successor)))
    }

    /// Withdraws the successor of a reopened todo, unless it was changed since.
    fn withdraw_successor(&mut self, change: &Change, done: &str) -> Result<(), StoreError> {
        let Some((link, successor)) = self.latest_successor(change.todo, done)? else {
            return Ok(());
        };
        let unsent = self.is_unsent(link.key)?;
        let may = self.account_state.capabilities;
        if successor.text != link.text || (!unsent && may.is_some_and(|role| !role.delete)) {
            return Ok(());
        }
        if unsent {
            self.delete_unsent(link.key)?;
        } else {
            let before = successor.text;
            self.change_successor(link.key, Act::Remove { before }, change.at)?;
        }
        let queue = self.queue(change.todo)?;
        match queue.entries.iter().rev().find(|entry| !is_rejected(entry)) {
            Some(last) if reopens(&last.change.act) => self.save(&SuccessorLink {
                reopened: Some(last.seq),
                withdrawn: unsent,
                ..link
            }),
            Some(_) | None => self.unlink(link.key),
        }
    }

    /// Returns whether the todo's add certainly did not arrive.
    fn is_unsent(&self, key: Key) -> Result<bool, StoreError> {
        let entries = self.queue(key)?.entries;
        let stays =
            |entry: &OutboxEntry| matches!(entry.progress, Progress::Pending) || is_rejected(entry);
        let begins = entries.first().is_some_and(|it| is_add(&it.change.act));
        Ok(begins && entries.iter().all(stays))
    }

    /// Deletes all outbox entries of an unsent todo.
    pub(super) fn delete_unsent(&mut self, key: Key) -> Result<(), StoreError> {
        for entry in self.queue(key)?.entries {
            self.delete_entry(&entry)?;
        }
        self.show(key)?;
        self.close_alias(key)
    }

    /// Releases the successors of an unsent todo that is about to be deleted: they
    /// stay.
    pub(super) fn detach_successors(&mut self, todo: Key) -> Result<(), StoreError> {
        for link in self.links(todo)? {
            let entry = self.entry(link.edit)?;
            let unsent = |entry: &OutboxEntry| {
                is_add(&entry.change.act) && entry.progress == Progress::Pending
            };
            if !link.released && entry.as_ref().is_some_and(unsent) {
                self.release(link, Some(0))?;
            }
        }
        Ok(())
    }

    /// Updates all successors after entries were deleted.
    pub(super) fn reconcile_all(&mut self) -> Result<(), StoreError> {
        for todo in self.todos_with_open_links()? {
            self.reconcile(todo)?;
        }
        Ok(())
    }

    /// Updates the successors of a todo after a change of the entries that complete
    /// it.
    pub(super) fn reconcile(&mut self, todo: Key) -> Result<(), StoreError> {
        for link in self.links(todo)? {
            if let Some(seq) = link.reopened {
                let entry = self.entry(seq)?;
                if entry.is_none_or(|entry| entry.progress == Progress::Answered) {
                    self.unlink(link.key)?;
                    continue;
                }
            }
            if !link.released {
                self.decide(link)?;
            }
        }
        Ok(())
    }

    fn decide(&mut self, link: SuccessorLink) -> Result<(), StoreError> {
        let Some(entry) = self.entry(link.edit)? else {
            let now = handles::todo(&self.tx, link.todo)?;
            let done = now.is_some_and(|todo| Line::new(&todo.text).is_done());
            let why = if done {
                AbandonReason::CompletedElsewhere
            } else {
                AbandonReason::Reopened
            };
            return self.abandon(&link, why);
        };
        if !completes(&entry.change.act) {
            let why = match &entry.change.act {
                Act::Edit { before, .. } if Line::new(before).is_done() => {
                    AbandonReason::CompletedElsewhere
                }
                Act::Add { .. } | Act::Edit { .. } | Act::Remove { .. } => AbandonReason::Reopened,
            };
            return self.abandon(&link, why);
        }
        match entry.progress {
            Progress::Answered => {
                let revision = replaced(&entry);
                self.release(link, revision).map(drop)
            }
            Progress::Rejected(_) => self.reject_with_completion(&link),
            Progress::Sent { .. } => self.reinstate(&link),
            Progress::Pending => {
                self.reinstate(&link)?;
                self.rederive(&link, &entry)
            }
        }
    }
}
