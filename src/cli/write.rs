//! Commits changes, then tries to send them at once.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::io;
use std::time::Duration;

use clap::Args;

use crate::cli::context::{CommandContext, KnownProfile, entries_of, outbox, read_queue};
use crate::cli::duration::duration;
use crate::cli::error::CliError;
use crate::cli::json::Fields;
use crate::cli::network::{self, SyncOptions};
use crate::cli::output;
use crate::cli::progress::{ProgressLine, bar};
use crate::cli::rejected::{self, KnownRejections};
use crate::cli::successors;
use crate::cli::sync_skipped::{SkipKind, SyncSkipped};
use crate::domain::change::{Act, Change, Progress};
use crate::domain::feed::Capabilities;
use crate::domain::history::Session;
use crate::domain::key::Key;
use crate::domain::todo::{SyncState, Todo};
use crate::store::Store;

/// Options of every command that changes todos.
#[derive(Debug, Clone, Args)]
pub(crate) struct Writing {
    /// Wait this long for the server, instead of 2s
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) wait: Option<Duration>,

    /// Print JSON; `--json=id,text` selects fields
    #[arg(
        long,
        value_name = "FIELDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub(crate) json: Option<Fields>,

    /// Show what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The result of a commit.
#[derive(Debug)]
pub(crate) struct Written {
    /// The todos as they are now; deleted ones as they were.
    pub(crate) todos: Vec<Todo>,
    /// The error if the server rejected a change.
    pub(crate) rejected: Option<CliError>,
}

/// What a commit wrote.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The todos as they are now; deleted ones as they were.
    pub(crate) todos: Vec<Todo>,
    /// Rejected edits that are in the outbox again.
    pub(crate) restored: Vec<Change>,
}

impl From<Vec<Todo>> for Committed {
    fn from(todos: Vec<Todo>) -> Self {
        Self {
            todos,
            restored: Vec::new(),
        }
    }
}

/// Commits `changes` as one undoable step, tries to send them, and prints on
/// stderr why they are still queued. `verb` is the participle in the history.
///
/// # Errors
///
/// The store's; then nothing was written. Never the network's.
pub(crate) fn commit(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    verb: &str,
    changes: &[Change],
    limit: Option<Duration>,
) -> Result<Written, CliError> {
    commit_by(context, known, store, changes, limit, |store| {
        write_each(context, store, verb, changes, changes.len(), Some)
    })
}

/// As [`commit`], for the adds of new `todos`, which are made one by one. Returns only
/// the todos that `keep` returns.
///
/// # Errors
///
/// As [`commit`].
pub(crate) fn commit_adds(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    todos: HashSet<Key>,
    adds: impl Iterator<Item = Change>,
    limit: Option<Duration>,
    keep: impl FnMut(Todo) -> Option<Todo>,
) -> Result<Written, CliError> {
    let count = todos.len();
    let scope = Scope {
        todos,
        changes: None,
    };
    commit_scope(context, known, store, scope, limit, |store| {
        write_each(context, store, "added", adds, count, keep)
    })
}

/// Writes about `count` changes with their progress; returns the todos that `keep`
/// returns.
fn write_each<C: Borrow<Change>>(
    context: &CommandContext,
    store: &mut Store,
    verb: &str,
    changes: impl IntoIterator<Item = C>,
    count: usize,
    mut keep: impl FnMut(Todo) -> Option<Todo>,
) -> Result<Committed, CliError> {
    let mut progress = ProgressLine::new(context);
    let (mut written, mut todos) = (0, Vec::new());
    store.commit_each(Session::Cli, verb, changes, count, |todo| {
        todos.extend(todo.and_then(&mut keep));
        written += 1;
        progress.show(|| bar(written, count, "written"));
    })?;
    Ok(todos.into())
}

/// As [`commit`], with `write` as the commit.
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
    write: impl FnOnce(&mut Store) -> Result<Committed, CliError>,
) -> Result<Written, CliError> {
    let scope = Scope {
        todos: changes.iter().map(|change| change.todo).collect(),
        changes: Some(changes),
    };
    commit_scope(context, known, store, scope, limit, write)
}

/// What a commit changes.
struct Scope<'a> {
    todos: HashSet<Key>,
    /// `None` if all are adds of new todos.
    changes: Option<&'a [Change]>,
}

fn commit_scope(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    scope: Scope<'_>,
    limit: Option<Duration>,
    write: impl FnOnce(&mut Store) -> Result<Committed, CliError>,
) -> Result<Written, CliError> {
    let options = limit.map_or(SyncOptions::DEFAULT, SyncOptions::insisting);
    if forbidden(store, &scope)?.is_some()
        && network::attempt(context, known, store, options)?.is_ok()
        && let Some(act) = forbidden(store, &scope)?
    {
        return Err(CliError::NotAllowed { act, queued: false });
    }
    let changes = scope.changes.unwrap_or_default();
    let mut known_rejections = KnownRejections::known(store, Some(&scope.todos))?;
    let repeating = store.repeating_todos(changes)?;
    let committed = write(store)?;
    known_rejections.restore(&committed.restored);
    known_rejections.report_replaced(context, store, changes)?;
    let tried = if scope.todos.is_empty() || !has_unsent(store)? {
        Ok(())
    } else {
        let tried = network::attempt(context, known, store, options);
        if matches!(tried, Err(CliError::Interrupted)) {
            context.notice("the change is queued; `tudone sync` sends it");
        }
        tried?.map(drop)
    };
    successors::announce(context, store, &repeating)?;
    let state = if tried.is_ok() {
        SyncState::Synced
    } else {
        SyncState::Pending
    };
    let now = store.todos(committed.todos.iter().map(|todo| todo.key))?;
    // A deleted todo is no longer in the store.
    let todos = committed.todos.into_iter().zip(now);
    let todos: Vec<_> = todos
        .map(|(todo, now)| now.unwrap_or(Todo { state, ..todo }))
        .collect();
    let keys = match scope.changes {
        Some(_) => todos.iter().map(|todo| todo.key).collect(),
        None => scope.todos,
    };
    let rejections = known_rejections.since(store, Some(&keys))?;
    let mut rejected = rejected::error(rejections);
    if let (None, Ok(()), Some(act)) = (&rejected, &tried, stuck(store, Some(&keys))?) {
        rejected = Some(CliError::NotAllowed { act, queued: true });
    }
    match tried {
        Ok(()) if rejected.is_some() || !has_unsent(store)? => {}
        tried => report_waiting(context, known, tried, waiting(store, &keys)?),
    }
    Ok(Written { todos, rejected })
}

/// Prints on stderr why changes are not on the server: `waiting` for its answer, or
/// `answered`.
fn report_waiting(
    context: &CommandContext,
    known: &KnownProfile,
    tried: Result<(), SyncSkipped>,
    (waiting, answered): (usize, usize),
) {
    match tried {
        Err(skipped) if waiting > 0 => context.notice(queued(waiting, &skipped, known)),
        Err(skipped) if answered > 0 => {
            let why = skipped.why();
            context.notice(format!("sent, but the list is not up to date: {why}"));
        }
        Ok(()) if waiting > 0 => {
            context.notice("queued: the server has not confirmed it yet; `tudone sync` sends it");
        }
        Ok(()) | Err(_) => {}
    }
}

/// Returns whether anything is unsent: an undone add that was never sent leaves
/// nothing.
///
/// # Errors
///
/// The store's.
pub(crate) fn has_unsent(store: &Store) -> Result<bool, CliError> {
    let totals = store.totals()?;
    Ok(totals.pending + totals.sent > 0)
}

/// Counts the changes of `todos` that the server has not answered, and those that it
/// has.
fn waiting(store: &Store, todos: &HashSet<Key>) -> Result<(usize, usize), CliError> {
    read_queue(|| {
        let (mut waiting, mut answered) = (0, 0);
        store.each_entry_of(todos, |entry| match entry.progress {
            Progress::Pending | Progress::Sent { .. } => waiting += 1,
            Progress::Answered => answered += 1,
            Progress::Rejected(_) => {}
        })?;
        Ok((waiting, answered))
    })
}

fn queued(count: usize, skipped: &SyncSkipped, known: &KnownProfile) -> String {
    let (what, object) = if count == 1 {
        ("queued".to_owned(), "it")
    } else {
        (format!("{count} changes queued"), "them")
    };
    let needs_login = matches!(skipped.kind(), SkipKind::Login);
    let first = match known.profile.external_token() {
        _ if !needs_login => "",
        Some(_) => "set a new TUDONE_ACCESS_TOKEN, then ",
        None => "`tudone login`, then ",
    };
    let why = skipped.why();
    format!("{what}: {why}; {first}`tudone sync` sends {object}")
}

/// Returns what the role may not do of the changes. A change of a todo that has an
/// unsent change folds into that and sends nothing of its own.
fn forbidden(store: &Store, scope: &Scope<'_>) -> Result<Option<&'static str>, CliError> {
    let Some(may) = store.capabilities()? else {
        return Ok(None);
    };
    let Some(changes) = scope.changes else {
        let is_forbidden = !scope.todos.is_empty() && !may.insert;
        return Ok(is_forbidden.then_some("add"));
    };
    let lacking = |change: &Change| lacking(may, &change.act).map(|act| (change.todo, act));
    let found: Vec<_> = changes.iter().filter_map(lacking).collect();
    if found.is_empty() {
        return Ok(None);
    }
    let todos = found.iter().map(|(todo, _)| *todo).collect();
    let entries = entries_of(store, &todos)?;
    let waiting = entries.iter().filter(|it| it.progress == Progress::Pending);
    let waiting: HashSet<Key> = waiting.map(|entry| entry.change.todo).collect();
    let first = found.iter().find(|(todo, _)| !waiting.contains(todo));
    Ok(first.map(|(_, act)| *act))
}

/// Returns what the role may not do of the pending changes, of all todos or of
/// these.
///
/// # Errors
///
/// The store's.
pub(crate) fn stuck(
    store: &Store,
    todos: Option<&HashSet<Key>>,
) -> Result<Option<&'static str>, CliError> {
    let Some(may) = store.capabilities()? else {
        return Ok(None);
    };
    if may.insert && may.update && may.delete {
        return Ok(None);
    }
    let entries = match todos {
        Some(todos) => entries_of(store, todos)?,
        None => outbox(store)?.into_iter().map(|it| it.entry).collect(),
    };
    let mut waiting = entries.iter().filter(|it| it.progress == Progress::Pending);
    Ok(waiting.find_map(|entry| lacking(may, &entry.change.act)))
}

/// Returns what `act` needs and the role may not do.
pub(crate) fn lacking(may: Capabilities, act: &Act) -> Option<&'static str> {
    match act {
        Act::Add { .. } => (!may.insert).then_some("add"),
        Act::Edit { .. } => (!may.update).then_some("change"),
        Act::Remove { .. } => (!may.delete).then_some("delete"),
    }
}

/// Handles a failed print after todos were changed: reports on stderr what was `done`
/// and succeeds, since a script would otherwise repeat the command.
///
/// # Errors
///
/// Every other error of `printed`, and a closed pipe.
pub(crate) fn answer_printed(
    done: impl FnOnce() -> String,
    printed: Result<(), CliError>,
) -> Result<(), CliError> {
    match printed {
        Err(CliError::Output(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            let done = done();
            output::notice(format!("{done}; cannot write the output: {error}"));
            Ok(())
        }
        printed => printed,
    }
}

/// Formats what was `done` to `todos`: `added 42, n3`.
pub(crate) fn done_to<'a>(done: &str, todos: impl IntoIterator<Item = &'a Todo>) -> String {
    let handles = todos.into_iter().map(|it| it.handle().to_string());
    let handles: Vec<String> = handles.collect();
    format!("{done} {}", handles.join(", "))
}
