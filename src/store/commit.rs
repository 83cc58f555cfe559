//! What people do: changes into the outbox, and their second thoughts.

use crate::domain::change::{Act, Change, Progress};
use crate::domain::fold::{Meeting, Step};
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::write::Write;

impl Store {
    /// Puts `changes` into the outbox, all or none, and moves *shown* with them;
    /// returns when they are on the disk. Folds into the last entry of the same
    /// todo while that is still pending. Gives adds their local numbers.
    /// Returns the todos as shown now (a removed one as it was); a removal of
    /// what is not there does nothing and returns nothing.
    ///
    /// An edit made on a text that is not the one shown any more is merged; where
    /// that is impossible it is rejected as a `conflict` at once, unless both are
    /// this device's own: then the later one counts.
    ///
    /// # Errors
    ///
    /// What SQLite reports (disk full, read-only); nothing is changed then.
    pub fn commit(&mut self, changes: &[Change]) -> Result<Vec<Todo>, StoreError> {
        let mut write = self.write()?;
        let mut todos = Vec::with_capacity(changes.len());
        for change in changes {
            todos.extend(write.accept(change)?);
        }
        write.commit()?;
        Ok(todos)
    }

    /// Lets a rejected change wait again, as it is: an edit is made anew on what
    /// the server has now. Returns whether there was such a change.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn retry(&mut self, seq: i64) -> Result<bool, StoreError> {
        let mut write = self.write()?;
        let found = write.retry(seq)?;
        write.commit()?;
        Ok(found)
    }

    /// Drops a change that is pending or rejected, never one that may have
    /// arrived. Returns whether there was such a change.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn drop_entry(&mut self, seq: i64) -> Result<bool, StoreError> {
        let mut write = self.write()?;
        let found = write.drop_entry(seq)?;
        write.commit()?;
        Ok(found)
    }
}

impl Write<'_> {
    fn accept(&mut self, change: &Change) -> Result<Option<Todo>, StoreError> {
        let key = self.current_key(change.todo)?;
        let change = Change {
            todo: key,
            ..change.clone()
        };
        let before = super::handles::todo(&self.tx, key)?;
        let base = self.base(key)?;
        let queue = self.queue(key)?;
        let steps = Meeting {
            queue: &queue.entries,
            base: base.as_ref(),
            shown: before.as_ref().map(|todo| todo.text.as_str()),
            took: queue.took,
        }
        .join(change.act.clone());
        if steps.iter().any(is_new_add) {
            self.give_number(key)?;
        }
        self.carry_out(&change, &queue, steps)?;
        Ok(self.show(key)?.or(before))
    }

    fn retry(&mut self, seq: i64) -> Result<bool, StoreError> {
        let Some(entry) = self.entry(seq)? else {
            return Ok(false);
        };
        if !matches!(entry.progress, Progress::Rejected(_)) {
            return Ok(false);
        }
        let key = entry.change.todo;
        let base = self.base(key)?;
        match (&entry.change.act, base) {
            (Act::Edit { after, .. }, Some(base)) if *after == base.text => {
                self.take_out(&entry)?;
            }
            (Act::Edit { after, .. }, Some(base)) => {
                let act = Act::Edit {
                    before: base.text,
                    after: after.clone(),
                };
                self.rewrite(seq, &act)?;
                self.set_revision(seq, Some(base.revision))?;
                self.progress(&entry, &Progress::Pending)?;
            }
            (Act::Remove { .. }, Some(base)) => {
                self.rewrite(seq, &Act::Remove { before: base.text })?;
                self.set_revision(seq, Some(base.revision))?;
                self.progress(&entry, &Progress::Pending)?;
            }
            // The server has no row: what is to be removed is, and an add stays one.
            (Act::Remove { .. }, None) => self.take_out(&entry)?,
            (Act::Add { .. }, _) | (Act::Edit { .. }, None) => {
                self.progress(&entry, &Progress::Pending)?;
            }
        }
        self.show(key)?;
        Ok(true)
    }

    fn drop_entry(&mut self, seq: i64) -> Result<bool, StoreError> {
        let Some(entry) = self.entry(seq)? else {
            return Ok(false);
        };
        if !matches!(entry.progress, Progress::Pending | Progress::Rejected(_)) {
            return Ok(false);
        }
        self.take_out(&entry)?;
        self.fill_revision(entry.change.todo)?;
        self.show(entry.change.todo)?;
        Ok(true)
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
