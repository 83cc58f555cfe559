//! `tudone sync`.

use std::io::Write as _;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::cli::context::CommandContext;
use crate::cli::duration::duration;
use crate::cli::error::CliError;
use crate::cli::network::{self, SyncOptions};
use crate::cli::output;
use crate::cli::rejected::{self, KnownRejections};
use crate::cli::sync_skipped::SyncSkipped;
use crate::cli::write;
use crate::store::Store;
use crate::sync::round::{RoundError, RoundReport};

mod follow;
mod watched;

/// The arguments of `sync`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Wait this long for the server
    #[arg(long, value_name = "D", default_value = "1m", value_parser = duration)]
    wait: Duration,

    /// Pull every row, not only what changed
    #[arg(long)]
    full: bool,

    /// Continue until interrupted and print every change
    #[arg(long, conflicts_with = "wait")]
    follow: bool,

    /// Print JSON; with --follow, one event per line
    #[arg(long)]
    json: bool,
}

/// Pushes and pulls now.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    if arguments.follow {
        return follow::run(context, arguments.json, arguments.full);
    }
    let known = context.known()?;
    let mut store = known.open()?;
    let known_rejections = KnownRejections::known(&store, None)?;
    let options = SyncOptions {
        full: arguments.full,
        ..SyncOptions::insisting(arguments.wait)
    };
    let report = match network::attempt(context, &known, &mut store, options)? {
        Ok(report) => report,
        Err(SyncSkipped::Ended(RoundError::Busy)) => {
            context.notice("queued: another tudone is syncing this account");
            RoundReport {
                waiting: waiting(&store)?,
                ..RoundReport::default()
            }
        }
        Err(skipped) => return Err(skipped.into_error("cannot sync")),
    };
    // A conflict found by the pull is a rejection too.
    let rejections = known_rejections.since(&store, None)?;
    let report = RoundReport {
        rejected: rejections.len(),
        ..report
    };
    print(context, arguments, &store, &report)?;
    if let Some(act) = write::stuck(&store, None)? {
        context.notice(CliError::NotAllowed { act, queued: true });
    }
    rejected::error(rejections).map_or(Ok(()), Err)
}

fn print(
    context: &CommandContext,
    arguments: &Arguments,
    store: &Store,
    report: &RoundReport,
) -> Result<(), CliError> {
    let mut out = output::stdout();
    if arguments.json {
        let answer = json!({
            "pushed": report.pushed,
            "pulled": report.pulled,
            "rejected": report.rejected,
            "waiting": report.waiting,
            "as_of": store.freshness()?.as_of,
        });
        output::json(&mut out, &answer)?;
    } else if !context.flags.quiet {
        let RoundReport {
            pushed,
            pulled,
            rejected,
            waiting,
            ..
        } = report;
        write!(out, "{pushed} sent, {pulled} received")?;
        if *rejected > 0 {
            write!(out, ", {rejected} rejected")?;
        }
        if *waiting > 0 {
            write!(out, ", {waiting} still pending")?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

fn waiting(store: &Store) -> Result<usize, CliError> {
    let totals = store.totals()?;
    Ok(usize::try_from(totals.pending + totals.sent).unwrap_or(usize::MAX))
}
