//! Undo and redo: the inverse of an action, merged with what changed since.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::change::{Act, Change};
use crate::domain::history::{HistoryEntry, HistoryItem, Overlap, Session, UndoReport};
use crate::domain::inverse::UndoAction;
use crate::domain::key::{ChangeId, Key};
use crate::domain::todo::{State, Todo};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::write::Write;

/// A source of unique ids.
type Fresh<'f> = &'f mut dyn FnMut() -> Uuid;

/// Which way to go in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Undo,
    Redo,
}

impl Store {
    /// Undoes the newest action of `session` by changes made at `at`; `None` when
    /// there is none. What conflicts with a later change stays as it is, is named
    /// in the report, and can be tried again; the rest can be redone.
    ///
    /// A change that was not sent yet is called off. A deleted todo comes back as
    /// a new one where its deletion was sent; what named the old one (id, number,
    /// key) names the new one. `fresh` gives unique ids.
    ///
    /// # Errors
    ///
    /// What SQLite reports; nothing is changed then.
    pub fn undo(
        &mut self,
        session: Session,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.writing(|write| write.turn(session, Turn::Undo, at, fresh))
    }

    /// Redoes what `session` undid last, by the same rules as [`Store::undo`];
    /// `None` when there is nothing to redo.
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
        self.writing(|write| write.turn(session, Turn::Redo, at, fresh))
    }

    /// What [`Store::undo`] would do now; changes nothing.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn imagine_undo(
        &mut self,
        session: Session,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.imagine(session, Turn::Undo, at, fresh)
    }

    /// What [`Store::redo`] would do now; changes nothing.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn imagine_redo(
        &mut self,
        session: Session,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.imagine(session, Turn::Redo, at, fresh)
    }

    fn imagine(
        &mut self,
        session: Session,
        turn: Turn,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        let imagined = self
            .begin()
            .and_then(|mut write| write.turn(session, turn, at, fresh));
        imagined.map_err(|error| self.recognise(error))
    }
}

impl Write<'_> {
    /// Undoes or redoes: both reverse what was done last, and remember how to
    /// reverse that.
    fn turn(
        &mut self,
        session: Session,
        turn: Turn,
        at: Timestamp,
        fresh: Fresh<'_>,
    ) -> Result<Option<UndoReport>, StoreError> {
        let redo = turn == Turn::Redo;
        let Some((act, past, items)) = self.newest(session, redo)? else {
            return Ok(None);
        };
        let mut report = UndoReport {
            past,
            changes: Vec::with_capacity(items.len()),
            todos: Vec::with_capacity(items.len()),
            gone: Vec::new(),
            overlaps: Vec::new(),
        };
        let mut done = Vec::with_capacity(items.len());
        for item in items.into_iter().rev() {
            done.extend(self.take_back(item, at, fresh, &mut report)?);
        }
        report.todos.reverse();
        report.gone.reverse();
        report.overlaps.reverse();
        self.leave(act, &report.overlaps)?;
        if !done.is_empty() {
            done.reverse();
            let past = HistoryEntry {
                count: done.len().try_into().unwrap_or(u64::MAX),
                ..report.past.clone()
            };
            self.keep(session, &past, !redo, &done)?;
        }
        Ok(Some(report))
    }

    /// Reverses what an action did to one todo; returns what that did.
    fn take_back(
        &mut self,
        item: HistoryItem,
        at: Timestamp,
        fresh: Fresh<'_>,
        undone: &mut UndoReport,
    ) -> Result<Option<HistoryItem>, StoreError> {
        let mut key = self.current_key(item.todo)?;
        let met = self.meet(key)?;
        let act = match met.meeting().take_back(&item.act) {
            UndoAction::Already => return Ok(None),
            UndoAction::Change(act) => Some(act),
            UndoAction::Anew { text } => {
                let new = Key::new(fresh());
                self.succeed(key, item.id, new)?;
                key = new;
                Some(Act::Add { text })
            }
            UndoAction::Gone(leftover) => {
                undone.gone.push(Todo {
                    key,
                    id: item.id,
                    local: self.local(key)?,
                    text: item.text().to_owned(),
                    state: State::Synced,
                    created_at: None,
                    updated_at: None,
                });
                leftover
            }
            UndoAction::Overlap => {
                undone
                    .overlaps
                    .extend(met.shown.map(|todo| Overlap { todo, item }));
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
        undone.todos.extend(todo);
        undone.changes.push(change);
        Ok(done)
    }
}
