//! Undoes and redoes actions: applies the inverse, merged with later changes.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::change::{Act, Change, Progress};
use crate::domain::history::{
    HistoryEntry, HistoryItem, Overlap, RejectedEdit, Session, UndoReport,
};
use crate::domain::inverse::UndoAction;
use crate::domain::key::{ChangeId, Key};
use crate::domain::todo::{SyncState, Todo};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::history::ActionItems;
use crate::store::write::Write;

/// A source of unique ids.
type Fresh<'f> = &'f mut dyn FnMut() -> Uuid;

/// The direction in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UndoDirection {
    Undo,
    Redo,
}

impl Store {
    /// Undoes the newest action of `session` by changes made at `at`; `None` if there
    /// is none. A todo whose later change conflicts is left unchanged, is listed in
    /// the report, and can be tried again; the rest can be redone.
    ///
    /// A change that was not sent yet is cancelled. A todo whose deletion was sent is
    /// added as a new one, which the old names (id, number, key) then refer to.
    /// `fresh` gives unique ids.
    ///
    /// # Errors
    ///
    /// SQLite's; nothing is changed then.
    pub fn undo(
        &mut self,
        session: Session,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.writing(|write| write.reverse_newest(session, UndoDirection::Undo, at, fresh))
    }

    /// Redoes the action that `session` undid last, by the same rules as
    /// [`Store::undo`]; `None` if there is none.
    ///
    /// # Errors
    ///
    /// As [`Store::undo`].
    pub fn redo(
        &mut self,
        session: Session,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.writing(|write| write.reverse_newest(session, UndoDirection::Redo, at, fresh))
    }

    /// Returns what [`Store::undo`] would do now; changes nothing.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn preview_undo(
        &mut self,
        session: Session,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.preview(session, UndoDirection::Undo, at, fresh)
    }

    /// Returns what [`Store::redo`] would do now; changes nothing.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn preview_redo(
        &mut self,
        session: Session,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.preview(session, UndoDirection::Redo, at, fresh)
    }

    fn preview(
        &mut self,
        session: Session,
        direction: UndoDirection,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        let imagined = self
            .begin()
            .and_then(|mut write| write.reverse_newest(session, direction, at, fresh));
        imagined.map_err(|error| self.recognise(error))
    }
}

impl Write<'_> {
    /// Undoes or redoes: both reverse the newest action and record the reversal.
    fn reverse_newest(
        &mut self,
        session: Session,
        direction: UndoDirection,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        let redo = direction == UndoDirection::Redo;
        let Some((id, action, items)) = self.newest(session, redo)? else {
            return Ok(None);
        };
        let mut report = UndoReport {
            action,
            changes: Vec::with_capacity(items.len()),
            todos: Vec::with_capacity(items.len()),
            restored: Vec::new(),
            gone: Vec::new(),
            overlaps: Vec::new(),
        };
        let mut done = Vec::with_capacity(items.len());
        self.with_cache_for(items.len(), |write| {
            for item in items.into_iter().rev() {
                done.extend(write.reverse_item(item, at, fresh, &mut report)?);
            }
            Ok(())
        })?;
        report.todos.reverse();
        report.restored.reverse();
        report.gone.reverse();
        report.overlaps.reverse();
        self.forget_except(id, &report.overlaps)?;
        if !done.is_empty() {
            done.reverse();
            let reversal = HistoryEntry {
                count: done.len().try_into().unwrap_or(u64::MAX),
                ..report.action.clone()
            };
            self.insert_action(session, &reversal, !redo, ActionItems::of(&done)?)?;
        }
        Ok(Some(report))
    }

    /// Puts the rejected edits that an action replaced back into the outbox, unless the
    /// todo was deleted or is a new one. Returns the todo if it did.
    fn restore_rejected(
        &mut self,
        key: Key,
        edits: Vec<RejectedEdit>,
        fresh: Fresh<'_>,
        restored: &mut Vec<Change>,
    ) -> Result<Option<Todo>, StoreError> {
        if edits.is_empty() || !self.todo_state(key)?.is_editable() {
            return Ok(None);
        }
        for edit in edits {
            let change = Change {
                id: ChangeId(fresh()),
                todo: key,
                act: Act::Edit {
                    before: edit.before,
                    after: edit.after,
                },
                at: edit.at,
            };
            self.append(&change, None, &Progress::Rejected(edit.rejection))?;
            restored.push(change);
        }
        self.show(key)
    }

    /// Reverses an action on a todo whose text needs no change: only puts the rejected
    /// edits back. Reversing the effect that it returns drops them again.
    fn only_restore(
        &mut self,
        key: Key,
        item: HistoryItem,
        fresh: Fresh<'_>,
        undone: &mut UndoReport,
    ) -> Result<Option<HistoryItem>, StoreError> {
        let todo = self.restore_rejected(key, item.replaced, fresh, &mut undone.restored)?;
        let Some(todo) = todo else {
            return Ok(None);
        };
        undone.todos.push(todo);
        let last = undone.restored.last();
        Ok(last.map(|change| HistoryItem {
            todo: key,
            id: item.id,
            act: change.act.clone(),
            replaced: Vec::new(),
        }))
    }

    /// Reverses an action on one todo; returns the effect.
    fn reverse_item(
        &mut self,
        item: HistoryItem,
        at: Timestamp,
        fresh: Fresh<'_>,
        undone: &mut UndoReport,
    ) -> Result<Option<HistoryItem>, StoreError> {
        let mut key = self.current_key(item.todo)?;
        let state = self.todo_state(key)?;
        let act = match state.fold_context().undo_action(&item.act) {
            UndoAction::Unchanged => return self.only_restore(key, item, fresh, undone),
            UndoAction::Change(act) => Some(act),
            UndoAction::AddNew { text } => {
                let new = Key::new(fresh());
                self.redirect_handles(key, item.id, new)?;
                key = new;
                Some(Act::Add { text })
            }
            UndoAction::Deleted(leftover) => {
                undone.gone.push(Todo {
                    key,
                    id: item.id,
                    local: self.local(key)?,
                    text: item.text().to_owned(),
                    state: SyncState::Synced,
                    created_at: None,
                    updated_at: None,
                });
                leftover
            }
            UndoAction::Overlap => {
                undone
                    .overlaps
                    .extend(state.shown.map(|todo| Overlap { todo, item }));
                return Ok(None);
            }
        };
        let Some(act) = act else {
            return Ok(None);
        };
        let change = Change {
            id: ChangeId(fresh()),
            todo: key,
            act,
            at,
        };
        // An undone add that was not sent is withdrawn, not deleted.
        let withdraws = matches!(change.act, Act::Remove { .. });
        let (todo, done) = self.accept_as(&change, withdraws)?;
        let restored = self.restore_rejected(key, item.replaced, fresh, &mut undone.restored)?;
        undone.todos.extend(restored.or(todo));
        undone.changes.push(change);
        Ok(done)
    }
}
