//! Changes that were rejected during this command.

use std::collections::HashSet;

use crate::cli::context::{CommandContext, entries_of, outbox};
use crate::cli::error::CliError;
use crate::domain::change::{Act, Change, OutboxEntry, Progress};
use crate::domain::key::{ChangeId, Key};
use crate::store::Store;

/// The rejected entries of the outbox at one time.
#[derive(Debug)]
pub(crate) struct KnownRejections {
    entries: Vec<OutboxEntry>,
    /// Earlier ones that are in the outbox again.
    restored: HashSet<ChangeId>,
}

/// Handle, code and message of a rejected change.
pub(crate) type RejectedChange = (String, String, String);

impl KnownRejections {
    /// Returns the current ones, of all todos or of these.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn known(store: &Store, of: Option<&HashSet<Key>>) -> Result<Self, CliError> {
        Ok(Self {
            entries: rejected(store, of)?,
            restored: HashSet::new(),
        })
    }

    /// Adds rejected changes that an undo put back into the outbox.
    pub(crate) fn restore(&mut self, restored: &[Change]) {
        self.restored
            .extend(restored.iter().map(|change| change.id));
    }

    /// Returns the changes rejected since, of all todos or of these.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn since(
        &self,
        store: &Store,
        of: Option<&HashSet<Key>>,
    ) -> Result<Vec<RejectedChange>, CliError> {
        let known: HashSet<i64> = self.entries.iter().map(|entry| entry.seq).collect();
        let mut rejections = Vec::new();
        for entry in rejected(store, of)? {
            if known.contains(&entry.seq) || self.restored.contains(&entry.change.id) {
                continue;
            }
            if let Progress::Rejected(rejection) = entry.progress {
                let key = entry.change.todo;
                let todo = store.todo(key)?;
                let handle = todo.map_or_else(|| key.to_string(), |it| it.handle().to_string());
                rejections.push((handle, rejection.code, rejection.message));
            }
        }
        Ok(rejections)
    }

    /// Reports which rejected texts `changes` replaced by others.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn report_replaced(
        &self,
        context: &CommandContext,
        store: &Store,
        changes: &[Change],
    ) -> Result<(), CliError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let todos = self.entries.iter().map(|entry| entry.change.todo).collect();
        let left = rejected(store, Some(&todos))?;
        let left: HashSet<i64> = left.iter().map(|entry| entry.seq).collect();
        for entry in &self.entries {
            let Act::Edit { after: text, .. } = &entry.change.act else {
                continue;
            };
            let todo = entry.change.todo;
            let shown = store.todo(todo)?.map(|todo| todo.text);
            // Completing keeps the rejected text, and is no new one.
            let is_new = |change: &Change| match &change.act {
                Act::Edit { after, .. } => Some(after) == shown.as_ref() && after != text,
                Act::Add { .. } | Act::Remove { .. } => false,
            };
            let mut own = changes.iter().filter(|change| change.todo == todo);
            if !left.contains(&entry.seq) && own.any(is_new) {
                context.notice(format!("this replaces your rejected text `{text}`"));
            }
        }
        Ok(())
    }
}

fn rejected(store: &Store, of: Option<&HashSet<Key>>) -> Result<Vec<OutboxEntry>, CliError> {
    if store.totals()?.rejected == 0 {
        return Ok(Vec::new());
    }
    let mut entries = match of {
        Some(todos) => entries_of(store, todos)?,
        None => outbox(store)?.into_iter().map(|it| it.entry).collect(),
    };
    entries.retain(|entry| matches!(entry.progress, Progress::Rejected(_)));
    Ok(entries)
}

/// Returns the error for these rejections, if there are any.
pub(crate) fn error(changes: Vec<RejectedChange>) -> Option<CliError> {
    (!changes.is_empty()).then_some(CliError::Refused { changes })
}
