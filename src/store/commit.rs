//! Commits changes to the outbox; retries and drops them.

use std::borrow::Borrow;

use crate::domain::change::{Act, Change, OutboxEntry, Progress, REMOVED_ELSEWHERE, Rejection};
use crate::domain::fold::{FoldContext, FoldStep, Retry};
use crate::domain::history::{HistoryItem, Session};
use crate::domain::key::Key;
use crate::domain::todo::{Row, Todo};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::history::ActionItems;
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
    /// Adds `changes` to the outbox, all or none, and updates *shown*; returns when
    /// they are on the disk. Folds a change into the todo's last entry if that is
    /// pending. Gives adds their local numbers. Returns the todos as shown now (a
    /// deleted one as it was); deleting a missing todo does nothing and returns
    /// nothing.
    ///
    /// An edit of a text that has changed since is merged; if that is impossible it
    /// is rejected as a `conflict` at once, unless both edits are this device's:
    /// then the later one wins.
    ///
    /// # Errors
    ///
    /// SQLite's (disk full, read-only); nothing is changed then.
    pub fn commit(&mut self, changes: &[Change]) -> Result<Vec<Todo>, StoreError> {
        self.writing(|write| {
            if let Some(first) = changes.first() {
                write.arrange(first.at)?;
            }
            let mut todos = Vec::with_capacity(changes.len());
            write.accept_all(changes, changes.len(), |todo| todos.extend(todo))?;
            Ok(todos)
        })
    }

    /// As [`Store::commit`], and records `changes` as one action of `session` that
    /// [`Store::undo`] undoes; clears that session's redo. `verb` names the action as
    /// a participle: `completed`.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`].
    pub fn commit_action(
        &mut self,
        session: Session,
        verb: &str,
        changes: &[Change],
    ) -> Result<Vec<Todo>, StoreError> {
        let mut todos = Vec::with_capacity(changes.len());
        self.commit_each(session, verb, changes, changes.len(), |todo| {
            todos.extend(todo);
        })?;
        Ok(todos)
    }

    /// As [`Store::commit_action`], for about `count` changes that are made one by one:
    /// none is kept in memory. Calls `written` with the todo of each that is written,
    /// before all are committed together.
    ///
    /// # Errors
    ///
    /// As [`Store::commit`].
    pub fn commit_each<C: Borrow<Change>>(
        &mut self,
        session: Session,
        verb: &str,
        changes: impl IntoIterator<Item = C>,
        count: usize,
        written: impl FnMut(Option<Todo>),
    ) -> Result<(), StoreError> {
        let mut changes = changes.into_iter().peekable();
        let Some(at) = changes.peek().map(|first| first.borrow().at) else {
            return Ok(());
        };
        self.writing(|write| {
            write.arrange(at)?;
            let items = write.accept_all(changes, count, written)?;
            write.record_action(session, verb, at, items)
        })
    }

    /// Makes a rejected change pending again. An edit is merged part by part with
    /// all later changes of either side; if that is impossible it stays rejected.
    /// An edit of a todo that was deleted elsewhere restores it as a new todo with
    /// the key `fresh`, since deletions are final; names of the old todo then refer
    /// to the new one. Returns the todo's key, if there was such a change.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn retry(&mut self, seq: i64, fresh: Key) -> Result<Option<Key>, StoreError> {
        self.writing(|write| write.retry(seq, fresh))
    }

    /// Adds `add`, the text of the rejected change `seq`, as a new todo and as one
    /// action of `session`, and drops the change. Returns the new todo.
    ///
    /// # Errors
    ///
    /// SQLite's; nothing is changed then.
    pub fn add_as_new(
        &mut self,
        session: Session,
        seq: i64,
        add: &Change,
    ) -> Result<Vec<Todo>, StoreError> {
        self.writing(|write| {
            write.arrange(add.at)?;
            let mut todos = Vec::new();
            let items = write.accept_all([add], 1, |todo| todos.extend(todo))?;
            write.record_action(session, "added", add.at, items)?;
            write.drop_entry(seq)?;
            Ok(todos)
        })
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
    /// Accepts about `count` changes; calls `written` with what each returns.
    fn accept_all<C: Borrow<Change>>(
        &mut self,
        changes: impl IntoIterator<Item = C>,
        count: usize,
        mut written: impl FnMut(Option<Todo>),
    ) -> Result<ActionItems, StoreError> {
        let mut items = ActionItems::default();
        self.with_cache_for(count, |write| {
            for change in changes {
                let (todo, item) = write.accept(change.borrow())?;
                if let Some(item) = item {
                    items.push(&item)?;
                }
                written(todo);
            }
            Ok(())
        })?;
        Ok(items)
    }

    /// Returns the todo as shown now (a deleted one as it was), and the effect of the
    /// change, if any.
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
            self.detach_successors(key)?;
        }
        let mut state = self.todo_state(key)?;
        state.shared &= !withdraws;
        let steps = state.fold_context().fold(change.act.clone());
        let did_something = !steps.is_empty();
        let replaced = state.fold_context().replaced(&steps);
        if steps.iter().any(is_new_add) {
            self.give_number(key)?;
        }
        self.apply_steps(&change, &state.queue, steps)?;
        if self.account_state.staging {
            self.forget_revisions_of(key)?;
        }
        let after = self.show(key)?;
        let before = state.shown;
        if before.is_some() && after.is_none() {
            self.close_alias(key)?;
        }
        self.follow_completion(&change, before.as_ref(), after.as_ref())?;
        let item = did_something.then(|| HistoryItem {
            replaced,
            ..item(change, before.as_ref(), after.as_ref())
        });
        Ok((after.or(before), item))
    }

    pub(super) fn todo_state(&self, key: Key) -> Result<TodoState, StoreError> {
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
            // The server has no row: a deletion is done, an add stays an add.
            (Act::Remove { .. }, None) => self.delete_entry(&entry)?,
            (Act::Add { .. }, _) | (Act::Edit { .. }, None) => {
                self.progress(&entry, &Progress::Pending)?;
            }
        }
        self.show(key)?;
        self.reconcile(key)?;
        Ok(Some(key))
    }

    /// Merges a rejected edit with all later changes of either side.
    fn retry_edit(
        &mut self,
        entry: &OutboxEntry,
        rejection: &Rejection,
        (before, after): (&str, &str),
    ) -> Result<(), StoreError> {
        match self
            .todo_state(entry.change.todo)?
            .fold_context()
            .retry(before, after)
        {
            Retry::Nothing => self.delete_entry(entry),
            Retry::Change(act) => {
                self.delete_entry(entry)?;
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
    fn restore(&mut self, edit: &OutboxEntry, text: String, fresh: Key) -> Result<(), StoreError> {
        let removed = edit.change.todo;
        self.keep_successor(edit)?;
        self.delete_entry(edit)?;
        self.redirect_handles(removed, None, fresh)?;
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
        self.delete_entry(&entry)?;
        if matches!(entry.change.act, Act::Add { .. }) {
            // Changes of a todo that was never added apply to nothing.
            for later in self.queue(key)?.entries {
                if later.progress == Progress::Pending {
                    self.delete_entry(&later)?;
                }
            }
        }
        self.undo_reopening(&entry)?;
        self.refresh(key)?;
        Ok(true)
    }
}

impl TodoState {
    /// Returns whether an edit of the todo can be rejected: the server has its row, and
    /// it is shown.
    pub(super) const fn is_editable(&self) -> bool {
        self.base.is_some() && self.shown.is_some()
    }

    pub(super) fn fold_context(&self) -> FoldContext<'_> {
        FoldContext {
            queue: &self.queue.entries,
            base: self.base.as_ref(),
            shown: self.shown.as_ref().map(|todo| todo.text.as_str()),
            answered_revision: self.queue.answered_revision,
            shared: self.shared,
        }
    }
}

/// Returns the effect of `change` on the text shown. A change that was rejected at
/// once counts as if it had been applied.
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
        // Added again, after the first try was rejected.
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
        replaced: Vec::new(),
    }
}

fn is_new_add(step: &FoldStep) -> bool {
    matches!(
        step,
        FoldStep::Append {
            act: Act::Add { .. },
            ..
        }
    )
}
