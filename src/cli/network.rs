//! The only place where a command waits for the network.
//!
//! The runtime, HTTP client and credential store are made here, so a command
//! without network makes none of them.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;

use crate::auth::session::{AuthSession, Awaited};
use crate::cli::context::{CommandContext, KnownProfile};
use crate::cli::error::CliError;
use crate::cli::progress::SendingLine;
use crate::cli::sync_skipped::SyncSkipped;
use crate::domain::list::Freshness;
use crate::graphql::Hasura;
use crate::http;
use crate::os::file_lock::FileLock;
use crate::os::runtime;
use crate::store::{Store, StoreError};
use crate::sync::remote::RemoteError;
use crate::sync::round::{RoundError, RoundReport, round_reporting};

/// How long a command waits in silence.
const SILENCE: Duration = Duration::from_secs(1);

/// How long a command waits for the server by default.
pub(crate) const SYNC_LIMIT: Duration = Duration::from_secs(2);
/// How long a failed attempt counts as recent, so that a dead network costs
/// [`SYNC_LIMIT`] once and not with every command.
const RECENT: SignedDuration = SignedDuration::from_secs(60);

/// How much longer the answer to a sent refresh token may take after the time limit:
/// without it the login may be lost. Rare: needs an issuer that
/// stops answering between two requests.
const REFRESH_LIMIT: Duration = Duration::from_secs(10);

/// How long to check whether a refresh is pending.
const REFRESH_CHECK: Duration = Duration::from_millis(20);

/// How long to try, and whether to try at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyncOptions {
    /// How long to wait for the server.
    pub(crate) limit: Duration,
    /// Whether to try although a recent attempt failed or the server sent
    /// `Retry-After`.
    pub(crate) insist: bool,
    /// Whether to pull every row.
    pub(crate) full: bool,
}

impl SyncOptions {
    /// The options of most commands.
    pub(crate) const DEFAULT: Self = Self {
        limit: SYNC_LIMIT,
        insist: false,
        full: false,
    };

    /// Always tries, for this long.
    pub(crate) const fn insisting(limit: Duration) -> Self {
        Self {
            limit,
            insist: true,
            full: false,
        }
    }
}

/// Attempts one round: pushes and pulls. All rounds of a command share one limit.
///
/// # Errors
///
/// A damaged or unreadable store. Everything else is returned as
/// [`SyncSkipped`]: the command still answers from the store.
pub(crate) fn attempt(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    options: SyncOptions,
) -> Result<Result<RoundReport, SyncSkipped>, CliError> {
    if context.flags.offline {
        return Ok(Err(SyncSkipped::Offline));
    }
    if let (false, Some(skipped)) = (options.insist, recent_failure(context, store)?) {
        return Ok(Err(skipped));
    }
    let lock = known.profile.sync_lock(&known.known.account);
    let endpoint = known.profile.config.connection.endpoint.clone();
    finish_refresh(context);
    let session = known.profile.session();
    let remote = Hasura::new(endpoint, session.clone())?;
    let now = || context.clock.now();
    let runtime = runtime()?;
    let began = Instant::now();
    let limit = options.limit.saturating_sub(context.in_rounds.get());
    let progress = SendingLine::new(context, store)?;
    let ended = runtime.block_on(async {
        let answered = |count| progress.answered(count);
        let round = round_reporting(store, &remote, &lock, now, options.full, &answered);
        let round = tokio::time::timeout(limit, Box::pin(round));
        let waits_for =
            || (!progress.is_shown()).then(|| waits_for(known, &lock, session.awaited()));
        if options.limit > SYNC_LIMIT {
            unless_interrupted(saying(context, waits_for, round)).await
        } else {
            unless_interrupted(round).await
        }
    });
    drop(progress);
    let awaited = session.awaited();
    context.pending_refresh.keep(runtime, session);
    let in_rounds = context.in_rounds.get() + began.elapsed();
    context.in_rounds.set(in_rounds);
    let skipped = match ended?.ok() {
        Some(Ok(report)) => return Ok(Ok(report)),
        Some(Err(RoundError::Store(error @ StoreError::Isolated { .. }))) => {
            context.notice(format!("{error}. {}", error.help()));
            return attempt(context, known, store, options);
        }
        Some(Err(RoundError::Store(error))) if error.is_replaced() => {
            return Err(CliError::Round(error.into()));
        }
        Some(Err(RoundError::Remote(error))) if error.retry_after().is_some() => {
            retry_after(context, store)?.unwrap_or(SyncSkipped::Ended(error.into()))
        }
        Some(Err(RoundError::Remote(error @ RemoteError::Unauthorized { .. })))
            if known.profile.external_token().is_some() =>
        {
            SyncSkipped::ExternalToken(error)
        }
        Some(Err(error)) => SyncSkipped::Ended(error),
        // The next command continues the pull.
        None if remote.has_answered() => SyncSkipped::Slow,
        None if FileLock::is_taken(&lock) => SyncSkipped::Ended(RoundError::Busy),
        None => timed_out(context, known, store, awaited, limit),
    };
    Ok(Err(skipped))
}

/// Names what a round waits for.
fn waits_for(known: &KnownProfile, lock: &Path, awaited: Option<Awaited>) -> String {
    let connection = &known.profile.config.connection;
    match awaited {
        Some(Awaited::CredentialStore) => "the credential store".to_owned(),
        Some(Awaited::Issuer) => format!("the issuer {}", connection.issuer),
        None if FileLock::is_taken(&known.profile.refresh_lock()) => {
            format!("the issuer {}", connection.issuer)
        }
        None if FileLock::is_taken(lock) => http::authority(&connection.endpoint),
        None => "another tudone that is syncing this account".to_owned(),
    }
}

/// Runs `work`, and prints what it waits for, if anything, when it takes longer than a
/// second.
async fn saying<T>(
    context: &CommandContext,
    what: impl Fn() -> Option<String>,
    work: impl Future<Output = T>,
) -> T {
    tokio::pin!(work);
    tokio::select! {
        ended = &mut work => return ended,
        () = tokio::time::sleep(SILENCE) => {}
    }
    if let Some(what) = what() {
        context.notice(format!("waiting for {what} (Ctrl-C stops waiting)"));
    }
    work.await
}

/// Returns what a round was waiting for when `limit` was reached.
fn timed_out(
    context: &CommandContext,
    known: &KnownProfile,
    store: &mut Store,
    awaited: Option<Awaited>,
    limit: Duration,
) -> SyncSkipped {
    let skipped = match awaited {
        Some(Awaited::CredentialStore) => return SyncSkipped::Store(limit),
        None if FileLock::is_taken(&known.profile.refresh_lock()) => {
            return SyncSkipped::Refreshing;
        }
        Some(Awaited::Issuer) => SyncSkipped::Issuer,
        None => SyncSkipped::Late,
    };
    // An interrupted round cannot record the failure itself. A shorter limit than
    // usual says nothing about the server.
    if limit >= SYNC_LIMIT {
        let why = skipped.why();
        let _ = store.record_failure(context.clock.now(), None, &why);
    }
    skipped
}

/// A token refresh that was still running when its command answered.
#[derive(Debug, Default)]
pub(crate) struct PendingRefresh(RefCell<Option<(Runtime, AuthSession)>>);

impl PendingRefresh {
    /// Keeps `runtime` for [`finish_refresh`] if `session` still waits for the issuer.
    fn keep(&self, runtime: Runtime, session: AuthSession) {
        let is_done = runtime.block_on(async {
            tokio::time::timeout(REFRESH_CHECK, session.wait_for_refresh())
                .await
                .is_ok()
        });
        if is_done {
            runtime.shutdown_background();
        } else {
            self.0.replace(Some((runtime, session)));
        }
    }
}

/// Waits for the pending refresh of `context` and prints that it waits. Called
/// after the command has answered and before every prompt.
pub(crate) fn finish_refresh(context: &CommandContext) {
    let Some((runtime, session)) = context.pending_refresh.0.take() else {
        return;
    };
    if io::stderr().is_terminal() {
        context.notice(
            "waiting for the issuer: without its answer the login may be lost (Ctrl-C stops waiting)",
        );
    }
    let refresh = async { tokio::time::timeout(REFRESH_LIMIT, session.wait_for_refresh()).await };
    // Ctrl-C during the command also ends this wait.
    let _ = runtime.block_on(unless_interrupted(refresh));
    runtime.shutdown_background();
}

/// Returns why no request is sent now: `Retry-After`, or a recent failure.
///
/// # Errors
///
/// The store's.
pub(crate) fn recent_failure(
    context: &CommandContext,
    store: &Store,
) -> Result<Option<SyncSkipped>, CliError> {
    if let Some(skipped) = retry_after(context, store)? {
        return Ok(Some(skipped));
    }
    let failed_at = store.freshness()?.failed_at;
    let lately = failed_at.is_some_and(|at| is_younger(at, RECENT, context.clock.now()));
    Ok(lately.then_some(SyncSkipped::Recent))
}

/// Returns when commands contact the server again; `None` if the next one does.
pub(crate) fn next_try(freshness: &Freshness, now: Timestamp) -> Option<Timestamp> {
    freshness.resting(now).or_else(|| {
        let failed_at = freshness.failed_at?;
        let until = failed_at.checked_add(RECENT).ok()?;
        is_younger(failed_at, RECENT, now).then_some(until)
    })
}

fn retry_after(context: &CommandContext, store: &Store) -> Result<Option<SyncSkipped>, CliError> {
    let until = store.freshness()?.resting(context.clock.now());
    Ok(until.map(|until| SyncSkipped::RetryAfter { until }))
}

/// Returns whether `at` is less than `age` ago. A time in the future is not: a
/// clock that was set back must not make old failures recent.
pub(crate) fn is_younger(at: Timestamp, age: SignedDuration, now: Timestamp) -> bool {
    let since = now.duration_since(at);
    !since.is_negative() && since < age
}

/// Waits for `work` for at most `limit`; `None` on timeout.
///
/// # Errors
///
/// [`CliError::Interrupted`] on Ctrl-C; a runtime that cannot be built.
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

/// As [`wait`] without a limit; prints that it waits for `what` if it takes longer than
/// a second.
///
/// # Errors
///
/// As [`wait`].
pub(crate) fn wait_saying<T>(
    context: &CommandContext,
    what: &str,
    work: impl Future<Output = T>,
) -> Result<T, CliError> {
    let what = || Some(what.to_owned());
    block_on(async { unless_interrupted(saying(context, what, work)).await })?
}

/// As [`wait`] without a limit, for `work` that uses `session`: a refresh in progress is
/// waited for by [`finish_refresh`] where `work` is interrupted.
///
/// # Errors
///
/// As [`wait`].
pub(crate) fn wait_using<T>(
    context: &CommandContext,
    session: &AuthSession,
    work: impl Future<Output = T>,
) -> Result<T, CliError> {
    let runtime = runtime()?;
    let ended = runtime.block_on(unless_interrupted(work));
    context.pending_refresh.keep(runtime, session.clone());
    ended
}

/// Runs `work` until Ctrl-C.
async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    tokio::select! {
        ended = work => Ok(ended),
        pressed = tokio::signal::ctrl_c() => match pressed {
            Ok(()) => Err(CliError::Interrupted),
            Err(source) => Err(CliError::io("listen for Ctrl-C")(source)),
        },
    }
}

/// Builds a runtime and runs `work`, which handles Ctrl-C itself.
///
/// # Errors
///
/// A runtime that cannot be built.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    let runtime = runtime()?;
    let ended = runtime.block_on(work);
    // Does not wait for a credential store that still waits to be unlocked.
    runtime.shutdown_background();
    Ok(ended)
}

fn runtime() -> Result<Runtime, CliError> {
    runtime::current_thread().map_err(CliError::io("start the network"))
}
