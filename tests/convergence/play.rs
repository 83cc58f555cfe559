//! Plays a sequence and checks the result.

use std::path::Path;

use jiff::Timestamp;
use tudone::domain::change::{Act, Change, OutboxEntry, Progress, REMOVED_ELSEWHERE};
use tudone::domain::key::{ChangeId, Key};
use tudone::domain::list::Resolved;
use tudone::domain::push_outcome::Queued;
use tudone::domain::todo::{Handle, Todo};
use uuid::Uuid;

use crate::Checked;
use crate::device::Device;
use crate::expectations::{DeviceResult, Expectations};
use crate::fleet::{Fleet, key, picked};
use crate::network::{FORBIDDEN, Network, POISON};
use crate::server::{Server, ServerRow};
use crate::step::{DEVICES, Spoilt, Step};
use crate::text::{edited, first, name};

/// The devices, the network and the expectations.
struct Play {
    fleet: Fleet,
    expectations: Expectations,
    /// The last numbers of todos, and of everything else.
    todos: u32,
    fresh: u32,
    /// Each device's edits and deletions, to be undone.
    edits: [Vec<(Key, String, String)>; DEVICES],
    removals: [Vec<String>; DEVICES],
    /// Local numbers of adds by device, and the todos' names.
    numbers: Vec<(usize, i64, String)>,
}

/// The result of a sequence, to compare servers: the server's rows, and each device's
/// rejected changes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) rows: Vec<ServerRow>,
    pub(crate) rejected: Vec<Vec<String>>,
}

/// Plays `steps` against a server, and checks the expectations.
pub(crate) fn play(
    steps: &[Step],
    server: Box<dyn Server>,
    folder: &Path,
    on_disk: bool,
) -> Checked<Outcome> {
    let mut play = Play {
        fleet: Fleet::new(server, folder, on_disk)?,
        expectations: Expectations::default(),
        todos: 0,
        fresh: 0,
        edits: Default::default(),
        removals: Default::default(),
        numbers: Vec::new(),
    };
    for step in steps {
        play.step(step)?;
    }
    play.fleet.sync_until_quiet()?;
    play.check()
}

fn change(number: u32, todo: Key, act: Act) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(number.into())),
        todo,
        act,
        at: Timestamp::UNIX_EPOCH,
    }
}

impl Play {
    fn number(&mut self) -> u32 {
        self.fresh += 1;
        self.fresh
    }

    fn step(&mut self, step: &Step) -> Checked {
        match *step {
            Step::Add {
                device,
                count,
                spoilt,
            } => self.add(device, count, spoilt),
            Step::Edit { device, pick, edit } => {
                let shown = self.fleet.device(device)?.shown()?;
                let Some(todo) = picked(&shown, pick) else {
                    return Ok(());
                };
                let fresh = self.number();
                let after = edited(&todo.text, edit, fresh);
                self.edit(device, todo, &after)
            }
            Step::Remove { device, pick } => self.remove(device, pick),
            Step::TakeBack { device } => self.take_back(device),
            Step::Revive { device } => self.revive(device),
            Step::Decide {
                device,
                pick,
                retry,
            } => self.decide(device, pick, retry),
            Step::Sync { device } => self.fleet.sync(device),
            Step::Pass { device, fate } => self.fleet.pass(device, fate),
            Step::Kill { device } => self.fleet.device(device)?.kill(),
            Step::Straggle { pick } => self.fleet.network.borrow_mut().straggle(pick),
            Step::Purge => self.fleet.purge(),
            Step::BackUp => {
                self.fleet.network.borrow_mut().back_up();
                Ok(())
            }
            Step::Restore => self.restore(Network::restore),
            Step::Reset { same_user } => self.restore(|network| {
                network.reset(same_user)?;
                Ok(true)
            }),
            Step::Upgrade => self.fleet.network.borrow_mut().upgrade(),
        }
    }

    fn commit(&mut self, device: usize, todo: Key, act: Act) -> Checked<Vec<Todo>> {
        let number = self.number();
        self.fleet
            .device(device)?
            .commit(&[change(number, todo, act)])
    }

    fn add(&mut self, device: usize, count: u8, spoilt: Spoilt) -> Checked {
        let mut changes = Vec::new();
        for n in 0..count {
            self.todos += 1;
            let todo = key(self.todos);
            let text = match spoilt {
                Spoilt::Forbidden if n == count / 2 => format!("t{} {FORBIDDEN}", self.todos),
                Spoilt::Poison if n == count / 2 => format!("t{} {POISON}", self.todos),
                Spoilt::No | Spoilt::Forbidden | Spoilt::Poison => first(self.todos),
            };
            changes.push(change(self.number(), todo, Act::Add { text }));
        }
        let todos = self.fleet.device(device)?.commit(&changes)?;
        for (change, todo) in changes.iter().zip(todos) {
            self.expectations.add(&todo.text, change.todo);
            let number = todo.local.ok_or("an add without a number")?;
            self.numbers.push((device, number, name(&todo.text)));
        }
        Ok(())
    }

    /// Changing a todo decides about its rejected changes.
    fn decided(&mut self, device: usize, todo: Key) -> Checked {
        for Queued { entry, .. } in self.fleet.device(device)?.rejected()? {
            if entry.change.todo == todo {
                self.expectations.discard(device, &entry.change.act);
            }
        }
        Ok(())
    }

    fn edit(&mut self, device: usize, todo: &Todo, after: &str) -> Checked {
        let before = todo.text.clone();
        if before == after {
            return Ok(());
        }
        self.decided(device, todo.key)?;
        for Queued { entry, .. } in self.fleet.device(device)?.rejected()? {
            if entry.change.todo == todo.key {
                self.expectations.add_again(&entry.change.act);
            }
        }
        let act = Act::Edit {
            before: before.clone(),
            after: after.to_owned(),
        };
        self.commit(device, todo.key, act)?;
        self.expectations.edit(device, &before, after);
        if let Some(edits) = self.edits.get_mut(device) {
            edits.push((todo.key, before, after.to_owned()));
        }
        Ok(())
    }

    fn remove(&mut self, device: usize, pick: u8) -> Checked {
        let shown = self.fleet.device(device)?.shown()?;
        let Some(todo) = picked(&shown, pick) else {
            return Ok(());
        };
        let rejected = self.fleet.device(device)?.rejected()?;
        // An edit rejected for its text may be of a row that is not pulled yet.
        let is_gone = |entry: &OutboxEntry| match (&entry.change.act, &entry.progress) {
            (Act::Edit { .. }, Progress::Rejected(why)) => why.code == REMOVED_ELSEWHERE,
            _ => true,
        };
        let only_here = rejected.iter().any(|Queued { entry, base, .. }| {
            entry.change.todo == todo.key && base.is_none() && is_gone(entry)
        });
        self.decided(device, todo.key)?;
        let before = todo.text.clone();
        self.commit(device, todo.key, Act::Remove { before })?;
        if !only_here {
            self.expectations.remove(device, &todo.text);
        }
        if let Some(removals) = self.removals.get_mut(device) {
            removals.push(todo.text.clone());
        }
        Ok(())
    }

    fn take_back(&mut self, device: usize) -> Checked {
        let last = self.edits.get_mut(device).and_then(Vec::pop);
        let Some((key, before, after)) = last else {
            return Ok(());
        };
        let shown = self.fleet.device(device)?.shown()?;
        match shown
            .iter()
            .find(|todo| todo.key == key && todo.text == after)
        {
            Some(todo) => self.edit(device, todo, &before),
            None => Ok(()),
        }
    }

    /// Undoes a deletion by a new todo, here also with a new name.
    fn revive(&mut self, device: usize) -> Checked {
        let last = self.removals.get_mut(device).and_then(Vec::pop);
        if let Some(text) = last {
            self.todos += 1;
            let (todo, old) = (key(self.todos), name(&text));
            let text = text.replace(&format!("{old} "), &format!("t{} ", self.todos));
            let text = if name(&text) == old {
                text.replace(&old, &format!("t{}", self.todos))
            } else {
                text
            };
            self.expectations.add(&text, todo);
            self.commit(device, todo, Act::Add { text })?;
        }
        Ok(())
    }

    fn decide(&mut self, device: usize, pick: u8, retry: bool) -> Checked {
        let rejected = self.fleet.device(device)?.rejected()?;
        let Some(Queued { entry, base, .. }) = picked(&rejected, pick) else {
            return Ok(());
        };
        let is_gone = |code: &str| code == REMOVED_ELSEWHERE && base.is_none();
        if retry {
            // With the old name it could not be distinguished from the deleted todo.
            if matches!(&entry.progress, Progress::Rejected(why) if is_gone(&why.code)) {
                return Ok(());
            }
            self.expectations.add_again(&entry.change.act);
            self.fleet
                .device(device)?
                .with(|store| Ok(store.retry(entry.seq, entry.change.todo)?))?;
        } else {
            self.expectations.discard(device, &entry.change.act);
            self.fleet
                .device(device)?
                .with(|store| Ok(store.drop_entry(entry.seq)?))?;
        }
        Ok(())
    }

    /// Resets the server. Only a lower revision shows that, so each device reads it
    /// before anything is written again.
    fn restore(&mut self, how: impl FnOnce(&mut Network) -> Checked<bool>) -> Checked {
        let done = how(&mut self.fleet.network.borrow_mut())?;
        if done {
            let rows = self.fleet.network.borrow_mut().rows()?;
            self.expectations
                .restore(&self.fleet.network.borrow().seen, &rows);
            for device in &mut self.fleet.devices {
                device.meet_the_server()?;
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Checked<Outcome> {
        let mut endings = Vec::new();
        for device in &mut self.fleet.devices {
            endings.push(ending(device)?);
        }
        self.expectations
            .check(&mut self.fleet.network.borrow_mut(), &endings)?;
        self.check_numbers()?;
        self.fleet.check_shown()?;
        Ok(Outcome {
            rows: self.fleet.network.borrow_mut().rows()?,
            rejected: endings.into_iter().map(|ending| ending.codes).collect(),
        })
    }

    /// Checks that local numbers still name their todos.
    fn check_numbers(&mut self) -> Checked {
        let rows = self.fleet.network.borrow_mut().rows()?;
        for (device, number, todo) in self.numbers.clone() {
            let resolved = self
                .fleet
                .device(device)?
                .with(|store| Ok(store.resolve(&Handle::Local(number))?))?;
            let there = rows.iter().any(|row| name(&row.text) == todo);
            match resolved {
                Resolved::One(found) if name(&found.text) == todo => {}
                Resolved::Nothing if !there => {}
                other @ (Resolved::Nothing | Resolved::One(_) | Resolved::Several(_)) => {
                    return Err(format!("n{number} is {other:?}, not {todo}").into());
                }
            }
        }
        Ok(())
    }
}

fn ending(device: &mut Device) -> Checked<DeviceResult> {
    let mut ending = DeviceResult::default();
    for todo in device.shown()? {
        ending.shown.insert(todo.text);
    }
    for Queued { entry, .. } in device.outbox()? {
        let Progress::Rejected(rejection) = entry.progress else {
            return Err(format!("left over: {entry:?}").into());
        };
        let act = entry.change.act;
        if rejection.code == "conflict" && rejection.theirs.is_none() {
            return Err(format!("a conflict without both texts: {act:?}").into());
        }
        let of = crate::expectations::texts(&act)
            .last()
            .map(|text| name(text));
        ending.codes.push(format!("{}: {act:?}", rejection.code));
        ending
            .rejected
            .push((of.unwrap_or_default(), act, rejection.theirs));
    }
    Ok(ending)
}
