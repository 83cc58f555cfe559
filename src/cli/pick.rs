//! Selects the todos of a command: by handles or by a filter.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::str::FromStr;

use clap::Args;

use crate::cli::context::{CommandContext, KnownProfile};
use crate::cli::error::CliError;
use crate::cli::network::{self, SyncOptions};
use crate::domain::list::Resolved;
use crate::domain::query::{Options, Query, Scope, Term};
use crate::domain::terms::parse_terms;
use crate::domain::todo::{Handle, Todo};
use crate::store::Store;

/// Handles, or a selection.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pick {
    /// The todos: `42`, `n3`, or 8 characters of a key; `-` reads handles from
    /// standard input
    #[arg(value_name = "HANDLE", required_unless_present_any = ["filter", "every"])]
    pub(crate) handles: Vec<String>,

    #[command(flatten)]
    pub(crate) selection: Selection,
}

impl Pick {
    /// Returns the handles, or those on standard input if `-` is the only one.
    ///
    /// # Errors
    ///
    /// [`CliError::Io`] when the input cannot be read, or is not UTF-8.
    pub(crate) fn typed_handles(
        &self,
        context: &CommandContext,
    ) -> Result<Cow<'_, [String]>, CliError> {
        if !matches!(self.handles.as_slice(), [dash] if dash == "-") {
            return Ok(Cow::Borrowed(&self.handles));
        }
        let mut input = String::new();
        io::stdin()
            .lock()
            .read_to_string(&mut input)
            .map_err(CliError::io("read standard input"))?;
        let input = input.strip_prefix('\u{feff}').unwrap_or(&input);
        let handles: Vec<String> = input.split_whitespace().map(str::to_owned).collect();
        if handles.is_empty() {
            context.notice("no handles on standard input");
        }
        Ok(Cow::Owned(handles))
    }
}

/// A selection by the contents of todos, not by their handles.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Selection {
    /// All todos that match these terms, as `list` takes them
    #[arg(long, value_name = "TERM", num_args = 1.., conflicts_with = "handles")]
    pub(crate) filter: Vec<String>,

    /// All todos
    #[arg(long, conflicts_with_all = ["handles", "filter"])]
    pub(crate) every: bool,
}

impl Selection {
    /// Returns whether todos are selected by a filter, or all of them.
    pub(crate) fn is_used(&self) -> bool {
        self.every || !self.filter.is_empty()
    }
}

/// The todos found.
#[derive(Debug, Default)]
pub(crate) struct Picked {
    /// The todos, each once, in the order of the handles.
    pub(crate) found: Vec<Todo>,
    /// Handles without a todo.
    pub(crate) missing: Vec<String>,
    /// Ambiguous prefixes, each with the keys.
    pub(crate) ambiguous: Vec<(String, Vec<String>)>,
}

impl Picked {
    /// Returns the error for the handles that were not found, if any.
    pub(crate) fn error(&self) -> Option<CliError> {
        let complete = self.missing.is_empty() && self.ambiguous.is_empty();
        (!complete).then(|| CliError::NotFound {
            missing: self.missing.clone(),
            ambiguous: self.ambiguous.clone(),
        })
    }

    /// Returns the handles that do not name exactly one todo, as typed.
    pub(crate) fn not_found(&self) -> Vec<&str> {
        let ambiguous = self.ambiguous.iter().map(|(prefix, _)| prefix);
        let all = self.missing.iter().chain(ambiguous);
        all.map(String::as_str).collect()
    }
}

/// Reports that `changed:` selects nothing where the backend records no times.
///
/// # Errors
///
/// The store's.
pub(crate) fn warn_of_unknown_changes(
    context: &CommandContext,
    store: &Store,
    query: &Query,
) -> Result<(), CliError> {
    let is_bare = store.capabilities()?.is_some_and(|may| !may.full);
    if is_bare && query.terms.iter().any(Term::needs_times) {
        context.notice(
            "`changed:` matches no todo: this backend does not record when todos change; \
             `tudone setup hasura` adds that",
        );
    }
    Ok(())
}

/// Finds `handles`. If one is unknown here, pulls once within the default time limit.
///
/// # Errors
///
/// The store's.
pub(crate) fn by_handles(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    handles: &[String],
) -> Result<Picked, CliError> {
    let picked = among_known(store, handles)?;
    if picked.missing.is_empty() {
        return Ok(picked);
    }
    let never_synced = store.freshness()?.as_of.is_none();
    let pulled = network::attempt(context, known, store, SyncOptions::DEFAULT)?;
    // A prompt may follow and take long.
    network::finish_refresh(context);
    match pulled {
        Ok(_) => among_known(store, handles),
        Err(skipped) if never_synced && picked.found.is_empty() => {
            Err(skipped.into_error("these todos are not on this device yet"))
        }
        Err(_) => Ok(picked),
    }
}

/// Finds `handles` in the store.
///
/// # Errors
///
/// The store's.
pub(crate) fn among_known(store: &Store, handles: &[String]) -> Result<Picked, CliError> {
    let mut picked = Picked::default();
    let mut seen = HashSet::new();
    for word in handles {
        let Ok(handle) = Handle::from_str(word) else {
            picked.missing.push(word.clone());
            continue;
        };
        match store.resolve(&handle)? {
            Resolved::Nothing => picked.missing.push(word.clone()),
            Resolved::One(todo) if seen.insert(todo.key) => picked.found.push(todo),
            Resolved::One(_) => {}
            Resolved::Several(todos) => {
                let keys = todos.iter().map(|todo| todo.key.to_string()).collect();
                picked.ambiguous.push((word.clone(), keys));
            }
        }
    }
    Ok(picked)
}

/// Finds all todos of `selection`, within `scope` unless the terms widen it.
///
/// # Errors
///
/// [`CliError::Term`] when a term is invalid, [`CliError::Usage`] when one is
/// blank; the store's.
pub(crate) fn by_selection(
    context: &CommandContext,
    known: &KnownProfile,
    store: &Store,
    selection: &Selection,
    scope: Option<Scope>,
) -> Result<Picked, CliError> {
    reject_blank(&selection.filter, "`--every` selects all todos.")?;
    let options = Options {
        all: selection.every,
        ..Options::default()
    };
    let calendar = context.calendar(known.week_start);
    let terms = parse_terms(&selection.filter, calendar)?;
    let mut query = Query::list(terms, options, calendar);
    query.scope = scope.unwrap_or(query.scope);
    warn_of_unknown_changes(context, store, &query)?;
    let mut picked = Picked::default();
    store.each(&query, |todo| {
        picked.found.push(todo.clone());
        ControlFlow::Continue(())
    })?;
    Ok(picked)
}

/// Rejects a filter with a blank term: a variable that is not set must never select
/// more todos than the terms beside it.
///
/// # Errors
///
/// [`CliError::Usage`], which names the term's position and `instead`, the way to
/// select all todos.
pub(crate) fn reject_blank(terms: &[String], instead: &str) -> Result<(), CliError> {
    let is_blank = |term: &String| {
        let seen = |found: char| !found.is_whitespace() && !is_zero_width(found);
        !term.chars().any(seen)
    };
    match terms.iter().position(is_blank) {
        None => Ok(()),
        Some(index) => Err(CliError::usage(
            format!("term {} of the filter is blank", index + 1),
            format!("Check that the variable it comes from is set. {instead}"),
        )),
    }
}

const fn is_zero_width(found: char) -> bool {
    matches!(found, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\0'..='\u{1f}')
}
