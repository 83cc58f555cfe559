//! After the chaos: everybody syncs in peace, and what is left is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use reqwest::Method;
use serde_json::Value;

use super::client::{Deeds, name_of};
use super::device::{Device, Program};
use super::fault_injector::FaultInjector;
use super::report::ChaosReport;
use super::{DEVICES, HANDS};
use crate::cli::commands::demo::env::{DemoEnv, text_of};
use crate::cli::error::CliError;
use crate::domain::change::{Act, Progress};
use crate::domain::line::Line;
use crate::domain::query::{Query, Scope};
use crate::http::REQUEST_LIMIT;

/// How often a round is tried in peace.
const TRIES: usize = 20;
/// How often all devices sync before that they have nothing more to tell
/// each other is doubted.
const TURNS: usize = 10;

/// Lets the devices sync, and compares what was done with what is there.
pub(super) async fn count(
    ground: &DemoEnv,
    devices: &[Device],
    items: &Deeds,
    weather: &FaultInjector,
) -> Result<ChaosReport, CliError> {
    let programs: Result<Vec<Program>, CliError> = devices
        .iter()
        .map(|device| device.program(REQUEST_LIMIT))
        .collect();
    let mut programs = programs?;
    settle(&mut programs).await?;

    let mut report = ChaosReport {
        devices: DEVICES,
        workers: DEVICES * (HANDS + 1),
        interrupted: weather.interrupted,
        ..ChaosReport::default()
    };
    count_weather(&mut report, ground, weather).await?;
    let rejected = take_rejected(&mut programs, &mut report)?;
    let rows = ground.rows(devices.first().map(Device::sub)).await?;
    count_deeds(&mut report, items, &rows, &rejected);
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

/// Every device syncs until none has anything to tell or to hear.
async fn settle(programs: &mut [Program]) -> Result<(), CliError> {
    for _ in 0..TURNS {
        let mut quiet = true;
        for program in &mut *programs {
            let round = peaceful_round(program).await?;
            quiet &= round.pushed + round.pulled + round.rejected + round.waiting == 0;
        }
        if quiet {
            return Ok(());
        }
    }
    Ok(())
}

async fn peaceful_round(
    program: &mut Program,
) -> Result<crate::sync::round::RoundReport, CliError> {
    for _ in 0..TRIES {
        if let Some(report) = program.round().await? {
            return Ok(report);
        }
    }
    Err(CliError::demo("a round ends well in peace"))
}

async fn count_weather(
    report: &mut ChaosReport,
    ground: &DemoEnv,
    weather: &FaultInjector,
) -> Result<(), CliError> {
    let tally = ground.control(Method::GET, "tally", None).await?;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    report.requests = number(&tally["requests"]);
    report.unanswered_commits = number(&tally["unanswered_commits"]);
    report.faults = tally["faults"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, times)| (name.clone(), number(times)))
        .chain([
            ("sockets_cut".to_owned(), weather.sockets_cut),
            ("tokens_ended".to_owned(), weather.tokens_ended),
        ])
        .collect();
    Ok(())
}

/// Gives up what was rejected, as a user may, and counts what else is left
/// in the outboxes. Returns the texts that were rejected.
fn take_rejected(programs: &mut [Program], report: &mut ChaosReport) -> Result<String, CliError> {
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

/// Every add must be there once, unless it was removed; every edit must have
/// left its mark, in its todo or among what was rejected.
fn count_deeds(report: &mut ChaosReport, items: &Deeds, rows: &[Value], rejected: &str) {
    let mut texts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let text = text_of(row);
        texts.entry(name_of(text)).or_default().push(text);
    }
    report.added = items.added.len();
    report.removed = items.removed.len();
    report.expected = report.added - report.removed;
    report.found = rows.len();
    for name in items.added.iter().filter(|it| !items.chores.contains(*it)) {
        let copies = texts.get(name.as_str()).map_or(0, Vec::len);
        let removed = items.removed.contains(name);
        report.lost += usize::from(copies == 0 && !removed);
        report.doubled += usize::from(copies > 1);
        report.came_back += usize::from(copies > 0 && removed);
    }
    count_chores(report, items, &texts);
    report.edited = items.edited.len();
    for (mark, name) in &items.edited {
        let mark = format!(" {mark}:1");
        let is_gone = !texts.contains_key(name.as_str());
        let mut copies = texts.get(name.as_str()).into_iter().flatten();
        let kept = is_gone || copies.any(|text| text.contains(&mark));
        report.edits_lost += usize::from(!kept && !rejected.contains(&mark));
    }
}

/// Each completion of a repeating todo adds its successor once, so exactly one of
/// each name is open.
fn count_chores(report: &mut ChaosReport, items: &Deeds, texts: &BTreeMap<&str, Vec<&str>>) {
    for name in &items.chores {
        let rows = texts.get(name.as_str()).into_iter().flatten().copied();
        let (done, open): (Vec<&str>, Vec<&str>) = rows.partition(|text| Line::new(text).is_done());
        report.completed += done.len();
        report.successors += (done.len() + open.len()).saturating_sub(1);
        report.lost += usize::from(open.is_empty());
        report.doubled += open.len().saturating_sub(1);
    }
    report.expected += report.completed;
}

/// Everything the device shows: key and text.
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
