//! The live connection: connects, waits for changes, connects again.
//!
//! Connections often end: tokens expire, proxies disconnect, laptops sleep. None of
//! that is an error for users: tudone polls until the next connection, which reports a
//! change at its start.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::or_pending;
use crate::graphql::Hasura;
use crate::graphql::live::LiveError;
use crate::graphql::socket::Doorbell;
use crate::sync::backoff::Backoff;

/// The longest pause before another try. A proxy that passes no websockets will not
/// start to within a minute.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// A connection that lasted this long resets the pauses.
const STABLE: Duration = Duration::from_mins(1);
/// If a token expires sooner than this after connecting, a new token does not help.
const BRIEF: Duration = Duration::from_secs(1);
/// The capacity of the event channel.
const EVENTS: usize = 8;

/// Opens subscriptions.
pub(super) trait Connector {
    /// The type of its subscriptions.
    type Subscription: Subscription;
    /// Opens a subscription, with a token that stays valid for a while.
    async fn open(&self) -> Result<Self::Subscription, LiveError>;
}

/// One open connection.
pub(super) trait Subscription {
    /// Waits for the next change. Cancel safe.
    async fn changed(&mut self) -> Result<(), LiveError>;
    /// Closes the connection in an orderly way.
    async fn close(self);
}

impl Connector for Hasura {
    type Subscription = Doorbell;

    async fn open(&self) -> Result<Doorbell, LiveError> {
        self.doorbell().await
    }
}

impl Subscription for Doorbell {
    async fn changed(&mut self) -> Result<(), LiveError> {
        self.ring().await
    }

    async fn close(self) {
        Self::close(self).await;
    }
}

/// An event of the live connection.
#[derive(Debug, Clone)]
pub(super) enum LiveEvent {
    /// Connected, after it was not.
    Connected,
    /// Something changed, or may have: one pull is due.
    Changed,
    /// No changes are reported until it is connected again.
    Disconnected(LiveError),
}

/// A connection that is opened again whenever it ends. It makes progress only
/// while [`LiveConnection::next_event`] is awaited.
pub(super) struct LiveConnection {
    retries: mpsc::Sender<()>,
    events: mpsc::Receiver<LiveEvent>,
    reconnecting: Pin<Box<dyn Future<Output = ()>>>,
}

impl fmt::Debug for LiveConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveConnection").finish_non_exhaustive()
    }
}

impl LiveConnection {
    /// Starts with the first connection; `rng` spreads the tries of many
    /// devices.
    pub(super) fn start(connector: impl Connector + 'static, rng: fastrand::Rng) -> Self {
        // One pending request is enough.
        let (retries, retry_requests) = mpsc::channel(1);
        let (sender, events) = mpsc::channel(EVENTS);
        let reconnector = Reconnector {
            connector,
            retry_requests,
            events: sender,
            reported_connected: None,
            backoff: Backoff::up_to(LONGEST_PAUSE),
            rng,
        };
        Self {
            retries,
            events,
            reconnecting: Box::pin(reconnector.run()),
        }
    }

    /// Returns the next event. Cancel safe: no event is lost.
    pub(super) async fn next_event(&mut self) -> LiveEvent {
        tokio::select! {
            biased;
            Some(event) = self.events.recv() => event,
            () = &mut self.reconnecting => std::future::pending().await,
        }
    }

    /// Ends the pause before the next try, since the server is reachable again.
    pub(super) fn retry_now(&self) {
        // A full channel already has a request.
        let _ = self.retries.try_send(());
    }

    /// Closes the connection in an orderly way.
    pub(super) async fn close(self) {
        let Self {
            retries,
            events,
            reconnecting,
        } = self;
        drop(retries);
        drop(events);
        reconnecting.await;
    }
}

/// The task behind a [`LiveConnection`].
struct Reconnector<C> {
    connector: C,
    /// Closed when the connection is no longer wanted.
    retry_requests: mpsc::Receiver<()>,
    events: mpsc::Sender<LiveEvent>,
    /// The state last reported; `None` before the first report.
    reported_connected: Option<bool>,
    backoff: Backoff,
    rng: fastrand::Rng,
}

/// The end of a connection.
enum Closed {
    /// The connection is no longer wanted.
    Unwanted,
    /// The connection failed, after this long.
    Lost(LiveError, Duration),
}

impl<C: Connector> Reconnector<C> {
    async fn run(mut self) {
        loop {
            let (error, lasted) = match self.listen().await {
                Closed::Unwanted => return,
                Closed::Lost(error, lasted) => (error, lasted),
            };
            let pause = self.pause(&error, lasted);
            tracing::debug!(%error, ?lasted, ?pause, "the live connection ended");
            if pause != Some(Duration::ZERO) {
                self.report(false, LiveEvent::Disconnected(error)).await;
            }
            tokio::select! {
                () = or_pending(pause.map(sleep)) => {}
                request = self.retry_requests.recv() => if request.is_none() { return },
            }
        }
    }

    /// Opens a connection and forwards its changes until it ends.
    async fn listen(&mut self) -> Closed {
        let opened = tokio::select! {
            opened = self.connector.open() => opened,
            () = unwanted(&mut self.retry_requests) => return Closed::Unwanted,
        };
        let mut subscription = match opened {
            Ok(subscription) => subscription,
            Err(error) => return Closed::Lost(error, Duration::ZERO),
        };
        let since = Instant::now();
        self.report(true, LiveEvent::Connected).await;
        loop {
            let changed = tokio::select! {
                changed = subscription.changed() => changed,
                () = unwanted(&mut self.retry_requests) => {
                    subscription.close().await;
                    return Closed::Unwanted;
                }
            };
            match changed {
                // `unwanted` notices a dropped receiver.
                Ok(()) => drop(self.events.send(LiveEvent::Changed).await),
                Err(error) => return Closed::Lost(error, since.elapsed()),
            }
        }
    }

    /// Reports a new state once.
    async fn report(&mut self, connected: bool, event: LiveEvent) {
        if self.reported_connected.replace(connected) != Some(connected) {
            let _ = self.events.send(event).await;
        }
    }

    /// Returns the pause after a connection that lasted for `lasted`; `None`
    /// waits for a request to retry.
    fn pause(&mut self, error: &LiveError, lasted: Duration) -> Option<Duration> {
        if lasted >= STABLE {
            self.backoff.succeeded();
        }
        match error {
            LiveError::Renew if lasted >= BRIEF => Some(Duration::ZERO),
            LiveError::NoToken { source } if source.needs_login() => None,
            LiveError::NoUpgrade { .. } if error.retryable() => Some(self.backoff()),
            // A token rejected twice, a missing permission or a proxy: the user has to fix
            // something first.
            LiveError::Unauthorized { .. }
            | LiveError::Rejected { .. }
            | LiveError::NoUpgrade { .. }
            | LiveError::InvalidResponse { .. } => {
                Some(LONGEST_PAUSE.mul_f64(0.5 + self.rng.f64() / 2.0))
            }
            LiveError::Renew
            | LiveError::Unreachable { .. }
            | LiveError::ConnectionLost { .. }
            | LiveError::NoToken { .. } => Some(self.backoff()),
        }
    }

    fn backoff(&mut self) -> Duration {
        self.backoff.failed(None, &mut self.rng)
    }
}

/// Waits until the connection is no longer wanted. Ignores requests to retry, since
/// there is a connection.
async fn unwanted(retry_requests: &mut mpsc::Receiver<()>) {
    while retry_requests.recv().await.is_some() {}
}

#[cfg(test)]
mod tests;
