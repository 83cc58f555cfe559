//! The doorbell, kept up: connect, listen, connect again.
//!
//! Connections end all the time: tokens do, proxies cut, laptops sleep. None
//! of that is an error to a user: changes are looked for until the next
//! connection, which rings once at its beginning.

use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::graphql::Hasura;
use crate::graphql::live::LiveError;
use crate::graphql::socket::Doorbell;
use crate::sync::backoff::Backoff;

/// The longest pause before another try. A proxy that passes no websockets
/// does not begin to within a minute.
const LONGEST: Duration = Duration::from_mins(10);
/// A connection that lasted this long was a good one: after it the pauses
/// begin small again.
const STEADY: Duration = Duration::from_mins(1);
/// A token that ends sooner than this is not replaced by a better one.
const BRIEF: Duration = Duration::from_secs(1);
/// How many tidings may wait to be heard.
const TIDINGS: usize = 8;

/// Where doorbells come from.
pub(super) trait Connector {
    /// What is opened.
    type Subscription: Subscription;
    /// Opens a connection, with a token that is good for a while.
    async fn open(&self) -> Result<Self::Subscription, LiveError>;
}

/// One connection.
pub(super) trait Subscription {
    /// Waits for the next change; may be dropped and called again.
    async fn ring(&mut self) -> Result<(), LiveError>;
    /// Says goodbye.
    async fn close(self);
}

impl Connector for Hasura {
    type Subscription = Doorbell;

    async fn open(&self) -> Result<Doorbell, LiveError> {
        self.doorbell().await
    }
}

impl Subscription for Doorbell {
    async fn ring(&mut self) -> Result<(), LiveError> {
        Self::ring(self).await
    }

    async fn close(self) {
        Self::close(self).await;
    }
}

/// What is told of the doorbell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LiveEvent {
    /// It is connected, after it was not.
    Connected,
    /// Something changed, or may have: pull once.
    Rang,
    /// It cannot be heard until it is connected again.
    Timeout(LiveError),
}

/// A doorbell that is kept up as long as this lives. It works only while
/// somebody waits for [`Live::next`].
pub(super) struct Live {
    calls: mpsc::Sender<()>,
    tidings: mpsc::Receiver<LiveEvent>,
    keeping: Pin<Box<dyn Future<Output = ()>>>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl Live {
    /// Begins with the first connection; `rng` spreads the tries of many
    /// devices.
    pub(super) fn start(door: impl Connector + 'static, rng: fastrand::Rng) -> Self {
        // One call that waits is as good as several.
        let (calls, called) = mpsc::channel(1);
        let (teller, tidings) = mpsc::channel(TIDINGS);
        let keeper = Reconnector {
            door,
            called,
            teller,
            connected: None,
            backoff: Backoff::up_to(LONGEST),
            rng,
        };
        Self {
            calls,
            tidings,
            keeping: Box::pin(keeper.keep()),
        }
    }

    /// The next tidings. May be dropped and called again: none are lost.
    pub(super) async fn next(&mut self) -> LiveEvent {
        tokio::select! {
            biased;
            Some(tidings) = self.tidings.recv() => tidings,
            () = &mut self.keeping => pending().await,
        }
    }

    /// Tries now if it was waiting: the server is within reach again.
    pub(super) fn call(&self) {
        // A call that waits already is enough.
        let _ = self.calls.try_send(());
    }

    /// Ends the connection as a polite client does.
    pub(super) async fn close(self) {
        let Self {
            calls,
            tidings,
            keeping,
        } = self;
        drop(calls);
        drop(tidings);
        keeping.await;
    }
}

/// Whoever keeps the doorbell up.
struct Reconnector<D> {
    door: D,
    called: mpsc::Receiver<()>,
    teller: mpsc::Sender<LiveEvent>,
    /// As last told; `None` before that.
    connected: Option<bool>,
    backoff: Backoff,
    rng: fastrand::Rng,
}

/// How listening ended.
enum End {
    /// Nobody wants to hear any more.
    Unwanted,
    /// The connection did, after this long.
    Lost(LiveError, Duration),
}

impl<D: Connector> Reconnector<D> {
    async fn keep(mut self) {
        loop {
            let (error, lasted) = match self.listen().await {
                End::Unwanted => return,
                End::Lost(error, lasted) => (error, lasted),
            };
            let pause = self.pause(&error, lasted);
            tracing::debug!(%error, ?lasted, ?pause, "the doorbell went silent");
            if pause != Some(Duration::ZERO) {
                self.tell(false, LiveEvent::Timeout(error)).await;
            }
            let rested = async {
                match pause {
                    Some(pause) => sleep(pause).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = rested => {}
                call = self.called.recv() => if call.is_none() { return },
            }
        }
    }

    /// Opens a connection and listens until it ends.
    async fn listen(&mut self) -> End {
        let opened = tokio::select! {
            opened = self.door.open() => opened,
            () = unwanted(&mut self.called) => return End::Unwanted,
        };
        let mut bell = match opened {
            Ok(bell) => bell,
            Err(error) => return End::Lost(error, Duration::ZERO),
        };
        let since = Instant::now();
        self.tell(true, LiveEvent::Connected).await;
        loop {
            let rang = tokio::select! {
                rang = bell.ring() => rang,
                () = unwanted(&mut self.called) => {
                    bell.close().await;
                    return End::Unwanted;
                }
            };
            match rang {
                // Whoever does not listen is found out by `unwanted`.
                Ok(()) => drop(self.teller.send(LiveEvent::Rang).await),
                Err(error) => return End::Lost(error, since.elapsed()),
            }
        }
    }

    /// Tells whether it is connected, unless that is known.
    async fn tell(&mut self, connected: bool, tidings: LiveEvent) {
        if self.connected.replace(connected) != Some(connected) {
            let _ = self.teller.send(tidings).await;
        }
    }

    /// How long to rest after a connection that lasted for `lasted`; `None`
    /// until called.
    fn pause(&mut self, error: &LiveError, lasted: Duration) -> Option<Duration> {
        if lasted >= STEADY {
            self.backoff.succeeded();
        }
        match error {
            LiveError::Renew if lasted >= BRIEF => Some(Duration::ZERO),
            LiveError::NoToken {
                logged_out: true, ..
            } => None,
            LiveError::NoUpgrade { .. } if error.retryable() => Some(self.soon()),
            // A token refused twice, a missing permission, a proxy in the
            // way: somebody has to do something first.
            LiveError::Unauthorized { .. }
            | LiveError::Refused { .. }
            | LiveError::NoUpgrade { .. }
            | LiveError::InvalidResponse { .. } => {
                Some(LONGEST.mul_f64(0.5 + self.rng.f64() / 2.0))
            }
            LiveError::Renew
            | LiveError::Unreachable { .. }
            | LiveError::ConnectionLost { .. }
            | LiveError::NoToken { .. } => Some(self.soon()),
        }
    }

    fn soon(&mut self) -> Duration {
        self.backoff.failed(None, &mut self.rng)
    }
}

/// Waits until nobody wants to hear any more. Calls mean nothing while there
/// is a connection.
async fn unwanted(called: &mut mpsc::Receiver<()>) {
    while called.recv().await.is_some() {}
}

#[cfg(test)]
mod tests;
