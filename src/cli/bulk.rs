//! Commands on todos that are selected by handles or a filter: asks, changes them
//! in one undoable step, prints the result.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;

use clap::Args;
use serde::Serialize;

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::json::{Fields, ShownAll};
use crate::cli::output;
use crate::cli::pick::{self, Pick, Picked};
use crate::cli::write::{Writing, answer_printed, commit, done_to, has_unsent};
use crate::domain::change::Act;
use crate::domain::key::Key;
use crate::domain::query::Scope;
use crate::domain::todo::Todo;

/// Flags of commands that write to many todos.
#[derive(Debug, Clone, Args)]
pub(crate) struct Bulk {
    #[command(flatten)]
    pub(crate) pick: Pick,

    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) writing: Writing,
}

/// The words of a command on many todos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verb {
    /// For the question: `Delete`.
    pub(crate) imperative: &'static str,
    /// For the history: `removed`.
    pub(crate) participle: &'static str,
    /// For a todo that needed no change: `already done`.
    pub(crate) already: &'static str,
    /// The todos that a filter selects unless a term widens it.
    pub(crate) scope: Option<Scope>,
    /// Whether it also asks when handles are given.
    pub(crate) asks: bool,
}

#[derive(Serialize)]
struct BulkOutput<'a> {
    changed: ShownAll<'a>,
    not_found: Vec<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// Runs a command on the todos that `bulk` selects: `act` returns the change of
/// each, or `None` if none is needed.
///
/// # Errors
///
/// [`CliError::NotFound`] after the todos that were found are changed.
pub(crate) fn carry_out(
    context: &CommandContext,
    bulk: &Bulk,
    verb: Verb,
    act: impl Fn(&Todo) -> Result<Option<Act>, CliError>,
) -> Result<(), CliError> {
    let handles = bulk.pick.typed_handles(context)?;
    let known = context.known()?;
    let mut store = known.open()?;
    let filtered = bulk.pick.selection.is_used();
    let mut picked = if filtered {
        pick::by_selection(context, &known, &store, &bulk.pick.selection, verb.scope)?
    } else if bulk.writing.dry_run && has_unsent(&store)? {
        // A pull would also push the pending changes.
        pick::among_known(&store, &handles)?
    } else {
        pick::by_handles(context, &known, &mut store, &handles)?
    };
    let mut changes = Vec::new();
    for todo in &mut picked.found {
        let Some(act) = act(todo)? else { continue };
        if let (true, Act::Edit { after, .. }) = (bulk.writing.dry_run, &act) {
            todo.text.clone_from(after);
        }
        changes.push(context.clock.change(todo.key, act));
    }
    let affected: HashSet<Key> = changes.iter().map(|change| change.todo).collect();
    if filtered && picked.found.is_empty() {
        context.notice("no todo matches");
    }
    let ask = (filtered || verb.asks) && !bulk.yes && !bulk.writing.dry_run;
    if ask && !changes.is_empty() {
        context.confirm(&question(verb, &only(&affected, &picked.found)))?;
    }
    let mut rejected = None;
    if bulk.writing.dry_run {
        if !picked.found.is_empty() {
            context.notice("dry run: nothing was changed");
        }
    } else {
        let written = commit(
            context,
            &known,
            &mut store,
            verb.participle,
            &changes,
            bulk.writing.wait,
        )?;
        replace(&mut picked.found, written.todos);
        rejected = written.rejected;
    }
    let printed = print(context, bulk, verb, &picked, &affected);
    if bulk.writing.dry_run {
        printed?;
    } else {
        let done = output::verb(verb.participle);
        answer_printed(|| done_to(done, only(&affected, &picked.found)), printed)?;
    }
    match (picked.error(), rejected) {
        (Some(error), _) | (None, Some(error)) => Err(error),
        (None, None) => Ok(()),
    }
}

/// Replaces todos by their `written` versions.
fn replace(found: &mut [Todo], written: Vec<Todo>) {
    let written = written.into_iter().map(|todo| (todo.key, todo));
    let mut written: HashMap<Key, Todo> = written.collect();
    for todo in found {
        if let Some(now) = written.remove(&todo.key) {
            *todo = now;
        }
    }
}

/// Returns those of `todos` that are `affected`.
fn only<'a>(affected: &HashSet<Key>, todos: &'a [Todo]) -> Vec<&'a Todo> {
    let is_affected = |todo: &&Todo| affected.contains(&todo.key);
    todos.iter().filter(is_affected).collect()
}

fn question(verb: Verb, todos: &[&Todo]) -> String {
    match todos {
        [todo] => format!("{} {} `{}`?", verb.imperative, todo.handle(), todo.text),
        todos => format!("{} {} todos?", verb.imperative, todos.len()),
    }
}

/// Prints the selected todos; those that are not `affected` needed no change.
fn print(
    context: &CommandContext,
    bulk: &Bulk,
    verb: Verb,
    picked: &Picked,
    affected: &HashSet<Key>,
) -> Result<(), CliError> {
    let mut out = output::stdout();
    if let Some(Fields(fields)) = &bulk.writing.json {
        let answer = BulkOutput {
            changed: ShownAll(&picked.found, fields),
            not_found: picked.not_found(),
            dry_run: bulk.writing.dry_run,
        };
        output::json(&mut out, &answer)?;
    } else {
        let paint = context.paint();
        for todo in &picked.found {
            let what = match affected.contains(&todo.key) {
                true if bulk.writing.dry_run => {
                    format!("would be {}", output::verb(verb.participle))
                }
                true => output::verb(verb.participle).to_owned(),
                false => verb.already.to_owned(),
            };
            write!(out, "{what}  ")?;
            output::todo_line(&mut out, paint, todo)?;
        }
    }
    Ok(out.flush()?)
}
