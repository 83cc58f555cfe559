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
use crate::cli::write::{self, Committed, Writing};
use crate::domain::change::{Act, Change};
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

/// The direction in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Undo,
    Redo,
}

impl Direction {
    const fn nothing(self) -> CliError {
        match self {
            Self::Undo => CliError::NothingToUndo,
            Self::Redo => CliError::NothingToRedo,
        }
    }
}

#[derive(Serialize)]
struct UndoOutput<'a> {
    changed: ShownAll<'a>,
    not_found: Vec<String>,
    changed_since: ShownAll<'a>,
    /// Null if all of it was changed since.
    undone: Option<Undone<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redone: Option<Undone<'a>>,
    /// Rejected texts that are back in the queue.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    restored: Vec<Restored<'a>>,
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

#[derive(Serialize)]
struct Restored<'a> {
    key: String,
    text: &'a str,
}

/// Undoes what the last command changed on this device.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let known = context.known()?;
    if arguments.list {
        return list(context, arguments, &known);
    }
    apply(context, &arguments.writing, &known, Direction::Undo)
}

/// Redoes what `undo` undid last on this device.
pub(crate) fn redo(context: &CommandContext, arguments: &RedoArguments) -> Result<(), CliError> {
    apply(
        context,
        &arguments.writing,
        &context.known()?,
        Direction::Redo,
    )
}

fn apply(
    context: &CommandContext,
    writing: &Writing,
    known: &KnownProfile,
    direction: Direction,
) -> Result<(), CliError> {
    let mut store = known.open()?;
    if writing.dry_run {
        let mut preview = preview(context, &mut store, direction)?;
        for todo in &mut preview.todos {
            // A dry run makes nothing pending.
            todo.state = store
                .todo(todo.key)?
                .map_or(SyncState::Synced, |it| it.state);
        }
        context.notice("dry run: nothing was changed");
        return answer(context, writing, preview, direction);
    }
    match direction {
        Direction::Undo if store.history(Session::Cli)?.is_empty() => {
            return Err(direction.nothing());
        }
        Direction::Undo => {}
        Direction::Redo => {
            preview(context, &mut store, direction)?;
        }
    }
    pull_first(context, known, &mut store)?;
    let expected = preview(context, &mut store, direction)?;
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
            let found = match direction {
                Direction::Undo => store.undo(Session::Cli, now, &mut fresh)?,
                Direction::Redo => store.redo(Session::Cli, now, &mut fresh)?,
            };
            let found = undone.insert(found.ok_or_else(|| direction.nothing())?);
            Ok(Committed {
                todos: found.todos.clone(),
                restored: found.restored.clone(),
            })
        },
    )?;
    let undone = undone.ok_or_else(|| direction.nothing())?;
    let todos = written.todos;
    answer(context, writing, UndoReport { todos, ..undone }, direction)?;
    written.rejected.map_or(Ok(()), Err)
}

/// Pulls, so that changes made elsewhere are not undone with it. Skipped if changes
/// are unsent: a round would send them, perhaps the ones to undo.
fn pull_first(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
) -> Result<(), CliError> {
    if !write::has_unsent(store)? {
        // Offline, the local state is used.
        let _ = network::attempt(context, known, store, SyncOptions::DEFAULT)?;
    }
    Ok(())
}

fn preview(
    context: &CommandContext,
    store: &mut Store,
    direction: Direction,
) -> Result<UndoReport, CliError> {
    let mut fresh = || context.clock.key().uuid();
    let now = context.clock.now();
    let report = match direction {
        Direction::Undo => store.preview_undo(Session::Cli, now, &mut fresh)?,
        Direction::Redo => store.preview_redo(Session::Cli, now, &mut fresh)?,
    };
    report.ok_or_else(|| direction.nothing())
}

fn answer(
    context: &CommandContext,
    writing: &Writing,
    undone: UndoReport,
    direction: Direction,
) -> Result<(), CliError> {
    let unchanged =
        undone.changes.is_empty() && undone.restored.is_empty() && undone.gone.is_empty();
    let untouched = unchanged && !undone.overlaps.is_empty();
    if unchanged && !untouched {
        context.notice("nothing to change: everything is as it was before");
    }
    print(context, writing, &undone, direction, untouched)?;
    let verb = if writing.dry_run { "would be" } else { "is" };
    for restored in restored(&undone.restored) {
        let text = plain(restored.text);
        context.notice(format!(
            "your rejected text `{text}` {verb} back in the queue"
        ));
    }
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
    direction: Direction,
    untouched: bool,
) -> Result<(), CliError> {
    let mut out = output::stdout();
    if let Some(Fields(fields)) = &writing.json {
        let past = |way| (direction == way && !untouched).then(|| Undone::of(&undone.action));
        let still: Vec<Todo> = undone.overlaps.iter().map(|it| it.todo.clone()).collect();
        let answer = UndoOutput {
            changed: ShownAll(&undone.todos, fields),
            not_found: undone
                .gone
                .iter()
                .map(|it| it.handle().to_string())
                .collect(),
            changed_since: ShownAll(&still, fields),
            undone: past(Direction::Undo),
            redone: past(Direction::Redo),
            restored: restored(&undone.restored).collect(),
            dry_run: writing.dry_run,
        };
        output::json(&mut out, &answer)?;
    } else if undone.undid_anything() {
        let what = match direction {
            Direction::Undo if writing.dry_run => "would undo",
            Direction::Redo if writing.dry_run => "would redo",
            Direction::Undo => "undone",
            Direction::Redo => "redone",
        };
        writeln!(out, "{what}: {}", described(&undone.action))?;
        for todo in &undone.todos {
            if undone.deletes(todo.key) {
                write!(out, "{}  ", output::verb("removed"))?;
            }
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

/// Returns the texts of rejected edits that are back in the queue.
fn restored(edits: &[Change]) -> impl Iterator<Item = Restored<'_>> {
    edits.iter().filter_map(|change| match &change.act {
        Act::Edit { after: text, .. } => Some(Restored {
            key: change.todo.to_string(),
            text,
        }),
        Act::Add { .. } | Act::Remove { .. } => None,
    })
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
