//! The only place where a command waits for the network.
//!
//! The runtime, HTTP client and credential store are made here, so a command
//! that does not come here pays for none of them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::Future;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;

use crate::auth::error::Kind;
use crate::auth::session::{Awaited, Session};
use crate::auth::vault::VaultError;
use crate::cli::call::{Call, Known};
use crate::cli::clock::local;
use crate::cli::error::CliError;
use crate::graphql::Hasura;
use crate::store::{Store, StoreError};
use crate::sync::lock::is_taken;
use crate::sync::remote::RemoteError;
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

/// What helps where `--offline` stands in the way.
pub(crate) const WITHOUT_OFFLINE: &str = "Try again without --offline.";

/// Why there was no complete round.
#[derive(Debug)]
pub(crate) enum Miss {
    /// `--offline`.
    Offline,
    /// A try shortly before failed.
    Recent,
    /// The server asked to be left alone.
    Asked {
        /// Until when.
        until: Timestamp,
    },
    /// Time was up, and the server had said nothing.
    Late,
    /// Time was up while another process refreshed the login, or hung there.
    Refreshing,
    /// Time was up while the issuer was asked for a new access token.
    Issuer,
    /// Time was up, this much, while the credential store was asked for the
    /// login.
    Store(Duration),
    /// Time was up while the server was answering: what it said is kept.
    Slow,
    /// The round ended early, of the network or the disk; never because the
    /// store was damaged.
    Ended(RoundError),
}

impl Miss {
    /// Why, as a fragment.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Offline => "offline, as asked".to_owned(),
            Self::Recent => "the server could not be reached a moment ago".to_owned(),
            Self::Asked { until } => {
                let until = local(whole_minute(*until)).strftime("%H:%M");
                format!("the server asks to wait until {until}")
            }
            Self::Late => "the server did not answer in time".to_owned(),
            Self::Refreshing => {
                "another tudone is refreshing the login; end it if it hangs".to_owned()
            }
            Self::Issuer => "the issuer did not answer in time".to_owned(),
            Self::Store(_) => "the credential store did not answer in time".to_owned(),
            Self::Slow => "not all fetched in time".to_owned(),
            Self::Ended(error) => error.to_string(),
        }
    }

    /// A few words for a status: `offline`, `logged out`.
    pub(crate) fn word(&self) -> Cow<'static, str> {
        let word = match self {
            Self::Asked { .. } => return self.why().into(),
            Self::Offline | Self::Recent | Self::Late | Self::Issuer => "offline",
            Self::Store(_) => "the credential store does not answer",
            Self::Refreshing => "another refresh is under way",
            Self::Slow => "not all fetched in time",
            Self::Ended(RoundError::Busy) => "another sync is under way",
            Self::Ended(RoundError::Remote(error)) => match error {
                RemoteError::NoToken {
                    kind: Kind::Login, ..
                } => "logged out",
                RemoteError::NoToken {
                    kind: Kind::Misconfigured,
                    ..
                } => "the login cannot be used",
                RemoteError::Unauthorized { .. } => "login not accepted",
                RemoteError::Refused { .. } => "refused by the server",
                RemoteError::Unreachable { .. }
                | RemoteError::Lost { .. }
                | RemoteError::Trouble { .. }
                | RemoteError::NoToken { .. }
                | RemoteError::Garbled { .. }
                | RemoteError::TooLarge { .. } => "offline",
            },
            Self::Ended(RoundError::Store(_) | RoundError::Lock(_)) => "local failure",
        };
        word.into()
    }

    /// What the person can do next, as one imperative sentence.
    fn help(&self) -> String {
        let help = match self {
            Self::Offline => WITHOUT_OFFLINE,
            Self::Asked { .. } => {
                "Wait until then; what is queued is sent by a command after that."
            }
            Self::Slow => "Run `tudone sync --wait 10m` to wait longer.",
            Self::Recent | Self::Late | Self::Refreshing | Self::Issuer | Self::Store(_) => {
                "Check the network and `tudone config show`, then try again."
            }
            Self::Ended(error) => return error.help(),
        };
        help.to_owned()
    }

    /// As the error of a command that cannot answer without the server; `what`
    /// is what it could not do.
    pub(crate) fn into_error(self, what: &str) -> CliError {
        let unreachable = CliError::Unreachable {
            what: what.to_owned(),
            why: self.why(),
            help: self.help(),
        };
        match (self.word().as_ref(), self) {
            (
                _,
                Self::Offline
                | Self::Recent
                | Self::Asked { .. }
                | Self::Late
                | Self::Refreshing
                | Self::Issuer
                | Self::Slow
                | Self::Ended(RoundError::Busy),
            )
            | ("offline", Self::Ended(_)) => unreachable,
            (_, Self::Store(waited)) => CliError::Vault(VaultError::Silent {
                store: "the credential store",
                waited,
            }),
            (_, Self::Ended(error)) => CliError::Round(error),
        }
    }
}

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
        None if awaited == Some(Awaited::Vault) => Miss::Store(effort.limit),
        None if awaited.is_none() && is_taken(&known.workspace.refresh_lock()) => Miss::Refreshing,
        None => {
            // A round that was given up cannot note it itself. Where this cannot
            // either, the next command waits as long again. What was given less
            // time than usual says nothing of the server.
            if effort.limit >= PATIENCE {
                let _ = store.note_failure(call.clock.now(), None);
            }
            awaited.map_or(Miss::Late, |_| Miss::Issuer)
        }
    };
    Ok(Err(miss))
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

/// The first whole minute that does not come before.
fn whole_minute(at: Timestamp) -> Timestamp {
    let step = SignedDuration::from_nanos(59_999_999_999);
    at.checked_add(step).unwrap_or(at)
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
