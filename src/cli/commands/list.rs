//! `tudone list`.

use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use crate::cli::clock::local;
use crate::cli::context::{CommandContext, KnownProfile};
use crate::cli::duration::duration;
use crate::cli::error::CliError;
use crate::cli::json::{Field, Shown};
use crate::cli::network::{self, SyncOptions, is_younger};
use crate::cli::output::{self, Out, TodoLines};
use crate::cli::pager::Paged;
use crate::cli::pick::{reject_blank, warn_of_unknown_changes};
use crate::cli::sync_skipped::SyncSkipped;
use crate::domain::query::{Options, Query, Scope, Sort};
use crate::domain::terms::parse_terms;
use crate::domain::todo::Todo;
use crate::domain::view::{OwnView, View, ViewError};
use crate::domain::when::Calendar;
use crate::store::Store;
use crate::text::causes;
use crate::text::suggest::nearest;

/// The arguments of `list`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    /// Words, `+project`, `@context`, `due:today`, `done:this-week`,
    /// `changed:2026-12-01..`, `state:pending`, `pri:A`: all must match
    #[arg(value_name = "TERM")]
    terms: Vec<String>,

    /// Include done and waiting todos
    #[arg(short, long)]
    all: bool,

    /// List only done todos
    #[arg(long, conflicts_with = "all")]
    done: bool,

    /// Start from this view: open, today, upcoming …
    #[arg(long, value_name = "NAME", conflicts_with_all = ["all", "done"])]
    view: Option<String>,

    /// The order; by the server's id by default
    #[arg(long, value_name = "KEY", value_enum)]
    sort: Option<SortBy>,

    /// Reverse the order
    #[arg(long)]
    reverse: bool,

    /// Print only the number of todos
    #[arg(long, conflicts_with_all = ["json", "jsonl"])]
    count: bool,

    /// Print at most this many
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,

    /// Print JSON; `--json=id,text` selects fields
    #[arg(
        long,
        value_name = "FIELDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    json: Option<String>,

    /// Print JSON, one todo per line
    #[arg(long)]
    jsonl: bool,

    /// Pull first when the local data is older
    #[arg(long, value_name = "D", default_value = "30s", value_parser = duration)]
    max_age: Duration,

    /// Pull first, and fail when the server is unreachable
    #[arg(long)]
    fresh: bool,
}

/// The orders of `--sort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SortBy {
    /// By the server's id
    Server,
    /// Earliest due date first
    Due,
    /// `A` first
    Priority,
    /// Oldest first
    Created,
    /// By text
    Text,
}

impl From<SortBy> for Sort {
    fn from(order: SortBy) -> Self {
        match order {
            SortBy::Server => Self::Server,
            SortBy::Due => Self::Due,
            SortBy::Priority => Self::Priority,
            SortBy::Created => Self::Created,
            SortBy::Text => Self::Text,
        }
    }
}

/// A list to print.
struct Listing<'a> {
    query: Query,
    limit: usize,
    format: ListFormat<'a>,
}

enum ListFormat<'a> {
    Lines,
    Count,
    Json(&'a [Field]),
    JsonLines(&'a [Field]),
}

/// Lists todos from the local store; pulls first if that is too old.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let fields = Field::parse_list(arguments.json.as_deref().unwrap_or_default())
        .map_err(|why| CliError::usage(why, "Run `tudone help json` to see the fields."))?;
    if arguments.fresh && context.flags.offline {
        let help = "Use one of them.";
        return Err(CliError::usage(
            "--fresh needs the network, which --offline forbids",
            help,
        ));
    }
    reject_blank(
        &arguments.terms,
        "`list` without terms prints all open todos.",
    )?;
    let config = context.config()?;
    let listing = Listing {
        query: query(
            arguments,
            &config.views,
            context.calendar(config.ui.week_start),
        )?,
        limit: arguments.limit.unwrap_or(usize::MAX),
        format: match (arguments.jsonl, &arguments.json) {
            (true, _) => ListFormat::JsonLines(&fields),
            (false, Some(_)) => ListFormat::Json(&fields),
            (false, None) if arguments.count => ListFormat::Count,
            (false, None) => ListFormat::Lines,
        },
    };
    let known = context.known_by(config)?;
    let source = source(context, arguments, &known)?;
    let (ListSource::Fresh(store) | ListSource::Old(store, _)) = &source;
    warn_of_unknown_changes(context, store, &listing.query)?;
    let printed = match &source {
        ListSource::Fresh(store) => listing.print(context, store, false),
        ListSource::Old(store, skipped) => {
            report_age(context, store, skipped)?;
            listing.print(context, store, true)
        }
    };
    // The process ends: it only read, so there is nothing to close.
    std::mem::forget(source);
    printed
}

/// Returns the query: the terms, within the named view if there is one.
fn query(arguments: &Arguments, own: &[OwnView], calendar: Calendar) -> Result<Query, CliError> {
    let terms = parse_terms(&arguments.terms, calendar)?;
    let sort = arguments.sort.map(Sort::from);
    let Some(name) = &arguments.view else {
        let options = Options {
            done: arguments.done,
            all: arguments.all,
            sort,
            reverse: arguments.reverse,
        };
        return Ok(Query::list(terms, options, calendar));
    };
    let view = View::named(own, name).ok_or_else(|| unknown_view(name, &View::all(own)))?;
    let invalid = |error: ViewError| CliError::usage(causes::on_one_line(&error), error.help());
    let mut query = view.query(calendar).map_err(invalid)?.narrowed(terms);
    query.sort = sort.unwrap_or(query.sort);
    query.reverse ^= arguments.reverse;
    Ok(query)
}

fn unknown_view(name: &str, views: &[View]) -> CliError {
    let names: Vec<&str> = views.iter().map(View::name).collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("The views are {}.", names.join(", ")),
    };
    CliError::usage(format!("no view is called `{name}`"), help)
}

/// The store to list from.
enum ListSource {
    /// Recent enough.
    Fresh(Store),
    /// Too old, and why.
    Old(Store, SyncSkipped),
}

fn source(
    context: &CommandContext,
    arguments: &Arguments,
    known: &KnownProfile,
) -> Result<ListSource, CliError> {
    if !arguments.fresh
        && let Some(store) = known.read()?
    {
        let freshness = store.freshness()?;
        let is_young = |at| is_young(at, arguments.max_age, context.clock.now());
        let young = !freshness.stale && freshness.as_of.is_some_and(is_young);
        if young {
            return Ok(ListSource::Fresh(store));
        }
        if context.flags.offline {
            return answer_from_old(store, SyncSkipped::Offline);
        }
        if let Some(skipped) = network::recent_failure(context, &store)? {
            return answer_from_old(store, skipped);
        }
    } else if context.flags.offline {
        return Err(SyncSkipped::Offline.into_error(UNKNOWN));
    }
    let mut store = match known.open() {
        // A read-only store can still be listed.
        Err(CliError::Store(error)) if !arguments.fresh && !error.is_corruption() => {
            let skipped = SyncSkipped::Ended(error.into());
            return match known.read()? {
                Some(store) => answer_from_old(store, skipped),
                None => Err(skipped.into_error(UNKNOWN)),
            };
        }
        opened => opened?,
    };
    let options = SyncOptions {
        insist: arguments.fresh,
        ..SyncOptions::DEFAULT
    };
    match network::attempt(context, known, &mut store, options)? {
        Ok(_) => Ok(ListSource::Fresh(store)),
        Err(skipped) if arguments.fresh => Err(skipped.into_error("no fresh answer")),
        Err(skipped) => answer_from_old(store, skipped),
    }
}

const UNKNOWN: &str = "this account was never synced on this device";

/// Returns an old store to list from, unless it was never synced.
fn answer_from_old(store: Store, skipped: SyncSkipped) -> Result<ListSource, CliError> {
    let totals = store.totals()?;
    let empty = totals.open + totals.done == 0;
    if empty && store.freshness()?.as_of.is_none() {
        return Err(skipped.into_error(UNKNOWN));
    }
    Ok(ListSource::Old(store, skipped))
}

fn is_young(at: Timestamp, max_age: Duration, now: Timestamp) -> bool {
    SignedDuration::try_from(max_age).is_ok_and(|max_age| is_younger(at, max_age, now))
}

fn report_age(
    context: &CommandContext,
    store: &Store,
    skipped: &SyncSkipped,
) -> Result<(), CliError> {
    let word = skipped.summary();
    match store.freshness()?.as_of {
        Some(at) => context.notice(format!("as of {}, {word}", moment(context, at))),
        None => context.notice(format!("never synced, {word}")),
    }
    Ok(())
}

/// Formats a time: `14:02` today, with the date on other days.
pub(crate) fn moment(context: &CommandContext, at: Timestamp) -> String {
    let at = local(at);
    let format = if at.date() == context.clock.today() {
        "%H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    at.strftime(format).to_string()
}

impl Listing<'_> {
    fn print(&self, context: &CommandContext, store: &Store, stale: bool) -> Result<(), CliError> {
        let mut out = output::stdout();
        match self.format {
            ListFormat::Lines => {
                drop(out);
                return self.lines(context, store);
            }
            ListFormat::Count => {
                let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
                writeln!(out, "{}", store.count(&self.query)?.min(limit))?;
            }
            ListFormat::JsonLines(fields) => {
                self.rows(store, |todo, _| {
                    Shown::part(todo, fields).write(&mut out)?;
                    out.write_all(b"\n")
                })?;
            }
            ListFormat::Json(fields) => self.document(store, stale, fields, &mut out)?,
        }
        Ok(out.flush()?)
    }

    fn lines(&self, context: &CommandContext, store: &Store) -> Result<(), CliError> {
        let lines = TodoLines::of(context.paint(), store, context.clock.today())?;
        let mut out = Paged::new(!context.flags.no_input);
        let mut any = false;
        let listed = self.rows(store, |todo, _| {
            any = true;
            lines.write(&mut out, todo)
        });
        out.finish()?;
        listed?;
        if !any && io::stdout().is_terminal() {
            context.notice(match (self.query.scope, self.query.terms.is_empty()) {
                (_, false) => "no todo matches",
                (Scope::Open, true) => "no open todos",
                (Scope::Done, true) => "no done todos",
                (Scope::All, true) => "no todos",
            });
        }
        Ok(())
    }

    /// Streams the document of `--json`: the list is never held in memory.
    fn document(
        &self,
        store: &Store,
        stale: bool,
        fields: &[Field],
        out: &mut Out,
    ) -> Result<(), CliError> {
        let pending = store.totals()?.pending;
        out.write_all(b"{\"as_of\":")?;
        serde_json::to_writer(&mut *out, &store.freshness()?.as_of).map_err(io::Error::from)?;
        write!(out, ",\"stale\":{stale},\"pending\":{pending},\"todos\":[")?;
        self.rows(store, |todo, place| {
            if place > 0 {
                out.write_all(b",")?;
            }
            Shown::part(todo, fields).write(out)
        })?;
        Ok(out.write_all(b"]}\n")?)
    }

    fn rows(
        &self,
        store: &Store,
        mut row: impl FnMut(&Todo, usize) -> io::Result<()>,
    ) -> Result<(), CliError> {
        if self.limit == 0 {
            return Ok(());
        }
        let mut place = 0;
        let mut failure = None;
        store.each(&self.query, |todo| {
            if let Err(error) = row(todo, place) {
                failure = Some(error);
                return ControlFlow::Break(());
            }
            place += 1;
            if place < self.limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        failure.map_or(Ok(()), |error| Err(error.into()))
    }
}
