//! `tudone add`.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::context::CommandContext;
use crate::cli::error::{CliError, KEY_DELETED};
use crate::cli::json::{Fields, ShownAll};
use crate::cli::output::{self, Dates, TodoLines};
use crate::cli::write::{self, Writing};
use crate::domain::change::Act;
use crate::domain::key::Key;
use crate::domain::line::Revision;
use crate::domain::todo::{SyncState, Todo};
use crate::domain::typed::{Rules, TypedError};
use crate::text::sanitize::plain;

/// The arguments of `add`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The todo; `-` reads todos from standard input, one per line
    #[arg(required_unless_present = "null")]
    text: Vec<String>,

    /// Read todos from standard input, separated by NUL
    #[arg(short = '0', long = "null")]
    null: bool,

    /// The due date: 2026-12-01, tomorrow, fri, +3d
    #[arg(long, value_name = "D")]
    due: Option<String>,

    /// The priority: A to Z
    #[arg(long, value_name = "P")]
    pri: Option<String>,

    /// The key of the new todo: repeating the command adds nothing
    #[arg(long, value_name = "UUID")]
    key: Option<Uuid>,

    /// Do not turn `due:tomorrow` into a date
    #[arg(long)]
    literal: bool,

    #[command(flatten)]
    writing: Writing,
}

#[derive(Serialize)]
struct Added<'a> {
    todos: ShownAll<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// Adds one todo, or one for each line: all of them, or none.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let texts = texts(context, arguments)?;
    let known = context.known()?;
    for text in &texts {
        for notice in rules(context, arguments).notices(text) {
            context.notice(notice.to_string());
        }
    }
    let key = arguments.key.map(Key::new);
    if let (Some(_), [_, _, ..]) = (key, texts.as_slice()) {
        let help = "Add them one by one, each with its own key.";
        return Err(CliError::usage("--key names one todo", help));
    }
    let fresh = || key.unwrap_or_else(|| context.clock.key());
    let act = |text: String| context.clock.change(fresh(), Act::Add { text });
    let changes: Vec<_> = texts.into_iter().map(act).collect();
    if arguments.writing.dry_run {
        context.notice("dry run: nothing was added");
        let todos: Vec<Todo> = changes.into_iter().filter_map(preview_of).collect();
        return print(context, arguments, &todos);
    }
    let mut store = known.open()?;
    if let Some(key) = key
        && let Some(todo) = store.todo(key)?
    {
        context.notice("already added; nothing was changed");
        return print(context, arguments, &[todo]);
    }
    let wait = arguments.writing.wait;
    let written = write::commit(context, &known, &mut store, "added", &changes, wait)?;
    if let Some(key) = key
        && written.rejected.is_none()
        && store.todo(key)?.is_none()
    {
        let message = "a todo with this key was deleted".to_owned();
        let changes = vec![(key.to_string(), KEY_DELETED.to_owned(), message)];
        return Err(CliError::Refused { changes });
    }
    let printed = print(context, arguments, &written.todos);
    write::answer_printed(|| write::done_to("added", &written.todos), printed)?;
    written.rejected.map_or(Ok(()), Err)
}

/// Returns the todo that an add would make.
fn preview_of(change: crate::domain::change::Change) -> Option<Todo> {
    match change.act {
        Act::Add { text } => Some(Todo {
            key: change.todo,
            id: None,
            local: None,
            text,
            state: SyncState::Pending,
            created_at: None,
            updated_at: None,
        }),
        Act::Edit { .. } | Act::Remove { .. } => None,
    }
}

fn print(context: &CommandContext, arguments: &Arguments, todos: &[Todo]) -> Result<(), CliError> {
    let mut out = output::stdout();
    if let Some(Fields(fields)) = &arguments.writing.json {
        let answer = Added {
            todos: ShownAll(todos, fields),
            dry_run: arguments.writing.dry_run,
        };
        output::json(&mut out, &answer)?;
    } else {
        let today = context.clock.today();
        let later = true;
        let lines = TodoLines {
            dates: Some(Dates { today, later }),
            ..TodoLines::plain(context.paint())
        };
        for todo in todos {
            if arguments.writing.dry_run {
                writeln!(out, "would be added: {}", plain(&todo.text))?;
            } else if io::stdout().is_terminal() {
                // As it was parsed.
                lines.write(&mut out, todo)?;
            } else {
                writeln!(out, "{}", todo.handle())?;
            }
        }
    }
    Ok(out.flush()?)
}

fn rules(context: &CommandContext, arguments: &Arguments) -> Rules {
    Rules {
        today: context.clock.today(),
        literal: arguments.literal,
    }
}

/// Returns the due date and the priority to write into each new todo.
fn revisions(context: &CommandContext, arguments: &Arguments) -> Result<Vec<Revision>, CliError> {
    let rules = rules(context, arguments);
    let wrong = |source: TypedError| CliError::usage(source.to_string(), source.help());
    let mut revisions = Vec::new();
    if let Some(word) = &arguments.due {
        revisions.push(Revision::Due(rules.check_date(word).map_err(wrong)?));
    }
    if let Some(word) = &arguments.pri {
        let found = rules.check_priority(word).map_err(wrong)?;
        revisions.push(Revision::Priority(found));
    }
    Ok(revisions)
}

/// Returns the texts to add, checked, with their dates resolved.
fn texts(context: &CommandContext, arguments: &Arguments) -> Result<Vec<String>, CliError> {
    let rules = rules(context, arguments);
    let revisions = revisions(context, arguments)?;
    let check = |text: &str, place: String| match rules.check(text) {
        Ok(typed) => Revision::apply_all(&revisions, &typed.text).map_err(|source| {
            let handle = "the new todo".to_owned();
            CliError::Line { handle, source }
        }),
        Err(source) => Err(CliError::Typed { place, source }),
    };
    let from_stdin = match arguments.text.as_slice() {
        [] => true,
        [dash] => dash == "-",
        _ => false,
    };
    if !from_stdin {
        if arguments.null {
            let help = "Use `-0` alone, or the text without it.";
            return Err(CliError::usage("-0 reads stdin and takes no text", help));
        }
        let text = arguments.text.join(" ");
        return Ok(vec![check(&text, "not a valid todo".to_owned())?]);
    }
    let mut input = String::new();
    io::stdin()
        .lock()
        .read_to_string(&mut input)
        .map_err(CliError::io("read standard input"))?;
    let separator = if arguments.null { '\0' } else { '\n' };
    let mut texts = Vec::new();
    for (number, line) in input.split(separator).enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let place = format!(
            "line {} of the input is not a valid todo; nothing was added",
            number + 1
        );
        match check(line, place) {
            Ok(text) => texts.push(text),
            Err(CliError::Typed {
                source: TypedError::Blank,
                ..
            }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(texts)
}
