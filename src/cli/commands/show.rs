//! `tudone show`.

use std::io::{self, Write as _};

use clap::Args;
use serde_json::json;

use crate::cli::commands::list::moment;
use crate::cli::commands::queue::QueueItem;
use crate::cli::context::{CommandContext, KnownProfile, outbox};
use crate::cli::error::CliError;
use crate::cli::json::{Fields, ShownAll};
use crate::cli::output;
use crate::cli::pick::{Pick, Picked, Selection, among_known, by_handles};
use crate::cli::write::has_unsent;
use crate::domain::history::HistoryEntry;
use crate::domain::line::{Line, Priority};
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::text::sanitize::plain;

/// The arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The todos: `42`, `n3`, or 8 characters of a key; `-` reads handles from
    /// standard input
    #[arg(value_name = "HANDLE", required = true)]
    handles: Vec<String>,

    /// Print JSON; `--json=id,text` selects fields
    #[arg(
        long,
        value_name = "FIELDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    json: Option<Fields>,
}

/// Prints all details of todos: parts, dates, unsent changes, history.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let pick = Pick {
        handles: arguments.handles.clone(),
        selection: Selection::default(),
    };
    let handles = pick.typed_handles(context)?;
    let known = context.known()?;
    let (store, picked) = find(context, &known, &handles)?;
    let items = items(&store)?;
    let mut out = output::stdout();
    if let Some(Fields(fields)) = &arguments.json {
        let is_shown = |it: &&QueueItem| picked.found.iter().any(|todo| it.is_of_todo(todo.key));
        let changes: Vec<&QueueItem> = items.iter().filter(is_shown).collect();
        let answer = json!({
            "todos": ShownAll(&picked.found, fields),
            "changes": changes,
            "not_found": picked.not_found(),
        });
        output::json(&mut out, &answer)?;
    } else {
        for (place, todo) in picked.found.iter().enumerate() {
            if place > 0 {
                writeln!(out)?;
            }
            page(context, &mut out, todo)?;
            for change in items.iter().filter(|it| it.is_of_todo(todo.key)) {
                change.page(&mut out)?;
            }
            for past in store.history_of(todo)? {
                line_of_history(context, &mut out, &past)?;
            }
        }
    }
    out.flush()?;
    picked.error().map_or(Ok(()), Err)
}

/// Finds the todos. Pulls only if no change is unsent: a round would send it.
fn find(
    context: &CommandContext,
    known: &KnownProfile,
    handles: &[String],
) -> Result<(Store, Picked), CliError> {
    if let Some(store) = known.read()? {
        let picked = among_known(&store, handles)?;
        if picked.missing.is_empty() || has_unsent(&store)? {
            return Ok((store, picked));
        }
    }
    let mut store = known.open()?;
    let picked = by_handles(context, known, &mut store, handles)?;
    Ok((store, picked))
}

fn items(store: &Store) -> Result<Vec<QueueItem>, CliError> {
    let queued = outbox(store)?.into_iter();
    queued.map(|queued| QueueItem::new(store, queued)).collect()
}

fn page(context: &CommandContext, out: &mut impl io::Write, todo: &Todo) -> io::Result<()> {
    let line = Line::new(&todo.text);
    let at = |at: Option<jiff::Timestamp>| at.map(|at| moment(context, at));
    let list = |words: Vec<&str>| (!words.is_empty()).then(|| words.join(", "));
    writeln!(out, "{}", plain(&todo.text))?;
    let fields = [
        ("handle", Some(todo.handle().to_string())),
        ("key", Some(todo.key.to_string())),
        ("state", Some(todo.state.word().to_owned())),
        (
            "done",
            Some(if line.is_done() { "yes" } else { "no" }.to_owned()),
        ),
        ("completed", line.completed_on().map(|day| day.to_string())),
        (
            "priority",
            line.priority().map(Priority::letter).map(String::from),
        ),
        ("due", line.due().map(|day| day.to_string())),
        ("starts", line.start().map(|day| day.to_string())),
        ("projects", list(line.projects().collect())),
        ("contexts", list(line.contexts().collect())),
        ("created", at(todo.created_at)),
        ("changed", at(todo.updated_at)),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            writeln!(out, "  {name:<9} {}", plain(&value))?;
        }
    }
    Ok(())
}

fn line_of_history(
    context: &CommandContext,
    out: &mut impl io::Write,
    past: &HistoryEntry,
) -> io::Result<()> {
    let (when, verb) = (moment(context, past.at), output::verb(&past.verb));
    writeln!(out, "  {when:<16}  {verb} on this device")
}
