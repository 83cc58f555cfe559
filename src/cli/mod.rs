//! The command line: parses it, runs one command, reports its error.
//!
//! `commands` has one file per command; what several of them share is beside it.

use std::cell::Cell;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::cli::exit::Exit;
use crate::cli::json::Field;
use crate::cli::report::ErrorFormat;

mod arguments;
mod bulk;
mod clock;
pub(crate) mod color;
mod commands;
mod completion;
mod context;
mod duration;
mod editor;
pub mod error;
mod examples;
pub mod exit;
mod formats;
mod json;
mod log;
mod network;
mod output;
mod pager;
mod pick;
mod progress;
mod prompt;
mod rejected;
mod report;
mod shutdown;
mod successors;
mod sync_skipped;
mod topics;
mod usage_tips;
mod write;

use arguments::{Arguments, Command, Deferred};
use clock::Clock;
use context::CommandContext;
use error::CliError;
use network::PendingRefresh;

/// Runs one command line; the first word is the program's name.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    if let Some(answered) = completion::answer(&words) {
        return answered;
    }
    let as_json = asks_for_json(&words);
    let arguments = match parse(&words) {
        Ok(arguments) => arguments,
        Err(error) => return report_parse_error(&error, as_json).into(),
    };
    let format = if as_json {
        ErrorFormat::Json
    } else {
        ErrorFormat::Text(output::error_paint(arguments.options.global.color))
    };
    let Arguments { options, command } = arguments;
    let context = CommandContext {
        flags: options.global,
        clock: Clock::from_environment(),
        pending_refresh: PendingRefresh::default(),
        in_rounds: Cell::default(),
    };
    let exit = reject_spaced_fields(&words)
        .and_then(|()| choose_command(options.device_code, options.json, command))
        .and_then(|command| run_command(&context, command))
        .unwrap_or_else(|error| report::report(&error, format));
    network::finish_refresh(&context);
    exit.into()
}

/// Parses the arguments. The help of `--help` has examples.
fn parse(words: &[OsString]) -> Result<Arguments, clap::Error> {
    let may_be_help = |word: &OsString| {
        let word = word.to_string_lossy();
        word == "--help" || word.starts_with('-') && !word.starts_with("--") && word.contains('h')
    };
    let mut command = if words.iter().any(may_be_help) {
        examples::with_examples(Arguments::whole_parser())
    } else {
        Arguments::parser()
    };
    let parsed = command
        .try_get_matches_from_mut(words)
        .and_then(|mut matches| Arguments::of(&mut matches))
        .map_err(|error| error.format(&mut command));
    // Freeing the parser would cost as much as parsing.
    std::mem::forget(command);
    parsed.map_err(|error| {
        let words: Vec<_> = words
            .iter()
            .map(|word| word.to_string_lossy().into())
            .collect();
        usage_tips::improve(error, Arguments::whole_parser(), &words)
    })
}

/// Returns the command; `--device-code` alone means `login`.
fn choose_command(
    device_code: bool,
    json: bool,
    command: Option<Command>,
) -> Result<Option<Command>, CliError> {
    match (device_code, command) {
        (false, command) => Ok(command),
        (true, None) => {
            let login = commands::login::Arguments::by_device_code(json);
            Ok(Some(Command::Login(Deferred(login))))
        }
        (true, Some(Command::Login(Deferred(login)))) => {
            Ok(Some(Command::Login(Deferred(login.with_device_code()))))
        }
        (true, Some(_)) => Err(CliError::usage(
            "--device-code is `login --device-code` and cannot be combined with another command",
            "Run `tudone --device-code`, then the other command.",
        )),
    }
}

fn run_command(context: &CommandContext, command: Option<Command>) -> Result<Exit, CliError> {
    // On the terminal, records would be written over the screens.
    let has_screens = command.is_none() && is_interactive() && io::stderr().is_terminal();
    log::start(if has_screens {
        0
    } else {
        context.flags.verbose
    })?;
    let command = match command {
        Some(command) => command,
        None if is_interactive() => return commands::tui::run(context).map(|()| Exit::Done),
        None => return without_command(),
    };
    let done = commands::run(context, &command);
    done.map(|()| Exit::Done)
}

/// Returns whether stdin and stdout are terminals.
fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Handles `tudone` alone without a terminal: prints the help to stderr and fails,
/// so that a script that forgot the command notices.
fn without_command() -> Result<Exit, CliError> {
    let help = examples::with_examples(Arguments::parser())
        .render_help()
        .to_string();
    io::stderr()
        .lock()
        .write_all(help.as_bytes())
        .map_err(CliError::io("print the help"))?;
    Ok(Exit::Usage)
}

/// Returns whether errors are printed as JSON; known before the words are parsed.
fn asks_for_json(words: &[OsString]) -> bool {
    words
        .iter()
        .skip(1)
        .take_while(|word| *word != "--")
        .filter_map(|word| word.to_str())
        .any(|word| word == "--json" || word == "--jsonl" || word.starts_with("--json="))
}

/// Rejects `--json id,text`, the spelling of `gh`: here the word would be a search.
fn reject_spaced_fields(words: &[OsString]) -> Result<(), CliError> {
    let words = words.iter().map_while(|word| word.to_str());
    let words: Vec<&str> = words.take_while(|word| *word != "--").collect();
    for pair in words.windows(2) {
        if let ["--json", fields] = pair
            && Field::are_named_by(fields)
        {
            return Err(CliError::usage(
                format!("`--json {fields}` is not how fields are selected"),
                format!("Write `--json={fields}`, or `--json -- {fields}` for the word."),
            ));
        }
    }
    Ok(())
}

/// Prints the parser's error or the help.
fn report_parse_error(error: &clap::Error, as_json: bool) -> Exit {
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let printed = if as_json && !asked {
        let text = error.render().to_string();
        let (message, help) = split(&text);
        report::write_json(&mut io::stderr().lock(), "usage", message, help, None)
    } else {
        error.print()
    };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Failed,
        Ok(()) | Err(_) if asked => Exit::Done,
        Ok(()) | Err(_) => Exit::Usage,
    }
}

/// Splits the parser's message into its first paragraph, without `error: `, and
/// the rest.
fn split(text: &str) -> (&str, Option<&str>) {
    let text = text.strip_prefix("error: ").unwrap_or(text).trim();
    match text.split_once("\n\n") {
        Some((message, help)) => (message.trim(), Some(help.trim())),
        None => (text, None),
    }
}
