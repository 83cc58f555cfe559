//! Writing: commit first, then try to send at once.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use clap::Args;

use crate::cli::context::{CommandContext, KnownProfile, outbox};
use crate::cli::duration::duration;
use crate::cli::error::CliError;
use crate::cli::network::{self, SyncOptions};
use crate::cli::output;
use crate::cli::refused::{self, Refused};
use crate::cli::sync_skipped::SyncSkipped;
use crate::domain::change::{Act, Change, Entry, Progress};
use crate::domain::todo::{State, Todo};
use crate::store::{Capabilities, Session, Store};

/// Flags of every command that writes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Writing {
    /// Wait this long for the server, instead of 2s
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) wait: Option<Duration>,

    /// Answer as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    /// The todos as they are now; removed ones as they were.
    pub(crate) todos: Vec<Todo>,
    /// The error where the server refused some of it.
    pub(crate) refused: Option<CliError>,
}

/// Commits `changes` as one act that `undo` takes back, tries to send them, and
/// tells on stderr where they wait. `verb` says what was done, as a participle.
///
/// # Errors
///
/// The store's: nothing was written then. Never the network's.
pub(crate) fn commit(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    verb: &str,
    changes: &[Change],
    limit: Option<Duration>,
) -> Result<Written, CliError> {
    commit_by(context, known, store, changes, limit, |store| {
        Ok(store.commit_act(Session::Cli, verb, changes)?)
    })
}

/// As [`commit`], with `write` to do the committing.
///
/// # Errors
///
/// As [`commit`], and those of `write`.
pub(crate) fn commit_by(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    changes: &[Change],
    limit: Option<Duration>,
    write: impl FnOnce(&mut Store) -> Result<Vec<Todo>, CliError>,
) -> Result<Written, CliError> {
    let options = limit.map_or(SyncOptions::USUAL, SyncOptions::insisting);
    if forbidden(store, changes)?.is_some()
        && network::attempt(context, known, store, options)?.is_ok()
        && let Some(act) = forbidden(store, changes)?
    {
        return Err(CliError::NotAllowed { act, queued: false });
    }
    let known_refused = Refused::known(store)?;
    let committed = write(store)?;
    let tried = if changes.is_empty() || !waits(store)? {
        Ok(())
    } else {
        let tried = network::attempt(context, known, store, options);
        if matches!(tried, Err(CliError::Interrupted)) {
            context.notice("the change is kept; `tudone sync` sends it");
        }
        tried?.map(drop)
    };
    let mut todos = Vec::with_capacity(committed.len());
    for todo in committed {
        let state = if tried.is_ok() {
            State::Synced
        } else {
            State::Pending
        };
        // A removed one is as it was.
        todos.push(store.todo(todo.key)?.unwrap_or(Todo { state, ..todo }));
    }
    let mut refused = refused::error(known_refused.since(store, Some(&todos))?);
    if let (None, Ok(()), Some(act)) = (&refused, &tried, stuck(store, Some(&todos))?) {
        refused = Some(CliError::NotAllowed { act, queued: true });
    }
    let unsent = |todo: &Todo| matches!(todo.state, State::Pending | State::Sent);
    match tried {
        Err(miss) => context.notice(queued(changes.len(), &miss, known)),
        Ok(()) if refused.is_none() && todos.iter().any(unsent) => {
            context.notice("queued: the server has not confirmed it yet; `tudone sync` sends it");
        }
        Ok(()) => {}
    }
    Ok(Written { todos, refused })
}

/// Whether there is anything to send: what is taken back before it was sent
/// leaves nothing.
///
/// # Errors
///
/// The store's.
pub(crate) fn waits(store: &Store) -> Result<bool, CliError> {
    let totals = store.totals()?;
    Ok(totals.pending + totals.sent > 0)
}

fn queued(count: usize, miss: &SyncSkipped, known: &KnownProfile) -> String {
    let (what, object) = if count == 1 {
        ("queued".to_owned(), "it")
    } else {
        (format!("{count} changes queued"), "them")
    };
    let needs_login = matches!(miss.word().as_ref(), "logged out" | "login not accepted");
    let first = match known.profile.external_token() {
        _ if !needs_login => "",
        Some(_) => "set a new TUDONE_ACCESS_TOKEN, then ",
        None => "`tudone login`, then ",
    };
    let why = miss.why();
    format!("{what}: {why}; {first}`tudone sync` sends {object}")
}

/// What of `changes` the role is known not to be allowed. One that meets a change
/// of its todo which has not left folds into that, and sends nothing of its own.
fn forbidden(store: &Store, changes: &[Change]) -> Result<Option<&'static str>, CliError> {
    let Some(may) = store.capabilities()? else {
        return Ok(None);
    };
    let lacking = |change: &Change| lacking(may, &change.act).map(|act| (change.todo, act));
    let found: Vec<_> = changes.iter().filter_map(lacking).collect();
    if found.is_empty() {
        return Ok(None);
    }
    let mut waiting = HashSet::new();
    for queued in outbox(store)? {
        if queued.entry.progress == Progress::Pending {
            waiting.insert(queued.entry.change.todo);
        }
    }
    let first = found.iter().find(|(todo, _)| !waiting.contains(todo));
    Ok(first.map(|(_, act)| *act))
}

/// What of the changes that wait, of all todos or of these, the role is known not
/// to be allowed.
///
/// # Errors
///
/// The store's.
pub(crate) fn stuck(
    store: &Store,
    todos: Option<&[Todo]>,
) -> Result<Option<&'static str>, CliError> {
    let Some(may) = store.capabilities()? else {
        return Ok(None);
    };
    if may.insert && may.update && may.delete {
        return Ok(None);
    }
    let keys: Option<HashSet<_>> = todos.map(|todos| todos.iter().map(|todo| todo.key).collect());
    let stuck = |entry: Entry| {
        let is_meant = |keys: &HashSet<_>| keys.contains(&entry.change.todo);
        let waits = entry.progress == Progress::Pending && keys.as_ref().is_none_or(is_meant);
        waits.then(|| lacking(may, &entry.change.act)).flatten()
    };
    let entries = outbox(store)?;
    Ok(entries.into_iter().find_map(|queued| stuck(queued.entry)))
}

/// What the role is not allowed, if `act` needs it.
pub(crate) fn lacking(may: Capabilities, act: &Act) -> Option<&'static str> {
    match act {
        Act::Add { .. } => (!may.insert).then_some("add"),
        Act::Edit { .. } => (!may.update).then_some("change"),
        Act::Remove { .. } => (!may.delete).then_some("remove"),
    }
}

/// How a command ends that did `done` to `todos` and then printed its answer.
/// Where only that could not be written it is no failure, which would ask for
/// doing it again: stderr says what was done.
///
/// # Errors
///
/// All others of `printed`, and that nobody reads any more.
pub(crate) fn told<'a>(
    done: &str,
    todos: impl IntoIterator<Item = &'a Todo>,
    printed: Result<(), CliError>,
) -> Result<(), CliError> {
    match printed {
        Err(CliError::Output(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            let handles = todos.into_iter().map(|it| it.handle().to_string());
            let handles: Vec<String> = handles.collect();
            let handles = handles.join(", ");
            output::notice(format!(
                "{done} {handles}; the answer cannot be written: {error}"
            ));
            Ok(())
        }
        printed => printed,
    }
}
