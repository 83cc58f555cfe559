//! Keeps an account in sync for as long as a program runs, for the TUI and
//! `tudone sync --follow`.
//!
//! A round runs at the start, when the live subscription reports a change, on
//! request, and every half minute while there is no live connection.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{sleep_until, timeout};

use crate::auth::error::AuthErrorKind;
use crate::auth::session::AuthSession;
use crate::domain::account::Account;
use crate::graphql::Hasura;
use crate::profile::ActiveProfile;
use crate::store::Store;
use crate::sync::backoff::Backoff;
use crate::sync::event::{RoundEvent, RoundFailure};
use crate::sync::remote::RemoteError;
use crate::sync::round::{RoundError, RoundReport, round, round_from_start};
use crate::text::causes;

mod connection;
mod schedule;

use connection::{LiveConnection, LiveEvent};
use schedule::Schedule;

/// The pause between rounds without a request or a live connection.
const POLL_INTERVAL: Duration = Duration::from_secs(30);
/// The same with a live connection, in case a notification was lost.
const LIVE_POLL_INTERVAL: Duration = Duration::from_mins(5);
/// The pause when another process is syncing, more is to be sent, or the live
/// connection was lost.
const SHORT_PAUSE: Duration = Duration::from_secs(3);
/// How long shutdown waits for a request in progress.
const LAST_REQUEST: Duration = Duration::from_secs(2);
/// How much longer shutdown waits for a token refresh in progress.
const LAST_REFRESH: Duration = Duration::from_secs(1);

/// An event of the rounds or the live connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncEvent {
    /// An event of a round.
    Round(RoundEvent),
    /// The server now reports changes as they happen.
    Live,
    /// Changes are now polled for every half minute.
    Polling {
        /// The reason, as a fragment.
        why: String,
    },
}

/// The parts that a round needs.
struct RoundParts {
    store: Store,
    remote: Hasura,
    lock: PathBuf,
    /// Whether to pull every row again.
    from_start: bool,
}

type EndedRound = (Box<RoundParts>, Result<RoundReport, RoundError>);

/// Runs the rounds of one account, one at a time; requests during a round lead
/// to one more after it.
pub struct SyncDriver {
    profile: ActiveProfile,
    session: Option<AuthSession>,
    /// Taken while a round runs.
    parts: Option<Box<RoundParts>>,
    running: Option<Pin<Box<dyn Future<Output = EndedRound>>>>,
    schedule: Schedule,
    /// Whether the server was unreachable at the last try.
    failing: bool,
    /// Whether a user requested the next round.
    insisted: bool,
    /// Whether the backend has a subscription; `None` until that is known.
    full: Option<bool>,
    live: Option<LiveConnection>,
    /// Whether the live connection is open.
    connected: bool,
    backoff: Backoff,
    rng: fastrand::Rng,
    /// Events not yet returned by [`SyncDriver::next`].
    events: VecDeque<SyncEvent>,
}

impl fmt::Debug for SyncDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncDriver")
            .field("schedule", &self.schedule)
            .field("connected", &self.connected)
            .finish_non_exhaustive()
    }
}

/// The events that wake the driver.
enum Wake {
    Due,
    RoundEnded(EndedRound),
    Live(LiveEvent),
}

impl SyncDriver {
    /// Returns a driver without an account.
    #[must_use]
    pub fn new(profile: ActiveProfile) -> Self {
        Self {
            profile,
            session: None,
            parts: None,
            running: None,
            schedule: Schedule::default(),
            failing: false,
            insisted: false,
            full: None,
            live: None,
            connected: false,
            backoff: Backoff::new(),
            rng: fastrand::Rng::new(),
            events: VecDeque::new(),
        }
    }

    /// Switches to `account` and starts a round at once; `from_start` pulls every row
    /// again. A running round of the previous account is dropped: a later round resolves
    /// the entries that it marked as sent.
    pub fn open(&mut self, account: &Account, from_start: bool) {
        self.running = None;
        self.parts = None;
        self.schedule = Schedule::default();
        self.failing = false;
        self.insisted = false;
        self.full = None;
        self.live = None;
        self.backoff = Backoff::new();
        if std::mem::take(&mut self.connected) {
            let why = "another account was opened".to_owned();
            self.events.push_back(SyncEvent::Polling { why });
        }
        let endpoint = self.profile.config.connection.endpoint.clone();
        let session = self.profile.session();
        let store = Store::open(&self.profile.database(account), endpoint.as_ref())
            .map_err(|error| causes::on_one_line(&error));
        let remote =
            Hasura::new(endpoint, session.clone()).map_err(|error| causes::on_one_line(&error));
        self.session = Some(session);
        match store.and_then(|store| Ok((store, remote?))) {
            Ok((store, remote)) => {
                let lock = self.profile.sync_lock(account);
                self.parts = Some(Box::new(RoundParts {
                    store,
                    remote,
                    lock,
                    from_start,
                }));
                self.schedule.now();
            }
            Err(why) => self.emit_failure(RoundFailure::Rejected(why), None),
        }
    }

    /// Requests a round soon. While the server is unreachable only a user's
    /// request (`insisted`) brings the next try forward.
    pub fn request_round(&mut self, insisted: bool) {
        if insisted {
            self.insisted = true;
            self.emit(RoundEvent::Began);
        }
        if insisted || !self.failing {
            self.schedule.now();
        }
    }

    /// Works until the next event and returns it. Cancel safe: no event is lost
    /// when the future is dropped.
    pub async fn next(&mut self) -> SyncEvent {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let due = self.schedule.due().filter(|_| self.parts.is_some());
            let wake = tokio::select! {
                () = or_pending(due.map(sleep_until)) => Wake::Due,
                ended = or_pending(self.running.as_mut()) => Wake::RoundEnded(ended),
                event = or_pending(self.live.as_mut().map(LiveConnection::next_event)) => {
                    Wake::Live(event)
                }
            };
            match wake {
                Wake::Due => self.begin_round(),
                Wake::RoundEnded(ended) => self.end_round(ended),
                Wake::Live(event) => self.on_live_event(event),
            }
        }
    }

    /// Shuts down: a request or a token refresh in progress may still complete.
    /// Takes three seconds at most.
    pub async fn finish(mut self) {
        let live = self.live.take();
        let close = async {
            if let Some(live) = live {
                live.close().await;
            }
        };
        let last_round = async {
            if let Some(running) = &mut self.running {
                drop(running.await);
            }
        };
        // Changes that did not arrive stay queued.
        let _ = timeout(LAST_REQUEST, async { tokio::join!(close, last_round) }).await;
        if let Some(session) = &self.session {
            let _ = timeout(LAST_REFRESH, session.wait_for_refresh()).await;
        }
    }

    fn begin_round(&mut self) {
        let Some(mut parts) = self.parts.take() else {
            return;
        };
        if !std::mem::take(&mut self.insisted)
            && let Some(pause) = requested_pause(&parts.store)
        {
            self.parts = Some(parts);
            self.schedule.cancel();
            self.schedule.within(pause);
            if !std::mem::replace(&mut self.failing, true) {
                let why = "the server asks to wait".to_owned();
                self.emit_failure(RoundFailure::Unreachable { why }, Some(pause));
            }
            return;
        }
        self.schedule.round_began();
        self.running = Some(Box::pin(async move {
            let RoundParts {
                store,
                remote,
                lock,
                from_start,
            } = &mut *parts;
            let result = if *from_start {
                round_from_start(store, remote, lock, Timestamp::now).await
            } else {
                round(store, remote, lock, Timestamp::now).await
            };
            *from_start &= result.is_err();
            (parts, result)
        }));
    }

    /// Records the outcome of a round and schedules the next one.
    fn end_round(&mut self, (parts, result): EndedRound) {
        self.running = None;
        match result {
            Ok(report) => {
                self.backoff.succeeded();
                if std::mem::take(&mut self.failing)
                    && let Some(live) = &self.live
                {
                    live.retry_now();
                }
                let capabilities = parts.store.capabilities().ok().flatten();
                let full = capabilities.is_some_and(|capabilities| capabilities.full);
                self.subscribe(full, &parts.remote);
                self.schedule.within(match report.waiting {
                    0 if self.connected => LIVE_POLL_INTERVAL,
                    0 => POLL_INTERVAL,
                    // Entries that cannot be sent now are not retried constantly.
                    _ if report.pushed == 0 => POLL_INTERVAL,
                    _ => SHORT_PAUSE,
                });
                self.emit(RoundEvent::Ended(report));
            }
            Err(error) => {
                let (failure, pause) = self.classify(&error);
                self.failing = failure != RoundFailure::Busy;
                if let Some(pause) = pause {
                    self.schedule.within(pause);
                }
                self.emit_failure(failure, pause);
            }
        }
        self.parts = Some(parts);
    }

    /// Opens the live connection if the backend has a subscription.
    fn subscribe(&mut self, full: bool, hasura: &Hasura) {
        if self.full.replace(full) == Some(full) {
            return;
        }
        if full {
            self.live = Some(LiveConnection::start(hasura.clone(), self.rng.fork()));
        } else {
            self.live = None;
            self.connected = false;
            let why = "this backend does not report changes".to_owned();
            self.events.push_back(SyncEvent::Polling { why });
        }
    }

    fn on_live_event(&mut self, event: LiveEvent) {
        match event {
            LiveEvent::Connected => {
                self.connected = true;
                self.events.push_back(SyncEvent::Live);
            }
            LiveEvent::Changed => self.schedule.now_from_server(),
            LiveEvent::Disconnected(error) => {
                // The next round soon shows whether the server is reachable.
                if std::mem::take(&mut self.connected) && self.schedule.due().is_some() {
                    self.schedule.within(SHORT_PAUSE);
                }
                let why = causes::on_one_line(&error);
                self.events.push_back(SyncEvent::Polling { why });
            }
        }
    }

    /// Returns the kind of a failure and the pause before the next try; `None`
    /// if only a user can help.
    fn classify(&mut self, error: &RoundError) -> (RoundFailure, Option<Duration>) {
        let refused = |error: &RoundError| RoundFailure::Rejected(causes::on_one_line(error));
        let remote = match error {
            RoundError::Busy => return (RoundFailure::Busy, Some(SHORT_PAUSE)),
            RoundError::Store(_) | RoundError::Lock(_) => {
                return (refused(error), Some(POLL_INTERVAL));
            }
            RoundError::Remote(remote) => remote,
        };
        let unreachable = RoundFailure::Unreachable {
            why: remote.to_string(),
        };
        let (failure, retry_after) = match remote {
            RemoteError::NoToken { source } if source.needs_login() => {
                return (RoundFailure::LoggedOut, None);
            }
            RemoteError::NoToken { source } if source.kind() == AuthErrorKind::Misconfigured => {
                (RoundFailure::Rejected(remote.to_string()), None)
            }
            RemoteError::Unauthorized { .. } | RemoteError::Rejected { .. } => {
                (RoundFailure::Rejected(remote.to_string()), None)
            }
            RemoteError::ServerError { retry_after, .. } => (unreachable, *retry_after),
            RemoteError::Unreachable { .. }
            | RemoteError::ConnectionLost { .. }
            | RemoteError::NoToken { .. }
            | RemoteError::TooLarge { .. }
            | RemoteError::InvalidResponse { .. } => (unreachable, None),
        };
        let pause = self.backoff.failed(retry_after, &mut self.rng);
        (failure, Some(pause))
    }

    fn emit_failure(&mut self, failure: RoundFailure, pause: Option<Duration>) {
        let next_try = pause
            .and_then(|pause| SignedDuration::try_from(pause).ok())
            .and_then(|pause| Timestamp::now().checked_add(pause).ok());
        self.emit(RoundEvent::Failed { failure, next_try });
    }

    fn emit(&mut self, event: RoundEvent) {
        self.events.push_back(SyncEvent::Round(event));
    }
}

/// Returns the rest of the pause that the server asked for. Read from the store:
/// it may have asked another process.
fn requested_pause(store: &Store) -> Option<Duration> {
    let now = Timestamp::now();
    let until = store.freshness().ok()?.resting(now)?;
    Duration::try_from(until.duration_since(now)).ok()
}

/// Awaits `future`; never completes if there is none.
async fn or_pending<F: Future>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}
