//! `tudone status`.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::cli::commands::list::moment;
use crate::cli::context::{CommandContext, opened};
use crate::cli::error::CliError;
use crate::cli::network;
use crate::cli::output;
use crate::domain::feed::Capabilities;
use crate::domain::list::Totals;
use crate::profile::{ActiveProfile, KnownAccount};
use crate::store::Store;
use crate::text::causes;
use crate::text::sanitize::plain;

/// The arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long, conflicts_with_all = ["prompt", "format"])]
    json: bool,

    /// Print this line, such as `{overdue}/{open}`, with any count of --json
    #[arg(long, value_name = "TEXT", conflicts_with = "prompt")]
    format: Option<String>,

    /// A few characters for a shell prompt: open todos, `+` unsent changes, `!`
    /// rejected ones; nothing without an account
    #[arg(long)]
    prompt: bool,
}

/// The output of `status`.
#[derive(Debug, Serialize)]
struct StatusReport {
    account: Option<AccountStatus>,
    /// `None` when the credential store cannot be read.
    logged_in: Option<bool>,
    error: Option<CredentialProblem>,
    store: String,
    backend: &'static str,
    as_of: Option<Timestamp>,
    pending: u64,
    sent: u64,
    rejected: u64,
    #[serde(flatten)]
    counts: Counts,
    /// Why the last sync failed; `None` if it did not.
    last_error: Option<String>,
    /// When commands contact the server again; `None` if the next one does.
    next_try: Option<Timestamp>,
}

/// The counts of todos. Waiting ones (`t:`) count only as waiting and done.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Counts {
    open: u64,
    done: u64,
    due_today: u64,
    overdue: u64,
    waiting: u64,
}

impl Counts {
    /// Reads the store's counters: costs the number of different due dates.
    fn of(store: &Store, today: Date) -> Result<Self, CliError> {
        let views = store.view_counts(today, today)?;
        Ok(Self {
            open: views.open,
            done: views.done,
            due_today: views.due_today,
            overdue: views.overdue,
            waiting: views.waiting,
        })
    }
}

/// Why the credential store cannot be read, or its replacement cannot be used.
#[derive(Debug, Serialize)]
struct CredentialProblem {
    code: &'static str,
    message: String,
    help: String,
}

/// The account.
#[derive(Debug, Serialize)]
struct AccountStatus {
    sub: String,
    email: Option<String>,
    name: Option<String>,
    profile: String,
    issuer: String,
    endpoint: String,
}

/// Prints account, store and counts. Never uses the network.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    if arguments.prompt {
        return prompt(context);
    }
    let profile = context.profile()?.with_short_timeout();
    let known = match profile.known_account() {
        // What cannot be read is reported as the login's problem.
        None => profile.recover_account().ok().flatten(),
        known => known,
    };
    let store = match &known {
        Some(known) => {
            let path = profile.database(&known.account);
            opened(|| Store::open_to_read(&path, &known.account.endpoint))?
        }
        None => None,
    };
    let totals = store.as_ref().map(Store::totals).transpose()?;
    let report = status_report(
        &profile,
        known.as_ref(),
        store.as_ref(),
        totals.unwrap_or_default(),
        context.clock.today(),
        context.clock.now(),
    )?;
    let mut out = output::stdout();
    if let Some(format) = &arguments.format {
        writeln!(out, "{}", filled(format, &report)?)?;
    } else if arguments.json {
        output::json(&mut out, &report)?;
    } else {
        for (name, value) in lines(context, &report) {
            writeln!(out, "{name:<8} {}", plain(&value))?;
        }
    }
    Ok(out.flush()?)
}

/// Prints the prompt segment; errors print nothing, since a prompt repeats them.
fn prompt(context: &CommandContext) -> Result<(), CliError> {
    let read = |profile: &ActiveProfile, known: &KnownAccount| {
        let path = profile.database(&known.account);
        opened(|| Store::open_to_read(&path, &known.account.endpoint))
    };
    let profile = context.profile();
    let Ok(store) = profile.and_then(|profile| match profile.known_account() {
        Some(known) => read(&profile, &known),
        None => Err(CliError::NoAccount),
    }) else {
        return Ok(());
    };
    let Ok(totals) = store.as_ref().map_or(Ok(Totals::default()), Store::totals) else {
        return Ok(());
    };
    let mut out = output::stdout();
    write!(out, "{}", totals.open)?;
    let waiting = totals.pending + totals.sent;
    if waiting > 0 {
        write!(out, " +{waiting}")?;
    }
    if totals.rejected > 0 {
        write!(out, " !{}", totals.rejected)?;
    }
    writeln!(out)?;
    Ok(out.flush()?)
}

fn status_report(
    profile: &ActiveProfile,
    known: Option<&KnownAccount>,
    store: Option<&Store>,
    totals: Totals,
    today: Date,
    now: Timestamp,
) -> Result<StatusReport, CliError> {
    let capabilities = store.map(Store::capabilities).transpose()?.flatten();
    let freshness = store.map(Store::freshness).transpose()?;
    let is_logged_in = profile.is_logged_in();
    let token_problem = profile.external_token().and_then(Result::err);
    Ok(StatusReport {
        account: known.map(|known| AccountStatus {
            sub: known.identity.sub.clone(),
            email: known.identity.email.clone(),
            name: known.identity.name.clone(),
            profile: profile.config.name.clone(),
            issuer: known.account.issuer.clone(),
            endpoint: known.account.endpoint.clone(),
        }),
        error: match (is_logged_in.as_ref().err(), &token_problem) {
            (Some(error), _) => Some(CredentialProblem {
                code: error.code(),
                message: causes::on_one_line(error),
                help: error.help(),
            }),
            (None, Some(error)) => Some(CredentialProblem {
                code: error.code(),
                message: causes::on_one_line(error),
                help: error.help(),
            }),
            (None, None) => None,
        },
        logged_in: is_logged_in.ok(),
        store: profile.login_source(),
        backend: match capabilities {
            Some(Capabilities { full: true, .. }) => "full",
            Some(Capabilities { full: false, .. }) => "bare",
            None => "unknown",
        },
        as_of: freshness.as_ref().and_then(|freshness| freshness.as_of),
        pending: totals.pending,
        sent: totals.sent,
        rejected: totals.rejected,
        counts: match store {
            Some(store) => Counts::of(store, today)?,
            None => Counts::default(),
        },
        next_try: freshness.as_ref().and_then(|it| network::next_try(it, now)),
        last_error: store.map(Store::last_failure).transpose()?.flatten(),
    })
}

/// Describes the counts; those that are 0 are left out, except open and done.
fn described(counts: Counts) -> String {
    let mut text = format!("{} open, {} done", counts.open, counts.done);
    for (count, name) in [
        (counts.overdue, "overdue"),
        (counts.due_today, "due today"),
        (counts.waiting, "waiting"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {name}");
        }
    }
    text
}

/// Writes the counts into `format`: each `{name}` is one.
fn filled(format: &str, report: &StatusReport) -> Result<String, CliError> {
    let counts = [
        ("open", report.counts.open),
        ("done", report.counts.done),
        ("due_today", report.counts.due_today),
        ("overdue", report.counts.overdue),
        ("waiting", report.counts.waiting),
        ("pending", report.pending),
        ("sent", report.sent),
        ("rejected", report.rejected),
    ];
    let mut text = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let Some((_, count)) = counts.iter().find(|(known, _)| *known == name) else {
            return Err(CliError::usage(
                format!("`{{{name}}}` is not a count"),
                format!(
                    "The counts are {}.",
                    counts.map(|(name, _)| name).join(", ")
                ),
            ));
        };
        text.push_str(before);
        text.push_str(&count.to_string());
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

fn lines(context: &CommandContext, report: &StatusReport) -> Vec<(&'static str, String)> {
    let account = report.account.as_ref().map_or_else(
        || "none; run `tudone login`".to_owned(),
        |account| account.email.clone().unwrap_or_else(|| account.sub.clone()),
    );
    let login = match (&report.error, report.logged_in) {
        (Some(error), Some(_)) => format!("none: {}; cached todos stay usable", error.message),
        (Some(error), None) => format!(
            "cannot be read ({}); cached todos stay usable",
            error.message
        ),
        (None, Some(true)) => "stored".to_owned(),
        (None, _) => "none; cached todos stay usable".to_owned(),
    };
    let as_of = report
        .as_of
        .map_or_else(|| "never synced".to_owned(), |at| moment(context, at));
    let mut lines = vec![
        ("account", account),
        ("login", login),
        ("store", report.store.clone()),
        ("backend", report.backend.to_owned()),
        ("as of", as_of),
        ("todos", described(report.counts)),
        (
            "queue",
            format!(
                "{} pending, {} sent, {} rejected",
                report.pending, report.sent, report.rejected
            ),
        ),
    ];
    if let Some(error) = &report.last_error {
        lines.push(("sync", error.clone()));
    }
    lines
}
