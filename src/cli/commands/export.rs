//! `tudone export`.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::formats::{Format, Writer};
use crate::cli::output::{self, count_of_todos};
use crate::domain::query::{Query, Scope};
use crate::os::private_file;
use crate::store::Store;
use crate::text::sanitize::plain;

/// The arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file to write, instead of standard output
    file: Option<PathBuf>,

    /// The format: todotxt, json, jsonl, csv or markdown; by default from the name of the file
    #[arg(long, value_name = "F", value_enum, hide_possible_values = true)]
    format: Option<Format>,
}

/// Writes all todos of the local store, open and done.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let path = arguments.file.as_deref().filter(|it| *it != Path::new("-"));
    let format = arguments.format.or_else(|| path.and_then(Format::of_name));
    let format = format.ok_or_else(|| {
        CliError::usage(
            "no format given, and the name of the file does not imply one",
            "Add --format todotxt, json, jsonl, csv or markdown.",
        )
    })?;
    let store = context.known()?.read()?;
    if path.is_none() && !io::stdout().is_terminal() {
        return write(store.as_ref(), format, output::stdout()).map(drop);
    }
    let mut bytes = Vec::new();
    let count = write(store.as_ref(), format, &mut bytes)?;
    let Some(path) = path else {
        // A terminal would obey control characters in todos.
        let mut out = output::stdout();
        for line in String::from_utf8_lossy(&bytes).lines() {
            writeln!(out, "{}", plain(line))?;
        }
        return Ok(out.flush()?);
    };
    let what = format!("write {}", path.display());
    // A directory is misspelt more often than missing.
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let found = folder.map_or(Ok(()), |folder| fs::metadata(folder).map(drop));
    let written = found.and_then(|()| private_file::replace(path, &bytes));
    written.map_err(CliError::io(what))?;
    context.notice(format!("exported {}", count_of_todos(count)));
    Ok(())
}

/// Writes the todos, and returns how many there are.
fn write(store: Option<&Store>, format: Format, out: impl Write) -> Result<usize, CliError> {
    let Some(mut writer) = Writer::new(format, out)? else {
        return Err(CliError::usage(
            "this format can only be imported",
            "Use todotxt, json, jsonl, csv or markdown.",
        ));
    };
    let query = Query {
        scope: Scope::All,
        ..Query::default()
    };
    let mut count = 0;
    let mut written = Ok(());
    if let Some(store) = store {
        store.each(&query, |todo| {
            written = writer.write(todo);
            count += 1;
            match written {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })?;
    }
    written?;
    writer.finish()?;
    Ok(count)
}
