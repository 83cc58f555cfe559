//! The only place where a command waits for the network.
//!
//! The runtime, HTTP client and credential store are made here, so a command
//! that does not come here pays for none of them.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;

use crate::auth::session::{Awaited, Session};
use crate::cli::call::{Call, Known};
use crate::cli::error::CliError;
use crate::cli::miss::Miss;
use crate::graphql::Hasura;
use crate::store::{Store, StoreError};
use crate::sync::lock::is_taken;
use crate::sync::round::{Report, RoundError, round, round_from_start};

/// How long a command waits for the server unless told otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How long a failed try is remembered, so that a dead network costs
/// [`PATIENCE`] once and not with every command.
const MEMORY: SignedDuration = SignedDuration::from_secs(60);

/// How much longer the answer to a refresh token that was sent may take, once
/// time is up: without it the login may be lost. Rare: it takes an issuer that
/// stops answering between two requests.
const SETTLING: Duration = Duration::from_secs(10);

/// How long it may take to see that nothing is unsettled.
const AT_ONCE: Duration = Duration::from_millis(20);

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effort {
    /// How long to wait for the server.
    pub(crate) limit: Duration,
    /// Whether to try also when a try shortly before failed, or the server asked
    /// to be left alone.
    pub(crate) insist: bool,
    /// Whether to pull every row again.
    pub(crate) full: bool,
}

impl Effort {
    /// What a command does that was told nothing else.
    pub(crate) const USUAL: Self = Self {
        limit: PATIENCE,
        insist: false,
        full: false,
    };

    /// Tries in any case, for this long.
    pub(crate) const fn insisting(limit: Duration) -> Self {
        Self {
            limit,
            insist: true,
            full: false,
        }
    }
}

/// Tries one round: pushes and pulls.
///
/// # Errors
///
/// That the store was damaged, or cannot be read; all else comes back as a
/// [`Miss`], for what is on the disk is there all the same.
pub(crate) fn attempt(
    call: &Call,
    known: &Known,
    store: &mut Store,
    effort: Effort,
) -> Result<Result<Report, Miss>, CliError> {
    if call.flags.offline {
        return Ok(Err(Miss::Offline));
    }
    if let (false, Some(miss)) = (effort.insist, remembered(call, store)?) {
        return Ok(Err(miss));
    }
    let lock = known.workspace.sync_lock(&known.known.account);
    let endpoint = known.workspace.profile.connection.endpoint.clone();
    settle(call);
    let session = known.workspace.session();
    let remote = Hasura::new(endpoint, session.clone())?;
    let now = || call.clock.now();
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let turn = async {
            if effort.full {
                round_from_start(store, &remote, &lock, now).await
            } else {
                round(store, &remote, &lock, now).await
            }
        };
        unless_interrupted(tokio::time::timeout(effort.limit, turn)).await
    });
    let awaited = session.awaited();
    call.unsettled.leave(runtime, session);
    let miss = match ended?.ok() {
        Some(Ok(report)) => return Ok(Ok(report)),
        Some(Err(error @ RoundError::Store(StoreError::Corrupt { .. }))) => {
            return Err(CliError::Round(error));
        }
        Some(Err(RoundError::Remote(error))) if error.retry_after().is_some() => {
            asked_to_wait(call, store)?.unwrap_or(Miss::Ended(error.into()))
        }
        Some(Err(error)) => Miss::Ended(error),
        // The next command goes on where this one was stopped.
        None if remote.has_answered() => Miss::Slow,
        None if is_taken(&lock) => Miss::Ended(RoundError::Busy),
        None => given_up(call, known, store, awaited, effort.limit),
    };
    Ok(Err(miss))
}

/// What a round waited for that had answered nothing after `limit`.
fn given_up(
    call: &Call,
    known: &Known,
    store: &mut Store,
    awaited: Option<Awaited>,
    limit: Duration,
) -> Miss {
    let miss = match awaited {
        Some(Awaited::Vault) => return Miss::Store(limit),
        None if is_taken(&known.workspace.refresh_lock()) => return Miss::Refreshing,
        Some(Awaited::Issuer) => Miss::Issuer,
        None => Miss::Late,
    };
    // The round cannot note it itself. Where this cannot either, the next command
    // waits as long again. Less time than usual says nothing of the server.
    if limit >= PATIENCE {
        let _ = store.note_failure(call.clock.now(), None);
    }
    miss
}

/// A refresh whose answer had not come when its command had to say something.
#[derive(Debug, Default)]
pub(crate) struct Unsettled(RefCell<Option<(Runtime, Session)>>);

impl Unsettled {
    /// Leaves `runtime` for [`settle`] where `session` still waits for the
    /// issuer.
    fn leave(&self, runtime: Runtime, session: Session) {
        let is_settled = runtime.block_on(async {
            tokio::time::timeout(AT_ONCE, session.settled())
                .await
                .is_ok()
        });
        if is_settled {
            runtime.shutdown_background();
        } else {
            self.0.replace(Some((runtime, session)));
        }
    }
}

/// Waits for a refresh that `call` left unsettled, and says so to a person. To
/// be called when the command has answered, or before a person is asked.
pub(crate) fn settle(call: &Call) {
    let Some((runtime, session)) = call.unsettled.0.take() else {
        return;
    };
    if io::stderr().is_terminal() {
        call.notice(
            "waiting for the issuer's answer, without which the login may be lost; Ctrl-C stops",
        );
    }
    let settled = async { tokio::time::timeout(SETTLING, session.settled()).await };
    // Whoever presses Ctrl-C does not want to wait for that, either.
    let _ = runtime.block_on(unless_interrupted(settled));
    runtime.shutdown_background();
}

/// Why the server need not be asked now: it wants to be left alone, or the
/// latest news is that it could not be reached, and young.
///
/// # Errors
///
/// The store's.
pub(crate) fn remembered(call: &Call, store: &Store) -> Result<Option<Miss>, CliError> {
    if let Some(miss) = asked_to_wait(call, store)? {
        return Ok(Some(miss));
    }
    let failed_at = store.freshness()?.failed_at;
    let lately = failed_at.is_some_and(|at| younger(at, MEMORY, call.clock.now()));
    Ok(lately.then_some(Miss::Recent))
}

fn asked_to_wait(call: &Call, store: &Store) -> Result<Option<Miss>, CliError> {
    let until = store.freshness()?.resting(call.clock.now());
    Ok(until.map(|until| Miss::Asked { until }))
}

/// Whether `at` is less than `age` ago. What lies in the future is not: clocks
/// that were set back must not make old news young.
pub(crate) fn younger(at: Timestamp, age: SignedDuration, now: Timestamp) -> bool {
    let since = now.duration_since(at);
    !since.is_negative() && since < age
}

/// Waits for `work`, but no longer than `limit`: `None` when time was up.
///
/// # Errors
///
/// [`CliError::Interrupted`] on Ctrl-C; that no runtime could be made.
pub(crate) fn wait<T>(
    limit: Option<Duration>,
    work: impl Future<Output = T>,
) -> Result<Option<T>, CliError> {
    block_on(async {
        let work = async {
            match limit {
                Some(limit) => tokio::time::timeout(limit, work).await.ok(),
                None => Some(work.await),
            }
        };
        unless_interrupted(work).await
    })?
}

/// Carries out `work` until Ctrl-C.
async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    tokio::select! {
        ended = work => Ok(ended),
        pressed = tokio::signal::ctrl_c() => match pressed {
            Ok(()) => Err(CliError::Interrupted),
            Err(source) => Err(CliError::io("listen for Ctrl-C")(source)),
        },
    }
}

/// Makes a runtime for `work`, which listens for Ctrl-C itself.
///
/// # Errors
///
/// That no runtime could be made.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    let runtime = runtime()?;
    let ended = runtime.block_on(work);
    // A credential store that still waits for a person is not waited for.
    runtime.shutdown_background();
    Ok(ended)
}

fn runtime() -> Result<Runtime, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::io("start the network"))
}
