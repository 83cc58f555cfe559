//! `tudone undo` and `tudone redo`.

use std::io::{self, Write as _};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::commands::list::moment;
use crate::cli::context::{CommandContext, KnownProfile};
use crate::cli::error::CliError;
use crate::cli::json::{Fields, ShownAll};
use crate::cli::network::{self, SyncOptions};
use crate::cli::output;
use crate::cli::write::{self, Writing};
use crate::domain::history::{HistoryEntry, Session, UndoReport};
use crate::domain::todo::{SyncState, Todo};
use crate::store::Store;
use crate::text::sanitize::plain;

/// The arguments of `undo`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// List what can be undone, newest first, and change nothing
    #[arg(long, conflicts_with_all = ["wait", "dry_run"])]
    list: bool,

    #[command(flatten)]
    writing: Writing,
}

/// The arguments of `redo`.
#[derive(Debug, Args)]
pub(crate) struct RedoArguments {
    #[command(flatten)]
    writing: Writing,
}

/// Which way to go in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Undo,
    Redo,
}

impl Turn {
    const fn nothing(self) -> CliError {
        match self {
            Self::Undo => CliError::NothingToUndo,
            Self::Redo => CliError::NothingToRedo,
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    changed: ShownAll<'a>,
    not_found: Vec<String>,
    changed_since: ShownAll<'a>,
    /// Null where all of it was changed since.
    undone: Option<Undone<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redone: Option<Undone<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

#[derive(Serialize)]
struct Undone<'a> {
    at: Timestamp,
    verb: &'a str,
    count: u64,
    text: &'a str,
}

/// Undoes what the last command changed on this device.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let known = context.known()?;
    if arguments.list {
        return list(context, arguments, &known);
    }
    turn(context, &arguments.writing, &known, Turn::Undo)
}

/// Redoes what `undo` undid last on this device.
pub(crate) fn redo(context: &CommandContext, arguments: &RedoArguments) -> Result<(), CliError> {
    turn(context, &arguments.writing, &context.known()?, Turn::Redo)
}

fn turn(
    context: &CommandContext,
    writing: &Writing,
    known: &KnownProfile,
    turn: Turn,
) -> Result<(), CliError> {
    let mut store = known.open()?;
    if writing.dry_run {
        let mut imagined = imagined(context, &mut store, turn)?;
        for todo in &mut imagined.todos {
            // A dry run makes nothing pending.
            todo.state = store
                .todo(todo.key)?
                .map_or(SyncState::Synced, |it| it.state);
        }
        context.notice("dry run: nothing was changed");
        return answer(context, writing, imagined, turn);
    }
    match turn {
        Turn::Undo if store.history(Session::Cli)?.is_empty() => return Err(turn.nothing()),
        Turn::Undo => {}
        Turn::Redo => {
            imagined(context, &mut store, turn)?;
        }
    }
    look(context, known, &mut store)?;
    let expected = imagined(context, &mut store, turn)?;
    let mut undone = None;
    let written = write::commit_by(
        context,
        known,
        &mut store,
        &expected.changes,
        writing.wait,
        |store| {
            let mut fresh = || context.clock.key().uuid();
            let now = context.clock.now();
            let found = match turn {
                Turn::Undo => store.undo(Session::Cli, now, &mut fresh)?,
                Turn::Redo => store.redo(Session::Cli, now, &mut fresh)?,
            };
            let found = undone.insert(found.ok_or_else(|| turn.nothing())?);
            Ok(found.todos.clone())
        },
    )?;
    let undone = undone.ok_or_else(|| turn.nothing())?;
    let todos = written.todos;
    answer(context, writing, UndoReport { todos, ..undone }, turn)?;
    written.refused.map_or(Ok(()), Err)
}

/// Pulls, so that changes made elsewhere are not undone with it. Skipped where
/// changes are unsent: a round would send them, perhaps the ones to undo.
fn look(context: &CommandContext, known: &KnownProfile, store: &mut Store) -> Result<(), CliError> {
    if !write::has_unsent(store)? {
        // Offline, the store's state has to do.
        let _ = network::attempt(context, known, store, SyncOptions::USUAL)?;
    }
    Ok(())
}

fn imagined(
    context: &CommandContext,
    store: &mut Store,
    turn: Turn,
) -> Result<UndoReport, CliError> {
    let mut fresh = || context.clock.key().uuid();
    let now = context.clock.now();
    let imagined = match turn {
        Turn::Undo => store.preview_undo(Session::Cli, now, &mut fresh)?,
        Turn::Redo => store.preview_redo(Session::Cli, now, &mut fresh)?,
    };
    imagined.ok_or_else(|| turn.nothing())
}

fn answer(
    context: &CommandContext,
    writing: &Writing,
    undone: UndoReport,
    turn: Turn,
) -> Result<(), CliError> {
    let as_it_is = undone.changes.is_empty() && undone.gone.is_empty();
    let untouched = as_it_is && !undone.overlaps.is_empty();
    if as_it_is && !untouched {
        context.notice("nothing to change: it is as it was before");
    }
    print(context, writing, &undone, turn, untouched)?;
    if undone.overlaps.is_empty() && undone.gone.is_empty() {
        return Ok(());
    }
    Err(CliError::NotUndone {
        changed: undone.overlaps,
        gone: undone.gone,
    })
}

fn print(
    context: &CommandContext,
    writing: &Writing,
    undone: &UndoReport,
    turn: Turn,
    untouched: bool,
) -> Result<(), CliError> {
    let mut out = output::stdout();
    if let Some(Fields(fields)) = &writing.json {
        let past = |way| (turn == way && !untouched).then(|| Undone::of(&undone.past));
        let still: Vec<Todo> = undone.overlaps.iter().map(|it| it.todo.clone()).collect();
        let answer = Answer {
            changed: ShownAll(&undone.todos, fields),
            not_found: undone
                .gone
                .iter()
                .map(|it| it.handle().to_string())
                .collect(),
            changed_since: ShownAll(&still, fields),
            undone: past(Turn::Undo),
            redone: past(Turn::Redo),
            dry_run: writing.dry_run,
        };
        output::json(&mut out, &answer)?;
    } else if undone.undid_anything() {
        let what = match turn {
            Turn::Undo if writing.dry_run => "would undo",
            Turn::Redo if writing.dry_run => "would redo",
            Turn::Undo => "undone",
            Turn::Redo => "redone",
        };
        writeln!(out, "{what}: {}", described(&undone.past))?;
        for todo in &undone.todos {
            output::todo_line(&mut out, context.paint(), todo)?;
        }
    }
    Ok(out.flush()?)
}

fn list(
    context: &CommandContext,
    arguments: &Arguments,
    known: &KnownProfile,
) -> Result<(), CliError> {
    let acts = match known.read()? {
        Some(store) => store.history(Session::Cli)?,
        None => Vec::new(),
    };
    let mut out = output::stdout();
    if arguments.writing.json.is_some() {
        let acts: Vec<Undone<'_>> = acts.iter().map(Undone::of).collect();
        output::json(&mut out, &serde_json::json!({ "acts": acts }))?;
    } else {
        if acts.is_empty() {
            context.notice("nothing to undo");
        }
        for past in &acts {
            line(context, &mut out, past)?;
        }
    }
    Ok(out.flush()?)
}

fn line(context: &CommandContext, out: &mut impl io::Write, past: &HistoryEntry) -> io::Result<()> {
    writeln!(out, "{:<16}  {}", moment(context, past.at), described(past))
}

/// Describes an entry: `completed 3 todos: buy milk …`
fn described(past: &HistoryEntry) -> String {
    let HistoryEntry {
        verb, count, text, ..
    } = past;
    match count {
        1 => format!("{} `{}`", output::verb(verb), plain(text)),
        _ => format!("{} {count} todos: `{}` …", output::verb(verb), plain(text)),
    }
}

impl<'a> Undone<'a> {
    fn of(past: &'a HistoryEntry) -> Self {
        Self {
            at: past.at,
            verb: &past.verb,
            count: past.count,
            text: &past.text,
        }
    }
}
