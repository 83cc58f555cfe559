//! Many devices, many faults: everybody ends with the same todos, every add
//! arrived once, and no edit is dropped without a word.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use fastrand::Rng;

use super::server::Fault;
use super::*;
use crate::domain::todo::SyncState;

/// How many plays; each seed is another one.
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

/// Devices, and what their users did.
struct Play {
    rng: Rng,
    server: Server,
    devices: Vec<Device>,
    added: u128,
    /// Words that edits appended, each only once, and the todo's name.
    words: Vec<(String, String)>,
    /// Names of todos that somebody removed.
    removed: BTreeSet<String>,
    /// Changes that were rejected, and dropped by hand in the end.
    rejected: String,
}

/// The name of a todo: its first word, which nobody changes.
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

    async fn step(&mut self) -> Outcome {
        let at = self.rng.usize(..self.devices.len());
        match self.rng.u8(..10) {
            0..3 => self.add(at),
            3..6 => self.edit(at),
            6 => self.remove(at),
            _ => {
                let fault = self.rng.choice(FAULTS).unwrap_or(Fault::None);
                self.server.fail(&[fault]);
                // How it ends is the fault's business.
                let _ = self.device(at)?.round().await;
                Ok(())
            }
        }
    }

    fn device(&mut self, at: usize) -> Result<&mut Device, Box<dyn Error>> {
        self.devices.get_mut(at).ok_or_else(|| "no device".into())
    }

    fn add(&mut self, at: usize) -> Outcome {
        self.added += 1;
        let add = adding(self.added, &format!("todo{}", self.added));
        self.device(at)?.commit(&[add])
    }

    /// A todo that the device shows and that waits for no decision.
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

    fn edit(&mut self, at: usize) -> Outcome {
        let Some((todo, before)) = self.pick(at)? else {
            return Ok(());
        };
        let word = format!("w{}w", self.words.len());
        let after = format!("{before} {word}");
        self.words.push((word, name(&before)));
        self.device(at)?.commit(&[editing(todo, &before, &after)])
    }

    fn remove(&mut self, at: usize) -> Outcome {
        let Some((todo, before)) = self.pick(at)? else {
            return Ok(());
        };
        self.removed.insert(name(&before));
        self.device(at)?.commit(&[removing(todo, &before)])
    }

    /// No more faults: everybody syncs until nothing is left to say. What was
    /// rejected is then dropped.
    async fn apply_outcome(&mut self) -> Outcome {
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

    fn check(&self) -> Outcome {
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

async fn play(seed: u64, server: Server, devices: usize) -> Outcome {
    let mut play = Play::new(seed, server, devices)?;
    for _ in 0..60 {
        play.step().await?;
    }
    play.apply_outcome().await?;
    play.check()
        .map_err(|why| format!("seed {seed}: {why}").into())
}

#[tokio::test]
async fn three_devices_converge_whatever_is_lost() -> Outcome {
    for seed in 0..SEEDS {
        play(seed, Server::full(), 3).await?;
    }
    Ok(())
}

/// Two devices on a bare backend may double an add whose answer was lost, when
/// the other one edits it at once; one device alone never does.
#[tokio::test]
async fn a_bare_backend_gets_every_add_of_one_device_once() -> Outcome {
    for seed in 0..SEEDS {
        play(seed, Server::bare(), 1).await?;
    }
    Ok(())
}
