//! Commits changes to the outbox; retries and drops them.

use crate::domain::change::{Act, Change, Entry, Progress, REMOVED_ELSEWHERE, Rejection};
use crate::domain::fold::{FoldContext, Retry, Step};
use crate::domain::history::{HistoryItem, Session};
use crate::domain::key::Key;
use crate::domain::todo::{Row, Todo};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::outbox::Queue;
use crate::store::write::Write;

/// The state of a todo that a new change is folded into: see [`FoldContext`].
pub(super) struct TodoState {
    queue: Queue,
    base: Option<Row>,
    pub(super) shown: Option<Todo>,
    shared: bool,
}

impl Store {
    /// Puts `changes` into the outbox, all or none, and moves *shown* with them;
    /// returns when they are on the disk. Folds into the last entry of the same
    /// todo while that is still pending. Gives adds their local numbers.
    /// Returns the todos as shown now (a deleted one as it was); deleting a todo
    /// that is not there does nothing and returns nothing.
    ///
    /// An edit made on a text that is not the one shown any more is merged; where
    /// that is impossible it is rejected as a `conflict` at once, unless both are
    /// this device's own: then the later one counts.
    ///
    /// # Errors
    ///
    /// What SQLite reports (disk full, read-only); nothing is changed then.
    pub fn commit(&mut self, changes: &[Change]) -> Result<Vec<Todo>, StoreError> {
        self.writing(|write| {
            if let Some(first) = changes.first() {
                write.arrange(first.at)?;
            }
            Ok(write.accept_all(changes)?.0)
        })
    }

    /// As [`Store::commit`], and remembers `changes` as one action of `session`
    /// that [`Store::undo`] undoes; what that session had undone cannot be redone
    /// any more. `verb` names the action as a participle: `completed`.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`].
    pub fn commit_act(
        &mut self,
        session: Session,
        verb: &str,
        changes: &[Change],
    ) -> Result<Vec<Todo>, StoreError> {
        let Some(first) = changes.first() else {
            return Ok(Vec::new());
        };
        self.writing(|write| {
            write.arrange(first.at)?;
            let (todos, items) = write.accept_all(changes)?;
            write.remember(session, verb, first.at, &items)?;
            Ok(todos)
        })
    }

    /// Makes a rejected change pending again. An edit is merged part by part with
    /// everything that happened since on either side; where that is impossible it
    /// stays rejected. One whose todo was deleted elsewhere restores it as a
    /// new todo with the key `fresh`, for deletions are final; whatever named the
    /// old one names the new one. Returns the todo's key, if there was such a
    /// change.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn retry(&mut self, seq: i64, fresh: Key) -> Result<Option<Key>, StoreError> {
        self.writing(|write| write.retry(seq, fresh))
    }

    /// Drops a change that is pending or rejected, never one that may have
    /// arrived. Returns whether there was such a change.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn drop_entry(&mut self, seq: i64) -> Result<bool, StoreError> {
        self.writing(|write| write.drop_entry(seq))
    }
}

impl Write<'_> {
    fn accept_all(
        &mut self,
        changes: &[Change],
    ) -> Result<(Vec<Todo>, Vec<HistoryItem>), StoreError> {
        let mut todos = Vec::with_capacity(changes.len());
        let mut items = Vec::with_capacity(changes.len());
        for change in changes {
            let (todo, item) = self.accept(change)?;
            todos.extend(todo);
            items.extend(item);
        }
        Ok((todos, items))
    }

    /// Returns the todo as shown now (a deleted one as it was), and what the
    /// change did, if anything.
    pub(super) fn accept(
        &mut self,
        change: &Change,
    ) -> Result<(Option<Todo>, Option<HistoryItem>), StoreError> {
        self.accept_as(change, false)
    }

    /// As [`Write::accept`]; a deletion that `withdraws` an unsent add is not sent.
    pub(super) fn accept_as(
        &mut self,
        change: &Change,
        withdraws: bool,
    ) -> Result<(Option<Todo>, Option<HistoryItem>), StoreError> {
        let key = self.current_key(change.todo)?;
        let change = Change {
            todo: key,
            ..change.clone()
        };
        if matches!(change.act, Act::Remove { .. }) {
            self.part_from_successor(key)?;
        }
        let mut met = self.meet(key)?;
        met.shared &= !withdraws;
        let steps = met.meeting().join(change.act.clone());
        let did_something = !steps.is_empty();
        if steps.iter().any(is_new_add) {
            self.give_number(key)?;
        }
        self.carry_out(&change, &met.queue, steps)?;
        if self.account_state.staging {
            self.forget_revisions_of(key)?;
        }
        let after = self.show(key)?;
        let before = met.shown;
        if before.is_some() && after.is_none() {
            self.close_alias(key)?;
        }
        self.follow(&change, before.as_ref(), after.as_ref())?;
        let item = did_something.then(|| item(change, before.as_ref(), after.as_ref()));
        Ok((after.or(before), item))
    }

    pub(super) fn meet(&self, key: Key) -> Result<TodoState, StoreError> {
        Ok(TodoState {
            queue: self.queue(key)?,
            base: self.base(key)?,
            shown: super::handles::todo(&self.tx, key)?,
            shared: key.is_shared(),
        })
    }

    fn retry(&mut self, seq: i64, fresh: Key) -> Result<Option<Key>, StoreError> {
        let Some(entry) = self.entry(seq)? else {
            return Ok(None);
        };
        let Progress::Rejected(rejection) = &entry.progress else {
            return Ok(None);
        };
        let key = entry.change.todo;
        if let Some(edit) = self.decided_with(&entry)? {
            return self.retry(edit, fresh);
        }
        let base = self.base(key)?;
        if let (Act::Edit { after, .. }, None, REMOVED_ELSEWHERE) =
            (&entry.change.act, &base, rejection.code.as_str())
        {
            self.restore(&entry, after.clone(), fresh)?;
            return Ok(Some(fresh));
        }
        match (&entry.change.act, base) {
            (Act::Edit { before, after }, Some(_)) => {
                self.retry_edit(&entry, rejection, (before, after))?;
            }
            (Act::Remove { .. }, Some(base)) => {
                self.rewrite(seq, &Act::Remove { before: base.text })?;
                self.set_revision(seq, self.known_revision(base.revision))?;
                self.progress(&entry, &Progress::Pending)?;
            }
            // The server has no row: a deletion is done, and an add stays one.
            (Act::Remove { .. }, None) => self.take_out(&entry)?,
            (Act::Add { .. }, _) | (Act::Edit { .. }, None) => {
                self.progress(&entry, &Progress::Pending)?;
            }
        }
        self.show(key)?;
        self.reconcile(key)?;
        Ok(Some(key))
    }

    /// Merges a rejected edit with everything that happened since on either side.
    fn retry_edit(
        &mut self,
        entry: &Entry,
        rejection: &Rejection,
        (before, after): (&str, &str),
    ) -> Result<(), StoreError> {
        match self.meet(entry.change.todo)?.meeting().retry(before, after) {
            Retry::Nothing => self.take_out(entry),
            Retry::Change(act) => {
                self.take_out(entry)?;
                let change = Change {
                    act,
                    ..entry.change.clone()
                };
                self.accept(&change).map(drop)
            }
            Retry::Overlap { theirs } => {
                let rejection = Rejection {
                    theirs: Some(theirs),
                    ..rejection.clone()
                };
                self.progress(entry, &Progress::Rejected(rejection))
            }
        }
    }

    /// Adds the text of a rejected edit as a new todo in place of the one that
    /// was deleted elsewhere.
    fn restore(&mut self, edit: &Entry, text: String, fresh: Key) -> Result<(), StoreError> {
        let removed = edit.change.todo;
        self.keep_successor(edit)?;
        self.take_out(edit)?;
        self.succeed(removed, None, fresh)?;
        self.show(removed)?;
        let add = Change {
            todo: fresh,
            act: Act::Add { text },
            ..edit.change.clone()
        };
        self.accept(&add)?;
        Ok(())
    }

    fn drop_entry(&mut self, seq: i64) -> Result<bool, StoreError> {
        let Some(entry) = self.entry(seq)? else {
            return Ok(false);
        };
        if !matches!(entry.progress, Progress::Pending | Progress::Rejected(_)) {
            return Ok(false);
        }
        let key = entry.change.todo;
        self.take_out(&entry)?;
        if matches!(entry.change.act, Act::Add { .. }) {
            // What was done to a todo that is not added is no change of anything.
            for later in self.queue(key)?.entries {
                if later.progress == Progress::Pending {
                    self.take_out(&later)?;
                }
            }
        }
        self.reopening_dropped(&entry)?;
        self.refresh(key)?;
        Ok(true)
    }
}

impl TodoState {
    pub(super) fn meeting(&self) -> FoldContext<'_> {
        FoldContext {
            queue: &self.queue.entries,
            base: self.base.as_ref(),
            shown: self.shown.as_ref().map(|todo| todo.text.as_str()),
            took: self.queue.took,
            shared: self.shared,
        }
    }
}

/// What `change` did to the text shown. One that was refused at once, and so
/// changed nothing yet, counts as what it was meant to do.
fn item(change: Change, before: Option<&Todo>, after: Option<&Todo>) -> HistoryItem {
    let text = |todo: Option<&Todo>, wanted: String| todo.map_or(wanted, |todo| todo.text.clone());
    let act = match change.act {
        Act::Edit {
            before: seen,
            after: wanted,
        } => {
            let before = text(before, seen);
            let after = text(after.filter(|todo| todo.text != before), wanted);
            Act::Edit { before, after }
        }
        Act::Remove { before: seen } => Act::Remove {
            before: text(before, seen),
        },
        // Added again, after the first try was refused.
        Act::Add { text: wanted } if before.is_some() => Act::Edit {
            before: text(before, wanted.clone()),
            after: text(after, wanted),
        },
        act @ Act::Add { .. } => act,
    };
    HistoryItem {
        todo: change.todo,
        id: before.and_then(|todo| todo.id),
        act,
    }
}

fn is_new_add(step: &Step) -> bool {
    matches!(
        step,
        Step::Append {
            act: Act::Add { .. },
            ..
        }
    )
}
