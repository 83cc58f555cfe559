//! Reports the todos that completing repeating todos adds.

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::store::{RepeatingTodos, Store};
use crate::text::sanitize::plain;

/// The most successors that are listed.
const LISTED: usize = 5;

/// Prints on stderr what follows from completed todos among those that were read
/// `before` a commit, and what stays although its todo was reopened.
///
/// # Errors
///
/// The store's.
pub(crate) fn announce(
    context: &CommandContext,
    store: &Store,
    before: &RepeatingTodos,
) -> Result<(), CliError> {
    let report = store.successor_report(before)?;
    let role = store.capabilities()?;
    let stays = if role.is_some_and(|role| !role.delete) {
        "stays, since the server does not let you delete todos"
    } else {
        "was changed since and stays"
    };
    for kept in &report.kept {
        let (handle, text) = (kept.handle(), plain(&kept.text));
        context.notice(format!("{handle} {stays}: {text}"));
    }
    let (listed, more) = report.added.split_at(report.added.len().min(LISTED));
    for next in listed {
        context.notice(format!("next: {}  {}", next.handle(), plain(&next.text)));
    }
    if !more.is_empty() {
        context.notice(format!("and {} more", more.len()));
    }
    if report.not_allowed {
        context.notice("no next todo: the server does not let you add todos");
    }
    let is_bare = role.is_some_and(|role| !role.full);
    let added = report.added.len();
    if is_bare && added > 0 && store.are_first_successors(added)? {
        context.notice(
            "on this backend another device that completes the same todo may add it, too; \
             `tudone setup hasura` changes that",
        );
    }
    Ok(())
}
