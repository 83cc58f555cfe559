//! Who is at work on a device: hands that type, and an ear for news.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::Shared;
use super::device::{Device, Program};
use crate::cli::error::CliError;
use crate::domain::change::{Act, Change};
use crate::domain::key::{ChangeId, Key};
use crate::domain::line::Line;
use crate::domain::list::Around;
use crate::domain::query::Query;
use crate::domain::todo::{SyncState, Todo};

/// When a hand gives a request up.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long an ear waits before it looks again.
const GLANCE: Duration = Duration::from_millis(50);
/// How many todos a hand adds at once, now and then.
const PASTED: u64 = 20;
/// How many todos, at either end of the list, hands like to change: few
/// enough that they get in each other's way.
const REACH: usize = 12;
/// A todo with a longer text, in bytes, has been edited enough.
const LONG: usize = 2000;

/// Begins the names of repeating todos.
const CHORE: &str = "chore";
/// Everybody completes on the same day, so that all write the same line.
const COMPLETED_ON: Date = Date::constant(2026, 12, 1);

/// What was acknowledged: committed to a device's store.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    /// The names of todos that were added.
    pub(super) added: Vec<String>,
    /// The names of todos that were removed.
    pub(super) removed: BTreeSet<String>,
    /// The mark that each edit left, and the name of its todo.
    pub(super) edited: Vec<(String, String)>,
    /// The names of repeating todos, which are completed and not changed otherwise.
    pub(super) chores: BTreeSet<String>,
}

impl Deeds {
    /// Takes these in, too.
    pub(super) fn extend(&mut self, others: Self) {
        self.added.extend(others.added);
        self.removed.extend(others.removed);
        self.edited.extend(others.edited);
        self.chores.extend(others.chores);
    }
}

/// The name of a todo: its first word, which no client changes, after those of a done
/// one.
pub(super) fn name_of(text: &str) -> &str {
    let mut words = text.split(' ');
    match words.next() {
        Some("x") => words.nth(1).unwrap_or_default(),
        first => first.unwrap_or_default(),
    }
}

/// Somebody who types on a device.
pub(super) struct ChaosClient<'a> {
    device: &'a Device,
    program: Program,
    name: String,
    rng: Rng,
    acts: u64,
    items: Deeds,
}

impl<'a> ChaosClient<'a> {
    /// `name` begins the names of its todos and marks: no two hands have the same.
    pub(super) fn new(device: &'a Device, name: String, rng: Rng) -> Result<Self, CliError> {
        Ok(Self {
            device,
            program: device.program(PATIENCE)?,
            name,
            rng,
            acts: 0,
            items: Deeds::default(),
        })
    }

    /// Adds, edits, removes and syncs until it is over. A failed round is
    /// tried again at once: the more goes wrong, the better.
    pub(super) async fn work(mut self, shared: &Shared) -> Result<Deeds, CliError> {
        while !shared.is_over() {
            self.act(shared)?;
            if self.rng.bool() {
                self.program.round().await?;
            }
        }
        Ok(self.items)
    }

    fn act(&mut self, shared: &Shared) -> Result<(), CliError> {
        let attention = self.device.attention.lock();
        let _attention = attention.unwrap_or_else(PoisonError::into_inner);
        match self.rng.u8(..15) {
            12 => self.add_chore(shared),
            13.. => self.complete(),
            0..6 => self.add(1, shared),
            6 => self.add(PASTED, shared),
            7..9 => self.edit(),
            _ => self.remove(),
        }
    }

    fn add(&mut self, count: u64, shared: &Shared) -> Result<(), CliError> {
        let names: Vec<String> = (0..count).map(|_| self.fresh("todo")).collect();
        let changes: Vec<Change> = names
            .iter()
            .map(|name| {
                let text = format!("{name} buy milk +chaos");
                change(Key::new(Uuid::now_v7()), Act::Add { text })
            })
            .collect();
        self.program.store.commit(&changes)?;
        self.items.added.extend(names);
        shared.added.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    fn add_chore(&mut self, shared: &Shared) -> Result<(), CliError> {
        let name = self.fresh(CHORE);
        let text = format!("{name} water the plants rec:1w due:2026-12-01");
        let add = change(Key::new(Uuid::now_v7()), Act::Add { text });
        self.program.store.commit(&[add])?;
        self.items.added.push(name.clone());
        self.items.chores.insert(name);
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
            return self.remove();
        }
        let mark = self.fresh("edit");
        let name = name_of(&todo.text).to_owned();
        let after = format!("{} {mark}:1", todo.text);
        let before = todo.text;
        let edit = change(todo.key, Act::Edit { before, after });
        self.program.store.commit(&[edit])?;
        self.items.edited.push((mark, name));
        Ok(())
    }

    fn remove(&mut self) -> Result<(), CliError> {
        let Some(todo) = self.pick(false)? else {
            return Ok(());
        };
        let name = name_of(&todo.text).to_owned();
        let before = todo.text;
        let removal = change(todo.key, Act::Remove { before });
        let removed = self.program.store.commit(&[removal])?;
        if !removed.is_empty() {
            self.items.removed.insert(name);
        }
        Ok(())
    }

    /// A word that no other client writes.
    fn fresh(&mut self, kind: &str) -> String {
        self.acts += 1;
        format!("{kind}-{}-{}", self.name, self.acts)
    }

    /// A todo that waits for no decision: one of the oldest or of the newest.
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

/// A program that listens for news and fetches them.
pub(super) struct ChangeListener {
    program: Program,
}

impl ChangeListener {
    pub(super) fn new(device: &Device) -> Result<Self, CliError> {
        let program = device.program(PATIENCE)?;
        Ok(Self { program })
    }

    /// Syncs with each ring until it is over; a connection that was cut is
    /// opened again. Does nothing that must be counted.
    pub(super) async fn listen(mut self, shared: &Shared) -> Result<Deeds, CliError> {
        while !shared.is_over() {
            let Ok(Ok(mut doorbell)) = timeout(PATIENCE, self.program.remote.doorbell()).await
            else {
                sleep(GLANCE).await;
                continue;
            };
            while !shared.is_over() {
                match timeout(GLANCE, doorbell.ring()).await {
                    Ok(Ok(())) => {
                        // Rings that come together are one round.
                        sleep(GLANCE).await;
                        self.program.round().await?;
                    }
                    Ok(Err(_)) => break,
                    Err(_) => {}
                }
            }
        }
        Ok(Deeds::default())
    }
}
