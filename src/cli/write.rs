//! Writing: commit first, then try to send at once.

use std::collections::HashSet;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::call::{Call, Known};
use crate::cli::duration::duration;
use crate::cli::error::CliError;
use crate::cli::json::ShownAll;
use crate::cli::miss::Miss;
use crate::cli::network::{self, Effort};
use crate::cli::output;
use crate::cli::pick::{self, Pick, Picked};
use crate::cli::refused::{self, Refused};
use crate::domain::change::{Act, Change, Entry, Progress};
use crate::domain::query::Scope;
use crate::domain::todo::{State, Todo};
use crate::store::{Capabilities, Store};

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

/// Flags of commands that write to many todos.
#[derive(Debug, Clone, Args)]
pub(crate) struct Bulk {
    #[command(flatten)]
    pub(crate) pick: Pick,

    /// Do it without being asked
    #[arg(short, long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) writing: Writing,
}

/// What a command does to each todo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verb {
    /// For the question: `Remove`.
    pub(crate) imperative: &'static str,
    /// For the answer: `removed`.
    pub(crate) participle: &'static str,
    /// For the answer, where nothing had to be done: `already done`.
    pub(crate) already: &'static str,
    /// Which todos a filter without further words means.
    pub(crate) scope: Option<Scope>,
    /// Whether it asks for handles too.
    pub(crate) asks: bool,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    /// The todos as they are now; removed ones as they were.
    pub(crate) todos: Vec<Todo>,
    /// The error where the server refused some of it.
    pub(crate) refused: Option<CliError>,
}

#[derive(Serialize)]
struct Answer<'a> {
    changed: ShownAll<'a>,
    not_found: Vec<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// Commits `changes` as one act that `undo` takes back, tries to send them, and
/// tells on stderr where they wait. `verb` says what was done, as a participle.
///
/// # Errors
///
/// The store's: nothing was written then. Never the network's.
pub(crate) fn commit(
    call: &Call,
    known: &Known,
    store: &mut Store,
    verb: &str,
    changes: &[Change],
    limit: Option<Duration>,
) -> Result<Written, CliError> {
    commit_by(call, known, store, changes, limit, |store| {
        Ok(store.commit_act(verb, changes)?)
    })
}

/// As [`commit`], with `write` to do the committing.
///
/// # Errors
///
/// As [`commit`], and those of `write`.
pub(crate) fn commit_by(
    call: &Call,
    known: &Known,
    store: &mut Store,
    changes: &[Change],
    limit: Option<Duration>,
    write: impl FnOnce(&mut Store) -> Result<Vec<Todo>, CliError>,
) -> Result<Written, CliError> {
    let effort = limit.map_or(Effort::USUAL, Effort::insisting);
    if forbidden(store, changes)?.is_some()
        && network::attempt(call, known, store, effort)?.is_ok()
        && let Some(act) = forbidden(store, changes)?
    {
        return Err(CliError::NotAllowed { act, queued: false });
    }
    let known_refused = Refused::known(store)?;
    let committed = write(store)?;
    let tried = if changes.is_empty() || !waits(store)? {
        Ok(())
    } else {
        let tried = network::attempt(call, known, store, effort);
        if matches!(tried, Err(CliError::Interrupted)) {
            call.notice("the change is kept; `tudone sync` sends it");
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
        Err(miss) => call.notice(queued(changes.len(), &miss, known)),
        Ok(()) if refused.is_none() && todos.iter().any(unsent) => {
            call.notice("queued: the server has not confirmed it yet; `tudone sync` sends it");
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

fn queued(count: usize, miss: &Miss, known: &Known) -> String {
    let (what, object) = if count == 1 {
        ("queued".to_owned(), "it")
    } else {
        (format!("{count} changes queued"), "them")
    };
    let needs_login = matches!(miss.word().as_ref(), "logged out" | "login not accepted");
    let first = match known.workspace.given_token() {
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
    for queued in store.outbox()? {
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
    let outbox = store.outbox()?;
    Ok(outbox.into_iter().find_map(|queued| stuck(queued.entry)))
}

/// What the role is not allowed, if `act` needs it.
pub(crate) fn lacking(may: Capabilities, act: &Act) -> Option<&'static str> {
    match act {
        Act::Add { .. } => (!may.insert).then_some("add"),
        Act::Edit { .. } => (!may.update).then_some("change"),
        Act::Remove { .. } => (!may.delete).then_some("remove"),
    }
}

/// Carries out a command on the todos that `bulk` picks: `act` says what
/// happens to each, or `None` where nothing needs to.
///
/// # Errors
///
/// [`CliError::NotFound`] after having changed those that were found.
pub(crate) fn carry_out(
    call: &Call,
    bulk: &Bulk,
    verb: Verb,
    act: impl Fn(&Todo) -> Result<Option<Act>, CliError>,
) -> Result<(), CliError> {
    let known = call.known()?;
    let mut store = known.open()?;
    let filtered = !bulk.pick.filter.is_empty();
    let mut picked = if filtered {
        pick::by_filter(&store, &bulk.pick.filter, verb.scope, call.clock.today())?
    } else if bulk.writing.dry_run && waits(&store)? {
        // Who asks the server sends what waits.
        pick::among_known(&store, &bulk.pick.handles)?
    } else {
        pick::by_handles(call, &known, &mut store, &bulk.pick.handles)?
    };
    let mut changes = Vec::new();
    let mut places = Vec::new();
    for (place, todo) in picked.found.iter_mut().enumerate() {
        let Some(act) = act(todo)? else { continue };
        if let (true, Act::Edit { after, .. }) = (bulk.writing.dry_run, &act) {
            todo.text.clone_from(after);
        }
        changes.push(call.clock.change(todo.key, act));
        places.push(place);
    }
    if filtered && picked.found.is_empty() {
        call.notice("nothing matches");
    }
    let ask = (filtered || verb.asks) && !bulk.yes && !bulk.writing.dry_run;
    if ask && !changes.is_empty() {
        call.confirm(&question(verb, &picked.found))?;
    }
    let mut refused = None;
    if bulk.writing.dry_run {
        call.notice("dry run: nothing was changed");
    } else {
        let written = commit(
            call,
            &known,
            &mut store,
            verb.participle,
            &changes,
            bulk.writing.wait,
        )?;
        for (place, todo) in places.iter().zip(written.todos) {
            if let Some(shown) = picked.found.get_mut(*place) {
                *shown = todo;
            }
        }
        refused = written.refused;
    }
    answer(call, bulk, verb, &picked, &places)?;
    match (picked.error(), refused) {
        (Some(error), _) | (None, Some(error)) => Err(error),
        (None, None) => Ok(()),
    }
}

/// How a command ends that did `done` to `todos` and then printed its answer.
/// Where only that could not be written it is no failure, which would ask for
/// doing it again: stderr says what was done.
///
/// # Errors
///
/// All others of `printed`, and that nobody reads any more.
pub(crate) fn told(
    done: &str,
    todos: &[Todo],
    printed: Result<(), CliError>,
) -> Result<(), CliError> {
    match printed {
        Err(CliError::Output(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            let handles: Vec<String> = todos.iter().map(|it| it.handle().to_string()).collect();
            let handles = handles.join(", ");
            output::notice(format!(
                "{done} {handles}; the answer cannot be written: {error}"
            ));
            Ok(())
        }
        printed => printed,
    }
}

fn question(verb: Verb, todos: &[Todo]) -> String {
    match todos {
        [todo] => format!("{} {} {}?", verb.imperative, todo.handle(), todo.text),
        todos => format!("{} {} todos?", verb.imperative, todos.len()),
    }
}

/// Answers with what was picked; what is at `changed` was not so before.
fn answer(
    call: &Call,
    bulk: &Bulk,
    verb: Verb,
    picked: &Picked,
    changed: &[usize],
) -> Result<(), CliError> {
    let printed = print(call, bulk, verb, picked, changed);
    if bulk.writing.dry_run {
        return printed;
    }
    let of_changed = changed.iter().filter_map(|place| picked.found.get(*place));
    let todos: Vec<Todo> = of_changed.cloned().collect();
    told(verb.participle, &todos, printed)
}

fn print(
    call: &Call,
    bulk: &Bulk,
    verb: Verb,
    picked: &Picked,
    changed: &[usize],
) -> Result<(), CliError> {
    let mut out = output::stdout();
    if bulk.writing.json {
        let answer = Answer {
            changed: ShownAll(&picked.found),
            not_found: picked.not_found(),
            dry_run: bulk.writing.dry_run,
        };
        output::json(&mut out, &answer)?;
    } else {
        let paint = call.paint();
        for (place, todo) in picked.found.iter().enumerate() {
            let what = match changed.binary_search(&place) {
                Ok(_) if bulk.writing.dry_run => format!("would be {}", verb.participle),
                Ok(_) => verb.participle.to_owned(),
                Err(_) => verb.already.to_owned(),
            };
            write!(out, "{what}")?;
            output::todo_line(&mut out, paint, todo)?;
        }
    }
    Ok(out.flush()?)
}
