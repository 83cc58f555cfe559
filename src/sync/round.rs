//! Runs one round: push and pull, repeated if the pull leads to more changes.
//!
//! No transaction is open during a request, every entry is marked as sent before
//! its request leaves, and dropping the future at any point loses nothing: a
//! request in progress counts as unanswered.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::auth::error::AuthErrorKind;
use crate::domain::feed::Capabilities;
use crate::os::file_lock::{FileLock, LockError};
use crate::store::{Store, StoreError};
use crate::sync::remote::{Remote, RemoteError};
use crate::sync::round::pull::PageSize;
use crate::sync::round::push::BatchCount;
use crate::text::causes;

mod lost_adds;
mod outcome;
mod pull;
mod push;
mod report;

pub use report::{Blocked, RoundReport};

/// How often a round pushes an edit again that was overtaken by another change: each
/// time it is merged with the pulled row, and may be overtaken again.
const RACES: usize = 4;

/// The most plans of one round, in case the user keeps making changes.
const MAX_PLANS: usize = 1000;

/// How long a round waits for a round of another process.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// An error that ends a round early. Completed steps are kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoundError {
    /// Another process is syncing this account.
    #[error("another tudone is syncing this account")]
    Busy,
    /// A request failed.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock file cannot be used.
    #[error("cannot use the lock file")]
    Lock(#[source] std::io::Error),
}

impl RoundError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Busy => "Wait for the other one; it also sends your queued changes.".to_owned(),
            Self::Remote(error) => error.help().into_owned(),
            Self::Store(error) => error.help(),
            Self::Lock(_) => "Check that the data directory can be written.".to_owned(),
        }
    }

    /// Returns whether a later try may succeed without any action.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Remote(error) => error.retryable(),
            Self::Store(_) | Self::Lock(_) => false,
        }
    }
}

/// Pushes and pulls once: one round at a time for an account, under the OS lock
/// on the file `lock` (waits at most 2 s for it). A round that another process
/// completed during the wait counts as this one, if it left nothing to do.
///
/// Records in the store that the server could not be reached, and the pause that
/// it asked for; the caller decides whether to respect it. A caller that drops
/// the future on a timeout records that itself ([`Store::record_failure`]).
///
/// # Errors
///
/// [`RoundError`]; completed steps are kept.
pub async fn round<R: Remote>(
    store: &mut Store,
    remote: &R,
    lock: &Path,
    now: impl Fn() -> Timestamp,
) -> Result<RoundReport, RoundError> {
    round_reporting(store, remote, lock, now, false, &|_| ()).await
}

/// As [`round`], but pulls from the start: every row is read again.
///
/// # Errors
///
/// [`RoundError`].
pub async fn round_from_start<R: Remote>(
    store: &mut Store,
    remote: &R,
    lock: &Path,
    now: impl Fn() -> Timestamp,
) -> Result<RoundReport, RoundError> {
    round_reporting(store, remote, lock, now, true, &|_| ()).await
}

/// As [`round`], or [`round_from_start`]; after each request `answered` gets the number
/// of entries that the server has accepted or rejected in this round.
///
/// # Errors
///
/// [`RoundError`].
pub async fn round_reporting<R: Remote>(
    store: &mut Store,
    remote: &R,
    lock: &Path,
    now: impl Fn() -> Timestamp,
    from_start: bool,
    answered: &dyn Fn(usize),
) -> Result<RoundReport, RoundError> {
    let requested_at = now();
    let lock = FileLock::acquire(lock, LOCK_TIMEOUT)
        .await
        .map_err(|error| match error {
            LockError::Busy { .. } => RoundError::Busy,
            LockError::File { source, .. } => RoundError::Lock(source),
        })?;
    // The file may have been moved aside as damaged; between rounds nothing is lost.
    store.reopen_if_replaced()?;
    if lock.waited() && !from_start && is_done_since(store, requested_at, now())? {
        return Ok(RoundReport::default());
    }
    let mut round = Round {
        store,
        remote,
        now: &now,
        answered,
        from_start,
        capabilities_checked: false,
        deferred: HashSet::new(),
        absent: HashSet::new(),
        size: PageSize::default(),
        batches: BatchCount::default(),
        single_operations: false,
        report: RoundReport::default(),
    };
    let outcome = round.run().await;
    report::log(&outcome, &round.report);
    if let Err(RoundError::Remote(error)) = &outcome
        && is_unreachable(error)
    {
        let why = causes::on_one_line(error);
        round
            .store
            .record_failure(now(), error.retry_after(), &why)?;
    }
    outcome?;
    Ok(round.report)
}

/// Returns whether a complete pull began after `requested_at` and nothing is left
/// to send: many processes at once cost the server one round.
fn is_done_since(
    store: &Store,
    requested_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let totals = store.totals()?;
    let freshness = store.freshness()?;
    let since = freshness
        .as_of
        .is_some_and(|at| !freshness.stale && (requested_at..=now).contains(&at));
    Ok(since && totals.pending + totals.sent == 0)
}

/// Returns whether the next command should not wait for this server again.
fn is_unreachable(error: &RemoteError) -> bool {
    match error {
        RemoteError::Unreachable { .. }
        | RemoteError::ConnectionLost { .. }
        | RemoteError::ServerError { .. }
        | RemoteError::InvalidResponse { .. } => true,
        RemoteError::NoToken { source } => source.kind() == AuthErrorKind::Unreachable,
        RemoteError::Rejected { .. }
        | RemoteError::Unauthorized { .. }
        | RemoteError::TooLarge { .. } => false,
    }
}

/// A round in progress.
struct Round<'a, R, N> {
    store: &'a mut Store,
    remote: &'a R,
    now: &'a N,
    answered: &'a dyn Fn(usize),
    from_start: bool,
    /// Whether this round has fetched the role's permissions.
    capabilities_checked: bool,
    /// Entries that wait for the next pull, since their condition did not hold.
    deferred: HashSet<i64>,
    /// Adds that may have arrived at a bare backend but have no row in this
    /// round's pull.
    absent: HashSet<i64>,
    /// The number of rows to request at once.
    size: PageSize,
    /// The number of batches to send at once.
    batches: BatchCount,
    /// Whether the server accepts only one operation per request.
    single_operations: bool,
    report: RoundReport,
}

/// The reason why a pass ended early.
enum Halt {
    /// The round is over.
    Error(RoundError),
    /// The role's permissions changed: start again.
    CapabilitiesChanged,
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<RemoteError> for Halt {
    fn from(error: RemoteError) -> Self {
        Self::Error(error.into())
    }
}

impl<R: Remote, N: Fn() -> Timestamp> Round<'_, R, N> {
    async fn run(&mut self) -> Result<(), RoundError> {
        loop {
            let capabilities = self.capabilities().await?;
            self.single_operations = capabilities.single_operations;
            match self.passes(capabilities).await {
                Ok(()) => break,
                // Fetched at most once a round, so this happens at most once.
                Err(Halt::CapabilitiesChanged) => {}
                Err(Halt::Error(error)) => return Err(error),
            }
        }
        let totals = self.store.totals()?;
        let waiting = totals.pending + totals.sent;
        self.report.waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
        Ok(())
    }

    /// Returns the role's permissions. Stored full permissions are used until the
    /// server rejects something; others are checked, since they may have grown.
    async fn capabilities(&mut self) -> Result<Capabilities, RoundError> {
        let stored = self.store.capabilities()?;
        match stored {
            Some(stored) if self.capabilities_checked || allows_everything(stored) => Ok(stored),
            _ => self.fetch_capabilities(stored).await,
        }
    }

    async fn fetch_capabilities(
        &mut self,
        stored: Option<Capabilities>,
    ) -> Result<Capabilities, RoundError> {
        let found = self.remote.capabilities().await?;
        let found = Capabilities {
            single_operations: stored.is_some_and(|role| role.single_operations),
            ..found
        };
        self.capabilities_checked = true;
        if stored != Some(found) {
            self.store.set_capabilities(found)?;
        }
        Ok(found)
    }

    /// Returns whether the rejection `code` is due to outdated permissions; stores
    /// the new ones then.
    async fn capabilities_changed(&mut self, code: &str) -> Result<bool, RoundError> {
        if self.capabilities_checked || code != "validation-failed" {
            return Ok(false);
        }
        let stored = self.store.capabilities()?;
        Ok(stored != Some(self.fetch_capabilities(stored).await?))
    }

    /// Returns the halt for an error of a query: the error itself, or that the
    /// permissions changed.
    async fn halt_for(&mut self, error: RemoteError) -> Halt {
        match self.capabilities_changed(rejection_code(&error)).await {
            Ok(true) => Halt::CapabilitiesChanged,
            Ok(false) => error.into(),
            Err(error) => Halt::Error(error),
        }
    }

    /// Pushes and pulls until nothing is left to send and base includes every answer.
    async fn passes(&mut self, capabilities: Capabilities) -> Result<(), Halt> {
        let mut complete = false;
        // Whether any entry was answered or rejected since base was complete.
        let mut progressed = false;
        let mut races = 0;
        for _ in 0..MAX_PLANS {
            if capabilities.full && !complete && self.must_pull_first()? {
                self.pull(capabilities).await?;
                (complete, progressed) = (true, false);
            }
            progressed |= complete && self.match_lost_adds(capabilities)?;
            let planned = self.plan(capabilities, complete)?;
            progressed |= planned.corrected;
            let pulled = if planned.requests.is_empty() {
                if complete && !progressed {
                    return Ok(());
                }
                self.pull(capabilities).await?;
                true
            } else {
                self.deliver(planned, capabilities).await?
            };
            complete = pulled || (complete && !capabilities.full);
            progressed = !pulled;
            if pulled && !std::mem::take(&mut self.deferred).is_empty() {
                races += 1;
                if races == RACES {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Returns whether a pull must come before any push: an entry may have arrived, or
    /// base is not this backend's.
    fn must_pull_first(&self) -> Result<bool, StoreError> {
        Ok(self.store.totals()?.sent > 0
            || self.store.is_rekeying()?
            || self.store.freshness()?.stale)
    }
}

/// Returns the code of a rejection; empty for other errors.
fn rejection_code(error: &RemoteError) -> &str {
    match error {
        RemoteError::Rejected { code, .. } => code,
        RemoteError::Unreachable { .. }
        | RemoteError::ConnectionLost { .. }
        | RemoteError::ServerError { .. }
        | RemoteError::Unauthorized { .. }
        | RemoteError::NoToken { .. }
        | RemoteError::InvalidResponse { .. }
        | RemoteError::TooLarge { .. } => "",
    }
}

const fn allows_everything(capabilities: Capabilities) -> bool {
    let Capabilities {
        full,
        insert,
        update,
        delete,
        single_operations: _,
    } = capabilities;
    full && insert && update && delete
}

#[cfg(test)]
mod tests;
