//! When the next round is due, and carrying it out.

use std::collections::VecDeque;
use std::future::pending;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::told;
use super::workers::place;
use crate::app::Msg;
use crate::app::link::{Failure, RoundNews};
use crate::auth::error::Kind;
use crate::domain::account::Account;
use crate::graphql::Hasura;
use crate::store::Store;
use crate::sync::backoff::Backoff;
use crate::sync::remote::RemoteError;
use crate::sync::round::{Report, RoundError, round};
use crate::workspace::Workspace;

/// The pause between rounds when nothing asks for one.
const PAUSE: Duration = Duration::from_secs(30);
/// The pause when another process has the round, or something still waits.
const SHORT: Duration = Duration::from_secs(3);

/// What a round works with.
struct Kit {
    store: Store,
    remote: Hasura,
    lock: PathBuf,
}

type Running = Pin<Box<dyn Future<Output = (Kit, Result<Report, RoundError>)>>>;

/// The rounds of one account: one at a time; what is asked for meanwhile is
/// one more after it.
pub(super) struct Rounds {
    workspace: Workspace,
    facts: mpsc::Sender<Msg>,
    idle: Option<Kit>,
    running: Option<Running>,
    /// When the next one is due; `None` waits for a person.
    due: Option<Instant>,
    /// Whether the server was out of reach at the last try.
    failing: bool,
    backoff: Backoff,
    rng: fastrand::Rng,
    /// What the loop is still to be told.
    untold: VecDeque<RoundNews>,
}

impl Rounds {
    pub(super) fn new(workspace: Workspace, facts: mpsc::Sender<Msg>) -> Self {
        Self {
            workspace,
            facts,
            idle: None,
            running: None,
            due: None,
            failing: false,
            backoff: Backoff::new(),
            rng: fastrand::Rng::new(),
            untold: VecDeque::new(),
        }
    }

    /// Works for `account` from now on, beginning at once. A round of the
    /// account before is dropped: what it marked as sent is settled next time.
    pub(super) fn open(&mut self, account: &Account) {
        self.running = None;
        self.idle = None;
        self.due = None;
        self.backoff = Backoff::new();
        let place = place(&self.workspace, account);
        let endpoint = self.workspace.profile.connection.endpoint.clone();
        let opened = place.open().map_err(|error| told(&error));
        let remote = Hasura::new(endpoint, self.workspace.session()).map_err(|error| told(&error));
        match opened.and_then(|store| Ok((store, remote?))) {
            Ok((store, remote)) => {
                let lock = self.workspace.sync_lock(account);
                self.idle = Some(Kit {
                    store,
                    remote,
                    lock,
                });
                self.due = Some(Instant::now());
            }
            Err(why) => self.failed(Failure::Refused(why), None),
        }
    }

    /// Wants a round soon. While the server is out of reach only a person
    /// brings the next try forward.
    pub(super) fn nudge(&mut self, shown: bool) {
        if shown {
            self.untold.push_back(RoundNews::Began);
        }
        if shown || !self.failing {
            self.due = Some(Instant::now());
        }
    }

    /// Tells what is to be told, and goes on until the next round has ended.
    /// Safe to drop at any point.
    pub(super) async fn turn(&mut self) {
        self.tell().await;
        if self.running.is_none() {
            match self.due {
                Some(due) if self.idle.is_some() => sleep_until(due).await,
                _ => pending().await,
            }
            self.begin();
        }
        self.end().await;
    }

    fn begin(&mut self) {
        let Some(mut kit) = self.idle.take() else {
            return;
        };
        self.due = None;
        self.running = Some(Box::pin(async move {
            let result = round(&mut kit.store, &kit.remote, &kit.lock, Timestamp::now).await;
            (kit, result)
        }));
    }

    /// Waits for the round under way, if there is one, and plans the next.
    pub(super) async fn end(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let (kit, result) = running.await;
        self.running = None;
        self.idle = Some(kit);
        match result {
            Ok(report) => {
                self.failing = false;
                self.backoff.succeeded();
                self.plan(if report.waiting > 0 { SHORT } else { PAUSE });
                self.untold.push_back(RoundNews::Ended(report));
            }
            Err(error) => {
                let (failure, pause) = self.judge(&error);
                self.failing = failure != Failure::Busy;
                if let Some(pause) = pause {
                    self.plan(pause);
                }
                self.failed(failure, pause);
            }
        }
    }

    /// The next round, unless one was asked for meanwhile that is due earlier.
    fn plan(&mut self, pause: Duration) {
        let due = Instant::now() + pause;
        self.due = Some(self.due.map_or(due, |asked| asked.min(due)));
    }

    /// What a failure means, and the pause before the next try; none where
    /// only a person can help.
    fn judge(&mut self, error: &RoundError) -> (Failure, Option<Duration>) {
        let remote = match error {
            RoundError::Busy => return (Failure::Busy, Some(SHORT)),
            RoundError::Store(error) => return (Failure::Refused(told(error)), Some(PAUSE)),
            RoundError::Lock(_) => return (Failure::Refused(told(error)), Some(PAUSE)),
            RoundError::Remote(remote) => remote,
        };
        let (failure, asked) = match remote {
            RemoteError::NoToken {
                kind: Kind::Login, ..
            } => return (Failure::LoggedOut, None),
            RemoteError::Unauthorized { .. }
            | RemoteError::Refused { .. }
            | RemoteError::NoToken {
                kind: Kind::Misconfigured,
                ..
            } => (Failure::Refused(remote.to_string()), None),
            RemoteError::Trouble { retry_after, .. } => (Failure::Unreachable, *retry_after),
            RemoteError::Unreachable { .. }
            | RemoteError::Lost { .. }
            | RemoteError::NoToken { .. }
            | RemoteError::TooLarge { .. }
            | RemoteError::Garbled { .. } => (Failure::Unreachable, None),
        };
        (failure, Some(self.backoff.failed(asked, &mut self.rng)))
    }

    fn failed(&mut self, failure: Failure, pause: Option<Duration>) {
        let next_try = pause
            .and_then(|pause| SignedDuration::try_from(pause).ok())
            .and_then(|pause| Timestamp::now().checked_add(pause).ok());
        self.untold
            .push_back(RoundNews::Failed { failure, next_try });
    }

    /// Tells the loop what it does not know yet.
    async fn tell(&mut self) {
        while !self.untold.is_empty() {
            let Ok(permit) = self.facts.reserve().await else {
                // The loop is gone: nobody wants to know.
                self.untold.clear();
                return;
            };
            if let Some(news) = self.untold.pop_front() {
                permit.send(Msg::Round(news));
            }
        }
    }
}
