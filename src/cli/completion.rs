//! Shell completion: answers `tudone __complete -- tudone done 4`.
//!
//! The scripts of `tudone completions` call it on each Tab. Reads the configuration
//! and the store, never the network and never the credential store.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use crate::cli::arguments::Arguments;
use crate::cli::examples;
use crate::cli::output;
use crate::text::sanitize::plain;

mod sources;

use sources::{CompletionSources, ValueSource};

/// The hidden command that the scripts call.
pub(crate) const COMMAND: &str = "__complete";

/// After [`COMMAND`]: the word to complete is a new one. Some shells cannot pass
/// an empty argument.
const NEW_WORD: &str = "--new-word";

/// The widest description, in columns.
const WIDEST: usize = 60;

/// Answers the hidden command: one candidate per line, its description after a tab.
/// `None` if the words are another command.
pub(super) fn answer(words: &[OsString]) -> Option<ExitCode> {
    let (_, rest) = words.split_first()?;
    let (command, rest) = rest.split_first()?;
    if command != COMMAND {
        return None;
    }
    let (is_new, rest) = match rest.split_first() {
        Some((first, rest)) if first == NEW_WORD => (true, rest),
        _ => (false, rest),
    };
    let mut line: Vec<OsString> = rest.iter().skip_while(|it| *it == "--").cloned().collect();
    if is_new {
        line.push(OsString::new());
    }
    let mut text = String::new();
    for (value, description) in candidates(line) {
        text.push_str(&value);
        if !description.is_empty() {
            text.push('\t');
            text.push_str(&description);
        }
        text.push('\n');
    }
    let mut out = output::stdout();
    // A shell shows no error of this command.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Some(ExitCode::SUCCESS)
}

/// Returns the candidates for the last word of the line, with their descriptions.
fn candidates(line: Vec<OsString>) -> Vec<(String, String)> {
    let Some(last) = line.len().checked_sub(1) else {
        return Vec::new();
    };
    let is_empty = line.last().is_some_and(|word| word.is_empty());
    let sources = Arc::new(CompletionSources::new(&line));
    let mut command = with_sources(&used(Arguments::command(), &line), &sources);
    let folder = std::env::current_dir().ok();
    let found = complete(&mut command, line, last, folder.as_deref()).unwrap_or_default();
    let mut found: Vec<(String, String)> = found.iter().map(described).collect();
    // Before anything is typed, options would hide the values.
    if is_empty && found.iter().any(|(value, _)| !value.starts_with('-')) {
        found.retain(|(value, _)| !value.starts_with('-'));
    }
    let mut seen = BTreeSet::new();
    found.retain(|(value, _)| seen.insert(value.clone()));
    found
}

/// Returns the command without the arguments of subcommands that the line does not
/// name: most of the cost is theirs.
fn used(command: Command, line: &[OsString]) -> Command {
    let is_named = |name: &str| line.iter().any(|word| word == name);
    command.mut_subcommands(|it| {
        let named = it.get_name_and_visible_aliases().into_iter().any(is_named);
        let Some(name) = examples::name(it.get_name()).filter(|_| !named) else {
            return it;
        };
        let bare = Command::new(name).display_order(it.get_display_order());
        match it.get_about() {
            Some(about) => bare.about(about.clone()),
            None => bare,
        }
    })
}

/// Returns the command with completers for its arguments.
fn with_sources(command: &Command, sources: &Arc<CompletionSources>) -> Command {
    let name = command.get_name().to_owned();
    let completed = |arg: Arg| match ValueSource::of(&name, &arg) {
        None => arg,
        Some(source) => {
            let sources = Arc::clone(sources);
            let complete = move |word: &OsStr| sources.complete(source, word);
            arg.add(ArgValueCompleter::new(complete))
        }
    };
    let command = command.clone().mut_args(completed);
    command.mut_subcommands(|command| with_sources(&command, sources))
}

fn described(candidate: &CompletionCandidate) -> (String, String) {
    let value = plain(&candidate.get_value().to_string_lossy());
    let help = candidate.get_help().map(ToString::to_string);
    let help = help.as_deref().and_then(|help| help.lines().next());
    let help = plain(help.unwrap_or_default());
    if help.chars().count() <= WIDEST {
        return (value, help);
    }
    let cut: String = help.chars().take(WIDEST - 1).chain(['…']).collect();
    (value, cut)
}
