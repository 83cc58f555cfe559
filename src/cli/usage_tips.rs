//! The tips of the parser's errors: only what helps.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use crate::text::suggest::nearest;

/// Keeps a suggested option only if it is a likely misspelling of the one typed, names
/// the commands that have the option, and suggests no second `--`.
pub(super) fn improve(mut error: Error, mut command: Command, words: &[String]) -> Error {
    let typed = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(typed))) => typed.clone(),
        _ => return error,
    };
    let mut tips = Vec::new();
    let suggested = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(suggested)) => Some(suggested.clone()),
        _ => None,
    };
    let name = |option: &str| option.trim_start_matches('-').to_owned();
    let is_like = |other: String| nearest(&name(&typed), [name(&other).as_str()]).is_some();
    if suggested.is_some_and(|suggested| !is_like(suggested)) {
        error.remove(ContextKind::SuggestedArg);
        command.build();
        error.insert(
            ContextKind::Usage,
            ContextValue::StyledStr(usage(command.clone(), words)),
        );
        tips.extend(owners(&command, &typed));
    }
    if let Some(ContextValue::StyledStrs(given)) = error.get(ContextKind::Suggested) {
        // The parser says "use '-- --x'" also where there is a `--`.
        let is_needed = !words.iter().any(|word| word == "--");
        tips.extend(given.iter().filter(|_| is_needed).cloned());
    }
    if tips.is_empty() {
        error.remove(ContextKind::Suggested);
    } else {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// Returns the usage of the command in `words`.
fn usage(mut command: Command, words: &[String]) -> StyledStr {
    let name = words
        .iter()
        .skip(1)
        .find(|word| command.find_subcommand(word).is_some())
        .cloned();
    match name.and_then(|name| command.find_subcommand_mut(name)) {
        Some(found) => found.render_usage(),
        None => command.render_usage(),
    }
}

/// Names the commands with the option `typed`.
fn owners(command: &Command, typed: &str) -> Option<StyledStr> {
    let name = typed.trim_start_matches('-');
    let has_option = |command: &&Command| {
        let mut options = command.get_arguments();
        !command.is_hide_set() && options.any(|option| option.get_long() == Some(name))
    };
    let owners: Vec<String> = command
        .get_subcommands()
        .filter(has_option)
        .map(|owner| format!("`tudone {}`", owner.get_name()))
        .collect();
    let tip = format!("{typed} is an option of {}", owners.join(", "));
    (!owners.is_empty()).then(|| tip.into())
}
