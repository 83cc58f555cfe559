//! What runs on a device: clients that change todos, and a listener that syncs.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::RunState;
use crate::cli::commands::demo::device::{DemoDevice, Program};
use crate::cli::error::CliError;
use crate::domain::change::{Act, Change};
use crate::domain::key::{ChangeId, Key};
use crate::domain::line::Line;
use crate::domain::list::Around;
use crate::domain::query::Query;
use crate::domain::todo::{SyncState, Todo};

/// The time limit of a request.
const REQUEST_LIMIT: Duration = Duration::from_secs(1);
/// How long a listener waits between checks.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// How many todos a client sometimes adds at once.
const PASTED: u64 = 20;
/// How many todos, at either end of the list, clients change: few enough for
/// conflicts.
const REACH: usize = 12;
/// The longest text that is still edited, in bytes.
const LONG: usize = 2000;

/// The start of the names of repeating todos.
const CHORE: &str = "chore";
/// All clients complete on the same day, so that all write the same line.
const COMPLETED_ON: Date = Date::constant(2026, 12, 1);

/// Acknowledged changes: those committed to a device's store.
#[derive(Debug, Default)]
pub(super) struct AcknowledgedChanges {
    /// The names of todos that were added.
    pub(super) added: Vec<String>,
    /// The names of todos that were deleted.
    pub(super) deleted: BTreeSet<String>,
    /// The mark that each edit left, and the name of its todo.
    pub(super) edited: Vec<(String, String)>,
    /// The names of repeating todos, which are completed and not changed otherwise.
    pub(super) chores: BTreeSet<String>,
}

impl AcknowledgedChanges {
    /// Adds those of another client.
    pub(super) fn extend(&mut self, others: Self) {
        self.added.extend(others.added);
        self.deleted.extend(others.deleted);
        self.edited.extend(others.edited);
        self.chores.extend(others.chores);
    }
}

/// The name of a todo: its first word after a completion mark; no client changes it.
pub(super) fn name_of(text: &str) -> &str {
    let mut words = text.split(' ');
    match words.next() {
        Some("x") => words.nth(1).unwrap_or_default(),
        first => first.unwrap_or_default(),
    }
}

/// A client that changes todos on a device.
pub(super) struct ChaosClient<'a> {
    device: &'a DemoDevice,
    program: Program,
    name: String,
    rng: Rng,
    acts: u64,
    changes: AcknowledgedChanges,
}

impl<'a> ChaosClient<'a> {
    /// `name` is unique: it starts the names of the client's todos and marks.
    pub(super) fn new(device: &'a DemoDevice, name: String, rng: Rng) -> Result<Self, CliError> {
        Ok(Self {
            device,
            program: device.program(REQUEST_LIMIT)?,
            name,
            rng,
            acts: 0,
            changes: AcknowledgedChanges::default(),
        })
    }

    /// Adds, edits, deletes and syncs until the run ends. A failed round is retried at
    /// once, to meet more faults.
    pub(super) async fn work(mut self, shared: &RunState) -> Result<AcknowledgedChanges, CliError> {
        while !shared.has_ended() {
            self.act(shared)?;
            if self.rng.bool() {
                self.program.round().await?;
            }
        }
        Ok(self.changes)
    }

    fn act(&mut self, shared: &RunState) -> Result<(), CliError> {
        let one_action = self.device.one_action.lock();
        let _one_action = one_action.unwrap_or_else(PoisonError::into_inner);
        match self.rng.u8(..15) {
            12 => self.add_chore(shared),
            13.. => self.complete(),
            0..6 => self.add(1, shared),
            6 => self.add(PASTED, shared),
            7..9 => self.edit(),
            _ => self.delete(),
        }
    }

    fn add(&mut self, count: u64, shared: &RunState) -> Result<(), CliError> {
        let names: Vec<String> = (0..count).map(|_| self.fresh("todo")).collect();
        let changes: Vec<Change> = names
            .iter()
            .map(|name| {
                let text = format!("{name} buy milk +chaos");
                change(Key::new(Uuid::now_v7()), Act::Add { text })
            })
            .collect();
        self.program.store.commit(&changes)?;
        self.changes.added.extend(names);
        shared.added.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    fn add_chore(&mut self, shared: &RunState) -> Result<(), CliError> {
        let name = self.fresh(CHORE);
        let text = format!("{name} water the plants rec:1w due:2026-12-01");
        let add = change(Key::new(Uuid::now_v7()), Act::Add { text });
        self.program.store.commit(&[add])?;
        self.changes.added.push(name.clone());
        self.changes.chores.insert(name);
        shared.added.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn complete(&mut self) -> Result<(), CliError> {
        let Some(todo) = self.pick(true)? else {
            return Ok(());
        };
        let after = Line::new(&todo.text).completed(COMPLETED_ON);
        let before = todo.text;
        let edit = change(todo.key, Act::Edit { before, after });
        self.program.store.commit(&[edit])?;
        Ok(())
    }

    fn edit(&mut self) -> Result<(), CliError> {
        let Some(todo) = self.pick(false)? else {
            return Ok(());
        };
        if todo.text.len() > LONG {
            return self.delete();
        }
        let mark = self.fresh("edit");
        let name = name_of(&todo.text).to_owned();
        let after = format!("{} {mark}:1", todo.text);
        let before = todo.text;
        let edit = change(todo.key, Act::Edit { before, after });
        self.program.store.commit(&[edit])?;
        self.changes.edited.push((mark, name));
        Ok(())
    }

    fn delete(&mut self) -> Result<(), CliError> {
        let Some(todo) = self.pick(false)? else {
            return Ok(());
        };
        let name = name_of(&todo.text).to_owned();
        let before = todo.text;
        let deletion = change(todo.key, Act::Remove { before });
        let deleted = self.program.store.commit(&[deletion])?;
        if !deleted.is_empty() {
            self.changes.deleted.insert(name);
        }
        Ok(())
    }

    /// A word that no other client writes.
    fn fresh(&mut self, kind: &str) -> String {
        self.acts += 1;
        format!("{kind}-{}-{}", self.name, self.acts)
    }

    /// One of the oldest or of the newest todos; none with a rejected change.
    fn pick(&mut self, chore: bool) -> Result<Option<Todo>, CliError> {
        let around = if self.rng.bool() {
            Around::Top
        } else {
            Around::Bottom
        };
        let window = self
            .program
            .store
            .window(&Query::default(), around, REACH)?;
        let mut rows = window.rows;
        let is_chore = |todo: &Todo| name_of(&todo.text).starts_with(CHORE);
        rows.retain(|todo| todo.state != SyncState::Rejected && is_chore(todo) == chore);
        Ok(self.rng.choice(rows))
    }
}

fn change(todo: Key, act: Act) -> Change {
    Change {
        id: ChangeId(Uuid::now_v7()),
        todo,
        act,
        at: Timestamp::now(),
    }
}

/// A program that syncs when the server has changes.
pub(super) struct ChangeListener {
    program: Program,
}

impl ChangeListener {
    pub(super) fn new(device: &DemoDevice) -> Result<Self, CliError> {
        let program = device.program(REQUEST_LIMIT)?;
        Ok(Self { program })
    }

    /// Syncs with each event until the run ends; a closed connection is opened again.
    /// Makes no changes.
    pub(super) async fn listen(
        mut self,
        shared: &RunState,
    ) -> Result<AcknowledgedChanges, CliError> {
        while !shared.has_ended() {
            let Ok(Ok(mut doorbell)) = timeout(REQUEST_LIMIT, self.program.remote.doorbell()).await
            else {
                sleep(CHECK_INTERVAL).await;
                continue;
            };
            while !shared.has_ended() {
                match timeout(CHECK_INTERVAL, doorbell.ring()).await {
                    Ok(Ok(())) => {
                        // Events that come together make one round.
                        sleep(CHECK_INTERVAL).await;
                        self.program.round().await?;
                    }
                    Ok(Err(_)) => break,
                    Err(_) => {}
                }
            }
        }
        Ok(AcknowledgedChanges::default())
    }
}
