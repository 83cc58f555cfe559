//! Where effects go in the real program.

use std::io;
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

use super::disk::{Disk, Open, Place};
use super::drive::EffectHandler;
use super::network::{Command, Network};
use super::{Options, terminal};
use crate::app::{Effect, Msg};
use crate::domain::account::Account;
use crate::profile::ActiveProfile;

/// The threads behind the loop.
#[derive(Debug)]
pub(super) struct Workers {
    profile: ActiveProfile,
    facts: mpsc::Sender<Msg>,
    disk: Option<Disk>,
    network: Option<Network>,
    open_page: fn(&str) -> Result<(), String>,
    edit_text: fn(&str) -> Result<String, String>,
    /// Threads of an account that was left: they still may have to write.
    retired: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads; `store` is the account's, already open.
    pub(super) fn start(
        profile: ActiveProfile,
        account: Option<Account>,
        store: Option<Open>,
        options: &Options,
        facts: mpsc::Sender<Msg>,
    ) -> Self {
        let network = (!options.offline)
            .then(|| Network::start(profile.clone(), account.clone(), facts.clone()));
        let mut workers = Self {
            profile,
            facts,
            disk: None,
            network,
            open_page: options.open_page,
            edit_text: options.edit_text,
            retired: Vec::new(),
        };
        if let (Some(account), Some(store)) = (account, store) {
            workers.disk = Some(Disk::start(
                &workers.place(&account),
                Some(store),
                &workers.facts,
            ));
        }
        workers
    }

    /// Ends the threads: the network's within 3 s, the disk's when all is
    /// written. False when one of them had panicked.
    pub(super) fn finish(self) -> bool {
        let mut well = self.network.is_none_or(Network::finish);
        let disk = self.disk.map(Disk::retire).unwrap_or_default();
        for thread in disk.into_iter().chain(self.retired) {
            well &= thread.join().is_ok();
        }
        well
    }

    fn place(&self, account: &Account) -> Place {
        place(&self.profile, account)
    }

    fn open(&mut self, account: &Account) {
        if let Some(disk) = self.disk.take() {
            self.retired.extend(disk.retire());
        }
        self.disk = Some(Disk::start(&self.place(account), None, &self.facts));
        self.tell(Command::Open(account.clone()));
    }

    fn tell(&self, command: Command) {
        if let Some(network) = &self.network {
            network.tell(command);
        }
    }

    fn write(&self, effect: Effect) {
        let commit = if let Effect::Commit { id, .. } = &effect {
            Some(*id)
        } else {
            None
        };
        let taken = self.disk.as_ref().is_some_and(|disk| disk.write(effect));
        if !taken {
            let reason = "the store is not open".to_owned();
            self.fact(match commit {
                Some(id) => Msg::CommitFailed { id, reason },
                None => Msg::StoreFailed { reason },
            });
        }
    }

    /// Says something to the loop from inside the loop. It never waits: where
    /// the channel is full, a thread does.
    fn fact(&self, msg: Msg) {
        if let Err(mpsc::error::TrySendError::Full(msg)) = self.facts.try_send(msg) {
            let facts = self.facts.clone();
            thread::spawn(move || {
                // A loop that is gone wants to know nothing.
                let _ = facts.blocking_send(msg);
            });
        }
    }
}

/// Where the database of `account` is.
pub(super) fn place(profile: &ActiveProfile, account: &Account) -> Place {
    Place {
        path: profile.database(account),
        endpoint: profile.config.connection.endpoint.to_string(),
    }
}

impl EffectHandler for Workers {
    fn begin(&mut self, effect: Effect) {
        match effect {
            effect @ (Effect::Window { .. }
            | Effect::Details { .. }
            | Effect::Queue
            | Effect::Counts { .. }
            | Effect::ReadAll { .. }) => {
                if let Some(disk) = &self.disk {
                    disk.read(effect);
                }
            }
            effect @ (Effect::Commit { .. }
            | Effect::Undo { .. }
            | Effect::Redo { .. }
            | Effect::Retry { .. }
            | Effect::Drop { .. }
            | Effect::AddAsNew { .. }) => self.write(effect),
            Effect::Sync { shown } => self.tell(Command::Nudge { shown }),
            Effect::StartLogin(id) => self.tell(Command::StartLogin(id)),
            Effect::CancelLogin(id) => self.tell(Command::CancelLogin(id)),
            Effect::Open(account) => self.open(&account),
            Effect::OpenBrowser(url) => {
                let (facts, open_page) = (self.facts.clone(), self.open_page);
                thread::spawn(move || {
                    if let Err(reason) = open_page(&url) {
                        let _ = facts.blocking_send(Msg::BrowserFailed { reason });
                    }
                });
            }
            Effect::Copy(text) => {
                // A terminal that cannot be written to ends the loop by itself.
                let _ = terminal::copy(&text);
            }
            // The loop's own.
            Effect::EditExternally { .. } | Effect::Redraw | Effect::Suspend | Effect::Quit => {}
        }
    }

    fn edit(&mut self, text: &str) -> io::Result<Result<String, String>> {
        terminal::leave();
        let edited = (self.edit_text)(text);
        terminal::enter()?;
        Ok(edited)
    }

    fn suspend(&mut self) -> io::Result<()> {
        terminal::leave();
        terminal::stop()?;
        terminal::enter()
    }

    fn resume(&mut self) -> io::Result<()> {
        terminal::enter()
    }
}
