//! `tudone sync --follow`: prints every change that reaches the store until a
//! signal ends it.

use std::io::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use super::watched::{WatchEvent, Watched};
use crate::cli::clock::local;
use crate::cli::commands::queue::QueueItem;
use crate::cli::context::{CommandContext, KnownProfile};
use crate::cli::error::CliError;
use crate::cli::json::Shown;
use crate::cli::network;
use crate::cli::output::{self, Out};
use crate::cli::shutdown::{End, Shutdown};
use crate::sync::event::{RoundEvent, RoundFailure};
use crate::sync::round::RoundReport;
use crate::sync_driver::{SyncDriver, SyncEvent};

/// How often to check whether another process has written.
const WATCH: Duration = Duration::from_secs(1);

/// A JSON line about a todo.
#[derive(Serialize)]
struct TodoEvent<'a> {
    event: &'static str,
    todo: Shown<'a>,
}

/// A JSON line about anything else.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event<'a> {
    Rejected {
        entry: &'a QueueItem,
    },
    Synced {
        pushed: usize,
        pulled: usize,
        rejected: usize,
        waiting: usize,
        as_of: Option<Timestamp>,
    },
    Live,
    Polling {
        why: &'a str,
    },
    Offline {
        why: &'a str,
        next_try: Option<Timestamp>,
    },
}

struct Follower<'c> {
    context: &'c CommandContext,
    json: bool,
    watched: Watched,
    out: Out,
    /// Whether the last round succeeded; `None` before the first.
    in_sync: Option<bool>,
}

/// Follows the account until a signal.
///
/// # Errors
///
/// [`CliError::Interrupted`] on Ctrl-C, [`CliError::LoggedOut`] when there is
/// no login; never an unreachable server.
pub(super) fn run(context: &CommandContext, json: bool, from_start: bool) -> Result<(), CliError> {
    if context.flags.offline {
        return Err(CliError::usage(
            "--follow needs the network, which --offline forbids",
            "Use one of them.",
        ));
    }
    let known = context.known()?;
    let follower = Follower {
        context,
        json,
        watched: Watched::open(&known)?,
        out: output::stdout(),
        in_sync: None,
    };
    network::block_on(follower.follow(known, from_start))?
}

impl Follower<'_> {
    async fn follow(mut self, known: KnownProfile, from_start: bool) -> Result<(), CliError> {
        let mut shutdown = Shutdown::listen()?;
        let mut driver = SyncDriver::new(known.profile);
        driver.open(&known.known.account, from_start);
        let ended = self.until_shutdown(&mut driver, &mut shutdown).await;
        driver.finish().await;
        ended
    }

    async fn until_shutdown(
        &mut self,
        driver: &mut SyncDriver,
        shutdown: &mut Shutdown,
    ) -> Result<(), CliError> {
        let mut watch = interval(WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                end = shutdown.wait() => return match end {
                    End::Interrupted => Err(CliError::Interrupted),
                    End::Terminated => Ok(()),
                },
                event = driver.next() => Some(event),
                _ = watch.tick() => {
                    output::is_read()?;
                    None
                }
            };
            for change in self.watched.changes()? {
                self.changed(&change)?;
            }
            if self.watched.has_more_to_send()? {
                driver.request_round(false);
            }
            if let Some(event) = event {
                self.report(event)?;
            }
            self.out.flush()?;
        }
    }

    fn changed(&mut self, change: &WatchEvent) -> Result<(), CliError> {
        let out = &mut self.out;
        match change {
            WatchEvent::Todo(what, todo) if self.json => {
                let event = what.word();
                let todo = Shown::whole(todo);
                output::json(out, &TodoEvent { event, todo })?;
            }
            WatchEvent::Todo(what, todo) => {
                write!(out, "{:<7}  ", what.word())?;
                output::todo_line(out, self.context.paint(), todo)?;
            }
            WatchEvent::Rejected(entry) if self.json => {
                output::json(out, &Event::Rejected { entry })?;
            }
            WatchEvent::Rejected(entry) => entry.line(out)?,
        }
        Ok(())
    }

    fn report(&mut self, event: SyncEvent) -> Result<(), CliError> {
        match event {
            SyncEvent::Live => self.say("live: changes appear as they happen", &Event::Live),
            SyncEvent::Polling { why } => {
                let text = format!("polling every 30 s: {why}");
                self.say(&text, &Event::Polling { why: &why })
            }
            SyncEvent::Round(RoundEvent::Began) => Ok(()),
            SyncEvent::Round(RoundEvent::Ended(report)) => self.synced(&report),
            SyncEvent::Round(RoundEvent::Failed { failure, next_try }) => match failure {
                // The other process stores the same changes.
                RoundFailure::Busy => Ok(()),
                RoundFailure::LoggedOut => Err(CliError::LoggedOut),
                RoundFailure::Unreachable { why } | RoundFailure::Rejected(why) => {
                    self.offline(&why, next_try)
                }
            },
        }
    }

    /// Reports a successful round, unless neither it nor the one before did
    /// anything.
    fn synced(&mut self, report: &RoundReport) -> Result<(), CliError> {
        let was_in_sync = self.in_sync.replace(true);
        if was_in_sync == Some(false) {
            self.context.notice("in sync again");
        }
        let RoundReport {
            pushed,
            pulled,
            rejected,
            waiting,
            ..
        } = *report;
        if was_in_sync == Some(true) && pushed + pulled + rejected == 0 {
            return Ok(());
        }
        if !self.json {
            return Ok(());
        }
        self.event(&Event::Synced {
            pushed,
            pulled,
            rejected,
            waiting,
            as_of: self.watched.freshness()?.as_of,
        })
    }

    /// Reports a failed round, but not the failures after it.
    fn offline(&mut self, why: &str, next_try: Option<Timestamp>) -> Result<(), CliError> {
        if self.in_sync.replace(false) == Some(false) {
            return Ok(());
        }
        let text = match next_try {
            Some(at) => format!(
                "offline: {why}; next try {}",
                local(at).strftime("%H:%M:%S")
            ),
            None => format!("offline: {why}"),
        };
        self.say(&text, &Event::Offline { why, next_try })
    }

    /// Prints a notice on stderr, and an event with `--json`.
    fn say(&mut self, text: &str, event: &Event<'_>) -> Result<(), CliError> {
        self.context.notice(text);
        if self.json { self.event(event) } else { Ok(()) }
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), CliError> {
        Ok(output::json(&mut self.out, event)?)
    }
}
