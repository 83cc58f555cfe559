//! `queue retry --mine` and `--as-new`: what becomes of a rejected change.

use std::slice;

use super::retry::states_after;
use super::{Arguments, QueueAction, QueueItem, items, print};
use crate::cli::context::{CommandContext, KnownProfile, outbox};
use crate::cli::error::CliError;
use crate::cli::network::{self, SyncOptions};
use crate::cli::write;
use crate::domain::change::{Act, Change, REMOVED_ELSEWHERE};
use crate::domain::history::Session;
use crate::domain::key::Key;
use crate::store::Store;

/// Carries out the decision about the rejected change of one todo.
pub(super) fn run(
    context: &CommandContext,
    arguments: &Arguments,
    known: &KnownProfile,
    store: &mut Store,
) -> Result<(), CliError> {
    if arguments.action != QueueAction::Retry {
        return Err(CliError::usage(
            "--mine and --as-new decide about a rejected change",
            "Write `tudone queue retry HANDLE --mine`, or `--as-new`.",
        ));
    }
    // The decision is about the newest text. What is skipped is reported below.
    let _ = network::attempt(context, known, store, SyncOptions::DEFAULT)?;
    let (item, todo, act) = rejected(store, arguments)?;
    let change = if arguments.as_new {
        let add = Act::Add {
            text: text_of(act)?,
        };
        context.clock.change(context.clock.key(), add)
    } else {
        context
            .clock
            .change(todo, over_theirs(store, &item, todo, act)?)
    };
    let written = write::commit_by(
        context,
        known,
        store,
        slice::from_ref(&change),
        None,
        |store| {
            let todos = if arguments.as_new {
                store.add_as_new(Session::Cli, item.seq, &change)?
            } else {
                let changes = slice::from_ref(&change);
                store.commit_action(Session::Cli, verb(&change.act), changes)?
            };
            Ok(todos.into())
        },
    )?;
    let was = QueueItem {
        act: name(&change),
        ..item
    };
    print(arguments, &states_after(store, vec![(change.todo, was)])?)?;
    written.rejected.map_or(Ok(()), Err)
}

/// Returns the newest rejected change of the todo, with the todo's key.
fn rejected(store: &Store, arguments: &Arguments) -> Result<(QueueItem, Key, Act), CliError> {
    let listed = items(store, arguments.handle.as_ref())?;
    let newest = listed.into_iter().rev().find(|it| it.state == "rejected");
    let entry = |seq| {
        let entries = outbox(store)?.into_iter().map(|queued| queued.entry);
        Ok::<_, CliError>(entries.into_iter().find(|entry| entry.seq == seq))
    };
    if let Some(item) = newest
        && let Some(entry) = entry(item.seq)?
    {
        return Ok((item, entry.change.todo, entry.change.act));
    }
    let handle = arguments.handle.as_deref().unwrap_or_default();
    Err(CliError::usage(
        format!("`{handle}` has no rejected change"),
        "Run `tudone queue` to see the changes that are not on the server.",
    ))
}

/// Returns the change that puts this device's text, or its deletion, over the server's.
fn over_theirs(store: &Store, item: &QueueItem, todo: Key, act: Act) -> Result<Act, CliError> {
    let theirs = store.todo(todo)?.map(|todo| todo.text);
    match (theirs, act) {
        (_, Act::Add { .. }) => Err(CliError::usage(
            "the todo is not on the server: there is no other text",
            "Leave out --mine.",
        )),
        (Some(before), Act::Edit { after, .. }) if !item.is_deleted_elsewhere() => {
            Ok(Act::Edit { before, after })
        }
        (Some(before), Act::Remove { .. }) => Ok(Act::Remove { before }),
        (_, Act::Edit { .. } | Act::Remove { .. }) => Err(CliError::usage(
            "the todo was deleted elsewhere",
            "Use --as-new to add your text as a new todo.",
        )),
    }
}

fn text_of(act: Act) -> Result<String, CliError> {
    match act {
        Act::Add { text } | Act::Edit { after: text, .. } => Ok(text),
        Act::Remove { .. } => Err(CliError::usage(
            "a deletion has no text to add",
            "Use --mine to delete the todo all the same.",
        )),
    }
}

/// The participle in the history.
const fn verb(act: &Act) -> &'static str {
    match act {
        Act::Add { .. } => "added",
        Act::Edit { .. } => "changed",
        Act::Remove { .. } => "removed",
    }
}

const fn name(change: &Change) -> &'static str {
    match change.act {
        Act::Add { .. } => "add",
        Act::Edit { .. } => "edit",
        Act::Remove { .. } => "remove",
    }
}

impl QueueItem {
    fn is_deleted_elsewhere(&self) -> bool {
        self.code.as_deref() == Some(REMOVED_ELSEWHERE)
    }
}
