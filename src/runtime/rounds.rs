//! When the next round is due, and carrying it out: at once, when the doorbell
//! rings, when somebody asks, and every half minute while nothing can ring.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep_until, timeout};

use super::live::{Live, LiveEvent};
use super::schedule::Schedule;
use super::workers::place;
use crate::app::link::{Failure, RoundNews};
use crate::auth::error::Kind;
use crate::auth::session::Session;
use crate::domain::account::Account;
use crate::graphql::Hasura;
use crate::profile::ActiveProfile;
use crate::store::Store;
use crate::sync::backoff::Backoff;
use crate::sync::remote::RemoteError;
use crate::sync::round::{Report, RoundError, round, round_from_start};
use crate::text::causes;

/// The pause between rounds when nothing asks for one, nor can ring.
const PAUSE: Duration = Duration::from_secs(30);
/// The same while the doorbell is connected: for rings that were lost.
const SAFETY: Duration = Duration::from_mins(5);
/// The pause when another process has the round, more is to be sent, or the
/// doorbell's connection was lost.
const SHORT: Duration = Duration::from_secs(3);
/// How long a request that is under way may take at the end.
const LAST_REQUEST: Duration = Duration::from_secs(2);
/// How much longer a token refresh on its way may take.
const SETTLING: Duration = Duration::from_secs(1);

/// What is told of rounds and doorbell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// A round reports an event.
    Round(RoundNews),
    /// The server tells of changes as they happen, from now on.
    Live,
    /// Changes are looked for every half minute, from now on.
    Polling {
        /// Why, as a fragment.
        why: String,
    },
}

/// What a round works with.
struct RoundParts {
    store: Store,
    remote: Hasura,
    lock: PathBuf,
    /// Whether to read every row again.
    from_start: bool,
}

type Ended = (Box<RoundParts>, Result<Report, RoundError>);

/// The rounds of one account: one at a time; what is asked for meanwhile is
/// one more after it.
pub(crate) struct Rounds {
    profile: ActiveProfile,
    session: Option<Session>,
    idle: Option<Box<RoundParts>>,
    running: Option<Pin<Box<dyn Future<Output = Ended>>>>,
    schedule: Schedule,
    /// Whether the server was out of reach at the last try.
    failing: bool,
    /// Whether a user asked for the next one.
    insisted: bool,
    /// Whether the backend has something to ring by, once that is known.
    full: Option<bool>,
    live: Option<Live>,
    /// Whether the doorbell is connected.
    connected: bool,
    backoff: Backoff,
    rng: fastrand::Rng,
    untold: VecDeque<News>,
}

impl fmt::Debug for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rounds")
            .field("schedule", &self.schedule)
            .field("connected", &self.connected)
            .finish_non_exhaustive()
    }
}

/// What happens next.
enum Next {
    Due,
    Ended(Ended),
    Heard(LiveEvent),
}

impl Rounds {
    pub(crate) fn new(profile: ActiveProfile) -> Self {
        Self {
            profile,
            session: None,
            idle: None,
            running: None,
            schedule: Schedule::default(),
            failing: false,
            insisted: false,
            full: None,
            live: None,
            connected: false,
            backoff: Backoff::new(),
            rng: fastrand::Rng::new(),
            untold: VecDeque::new(),
        }
    }

    /// Works for `account` from now on, beginning at once; `from_start` reads
    /// every row again. A round of the account before is dropped: what it
    /// marked as sent is settled next time.
    pub(crate) fn open(&mut self, account: &Account, from_start: bool) {
        self.running = None;
        self.idle = None;
        self.schedule = Schedule::default();
        self.failing = false;
        self.insisted = false;
        self.full = None;
        self.live = None;
        self.backoff = Backoff::new();
        if std::mem::take(&mut self.connected) {
            let why = "another account was opened".to_owned();
            self.untold.push_back(News::Polling { why });
        }
        let place = place(&self.profile, account);
        let endpoint = self.profile.config.connection.endpoint.clone();
        let session = self.profile.session();
        let opened = place.open().map_err(|error| causes::on_one_line(&error));
        let remote =
            Hasura::new(endpoint, session.clone()).map_err(|error| causes::on_one_line(&error));
        self.session = Some(session);
        match opened.and_then(|store| Ok((store, remote?))) {
            Ok((store, remote)) => {
                let lock = self.profile.sync_lock(account);
                self.idle = Some(Box::new(RoundParts {
                    store,
                    remote,
                    lock,
                    from_start,
                }));
                self.schedule.now();
            }
            Err(why) => self.failed(Failure::Refused(why), None),
        }
    }

    /// Wants a round soon. While the server is out of reach only a user
    /// brings the next try forward.
    pub(crate) fn nudge(&mut self, shown: bool) {
        if shown {
            self.insisted = true;
            self.untold.push_back(News::Round(RoundNews::Began));
        }
        if shown || !self.failing {
            self.schedule.now();
        }
    }

    /// Works until there is something to tell. May be dropped and called
    /// again: nothing is lost by that.
    pub(crate) async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.untold.pop_front() {
                return news;
            }
            let due = self.schedule.due().filter(|_| self.idle.is_some());
            let next = tokio::select! {
                () = moment(due) => Next::Due,
                ended = outcome(&mut self.running) => Next::Ended(ended),
                tidings = tidings(&mut self.live) => Next::Heard(tidings),
            };
            match next {
                Next::Due => self.begin(),
                Next::Ended(ended) => self.ended(ended),
                Next::Heard(tidings) => self.heard(tidings),
            }
        }
    }

    /// Ends well: what is on its way may still arrive, and a token refresh
    /// must. Takes three seconds at most.
    pub(crate) async fn finish(mut self) {
        let live = self.live.take();
        let goodbye = async {
            if let Some(live) = live {
                live.close().await;
            }
        };
        let last = async {
            if let Some(running) = &mut self.running {
                drop(running.await);
            }
        };
        // What did not arrive is queued.
        let _ = timeout(LAST_REQUEST, async { tokio::join!(goodbye, last) }).await;
        if let Some(session) = &self.session {
            let _ = timeout(SETTLING, session.settled()).await;
        }
    }

    fn begin(&mut self) {
        let Some(mut parts) = self.idle.take() else {
            return;
        };
        if !std::mem::take(&mut self.insisted)
            && let Some(pause) = rest(&parts.store)
        {
            self.idle = Some(parts);
            self.schedule.cancel();
            self.schedule.within(pause);
            if !std::mem::replace(&mut self.failing, true) {
                let why = "the server asks to wait".to_owned();
                self.failed(Failure::Unreachable { why }, Some(pause));
            }
            return;
        }
        self.schedule.begun();
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

    /// Takes how a round ended, and plans the next.
    fn ended(&mut self, (parts, result): Ended) {
        self.running = None;
        match result {
            Ok(report) => {
                self.backoff.succeeded();
                if std::mem::take(&mut self.failing)
                    && let Some(live) = &self.live
                {
                    live.call();
                }
                let may = parts.store.capabilities().ok().flatten();
                self.listen(may.is_some_and(|may| may.full), &parts.remote);
                self.schedule.within(match report.waiting {
                    0 if self.connected => SAFETY,
                    0 => PAUSE,
                    // What cannot be sent now is not tried all the time.
                    _ if report.pushed == 0 => PAUSE,
                    _ => SHORT,
                });
                self.tell(RoundNews::Ended(report));
            }
            Err(error) => {
                let (failure, pause) = self.judge(&error);
                self.failing = failure != Failure::Busy;
                if let Some(pause) = pause {
                    self.schedule.within(pause);
                }
                self.failed(failure, pause);
            }
        }
        self.idle = Some(parts);
    }

    /// Listens, where there is something to listen to.
    fn listen(&mut self, full: bool, hasura: &Hasura) {
        if self.full.replace(full) == Some(full) {
            return;
        }
        if full {
            self.live = Some(Live::start(hasura.clone(), self.rng.fork()));
        } else {
            self.live = None;
            self.connected = false;
            let why = "this backend does not tell of changes".to_owned();
            self.untold.push_back(News::Polling { why });
        }
    }

    fn heard(&mut self, tidings: LiveEvent) {
        match tidings {
            LiveEvent::Connected => {
                self.connected = true;
                self.untold.push_back(News::Live);
            }
            LiveEvent::Rang => self.schedule.rang(),
            LiveEvent::Timeout(error) => {
                // Whether the server is still there is soon known.
                if std::mem::take(&mut self.connected) && self.schedule.due().is_some() {
                    self.schedule.within(SHORT);
                }
                let why = causes::on_one_line(&error);
                self.untold.push_back(News::Polling { why });
            }
        }
    }

    /// What a failure means, and the pause before the next try; none where
    /// only a user can help.
    fn judge(&mut self, error: &RoundError) -> (Failure, Option<Duration>) {
        let remote = match error {
            RoundError::Busy => return (Failure::Busy, Some(SHORT)),
            RoundError::Store(error) => {
                return (Failure::Refused(causes::on_one_line(error)), Some(PAUSE));
            }
            RoundError::Lock(_) => {
                return (Failure::Refused(causes::on_one_line(error)), Some(PAUSE));
            }
            RoundError::Remote(remote) => remote,
        };
        let unreachable = Failure::Unreachable {
            why: remote.to_string(),
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
            RemoteError::ServerError { retry_after, .. } => (unreachable, *retry_after),
            RemoteError::Unreachable { .. }
            | RemoteError::ConnectionLost { .. }
            | RemoteError::NoToken { .. }
            | RemoteError::TooLarge { .. }
            | RemoteError::InvalidResponse { .. } => (unreachable, None),
        };
        (failure, Some(self.backoff.failed(asked, &mut self.rng)))
    }

    fn failed(&mut self, failure: Failure, pause: Option<Duration>) {
        let next_try = pause
            .and_then(|pause| SignedDuration::try_from(pause).ok())
            .and_then(|pause| Timestamp::now().checked_add(pause).ok());
        self.tell(RoundNews::Failed { failure, next_try });
    }

    fn tell(&mut self, news: RoundNews) {
        self.untold.push_back(News::Round(news));
    }
}

/// How long the server wants no request: it may have told another program.
fn rest(store: &Store) -> Option<Duration> {
    let now = Timestamp::now();
    let until = store.freshness().ok()?.resting(now)?;
    Duration::try_from(until.duration_since(now)).ok()
}

async fn moment(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

async fn outcome(running: &mut Option<Pin<Box<dyn Future<Output = Ended>>>>) -> Ended {
    match running {
        Some(running) => running.await,
        None => pending().await,
    }
}

async fn tidings(live: &mut Option<Live>) -> LiveEvent {
    match live {
        Some(live) => live.next().await,
        None => pending().await,
    }
}
