//! The verification after a chaos run: all devices sync, then the todos are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use reqwest::Method;
use serde_json::Value;

use super::client::{AcknowledgedChanges, name_of};
use super::fault_injector::FaultInjector;
use super::report::ChaosReport;
use super::{CLIENTS, DEVICES};
use crate::cli::commands::demo::device::{DemoDevice, Program};
use crate::cli::commands::demo::env::{DemoEnv, text_of};
use crate::cli::error::CliError;
use crate::domain::change::{Act, Progress};
use crate::domain::line::Line;
use crate::domain::query::{Query, Scope};
use crate::http::REQUEST_LIMIT;

/// How often a round without faults is tried.
const TRIES: usize = 20;
/// How often all devices sync at most until none has changes left.
const TURNS: usize = 10;

/// Lets the devices sync, and compares the rows with the acknowledged changes.
pub(super) async fn verify(
    env: &DemoEnv,
    devices: &[DemoDevice],
    changes: &AcknowledgedChanges,
    faults: &FaultInjector,
) -> Result<ChaosReport, CliError> {
    let programs: Result<Vec<Program>, CliError> = devices
        .iter()
        .map(|device| device.program(REQUEST_LIMIT))
        .collect();
    let mut programs = programs?;
    sync_all(&mut programs).await?;

    let mut report = ChaosReport {
        devices: DEVICES,
        workers: DEVICES * (CLIENTS + 1),
        interrupted: faults.interrupted,
        ..ChaosReport::default()
    };
    count_faults(&mut report, env, faults).await?;
    let rejected = drop_rejected(&mut programs, &mut report)?;
    let rows = env.rows(devices.first().map(DemoDevice::sub)).await?;
    count_changes(&mut report, changes, &rows, &rejected);
    let server: BTreeSet<(String, String)> = rows
        .iter()
        .map(|row| {
            (
                row["client_id"].as_str().unwrap_or_default().to_owned(),
                text_of(row).to_owned(),
            )
        })
        .collect();
    report.devices_equal = true;
    for program in &programs {
        report.devices_equal &= shown(program)? == server;
    }
    Ok(report)
}

/// Syncs every device until none sends or receives anything.
async fn sync_all(programs: &mut [Program]) -> Result<(), CliError> {
    for _ in 0..TURNS {
        let mut quiet = true;
        for program in &mut *programs {
            let round = round_without_faults(program).await?;
            quiet &= round.pushed + round.pulled + round.rejected + round.waiting == 0;
        }
        if quiet {
            return Ok(());
        }
    }
    Ok(())
}

async fn round_without_faults(
    program: &mut Program,
) -> Result<crate::sync::round::RoundReport, CliError> {
    for _ in 0..TRIES {
        if let Some(report) = program.round().await? {
            return Ok(report);
        }
    }
    Err(CliError::demo("a round without faults succeeds"))
}

async fn count_faults(
    report: &mut ChaosReport,
    env: &DemoEnv,
    faults: &FaultInjector,
) -> Result<(), CliError> {
    let tally = env.control(Method::GET, "tally", None).await?;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    report.requests = number(&tally["requests"]);
    report.unanswered_commits = number(&tally["unanswered_commits"]);
    report.faults = tally["faults"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, times)| (name.clone(), number(times)))
        .chain([
            ("sockets_cut".to_owned(), faults.sockets_cut),
            ("tokens_ended".to_owned(), faults.tokens_ended),
        ])
        .collect();
    Ok(())
}

/// Drops rejected changes, as a user may, and counts what else is in the outboxes.
/// Returns the rejected texts.
fn drop_rejected(programs: &mut [Program], report: &mut ChaosReport) -> Result<String, CliError> {
    let mut texts = String::new();
    for program in programs {
        for queued in program.store.outbox()? {
            if !matches!(queued.entry.progress, Progress::Rejected(_)) {
                report.unsent += 1;
                continue;
            }
            report.conflicts += 1;
            if let Act::Edit { after: text, .. } | Act::Add { text } = &queued.entry.change.act {
                texts.push_str(text);
                texts.push('\n');
            }
            program.store.drop_entry(queued.entry.seq)?;
        }
    }
    Ok(texts)
}

/// Counts the effects: every added todo must exist once, unless it was deleted; every
/// edit must be in its todo or among the rejected texts.
fn count_changes(
    report: &mut ChaosReport,
    changes: &AcknowledgedChanges,
    rows: &[Value],
    rejected: &str,
) {
    let mut texts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let text = text_of(row);
        texts.entry(name_of(text)).or_default().push(text);
    }
    report.added = changes.added.len();
    report.removed = changes.deleted.len();
    report.expected = report.added - report.removed;
    report.found = rows.len();
    for name in changes
        .added
        .iter()
        .filter(|it| !changes.chores.contains(*it))
    {
        let copies = texts.get(name.as_str()).map_or(0, Vec::len);
        let deleted = changes.deleted.contains(name);
        report.lost += usize::from(copies == 0 && !deleted);
        report.doubled += usize::from(copies > 1);
        report.came_back += usize::from(copies > 0 && deleted);
    }
    count_chores(report, changes, &texts);
    report.edited = changes.edited.len();
    for (mark, name) in &changes.edited {
        let mark = format!(" {mark}:1");
        let is_deleted = !texts.contains_key(name.as_str());
        let mut copies = texts.get(name.as_str()).into_iter().flatten();
        let kept = is_deleted || copies.any(|text| text.contains(&mark));
        report.edits_lost += usize::from(!kept && !rejected.contains(&mark));
    }
}

/// Each completion of a repeating todo adds its successor once, so exactly one of
/// each name is open.
fn count_chores(
    report: &mut ChaosReport,
    changes: &AcknowledgedChanges,
    texts: &BTreeMap<&str, Vec<&str>>,
) {
    for name in &changes.chores {
        let rows = texts.get(name.as_str()).into_iter().flatten().copied();
        let (done, open): (Vec<&str>, Vec<&str>) = rows.partition(|text| Line::new(text).is_done());
        report.completed += done.len();
        report.successors += (done.len() + open.len()).saturating_sub(1);
        report.lost += usize::from(open.is_empty());
        report.doubled += open.len().saturating_sub(1);
    }
    report.expected += report.completed;
}

/// The key and the text of each todo that the device shows.
fn shown(program: &Program) -> Result<BTreeSet<(String, String)>, CliError> {
    let all = Query {
        scope: Scope::All,
        ..Query::default()
    };
    let mut shown = BTreeSet::new();
    program.store.each(&all, |todo| {
        shown.insert((todo.key.to_string(), todo.text.clone()));
        ControlFlow::Continue(())
    })?;
    Ok(shown)
}
