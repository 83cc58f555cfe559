//! The network's thread: rounds, doorbell and logins.

use std::future::pending;
use std::pin::Pin;
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

use super::login;
use super::panic_guard::PanicGuard;
use super::rounds::{News, Rounds};
use crate::app::Msg;
use crate::app::link::{Failure, RoundNews};
use crate::app::login::{LoginId, LoginNews};
use crate::domain::account::Account;
use crate::os::runtime;
use crate::profile::ActiveProfile;

/// What the loop asks of the network.
#[derive(Debug)]
pub(super) enum Command {
    /// A round, soon.
    Nudge {
        /// Whether a user waits to see it.
        shown: bool,
    },
    /// A login.
    StartLogin(LoginId),
    /// No login.
    CancelLogin(LoginId),
    /// This account from now on.
    Open(Account),
}

/// The thread.
#[derive(Debug)]
pub(super) struct Network {
    commands: mpsc::UnboundedSender<Command>,
    thread: JoinHandle<()>,
}

impl Network {
    /// Starts it; with an account, it begins with a round.
    pub(super) fn start(
        profile: ActiveProfile,
        account: Option<Account>,
        facts: mpsc::Sender<Msg>,
    ) -> Self {
        // A user is the only producer: the queue cannot grow.
        let (commands, received) = mpsc::unbounded_channel();
        let thread = thread::spawn(move || {
            let _obituary = PanicGuard(facts.clone());
            let runtime = runtime::current_thread();
            match runtime {
                Ok(runtime) => runtime.block_on(work(profile, account, received, facts)),
                Err(error) => {
                    let failure = Failure::Refused(error.to_string());
                    let news = RoundNews::Failed {
                        failure,
                        next_try: None,
                    };
                    let _ = facts.blocking_send(Msg::Round(news));
                }
            }
        });
        Self { commands, thread }
    }

    /// Asks for something; never waits.
    pub(super) fn tell(&self, command: Command) {
        // A thread that is gone has said why.
        let _ = self.commands.send(command);
    }

    /// Ends the thread; a request under way gets a moment. False when the
    /// thread had panicked.
    pub(super) fn finish(self) -> bool {
        drop(self.commands);
        self.thread.join().is_ok()
    }
}

type LoginTask = Pin<Box<dyn Future<Output = LoginNews>>>;

async fn work(
    profile: ActiveProfile,
    account: Option<Account>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    facts: mpsc::Sender<Msg>,
) {
    let mut rounds = Rounds::new(profile.clone());
    if let Some(account) = account {
        rounds.open(&account, false);
    }
    let mut login: Option<(LoginId, LoginTask)> = None;
    loop {
        let waiting = async {
            match &mut login {
                Some((id, task)) => (*id, task.await),
                None => pending().await,
            }
        };
        tokio::select! {
            command = commands.recv() => match command {
                None => break,
                Some(Command::Nudge { shown }) => rounds.nudge(shown),
                Some(Command::StartLogin(id)) => {
                    login = Some((id, Box::pin(login::run(profile.clone(), id, facts.clone()))));
                }
                Some(Command::CancelLogin(id)) => {
                    login = login.filter(|(running, _)| *running != id);
                }
                Some(Command::Open(account)) => rounds.open(&account, false),
            },
            (id, news) = waiting => {
                login = None;
                if facts.send(Msg::Login { id, news }).await.is_err() {
                    break;
                }
            }
            news = rounds.next() => {
                if facts.send(msg(news)).await.is_err() {
                    break;
                }
            }
        }
    }
    rounds.finish().await;
}

fn msg(news: News) -> Msg {
    match news {
        News::Round(news) => Msg::Round(news),
        News::Live => Msg::LiveTurned { on: true },
        News::Polling { why: _ } => Msg::LiveTurned { on: false },
    }
}
