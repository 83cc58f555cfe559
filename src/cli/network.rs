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
use crate::cli::context::{CommandContext, KnownProfile};
use crate::cli::error::CliError;
use crate::cli::sync_skipped::SyncSkipped;
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
pub(crate) struct SyncOptions {
    /// How long to wait for the server.
    pub(crate) limit: Duration,
    /// Whether to try also when a try shortly before failed, or the server asked
    /// to be left alone.
    pub(crate) insist: bool,
    /// Whether to pull every row again.
    pub(crate) full: bool,
}

impl SyncOptions {
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
/// [`SyncSkipped`], for what is on the disk is there all the same.
pub(crate) fn attempt(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    options: SyncOptions,
) -> Result<Result<Report, SyncSkipped>, CliError> {
    if context.flags.offline {
        return Ok(Err(SyncSkipped::Offline));
    }
    if let (false, Some(miss)) = (options.insist, remembered(context, store)?) {
        return Ok(Err(miss));
    }
    let lock = known.profile.sync_lock(&known.known.account);
    let endpoint = known.profile.config.connection.endpoint.clone();
    settle(context);
    let session = known.profile.session();
    let remote = Hasura::new(endpoint, session.clone())?;
    let now = || context.clock.now();
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let turn = async {
            if options.full {
                round_from_start(store, &remote, &lock, now).await
            } else {
                round(store, &remote, &lock, now).await
            }
        };
        unless_interrupted(tokio::time::timeout(options.limit, turn)).await
    });
    let awaited = session.awaited();
    context.pending_refresh.leave(runtime, session);
    let miss = match ended?.ok() {
        Some(Ok(report)) => return Ok(Ok(report)),
        Some(Err(RoundError::Store(error @ StoreError::Isolated { .. }))) => {
            context.notice(format!("{error}. {}", error.help()));
            return attempt(context, known, store, options);
        }
        Some(Err(RoundError::Store(error))) if error.is_replaced() => {
            return Err(CliError::Round(error.into()));
        }
        Some(Err(RoundError::Remote(error))) if error.retry_after().is_some() => {
            asked_to_wait(context, store)?.unwrap_or(SyncSkipped::Ended(error.into()))
        }
        Some(Err(error)) => SyncSkipped::Ended(error),
        // The next command goes on where this one was stopped.
        None if remote.has_answered() => SyncSkipped::Slow,
        None if is_taken(&lock) => SyncSkipped::Ended(RoundError::Busy),
        None => given_up(context, known, store, awaited, options.limit),
    };
    Ok(Err(miss))
}

/// What a round waited for that had answered nothing after `limit`.
fn given_up(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    awaited: Option<Awaited>,
    limit: Duration,
) -> SyncSkipped {
    let miss = match awaited {
        Some(Awaited::CredentialStore) => return SyncSkipped::Store(limit),
        None if is_taken(&known.profile.refresh_lock()) => return SyncSkipped::Refreshing,
        Some(Awaited::Issuer) => SyncSkipped::Issuer,
        None => SyncSkipped::Late,
    };
    // The round cannot note it itself. Where this cannot either, the next command
    // waits as long again. Less time than usual says nothing of the server.
    if limit >= PATIENCE {
        let _ = store.note_failure(context.clock.now(), None);
    }
    miss
}

/// A refresh whose answer had not come when its command had to say something.
#[derive(Debug, Default)]
pub(crate) struct PendingRefresh(RefCell<Option<(Runtime, Session)>>);

impl PendingRefresh {
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

/// Waits for a refresh that `context` left unsettled, and says so to a person. To
/// be called when the command has answered, or before a person is asked.
pub(crate) fn settle(context: &CommandContext) {
    let Some((runtime, session)) = context.pending_refresh.0.take() else {
        return;
    };
    if io::stderr().is_terminal() {
        context.notice(
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
pub(crate) fn remembered(
    context: &CommandContext,
    store: &Store,
) -> Result<Option<SyncSkipped>, CliError> {
    if let Some(miss) = asked_to_wait(context, store)? {
        return Ok(Some(miss));
    }
    let failed_at = store.freshness()?.failed_at;
    let lately = failed_at.is_some_and(|at| younger(at, MEMORY, context.clock.now()));
    Ok(lately.then_some(SyncSkipped::Recent))
}

fn asked_to_wait(context: &CommandContext, store: &Store) -> Result<Option<SyncSkipped>, CliError> {
    let until = store.freshness()?.resting(context.clock.now());
    Ok(until.map(|until| SyncSkipped::Asked { until }))
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
