//! Shell completion: answers `tudone __complete -- tudone done 4`.
//!
//! The scripts of `tudone completions` call it on each Tab. Reads the configuration
//! and the store, never the network and never the credential store.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use crate::cli::arguments::Arguments;
use crate::cli::examples;
use crate::cli::output;
use crate::text::sanitize::plain;

mod sources;

use sources::{Candidates, CompletionSources, ValueSource};

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
    let sources = CompletionSources::new(&line);
    let found = usual(&line, &sources).unwrap_or_else(|| parsed(line, sources));
    let mut seen = BTreeSet::new();
    let shown = found.into_iter().map(shown);
    shown
        .filter(|(value, _)| seen.insert(value.clone()))
        .collect()
}

/// Commands whose positional arguments all have the same values.
const USUAL: [(&str, ValueSource); 5] = [
    ("done", ValueSource::Open),
    ("list", ValueSource::Terms),
    ("reopen", ValueSource::Done),
    ("rm", ValueSource::Open),
    ("show", ValueSource::Open),
];

/// Returns the candidates for a line without options, if it has any. Building the
/// argument parser would be half of the cost.
fn usual(line: &[OsString], sources: &CompletionSources) -> Option<Candidates> {
    let [_, command, words @ ..] = line else {
        return None;
    };
    let (_, source) = USUAL.iter().find(|(name, _)| command == name)?;
    let is_option = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
    if words.iter().any(is_option) {
        return None;
    }
    let found = sources.values(*source, words.last()?);
    (!found.is_empty()).then_some(found)
}

/// Returns the candidates for any line, as the argument parser understands it.
fn parsed(line: Vec<OsString>, sources: CompletionSources) -> Candidates {
    let Some(last) = line.len().checked_sub(1) else {
        return Candidates::new();
    };
    let is_empty = line.last().is_some_and(|word| word.is_empty());
    let mut command = with_sources(&used(Arguments::whole_parser(), &line), &Arc::new(sources));
    let folder = std::env::current_dir().ok();
    let found = complete(&mut command, line, last, folder.as_deref()).unwrap_or_default();
    let described = |candidate: CompletionCandidate| {
        let help = candidate.get_help().map(ToString::to_string);
        let value = candidate.get_value().to_string_lossy();
        (value.into_owned(), help.unwrap_or_default())
    };
    let mut found: Candidates = found.into_iter().map(described).collect();
    // Before anything is typed, options would hide the values.
    if is_empty && found.iter().any(|(value, _)| !value.starts_with('-')) {
        found.retain(|(value, _)| !value.starts_with('-'));
    }
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

/// Returns a candidate as it is printed: the first line of its description, if that
/// is not too long.
fn shown((value, description): (String, String)) -> (String, String) {
    let value = plain(&value);
    let description = plain(description.lines().next().unwrap_or_default());
    if description.chars().count() <= WIDEST {
        return (value, description);
    }
    let start = description.chars().take(WIDEST - 1);
    (value, start.chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{CompletionSources, USUAL, parsed, usual};

    #[test]
    fn a_usual_line_gets_the_candidates_of_the_argument_parser() {
        for (command, _) in USUAL {
            for words in [
                vec!["due:"],
                vec!["no:"],
                vec!["not:pri:"],
                vec!["a", "state:"],
            ] {
                let line = ["tudone", command].into_iter().chain(words);
                let line: Vec<OsString> = line.map(OsString::from).collect();
                let sources = || CompletionSources::new(&line);
                let found = usual(&line, &sources());
                assert_eq!(found.is_some(), command == "list", "{line:?}");
                if let Some(found) = found {
                    assert_eq!(found, parsed(line.clone(), sources()), "{line:?}");
                }
            }
        }
    }
}
