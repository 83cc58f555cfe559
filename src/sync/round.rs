//! One round, carried out: push, pull, and once more for what the pull decided.
//!
//! No transaction is open while the network is waited for, every entry is
//! marked as sent before its request leaves, and dropping the future at any
//! point loses nothing: what was under way counts as unanswered.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::auth::error::AuthErrorKind;
use crate::domain::feed::Capabilities;
use crate::os::file_lock::{FileLock, LockError};
use crate::store::{Store, StoreError};
use crate::sync::plan::Waiting;
use crate::sync::remote::{Remote, RemoteError};
use crate::sync::round::pull::PageSize;

mod lost_adds;
mod outcome;
mod pull;
mod push;

/// How often a round pushes edits again that lost a race: each is merged on what
/// the pull brought, and may lose again.
const RACES: usize = 4;

/// How many plans a round makes at most, should the user go on typing for ever.
const PLANS: usize = 1000;

/// How long a round waits for another one.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a round did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoundReport {
    /// Outbox entries the server took.
    pub pushed: usize,
    /// Outbox entries newly rejected.
    pub rejected: usize,
    /// Rows that the pull brought.
    pub pulled: usize,
    /// Entries that still wait.
    pub waiting: usize,
    /// Those that wait because the role may not make them.
    pub blocked: Option<Blocked>,
}

/// Changes that the role is not allowed to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// How many.
    pub count: usize,
    /// What the first of them needs.
    pub why: Waiting,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "1 change waits: {}", self.why),
            count => write!(f, "{count} changes wait: {}", self.why),
        }
    }
}

/// Why a round ended early. What it had done is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoundError {
    /// Another process has the round; it is not waited for any longer.
    #[error("another tudone is syncing this account")]
    Busy,
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock file.
    #[error("cannot use the lock file")]
    Lock(#[source] std::io::Error),
}

impl RoundError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Busy => "Wait for the other one; what is queued is sent all the same.".to_owned(),
            Self::Remote(error) => error.help().into_owned(),
            Self::Store(error) => error.help(),
            Self::Lock(_) => "Check that the data directory can be written.".to_owned(),
        }
    }

    /// Returns whether trying again later may help, with nobody doing anything.
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
/// made meanwhile counts as this one, if it left nothing to do.
///
/// A server that could not be reached is remembered in the store, and until when
/// it asked to be left alone; whether to heed that is the caller's. A caller
/// that drops the future because it took too long does that itself
/// ([`Store::note_failure`]).
///
/// # Errors
///
/// See [`RoundError`]; the outbox is as it was, or further.
pub async fn round<R: Remote>(
    store: &mut Store,
    remote: &R,
    lock: &Path,
    now: impl Fn() -> Timestamp,
) -> Result<RoundReport, RoundError> {
    carried_out(store, remote, lock, now, false).await
}

/// As [`round`], but pulls from the start: every row is read again.
///
/// # Errors
///
/// See [`RoundError`].
pub async fn round_from_start<R: Remote>(
    store: &mut Store,
    remote: &R,
    lock: &Path,
    now: impl Fn() -> Timestamp,
) -> Result<RoundReport, RoundError> {
    carried_out(store, remote, lock, now, true).await
}

async fn carried_out<R: Remote>(
    store: &mut Store,
    remote: &R,
    lock: &Path,
    now: impl Fn() -> Timestamp,
    from_start: bool,
) -> Result<RoundReport, RoundError> {
    let asked_at = now();
    let turn = FileLock::acquire(lock, PATIENCE)
        .await
        .map_err(|error| match error {
            LockError::Busy { .. } => RoundError::Busy,
            LockError::File { source, .. } => RoundError::Lock(source),
        })?;
    // A damaged one may have been set aside since; between rounds nothing is lost by it.
    store.follow()?;
    if turn.waited() && !from_start && is_done_since(store, asked_at, now())? {
        return Ok(RoundReport::default());
    }
    let mut round = Round {
        store,
        remote,
        now: &now,
        from_start,
        asked: false,
        held: HashSet::new(),
        absent: HashSet::new(),
        size: PageSize::default(),
        single_operations: false,
        report: RoundReport::default(),
    };
    let outcome = round.run().await;
    if let Err(RoundError::Remote(error)) = &outcome
        && is_unreachable(error)
    {
        round.store.note_failure(now(), error.retry_after())?;
    }
    outcome?;
    Ok(round.report)
}

/// Returns whether a complete pull begun after `asked_at` is there, and nothing waits
/// to be sent: many processes that ask at once cost the server one round.
fn is_done_since(store: &Store, asked_at: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let totals = store.totals()?;
    let freshness = store.freshness()?;
    let since = freshness
        .as_of
        .is_some_and(|at| !freshness.stale && (asked_at..=now).contains(&at));
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
        RemoteError::Refused { .. }
        | RemoteError::Unauthorized { .. }
        | RemoteError::TooLarge { .. } => false,
    }
}

/// A round under way.
struct Round<'a, R, N> {
    store: &'a mut Store,
    remote: &'a R,
    now: &'a N,
    from_start: bool,
    /// Whether the role's capabilities were asked for in this round.
    asked: bool,
    /// Entries whose condition did not hold: left alone until the next pull.
    held: HashSet<i64>,
    /// Adds sent to a bare backend that what was pulled in this round does not
    /// have.
    absent: HashSet<i64>,
    /// How many rows to ask for at once.
    size: PageSize,
    /// Whether the server takes one operation a request only.
    single_operations: bool,
    report: RoundReport,
}

/// Why a pass ended early.
enum Halt {
    /// The round is over.
    Error(RoundError),
    /// The role may do something else than was remembered: start again.
    Changed,
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
                // Asked once a round at most, so at most once around.
                Err(Halt::Changed) => {}
                Err(Halt::Error(error)) => return Err(error),
            }
        }
        let totals = self.store.totals()?;
        let waiting = totals.pending + totals.sent;
        self.report.waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
        Ok(())
    }

    /// What the role may do. A full backend that allows everything is
    /// believed until it refuses something; less may have become more.
    async fn capabilities(&mut self) -> Result<Capabilities, RoundError> {
        let remembered = self.store.capabilities()?;
        match remembered {
            Some(remembered) if self.asked || allows_everything(remembered) => Ok(remembered),
            _ => self.ask(remembered).await,
        }
    }

    async fn ask(&mut self, remembered: Option<Capabilities>) -> Result<Capabilities, RoundError> {
        let found = self.remote.capabilities().await?;
        let found = Capabilities {
            single_operations: remembered.is_some_and(|role| role.single_operations),
            ..found
        };
        self.asked = true;
        if remembered != Some(found) {
            self.store.set_capabilities(found)?;
        }
        Ok(found)
    }

    /// Returns whether `code`, of a refusal, came of capabilities that are not what
    /// was remembered; the new ones are then remembered.
    async fn outdated(&mut self, code: &str) -> Result<bool, RoundError> {
        if self.asked || code != "validation-failed" {
            return Ok(false);
        }
        let remembered = self.store.capabilities()?;
        Ok(remembered != Some(self.ask(remembered).await?))
    }

    /// An error of a query, or that the role may do something else already.
    async fn halted(&mut self, error: RemoteError) -> Halt {
        match self.outdated(refusal(&error)).await {
            Ok(true) => Halt::Changed,
            Ok(false) => error.into(),
            Err(error) => Halt::Error(error),
        }
    }

    /// Pushes and pulls until nothing is left to send and base has everything
    /// that the server said.
    async fn passes(&mut self, capabilities: Capabilities) -> Result<(), Halt> {
        let mut complete = false;
        // Whether anything was settled since base was complete.
        let mut moved = false;
        let mut races = 0;
        for _ in 0..PLANS {
            if capabilities.full && !complete && self.must_pull_first()? {
                self.pull(capabilities).await?;
                (complete, moved) = (true, false);
            }
            moved |= complete && self.look_for_adds(capabilities)?;
            let planned = self.plan(capabilities, complete)?;
            moved |= planned.corrected;
            let pulled = if planned.requests.is_empty() {
                if complete && !moved {
                    return Ok(());
                }
                self.pull(capabilities).await?;
                true
            } else {
                self.deliver(planned, capabilities).await?
            };
            complete = pulled || (complete && !capabilities.full);
            moved = !pulled;
            if pulled && !std::mem::take(&mut self.held).is_empty() {
                races += 1;
                if races == RACES {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether what the server has must be known before anything is sent: an
    /// entry may have arrived, or base is not this backend's.
    fn must_pull_first(&self) -> Result<bool, StoreError> {
        Ok(self.store.totals()?.sent > 0
            || self.store.is_rekeying()?
            || self.store.freshness()?.stale)
    }
}

/// The code of a refusal; empty for other errors.
fn refusal(error: &RemoteError) -> &str {
    match error {
        RemoteError::Refused { code, .. } => code,
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
