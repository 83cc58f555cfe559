//! Many devices, many faults: all devices end with the same todos, every add arrives
//! once, and no edit is dropped silently.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use fastrand::Rng;

use super::server::Fault;
use super::*;
use crate::domain::todo::SyncState;

/// The number of runs, each with another seed.
const SEEDS: u64 = 40;

const FAULTS: [Fault; 8] = [
    Fault::Unreachable,
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::LostAfter,
    Fault::Busy,
    Fault::None,
    Fault::None,
    Fault::None,
];

/// The devices and the actions of their users.
struct Play {
    rng: Rng,
    server: Server,
    devices: Vec<Device>,
    added: u128,
    /// Unique words that edits appended, with the todo's name.
    words: Vec<(String, String)>,
    /// Names of deleted todos.
    removed: BTreeSet<String>,
    /// Rejected changes, dropped at the end.
    rejected: String,
}

/// Returns the name of a todo: its first word, which never changes.
fn name(text: &str) -> String {
    text.split(' ').next().unwrap_or_default().to_owned()
}

impl Play {
    fn new(seed: u64, server: Server, devices: usize) -> Result<Self, Box<dyn Error>> {
        let devices = (0..devices).map(|_| Device::in_memory(&server));
        Ok(Self {
            rng: Rng::with_seed(seed),
            devices: devices.collect::<Result<_, _>>()?,
            server,
            added: 0,
            words: Vec::new(),
            removed: BTreeSet::new(),
            rejected: String::new(),
        })
    }

    async fn step(&mut self) -> TestResult {
        let at = self.rng.usize(..self.devices.len());
        match self.rng.u8(..10) {
            0..3 => self.add(at),
            3..6 => self.edit(at),
            6 => self.remove(at),
            _ => {
                let fault = self.rng.choice(FAULTS).unwrap_or(Fault::None);
                self.server.fail(&[fault]);
                // The fault decides the outcome.
                let _ = self.device(at)?.round().await;
                Ok(())
            }
        }
    }

    fn device(&mut self, at: usize) -> Result<&mut Device, Box<dyn Error>> {
        self.devices.get_mut(at).ok_or_else(|| "no device".into())
    }

    fn add(&mut self, at: usize) -> TestResult {
        self.added += 1;
        let add = adding(self.added, &format!("todo{}", self.added));
        self.device(at)?.commit(&[add])
    }

    /// Returns a shown todo without rejected changes.
    fn pick(&mut self, at: usize) -> Result<Option<(Key, String)>, Box<dyn Error>> {
        let mut shown = Vec::new();
        self.device(at)?.store.each(&Query::default(), |todo| {
            if todo.state != SyncState::Rejected {
                shown.push((todo.key, todo.text.clone()));
            }
            ControlFlow::Continue(())
        })?;
        Ok(self.rng.choice(shown))
    }

    fn edit(&mut self, at: usize) -> TestResult {
        let Some((todo, before)) = self.pick(at)? else {
            return Ok(());
        };
        let word = format!("w{}w", self.words.len());
        let after = format!("{before} {word}");
        self.words.push((word, name(&before)));
        self.device(at)?.commit(&[editing(todo, &before, &after)])
    }

    fn remove(&mut self, at: usize) -> TestResult {
        let Some((todo, before)) = self.pick(at)? else {
            return Ok(());
        };
        self.removed.insert(name(&before));
        self.device(at)?.commit(&[removing(todo, &before)])
    }

    /// Syncs all devices without faults until nothing is left to send, then drops
    /// rejected changes.
    async fn apply_outcome(&mut self) -> TestResult {
        self.server.clear_faults();
        for _ in 0..4 {
            for device in &mut self.devices {
                device.rounds().await?;
            }
        }
        for device in &mut self.devices {
            for queued in device.outbox()? {
                if !matches!(queued.entry.progress, Progress::Rejected(_)) {
                    return Err(format!("left over: {queued:?}").into());
                }
                write!(self.rejected, "{:?}", queued.entry.change.act)?;
                device.store.drop_entry(queued.entry.seq)?;
            }
        }
        Ok(())
    }

    fn check(&self) -> TestResult {
        let mut texts = self.server.texts();
        texts.sort();
        for device in &self.devices {
            let shown = device.shown()?;
            if shown != texts {
                return Err(format!("shown {shown:?}, server {texts:?}").into());
            }
        }
        let copies = |of: &str| texts.iter().filter(|text| name(text) == of).count();
        for n in 1..=self.added {
            let todo = format!("todo{n}");
            let removed = self.removed.contains(&todo);
            match copies(&todo) {
                1 => {}
                0 if removed => {}
                copies => return Err(format!("{copies} of {todo} in {texts:?}").into()),
            }
        }
        let all = texts.join("\n");
        for (word, todo) in &self.words {
            let gone = self.removed.contains(todo) && copies(todo) == 0;
            if !(all.contains(word) || self.rejected.contains(word) || gone) {
                return Err(format!("{word} of {todo} was dropped silently: {texts:?}").into());
            }
        }
        Ok(())
    }
}

async fn play(seed: u64, server: Server, devices: usize) -> TestResult {
    let mut play = Play::new(seed, server, devices)?;
    for _ in 0..60 {
        play.step().await?;
    }
    play.apply_outcome().await?;
    play.check()
        .map_err(|why| format!("seed {seed}: {why}").into())
}

#[tokio::test]
async fn three_devices_converge_whatever_is_lost() -> TestResult {
    for seed in 0..SEEDS {
        play(seed, Server::full(), 3).await?;
    }
    Ok(())
}

/// On a bare backend, an add whose answer was lost may be duplicated if another device
/// edits it at once; with one device this never happens.
#[tokio::test]
async fn a_bare_backend_gets_every_add_of_one_device_once() -> TestResult {
    for seed in 0..SEEDS {
        play(seed, Server::bare(), 1).await?;
    }
    Ok(())
}
