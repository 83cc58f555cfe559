//! `queue retry`: sends rejected changes again.

use super::{Arguments, QueueItem, print};
use crate::cli::context::{CommandContext, KnownProfile, outbox};
use crate::cli::error::CliError;
use crate::cli::network::{self, SyncOptions};
use crate::domain::key::Key;
use crate::store::Store;

/// Retries the rejected ones of `items`, and prints what became of them.
pub(super) fn run(
    context: &CommandContext,
    arguments: &Arguments,
    known: &KnownProfile,
    store: &mut Store,
    items: Vec<QueueItem>,
) -> Result<(), CliError> {
    let mut retried = Vec::new();
    // A retry merges with the newest text.
    let mut synced = network::attempt(context, known, store, SyncOptions::DEFAULT)?;
    for change in items.into_iter().filter(|it| it.state == "rejected") {
        if let Some(key) = store.retry(change.seq, context.clock.key())? {
            retried.push((key, change));
        }
    }
    if synced.is_ok() && store.totals()?.pending > 0 {
        synced = network::attempt(context, known, store, SyncOptions::DEFAULT)?;
    }
    if let (false, Err(skipped)) = (retried.is_empty(), synced) {
        context.notice(format!("queued: {}", skipped.why()));
    }
    let now = states_after(store, retried)?;
    print(arguments, &now)?;
    let rejected: Vec<_> = now.iter().filter_map(QueueItem::rejection).collect();
    if rejected.is_empty() {
        return Ok(());
    }
    Err(CliError::Refused { changes: rejected })
}

/// Returns the states of the retried changes, each with its todo's key.
pub(super) fn states_after(
    store: &Store,
    retried: Vec<(Key, QueueItem)>,
) -> Result<Vec<QueueItem>, CliError> {
    let mut entries = outbox(store)?;
    let mut now = Vec::with_capacity(retried.len());
    for (key, was) in retried {
        let todo = store.todo(key)?;
        let key = todo.as_ref().map_or(key, |todo| todo.key);
        let place = entries.iter().position(|it| it.entry.change.todo == key);
        now.push(match (place, todo) {
            (Some(place), _) => QueueItem::new(store, entries.remove(place))?,
            (None, Some(todo)) => was.synced(todo.handle().to_string(), key),
            (None, None) => {
                let handle = was.handle.clone();
                was.synced(handle, key)
            }
        });
    }
    Ok(now)
}
