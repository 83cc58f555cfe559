//! Changes that were rejected during this command.

use std::collections::HashSet;

use crate::cli::context::{CommandContext, outbox};
use crate::cli::error::CliError;
use crate::domain::change::{Act, Change, OutboxEntry, Progress};
use crate::domain::key::Key;
use crate::domain::todo::Todo;
use crate::store::Store;

/// The rejected entries of the outbox at one time.
#[derive(Debug)]
pub(crate) struct KnownRejections(HashSet<i64>);

/// Handle, code and message of a rejected change.
pub(crate) type RejectedChange = (String, String, String);

impl KnownRejections {
    /// Returns the current ones.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn known(store: &Store) -> Result<Self, CliError> {
        if store.totals()?.rejected == 0 {
            return Ok(Self(HashSet::new()));
        }
        let entries = outbox(store)?.into_iter().map(|queued| queued.entry);
        Ok(Self(entries.filter(is_rejected).map(|it| it.seq).collect()))
    }

    /// Returns the changes rejected since, of all todos or of these.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn since(
        &self,
        store: &Store,
        of: Option<&[Todo]>,
    ) -> Result<Vec<RejectedChange>, CliError> {
        if store.totals()?.rejected == 0 {
            return Ok(Vec::new());
        }
        let mut rejections = Vec::new();
        for entry in outbox(store)?.into_iter().map(|queued| queued.entry) {
            let key = entry.change.todo;
            let is_selected = of.is_none_or(|todos| todos.iter().any(|todo| todo.key == key));
            if !is_selected || self.0.contains(&entry.seq) {
                continue;
            }
            if let Progress::Rejected(rejection) = entry.progress {
                let todo = store.todo(key)?;
                let handle = todo.map_or_else(|| key.to_string(), |it| it.handle().to_string());
                rejections.push((handle, rejection.code, rejection.message));
            }
        }
        Ok(rejections)
    }
}

/// A rejected text that a change may replace.
#[derive(Debug)]
pub(crate) struct RejectedText {
    seq: i64,
    todo: Key,
    text: String,
}

/// Returns the rejected texts of the todos of `changes`.
///
/// # Errors
///
/// The store's.
pub(crate) fn texts(store: &Store, changes: &[Change]) -> Result<Vec<RejectedText>, CliError> {
    if store.totals()?.rejected == 0 {
        return Ok(Vec::new());
    }
    let keys: HashSet<Key> = changes.iter().map(|change| change.todo).collect();
    let entries = outbox(store)?.into_iter().map(|queued| queued.entry);
    let entries = entries.filter(|it| is_rejected(it) && keys.contains(&it.change.todo));
    let text = |entry: OutboxEntry| match entry.change.act {
        Act::Edit { after: text, .. } => Some(RejectedText {
            seq: entry.seq,
            todo: entry.change.todo,
            text,
        }),
        Act::Add { .. } | Act::Remove { .. } => None,
    };
    Ok(entries.filter_map(text).collect())
}

/// Reports which rejected texts `changes` replaced by others.
///
/// # Errors
///
/// The store's.
pub(crate) fn report_replaced(
    context: &CommandContext,
    store: &Store,
    before: Vec<RejectedText>,
    changes: &[Change],
) -> Result<(), CliError> {
    if before.is_empty() {
        return Ok(());
    }
    let entries = outbox(store)?.into_iter().map(|queued| queued.entry);
    let left: HashSet<i64> = entries.filter(is_rejected).map(|it| it.seq).collect();
    for RejectedText { seq, todo, text } in before {
        let shown = store.todo(todo)?.map(|todo| todo.text);
        // Completing keeps the rejected text, and is no new one.
        let is_new = |change: &Change| match &change.act {
            Act::Edit { after, .. } => Some(after) == shown.as_ref() && *after != text,
            Act::Add { .. } | Act::Remove { .. } => false,
        };
        let mut own = changes.iter().filter(|change| change.todo == todo);
        if !left.contains(&seq) && own.any(is_new) {
            context.notice(format!("this replaces your rejected text `{text}`"));
        }
    }
    Ok(())
}

/// Returns the error for these rejections, if there are any.
pub(crate) fn error(changes: Vec<RejectedChange>) -> Option<CliError> {
    (!changes.is_empty()).then_some(CliError::Refused { changes })
}

fn is_rejected(entry: &OutboxEntry) -> bool {
    matches!(entry.progress, Progress::Rejected(_))
}
