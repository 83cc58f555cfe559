//! Carries out effects on threads.

use std::io;
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

use super::TuiOptions;
use super::account_files::{AccountFiles, AccountSwitch};
use super::disk::{DatabaseLocation, DiskThreads, OpenStore, ReaderStart};
use super::event_loop::EffectHandler;
use super::network::{Network, NetworkCommand};
use super::terminal::Tty;
use crate::app::account::LeftAccount;
use crate::app::{Effect, Msg};
use crate::domain::account::Account;
use crate::profile::ActiveProfile;

/// The threads of the TUI.
#[derive(Debug)]
pub(super) struct Workers {
    profile: ActiveProfile,
    messages: mpsc::Sender<Msg>,
    tty: Tty,
    account: Option<Account>,
    disk: Option<DiskThreads>,
    network: Option<Network>,
    open_page: fn(&str) -> Result<(), String>,
    edit_text: fn(&str) -> Result<String, String>,
    /// Threads of previous accounts, which may still have to write.
    stopping: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads; `store` is the account's open store.
    pub(super) fn start(
        profile: ActiveProfile,
        account: Option<Account>,
        store: Option<OpenStore>,
        options: &TuiOptions,
        messages: mpsc::Sender<Msg>,
        tty: Tty,
    ) -> Self {
        let network = (!options.offline)
            .then(|| Network::start(profile.clone(), account.clone(), messages.clone()));
        let mut workers = Self {
            profile,
            messages,
            tty,
            account: account.clone(),
            disk: None,
            network,
            open_page: options.open_page,
            edit_text: options.edit_text,
            stopping: Vec::new(),
        };
        if let (Some(account), Some(store)) = (account, store) {
            workers.disk = Some(DiskThreads::start(
                &workers.location(&account),
                ReaderStart::Open(store),
                &workers.messages,
            ));
        }
        workers
    }

    /// Ends the threads: the network's within 3 s, the disk's after the last
    /// write. Returns false if one of them panicked.
    pub(super) fn finish(self) -> bool {
        let mut ok = self.network.is_none_or(Network::finish);
        let disk = self.disk.map(DiskThreads::stop).unwrap_or_default();
        for thread in disk.into_iter().chain(self.stopping) {
            ok &= thread.join().is_ok();
        }
        ok
    }

    /// Returns the files of the current account.
    pub(super) fn files(&self) -> Option<AccountFiles> {
        let account = self.account.as_ref()?;
        Some(AccountFiles::of(&self.profile, account))
    }

    /// Returns the database of the current account.
    pub(super) fn database(&self) -> Option<DatabaseLocation> {
        Some(self.location(self.account.as_ref()?))
    }

    fn location(&self, account: &Account) -> DatabaseLocation {
        location(&self.profile, account)
    }

    fn open(&mut self, account: &Account, left: Option<LeftAccount>) {
        if let Some(disk) = self.disk.take() {
            self.stopping.extend(disk.stop());
        }
        let switch = AccountSwitch {
            to: AccountFiles::of(&self.profile, account),
            from: self.files().zip(left),
        };
        self.account = Some(account.clone());
        self.disk = Some(DiskThreads::start(
            &self.location(account),
            ReaderStart::Switch(switch),
            &self.messages,
        ));
        self.send_to_network(NetworkCommand::Open(account.clone()));
    }

    fn send_to_network(&self, command: NetworkCommand) {
        if let Some(network) = &self.network {
            network.send(command);
        }
    }

    fn write(&self, effect: Effect) {
        let commit = if let Effect::Commit { id, .. } = &effect {
            Some(*id)
        } else {
            None
        };
        let accepted = self.disk.as_ref().is_some_and(|disk| disk.write(effect));
        if !accepted {
            let reason = "the store is not open".to_owned();
            self.send(match commit {
                Some(id) => Msg::CommitFailed { id, reason },
                None => Msg::StoreFailed { reason },
            });
        }
    }

    /// Sends a message to the loop from inside the loop. Never waits: if the
    /// channel is full, a thread does.
    fn send(&self, msg: Msg) {
        if let Err(mpsc::error::TrySendError::Full(msg)) = self.messages.try_send(msg) {
            let messages = self.messages.clone();
            thread::spawn(move || {
                // The loop may have ended.
                let _ = messages.blocking_send(msg);
            });
        }
    }
}

/// Returns the location of the database of `account`.
pub(super) fn location(profile: &ActiveProfile, account: &Account) -> DatabaseLocation {
    DatabaseLocation {
        path: profile.database(account),
        endpoint: profile.config.connection.endpoint.to_string(),
    }
}

impl EffectHandler for Workers {
    fn start(&mut self, effect: Effect) {
        match effect {
            effect @ (Effect::Window { .. }
            | Effect::Details { .. }
            | Effect::Queue
            | Effect::Counts { .. }
            | Effect::Tags { .. }
            | Effect::Count(_)
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
            Effect::Sync { shown } => {
                self.send_to_network(NetworkCommand::Sync { insisted: shown });
            }
            Effect::StartLogin(id) => self.send_to_network(NetworkCommand::StartLogin(id)),
            Effect::CancelLogin(id) => self.send_to_network(NetworkCommand::CancelLogin(id)),
            Effect::Open { account, left } => self.open(&account, left),
            Effect::OpenBrowser(url) => {
                let (messages, open_page) = (self.messages.clone(), self.open_page);
                thread::spawn(move || {
                    if let Err(reason) = open_page(&url) {
                        let _ = messages.blocking_send(Msg::BrowserFailed { reason });
                    }
                });
            }
            Effect::Copy(text) => self.tty.copy(&text),
            // Carried out by the loop.
            Effect::EditExternally { .. } | Effect::Redraw | Effect::Suspend | Effect::Quit => {}
        }
    }

    fn edit(&mut self, text: &str) -> io::Result<Result<String, String>> {
        self.tty.lend(|| (self.edit_text)(text))
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.tty.restore();
        self.tty.stop()?;
        self.tty.take_over()
    }

    fn resume(&mut self) -> io::Result<()> {
        self.tty.take_over()
    }
}
