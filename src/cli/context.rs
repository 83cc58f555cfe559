//! What every command needs: flags, clock, configuration, profile, prompts.

use std::cell::Cell;
use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::time::Duration;

use jiff::civil::Weekday;

use crate::cli::arguments::Global;
use crate::cli::clock::Clock;
use crate::cli::color::Paint;
use crate::cli::error::CliError;
use crate::cli::network::PendingRefresh;
use crate::cli::output;
use crate::cli::prompt;
use crate::config::{self, Config, Paths, Profile, environment};
use crate::domain::change::OutboxEntry;
use crate::domain::key::Key;
use crate::domain::push_outcome::Queued;
use crate::domain::when::Calendar;
use crate::profile::{ActiveProfile, KnownAccount};
use crate::store::{Store, StoreError};

/// The context of one command. Costs nothing to make.
#[derive(Debug)]
pub(crate) struct CommandContext {
    /// The options of every command.
    pub(crate) flags: Global,
    /// The clock.
    pub(crate) clock: Clock,
    /// A token refresh to wait for once the command has answered.
    pub(crate) pending_refresh: PendingRefresh,
    /// The time that the command's rounds took: all share one limit.
    pub(crate) in_rounds: Cell<Duration>,
}

/// A profile with the account it was last logged in to.
#[derive(Debug)]
pub(crate) struct KnownProfile {
    /// The profile.
    pub(crate) profile: ActiveProfile,
    /// The account.
    pub(crate) known: KnownAccount,
    /// The first day of the week.
    pub(crate) week_start: Weekday,
}

impl CommandContext {
    /// Loads the configuration.
    ///
    /// # Errors
    ///
    /// All problems of the configuration.
    pub(crate) fn config(&self) -> Result<Config, CliError> {
        let flags = config::Flags {
            profile: self.flags.profile.clone(),
            file: self.flags.config.clone(),
        };
        Ok(config::load(&flags, &environment::process())?)
    }

    /// Opens the profile. Uses neither network nor credential store.
    ///
    /// # Errors
    ///
    /// The configuration's.
    pub(crate) fn profile(&self) -> Result<ActiveProfile, CliError> {
        let config = self.config()?;
        Ok(self.activate(config.profile, config.paths))
    }

    /// Opens `profile`; another process refreshes its login.
    pub(crate) fn activate(&self, profile: Profile, paths: Paths) -> ActiveProfile {
        ActiveProfile::new(profile, paths).with_refresh_command(refresh_arguments(&self.flags))
    }

    /// Returns the profile and the account it was last logged in to.
    ///
    /// # Errors
    ///
    /// [`CliError::NoAccount`] when there is none; an invalid `TUDONE_ACCESS_TOKEN`; a
    /// data directory that cannot be used.
    pub(crate) fn known(&self) -> Result<KnownProfile, CliError> {
        self.known_by(self.config()?)
    }

    /// As [`CommandContext::known`], of a configuration that is already read.
    ///
    /// # Errors
    ///
    /// As [`CommandContext::known`].
    pub(crate) fn known_by(&self, config: Config) -> Result<KnownProfile, CliError> {
        let week_start = config.ui.week_start;
        let profile = self.activate(config.profile, config.paths);
        match (profile.known_account(), profile.external_token()) {
            (Some(known), _) => Ok(KnownProfile {
                profile,
                known,
                week_start,
            }),
            (None, Some(Err(error))) => Err(CliError::Login(error.into())),
            (None, _) => match profile.clone().with_short_timeout().recover_account()? {
                Some(known) => Ok(KnownProfile {
                    profile,
                    known,
                    week_start,
                }),
                None => Err(CliError::NoAccount),
            },
        }
    }

    /// Returns today's calendar.
    pub(crate) fn calendar(&self, week_start: Weekday) -> Calendar {
        Calendar {
            today: self.clock.today(),
            week_start,
        }
    }

    /// Prints one line on stderr, unless `--quiet`.
    pub(crate) fn notice(&self, text: impl std::fmt::Display) {
        if !self.flags.quiet {
            output::notice(text);
        }
    }

    /// Returns the paint for stdout.
    pub(crate) fn paint(&self) -> Paint {
        output::paint(self.flags.color)
    }

    /// Returns whether a prompt is possible.
    pub(crate) fn can_ask(&self) -> bool {
        !self.flags.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a yes-or-no question; anything but yes is no.
    ///
    /// # Errors
    ///
    /// [`CliError::Unasked`] when a prompt is not possible, [`CliError::Cancelled`]
    /// when the answer is no.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), CliError> {
        if !self.can_ask() {
            return Err(CliError::Unasked {
                question: question.to_owned(),
            });
        }
        let question = crate::text::sanitize::plain(question);
        let answer = prompt::line(&format!("{question} [y/N] "))?.unwrap_or_default();
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(CliError::Cancelled),
        }
    }
}

impl KnownProfile {
    /// Opens the account's store for reading; `None` when there is none yet.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn read(&self) -> Result<Option<Store>, CliError> {
        let path = self.profile.database(&self.known.account);
        opened(|| Store::open_to_read(&path, &self.known.account.endpoint))
    }

    /// Opens the account's store; creates it if there is none.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn open(&self) -> Result<Store, CliError> {
        self.profile
            .remember_external_account()
            .map_err(CliError::io("store the account of this profile"))?;
        let path = self.profile.database(&self.known.account);
        opened(|| Store::open(&path, &self.known.account.endpoint))
    }
}

/// Returns the command line of `refresh-login` for the profile that `flags` selects.
fn refresh_arguments(flags: &Global) -> Vec<OsString> {
    let mut words = vec![OsString::from("refresh-login")];
    if let Some(profile) = &flags.profile {
        words.extend(["--profile".into(), profile.into()]);
    }
    if let Some(file) = &flags.config {
        words.extend(["--config".into(), file.into()]);
    }
    words
}

/// Opens a store. If a damaged one was quarantined, reports that and opens the new
/// one.
///
/// # Errors
///
/// The store's.
pub(crate) fn opened<T>(open: impl Fn() -> Result<T, StoreError>) -> Result<T, CliError> {
    match open() {
        Err(error) if error.is_replaced() => {
            output::notice(format!("{error}. {}", error.help()));
            Ok(open()?)
        }
        other => Ok(other?),
    }
}

/// Reads the outbox. If unreadable entries were quarantined, reports that and reads
/// the others.
///
/// # Errors
///
/// The store's.
pub(crate) fn outbox(store: &Store) -> Result<Vec<Queued>, CliError> {
    read_queue(|| store.outbox())
}

/// As [`outbox`], but the entries of these todos.
///
/// # Errors
///
/// The store's.
pub(crate) fn entries_of(
    store: &Store,
    todos: &HashSet<Key>,
) -> Result<Vec<OutboxEntry>, CliError> {
    read_queue(|| store.entries_of(todos))
}

/// Reads from the outbox with `read`. If unreadable entries were quarantined, reports
/// that and reads the others.
///
/// # Errors
///
/// The store's.
pub(crate) fn read_queue<T>(read: impl Fn() -> Result<T, StoreError>) -> Result<T, CliError> {
    match read() {
        Err(error @ StoreError::Isolated { .. }) => {
            output::notice(format!("{error}. {}", error.help()));
            Ok(read()?)
        }
        other => Ok(other?),
    }
}
