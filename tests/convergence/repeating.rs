//! Repeating todos on three devices: each completion on the server has one successor,
//! whatever happens between them and the server.
//!
//! Another program, which does not know `rec:`, also edits the server directly.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use serde_json::json;
use tudone::domain::change::{Act, Change, Progress};
use tudone::domain::history::Session;
use tudone::domain::key::{ChangeId, Key};
use tudone::domain::line::Line;
use tudone::domain::push_outcome::Queued;
use tudone::domain::todo::Todo;
use uuid::Uuid;

use crate::fleet::{Fleet, key, picked};
use crate::network::Completion;
use crate::postgres::Postgres;
use crate::server::Server;
use crate::step::{self, DEVICES, Fate};
use crate::text::name;
use crate::{Checked, World, all, cases};

/// One step of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Add {
        device: usize,
        rule: u8,
    },
    /// Completes or reopens a todo on one of a few days.
    Toggle {
        device: usize,
        pick: u8,
        day: u8,
    },
    /// Adds a word, or changes the due date.
    Edit {
        device: usize,
        pick: u8,
        due: bool,
    },
    Remove {
        device: usize,
        pick: u8,
    },
    Undo {
        device: usize,
        redo: bool,
    },
    /// Retries or drops a rejected change.
    Decide {
        device: usize,
        pick: u8,
        retry: bool,
    },
    /// Completes, reopens or edits as a program that does not know `rec:`.
    Program {
        pick: u8,
        day: u8,
        toggles: bool,
    },
    Sync {
        device: usize,
    },
    Pass {
        device: usize,
        fate: Fate,
    },
    Kill {
        device: usize,
    },
    Straggle {
        pick: u8,
    },
    /// The server forgets its tombstones.
    Purge,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sequence {
    short_pages: bool,
    steps: Vec<Step>,
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "short_pages: {}", self.short_pages)?;
        self.steps
            .iter()
            .try_for_each(|step| writeln!(f, "  {step:?}"))
    }
}

fn sequences() -> impl Strategy<Value = Sequence> {
    let device = || 0..DEVICES;
    let day = || 0..3_u8;
    let step = prop_oneof![
        3 => (device(), 0..3_u8).prop_map(|(device, rule)| Step::Add { device, rule }),
        22 => (device(), any::<u8>(), day())
            .prop_map(|(device, pick, day)| Step::Toggle { device, pick, day }),
        8 => (device(), any::<u8>(), any::<bool>())
            .prop_map(|(device, pick, due)| Step::Edit { device, pick, due }),
        3 => (device(), any::<u8>()).prop_map(|(device, pick)| Step::Remove { device, pick }),
        6 => (device(), prop_oneof![3 => Just(false), 1 => Just(true)])
            .prop_map(|(device, redo)| Step::Undo { device, redo }),
        3 => (device(), any::<u8>(), any::<bool>())
            .prop_map(|(device, pick, retry)| Step::Decide { device, pick, retry }),
        3 => (any::<u8>(), day(), any::<bool>())
            .prop_map(|(pick, day, toggles)| Step::Program { pick, day, toggles }),
        16 => device().prop_map(|device| Step::Sync { device }),
        26 => (device(), step::fate()).prop_map(|(device, fate)| Step::Pass { device, fate }),
        4 => device().prop_map(|device| Step::Kill { device }),
        3 => any::<u8>().prop_map(|pick| Step::Straggle { pick }),
        1 => Just(Step::Purge),
    ];
    (any::<bool>(), prop::collection::vec(step, 6..50))
        .prop_map(|(short_pages, steps)| Sequence { short_pages, steps })
}

const RULES: [&str; 3] = ["rec:1w", "rec:+1m", "rec:2d"];

/// A user's actions on the todos with one name on one device: a todo and all its
/// successors have the same name.
#[derive(Debug, Default)]
struct UserActions {
    reopened: BTreeSet<(usize, String)>,
    edited: BTreeSet<(usize, String)>,
    /// Names of todos with a rejected change that a user retried or dropped.
    decided: BTreeSet<(usize, String)>,
    removed: BTreeSet<String>,
    /// Names of todos that were edited in another way.
    changed: BTreeSet<String>,
    /// Unchanged successors that disappeared when their todo was reopened.
    taken: Vec<(usize, Key, Key)>,
}

struct Play {
    fleet: Fleet,
    actions: UserActions,
    added: BTreeSet<Uuid>,
    /// Todos that were restored as new ones, perhaps done.
    revived: BTreeSet<Uuid>,
    todos: u32,
    fresh: u32,
}

fn date(day: u8) -> Date {
    let day = i8::try_from(day).unwrap_or_default() + 20;
    let first = Date::constant(2026, 11, 1);
    first.with().day(day).build().unwrap_or(first)
}

fn toggled(text: &str, day: u8) -> String {
    let line = Line::new(text);
    if line.is_done() {
        line.reopened().unwrap_or_else(|_| text.to_owned())
    } else {
        line.completed(date(day))
    }
}

fn is_done(text: &str) -> bool {
    Line::new(text).is_done()
}

/// Plays `steps` and returns the number of completions with verified successors.
fn play(steps: &[Step], server: Box<dyn Server>, folder: &Path, on_disk: bool) -> Checked<usize> {
    let mut play = Play {
        fleet: Fleet::new(server, folder, on_disk)?,
        actions: UserActions::default(),
        added: BTreeSet::new(),
        revived: BTreeSet::new(),
        todos: 0,
        fresh: 0,
    };
    // Two todos that every device knows, so that their changes conflict.
    for rule in 0..2 {
        play.step(&Step::Add { device: 0, rule })?;
    }
    for device in 0..DEVICES {
        play.step(&Step::Sync { device })?;
    }
    for step in steps {
        play.step(step)?;
    }
    play.fleet.sync_until_quiet()?;
    play.check()
}

impl Play {
    fn number(&mut self) -> u32 {
        self.fresh += 1;
        self.fresh
    }

    fn step(&mut self, step: &Step) -> Checked {
        match *step {
            Step::Add { device, rule } => {
                self.todos += 1;
                let rule = RULES[usize::from(rule) % RULES.len()];
                let text = format!("t{} {rule} due:2026-11-2{}", self.todos, self.todos % 5);
                let todo = key(self.todos);
                self.added.insert(todo.uuid());
                self.commit(device, todo, Act::Add { text })
            }
            Step::Toggle { device, pick, day } => {
                self.edit(device, pick, |text, _| toggled(text, day))
            }
            Step::Edit { device, pick, due } => self.edit(device, pick, |text, fresh| {
                let line = Line::new(text);
                let edited = if due {
                    line.with_due(Some(date(u8::try_from(fresh % 8).unwrap_or_default())))
                } else {
                    line.with_tag(&format!("w{fresh}"))
                };
                edited.unwrap_or_else(|_| text.to_owned())
            }),
            Step::Remove { device, pick } => {
                let shown = self.fleet.device(device)?.shown()?;
                let Some(todo) = picked(&shown, pick) else {
                    return Ok(());
                };
                self.decided(device, todo)?;
                self.actions.removed.insert(name(&todo.text));
                let before = todo.text.clone();
                self.commit(device, todo.key, Act::Remove { before })
            }
            Step::Undo { device, redo } => self.undo(device, redo),
            Step::Decide {
                device,
                pick,
                retry,
            } => self.decide(device, pick, retry),
            Step::Program { pick, day, toggles } => self.program(pick, day, toggles),
            Step::Sync { device } => self.fleet.sync(device),
            Step::Pass { device, fate } => self.fleet.pass(device, fate),
            Step::Kill { device } => self.fleet.device(device)?.kill(),
            Step::Straggle { pick } => self.fleet.network.borrow_mut().straggle(pick),
            Step::Purge => self.fleet.purge(),
        }
    }

    fn commit(&mut self, device: usize, todo: Key, act: Act) -> Checked {
        let change = Change {
            id: ChangeId(Uuid::from_u128(self.number().into())),
            todo,
            act,
            at: Timestamp::UNIX_EPOCH,
        };
        self.fleet.device(device)?.with(|store| {
            store.commit_action(Session::Cli, "changed", &[change])?;
            Ok(())
        })?;
        self.fleet.device(device)?.check()
    }

    /// Changing a todo decides about its rejected changes.
    fn decided(&mut self, device: usize, todo: &Todo) -> Checked {
        for Queued { entry, .. } in self.fleet.device(device)?.rejected()? {
            if entry.change.todo == todo.key {
                self.actions.decided.insert((device, name(&todo.text)));
            }
        }
        Ok(())
    }

    fn edit(&mut self, device: usize, pick: u8, edit: impl Fn(&str, u32) -> String) -> Checked {
        let shown = self.fleet.device(device)?.shown()?;
        let Some(todo) = picked(&shown, pick) else {
            return Ok(());
        };
        let fresh = self.number();
        let after = edit(&todo.text, fresh);
        if after == todo.text {
            return Ok(());
        }
        self.decided(device, todo)?;
        let successor = self.untouched(device, todo.key)?;
        let of = (device, name(&todo.text));
        self.actions.changed.insert(of.1.clone());
        match (is_done(&todo.text), is_done(&after)) {
            (true, false) => drop(self.actions.reopened.insert(of)),
            (false, false) | (true, true) => drop(self.actions.edited.insert(of)),
            (false, true) => {}
        }
        let before = todo.text.clone();
        self.commit(device, todo.key, Act::Edit { before, after })?;
        self.moved(device, todo, successor)
    }

    /// Returns the successor of a todo, if it was not changed.
    fn untouched(&mut self, device: usize, todo: Key) -> Checked<Option<Todo>> {
        let found = self
            .fleet
            .device(device)?
            .with(|store| Ok(store.successor(todo)?))?;
        Ok(found.filter(|next| !is_done(&next.text) && !next.text.contains(" w")))
    }

    /// Records, after a change of a todo, that reopening removed its successor.
    fn moved(&mut self, device: usize, before: &Todo, successor: Option<Todo>) -> Checked {
        let todo = before.key;
        let now = self
            .fleet
            .device(device)?
            .with(|store| Ok(store.todo(todo)?))?;
        let Some(now) = now else { return Ok(()) };
        if !is_done(&before.text) && is_done(&now.text) {
            self.actions
                .taken
                .retain(|(on, completed, _)| *on != device || *completed != now.key);
        }
        let (true, false, Some(successor)) = (is_done(&before.text), is_done(&now.text), successor)
        else {
            return Ok(());
        };
        let left = self
            .fleet
            .device(device)?
            .with(|store| Ok(store.todo(successor.key)?))?;
        let due_was_moved = self.actions.edited.iter().any(|it| it.1 == name(&now.text));
        match left {
            None => self.actions.taken.push((device, now.key, successor.key)),
            Some(left) if !due_was_moved && successor.text == left.text => {
                return Err(format!("{left:?} stays although {now:?} was reopened").into());
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn undo(&mut self, device: usize, redo: bool) -> Checked {
        let before = self.fleet.device(device)?.shown()?;
        let mut successors = Vec::new();
        for todo in &before {
            successors.push(self.untouched(device, todo.key)?);
        }
        for todo in &before {
            self.decided(device, todo)?;
        }
        let first = self.todos;
        let (todos, fresh) = (&mut self.todos, &mut self.fresh);
        let mut id = || {
            *fresh += 1;
            *todos += 1;
            key(*todos).uuid()
        };
        let Some(device_) = self.fleet.devices.get_mut(device) else {
            return Ok(());
        };
        device_.with(|store| {
            let at = Timestamp::UNIX_EPOCH;
            if redo {
                store.redo(Session::Cli, at, &mut id)?;
            } else {
                store.undo(Session::Cli, at, &mut id)?;
            }
            Ok(())
        })?;
        let keys = (first + 1..=self.todos).map(|n| key(n).uuid());
        self.added.extend(keys.clone());
        self.revived.extend(keys);
        self.fleet.device(device)?.check()?;
        for (todo, successor) in before.iter().zip(successors) {
            let now = self
                .fleet
                .device(device)?
                .with(|store| Ok(store.todo(todo.key)?))?;
            let of = (device, name(&todo.text));
            match now {
                Some(now) if is_done(&todo.text) && !is_done(&now.text) => {
                    self.actions.reopened.insert(of);
                }
                Some(now) if now.text == todo.text => {}
                Some(_) => drop(self.actions.edited.insert(of)),
                None => drop(self.actions.removed.insert(of.1)),
            }
            self.moved(device, todo, successor)?;
        }
        Ok(())
    }

    fn decide(&mut self, device: usize, pick: u8, retry: bool) -> Checked {
        let rejected = self.fleet.device(device)?.rejected()?;
        let Some(Queued { entry, .. }) = picked(&rejected, pick) else {
            return Ok(());
        };
        let of = crate::expectations::texts(&entry.change.act)
            .last()
            .map(|text| name(text));
        self.actions
            .decided
            .insert((device, of.unwrap_or_default()));
        // A reopening that is dropped brings the successor back.
        let of_todo = |it: &(usize, Key, Key)| it.0 == device && it.1 == entry.change.todo;
        self.actions.taken.retain(|it| retry || !of_todo(it));
        self.todos += 1;
        let fresh = key(self.todos);
        self.added.insert(fresh.uuid());
        self.revived.insert(fresh.uuid());
        self.fleet.device(device)?.with(|store| {
            if retry {
                store.retry(entry.seq, fresh)?;
            } else {
                store.drop_entry(entry.seq)?;
            }
            Ok(())
        })?;
        self.fleet.device(device)?.check()
    }

    /// Edits a row as another program, based on its current revision.
    fn program(&mut self, pick: u8, day: u8, toggles: bool) -> Checked {
        let rows = self.fleet.network.borrow_mut().rows()?;
        let Some(row) = picked(&rows, pick) else {
            return Ok(());
        };
        let text = if toggles {
            toggled(&row.text, day)
        } else {
            let fresh = self.number();
            let edited = Line::new(&row.text).with_tag(&format!("w{fresh}"));
            edited.unwrap_or_else(|_| row.text.clone())
        };
        self.actions.changed.insert(name(&row.text));
        let mut network = self.fleet.network.borrow_mut();
        let revision = network.revision(row.id)?;
        let body = json!({
            "operationName": "EditTodos",
            "query": include_str!("../../queries/edit_todos.graphql"),
            "variables": {"updates": [{
                "where": {"client_id": {"_eq": row.key}, "revision": {"_eq": revision}},
                "_set": {"text": text},
            }]},
        });
        network.arrive(None, &serde_json::to_vec(&body)?)?;
        Ok(())
    }

    fn check(&mut self) -> Checked<usize> {
        for device in 0..DEVICES {
            for Queued { entry, .. } in self.fleet.device(device)?.outbox()? {
                let Progress::Rejected(_) = entry.progress else {
                    return Err(format!("left over on {device}: {entry:?}").into());
                };
                for text in crate::expectations::texts(&entry.change.act) {
                    self.actions.decided.insert((device, name(text)));
                }
            }
        }
        let completions = self.fleet.network.borrow().completions.clone();
        let mut found = 0;
        for completion in &completions {
            found += usize::from(self.check_successor(completion)?);
        }
        self.check_rows(&completions)?;
        for (device, todo, successor) in std::mem::take(&mut self.actions.taken) {
            let left = self
                .fleet
                .device(device)?
                .with(|store| Ok(store.todo(successor)?))?;
            if left.is_some() {
                return Err(format!("{todo} was reopened, but {left:?} is there").into());
            }
        }
        self.fleet.check_shown()?;
        Ok(found)
    }

    /// Checks that every completion by a device has its successor, unless the user undid
    /// it or has yet to decide about it. Returns whether it has.
    fn check_successor(&self, completion: &Completion) -> Checked<bool> {
        let Some(device) = completion.device else {
            return Ok(false);
        };
        if completion.replaced == 0 && self.revived.contains(&completion.todo) {
            return Ok(false);
        }
        let of = (device, name(&completion.text));
        // In that case it looks like another device's completion.
        let unknown = completion.unheard && self.actions.changed.contains(&of.1);
        let excused =
            unknown || self.actions.reopened.contains(&of) || self.actions.decided.contains(&of);
        let successor = Key::new(completion.todo).successor(completion.replaced);
        let arrived = self
            .fleet
            .network
            .borrow()
            .arrived
            .contains(&successor.to_string());
        if !arrived && !excused {
            return Err(format!("{completion:?} has no successor {successor}").into());
        }
        Ok(arrived)
    }

    /// Checks that every todo was added by a user or by a completion.
    fn check_rows(&mut self, completions: &[Completion]) -> Checked {
        let successors: BTreeSet<Uuid> = completions
            .iter()
            .map(|it| Key::new(it.todo).successor(it.replaced).uuid())
            .collect();
        for row in self.fleet.network.borrow_mut().rows()? {
            let key: Uuid = row.key.parse()?;
            if self.added.contains(&key) || successors.contains(&key) {
                continue;
            }
            // A changed successor stays, in place of or beside another one.
            let of = name(&row.text);
            let on_one_device = |actions: &BTreeSet<(usize, String)>| {
                (0..DEVICES).any(|device| actions.contains(&(device, of.clone())))
            };
            let excused = on_one_device(&self.actions.decided)
                || on_one_device(&self.actions.reopened)
                || self.actions.removed.contains(&of);
            if !excused {
                return Err(format!("{row:?} follows from no completion: {completions:#?}").into());
            }
        }
        Ok(())
    }
}

#[test]
fn each_completion_of_a_repeating_todo_has_one_successor() -> Checked {
    let cases = cases()?;
    let found = AtomicUsize::new(0);
    all(cases, sequences, World::new, |world, sequence| {
        let server = Box::new(world.server(sequence.short_pages).clone());
        let verified = play(&sequence.steps, server, world.folder.path(), false)?;
        found.fetch_add(verified, Ordering::Relaxed);
        Ok(())
    })?;
    // Otherwise the sequences would prove little.
    let found = found.into_inner();
    assert!(found >= cases as usize, "only {found} in {cases} sequences");
    Ok(())
}

#[test]
fn each_completion_has_one_successor_while_users_keep_typing() -> Checked {
    all(
        cases()?.div_ceil(20),
        sequences,
        World::new,
        |world, sequence| {
            let folder = tempfile::tempdir()?;
            let server = Box::new(world.server(sequence.short_pages).clone());
            play(&sequence.steps, server, folder.path(), true).map(drop)
        },
    )
}

#[test]
fn each_completion_has_one_successor_on_postgresql() -> Checked {
    let world = || Ok((tempfile::tempdir()?, Postgres::full()?));
    all(
        cases()?.div_ceil(10),
        sequences,
        world,
        |(folder, postgres), sequence| {
            let Some(postgres) = postgres else {
                return Ok(());
            };
            let server = postgres.serving(sequence.short_pages);
            play(&sequence.steps, server, folder.path(), false).map(drop)
        },
    )
}

/// Sequences that once ended badly.
#[test]
fn what_once_ended_badly_ends_well() -> Checked {
    let toggle = |device, pick, day| Step::Toggle { device, pick, day };
    let pass = |device, fate| Step::Pass { device, fate };
    let program = |pick, day| Step::Program {
        pick,
        day,
        toggles: true,
    };
    let edit = |device, pick| Step::Edit {
        device,
        pick,
        due: false,
    };
    let world = World::new()?;
    for steps in [
        // A completion whose answer was lost, and a purge before the next round.
        vec![
            Step::Remove { device: 1, pick: 0 },
            toggle(1, 0, 0),
            pass(1, Fate::LostAfter),
            Step::Purge,
            edit(1, 0),
        ],
        // A reopening that was rejected and dropped.
        vec![
            toggle(2, 30, 2),
            Step::Sync { device: 2 },
            program(3, 0),
            program(9, 0),
            toggle(2, 96, 0),
            Step::Sync { device: 2 },
            Step::Decide {
                device: 2,
                pick: 0,
                retry: false,
            },
        ],
    ] {
        let server = Box::new(world.server(false).clone());
        play(&steps, server, world.folder.path(), false)
            .map_err(|error| format!("{error}\nafter {steps:#?}"))?;
    }
    Ok(())
}
