//! Computes *shown* from its definition, to check the tables.

use crate::domain::change::Progress;
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::list::Totals;
use crate::domain::replica;
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::write::Write;

impl Store {
    /// Computes the shown todos, in key order, and the totals from base and outbox
    /// alone, to check the store. The cost grows with the database.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn replayed(&mut self) -> Result<(Vec<Todo>, Totals), StoreError> {
        let write = self.begin()?;
        let mut todos = Vec::new();
        let mut totals = Totals::default();
        for key in write.known_keys()? {
            let base = write.base(key)?;
            let queue = write.queue(key)?;
            for entry in &queue.entries {
                match entry.progress {
                    Progress::Pending => totals.pending += 1,
                    Progress::Sent { .. } => totals.sent += 1,
                    Progress::Answered => {}
                    Progress::Rejected(_) => totals.rejected += 1,
                }
            }
            let local = write.local(key)?;
            if let Some(mut todo) = replica::shown(base.as_ref(), &queue.entries, local) {
                todo.id = todo.id.or(queue.learnt);
                if Line::new(&todo.text).is_done() {
                    totals.done += 1;
                } else {
                    totals.open += 1;
                }
                todos.push(todo);
            }
        }
        Ok((todos, totals))
    }
}

impl Write<'_> {
    /// Returns the keys in base or the outbox.
    fn known_keys(&self) -> Result<Vec<Key>, StoreError> {
        let mut keys = self.queued_keys()?;
        self.each_base(|row| {
            keys.push(row.key);
            Ok(())
        })?;
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}
