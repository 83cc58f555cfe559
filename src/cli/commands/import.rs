//! `tudone import`.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use uuid::Uuid;

use crate::cli::context::{CommandContext, KnownProfile};
use crate::cli::error::CliError;
use crate::cli::formats::{Format, Imported, Parsed, parse};
use crate::cli::json::{Fields, ShownAll};
use crate::cli::output;
use crate::cli::write::{self, Writing};
use crate::domain::change::{Act, Change};
use crate::domain::key::Key;
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::text::sanitize::plain;

/// How many skipped lines are reported one by one.
const REPORTED: usize = 20;

/// The arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file; `-` is standard input
    file: PathBuf,

    /// The format; by default from name and content
    #[arg(long, value_name = "F", value_enum)]
    format: Option<Format>,

    /// Import todos again that were imported before
    #[arg(long)]
    again: bool,

    /// Import nothing when a line cannot be imported
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    writing: Writing,
}

/// Adds the todos of a file that do not exist yet.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let parsed = read(arguments)?;
    let known = context.known()?;
    for (line, why) in parsed.left_out.iter().take(REPORTED) {
        context.notice(format!("line {line} {why}"));
    }
    for (what, count) in &parsed.lost {
        context.notice(format!(
            "not imported: {count} {what} (a todo has no such field)"
        ));
    }
    let left_out = parsed.left_out.len();
    if arguments.strict && left_out > 0 {
        return Err(CliError::LeftOut {
            count: left_out,
            imported: false,
        });
    }
    let mut store = known.open()?;
    let total = parsed.todos.len();
    let changes = changes(context, arguments, &known, &store, parsed.todos)?;
    let already = total - changes.len();
    if arguments.writing.dry_run {
        context.notice("dry run: nothing was added");
        print(arguments, &texts(&changes), &[], already, left_out)?;
    } else {
        let wait = arguments.writing.wait;
        let written = write::commit(context, &known, &mut store, "added", &changes, wait)?;
        let printed = print(arguments, &[], &written.todos, already, left_out);
        write::answer_printed("added", &written.todos, printed)?;
        written.rejected.map_or(Ok(()), Err)?;
    }
    if left_out > 0 {
        return Err(CliError::LeftOut {
            count: left_out,
            imported: true,
        });
    }
    Ok(())
}

fn read(arguments: &Arguments) -> Result<Parsed, CliError> {
    let path = Some(arguments.file.as_path()).filter(|it| *it != Path::new("-"));
    let name = path.map_or_else(
        || "standard input".to_owned(),
        |path| path.display().to_string(),
    );
    let content = if let Some(path) = path {
        std::fs::read(path)
    } else {
        let mut content = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut content);
        read.map(|_| content)
    };
    let content = content.map_err(CliError::io(format!("read {name}")))?;
    let format = arguments.format.or_else(|| Format::guess(path, &content));
    let format = format.ok_or_else(|| {
        CliError::usage(
            format!("cannot detect the format of {name}"),
            "Add --format todotxt, json, jsonl, csv, markdown, taskwarrior or todoist.",
        )
    })?;
    parse(format, &content).map_err(|why| {
        CliError::usage(
            format!("cannot read {name} in this format: {why}"),
            "Check the file, or name another format with --format.",
        )
    })
}

/// Returns the adds of the todos that are not in the store.
fn changes(
    context: &CommandContext,
    arguments: &Arguments,
    known: &KnownProfile,
    store: &Store,
    todos: Vec<Imported>,
) -> Result<Vec<Change>, CliError> {
    let mut seen: HashMap<Key, usize> = HashMap::new();
    let mut taken = HashSet::new();
    let mut wanted = Vec::new();
    for Imported { text, key, .. } in todos {
        let key = if arguments.again {
            context.clock.key()
        } else {
            let first = key_of(known, &text, 1);
            let occurrence = seen.entry(first).or_default();
            *occurrence += 1;
            let nth = || match *occurrence {
                1 => first,
                n => key_of(known, &text, n),
            };
            key.unwrap_or_else(nth)
        };
        if taken.insert(key) {
            wanted.push((key, text));
        }
    }
    let existing = store.todos(wanted.iter().map(|(key, _)| *key))?;
    let missing = wanted
        .into_iter()
        .zip(existing)
        .filter(|(_, existing)| existing.is_none());
    let add = |((key, text), _)| context.clock.change(key, Act::Add { text });
    Ok(missing.map(add).collect())
}

/// Returns the key of the n-th todo with this text: the same file makes the same
/// keys for the same account.
fn key_of(known: &KnownProfile, text: &str, occurrence: usize) -> Key {
    let account = &known.known.account;
    let name = format!(
        "{}\n{}\n{}\n{occurrence}\n{text}",
        account.issuer, account.sub, account.endpoint
    );
    Key::new(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
}

fn texts(changes: &[Change]) -> Vec<&str> {
    let mut texts = Vec::with_capacity(changes.len());
    for change in changes {
        if let Act::Add { text } = &change.act {
            texts.push(text.as_str());
        }
    }
    texts
}

fn print(
    arguments: &Arguments,
    would_add: &[&str],
    added: &[Todo],
    already: usize,
    left_out: usize,
) -> Result<(), CliError> {
    let mut out = output::stdout();
    if let Some(Fields(fields)) = &arguments.writing.json {
        let mut answer = json!({
            "todos": ShownAll(added, fields),
            "already_there": already,
            "left_out": left_out,
        });
        if arguments.writing.dry_run {
            answer["would_add"] = json!(would_add);
        }
        output::json(&mut out, &answer)?;
    } else if arguments.writing.dry_run {
        for text in would_add {
            writeln!(out, "would be added: {}", plain(text))?;
        }
    } else {
        let todos = |count: usize| if count == 1 { "todo" } else { "todos" };
        let count = added.len();
        write!(out, "added {count} {}", todos(count))?;
        if already > 0 {
            write!(out, "; {already} already there")?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}
