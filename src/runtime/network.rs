//! The network thread: sync and logins.

use std::future::pending;
use std::pin::Pin;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::login;
use super::panic_guard::PanicGuard;
use crate::app::Msg;
use crate::app::login::{LoginEvent, LoginId};
use crate::domain::account::Account;
use crate::os::runtime;
use crate::profile::ActiveProfile;
use crate::sync::event::{RoundEvent, RoundFailure};
use crate::sync_driver::{SyncDriver, SyncEvent};

/// How long the end waits until the tokens of a cancelled login are revoked.
const REVOKE_LIMIT: Duration = Duration::from_secs(3);

/// A request to the network thread.
#[derive(Debug)]
pub(super) enum NetworkCommand {
    /// Runs a round soon.
    Sync {
        /// Whether the user asked for it.
        insisted: bool,
    },
    /// Starts a login.
    StartLogin(LoginId),
    /// Cancels a login.
    CancelLogin(LoginId),
    /// Syncs this account from now on.
    Open(Account),
}

/// The thread.
#[derive(Debug)]
pub(super) struct Network {
    commands: mpsc::UnboundedSender<NetworkCommand>,
    thread: JoinHandle<()>,
}

impl Network {
    /// Starts the thread; with an account, it begins with a round.
    pub(super) fn start(
        profile: ActiveProfile,
        account: Option<Account>,
        messages: mpsc::Sender<Msg>,
    ) -> Self {
        // Only a user's actions send commands: the queue stays short.
        let (commands, received) = mpsc::unbounded_channel();
        let thread = thread::spawn(move || {
            let _guard = PanicGuard(messages.clone());
            let runtime = runtime::current_thread();
            match runtime {
                Ok(runtime) => {
                    runtime.block_on(work(profile, account, received, messages));
                    // A refresh by another process goes on without this one.
                    runtime.shutdown_background();
                }
                Err(error) => {
                    let failed = RoundEvent::Failed {
                        failure: RoundFailure::Rejected(error.to_string()),
                        next_try: None,
                    };
                    let _ = messages.blocking_send(Msg::Round(failed));
                }
            }
        });
        Self { commands, thread }
    }

    /// Sends a command; never waits.
    pub(super) fn send(&self, command: NetworkCommand) {
        // A thread that ended has reported why.
        let _ = self.commands.send(command);
    }

    /// Ends the thread; a request in progress, also one that revokes the tokens of a
    /// cancelled login, may complete within 3 s. Returns false if the thread panicked.
    pub(super) fn finish(self) -> bool {
        drop(self.commands);
        self.thread.join().is_ok()
    }
}

type LoginTask = Pin<Box<dyn Future<Output = LoginEvent>>>;

async fn work(
    profile: ActiveProfile,
    account: Option<Account>,
    mut commands: mpsc::UnboundedReceiver<NetworkCommand>,
    messages: mpsc::Sender<Msg>,
) {
    let mut driver = SyncDriver::new(profile.clone());
    if let Some(account) = account {
        driver.open(&account, false);
    }
    let mut login: Option<(LoginId, LoginTask)> = None;
    loop {
        let login_ended = async {
            match &mut login {
                Some((id, task)) => (*id, task.await),
                None => pending().await,
            }
        };
        tokio::select! {
            command = commands.recv() => match command {
                None => break,
                Some(NetworkCommand::Sync { insisted }) => driver.request_round(insisted),
                Some(NetworkCommand::StartLogin(id)) => {
                    let task = login::run(profile.clone(), id, messages.clone());
                    login = Some((id, Box::pin(task)));
                }
                Some(NetworkCommand::CancelLogin(id)) => {
                    login = login.filter(|(running, _)| *running != id);
                }
                Some(NetworkCommand::Open(account)) => driver.open(&account, false),
            },
            (id, event) = login_ended => {
                login = None;
                if messages.send(Msg::Login { id, event }).await.is_err() {
                    break;
                }
            }
            event = driver.next() => {
                if messages.send(msg(event)).await.is_err() {
                    break;
                }
            }
        }
    }
    drop(login);
    let revoked = timeout(REVOKE_LIMIT, profile.finish_revoking());
    let _ = tokio::join!(driver.finish(), revoked);
}

fn msg(event: SyncEvent) -> Msg {
    match event {
        SyncEvent::Round(event) => Msg::Round(event),
        SyncEvent::Live => Msg::LiveChanged { on: true },
        SyncEvent::Polling { why: _ } => Msg::LiveChanged { on: false },
    }
}
