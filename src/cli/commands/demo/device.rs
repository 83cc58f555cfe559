//! A device of the user, and the programs that run on it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::auth::credential_store::memory::MemoryStore;
use crate::auth::time_scale::TimeScale;
use crate::cli::commands::demo::env::DemoEnv;
use crate::cli::error::CliError;
use crate::domain::account::Account;
use crate::graphql::Hasura;
use crate::profile::ActiveProfile;
use crate::profile::verify::verify;
use crate::store::Store;
use crate::sync::remote::RemoteError;
use crate::sync::round::{RoundError, RoundReport, round};

/// The time limit of the credential store in memory.
const UNLOCKING: Duration = Duration::from_secs(3);
/// How many times faster than normal a lost token is requested again.
const SPEEDUP: u32 = 20;

/// A device: directories and a login of its own.
#[derive(Debug)]
pub(super) struct DemoDevice {
    profile: ActiveProfile,
    account: Account,
    /// Held from reading the list to the change: a user with two terminals still does
    /// one thing at a time. Otherwise one terminal could edit a todo that the other has
    /// just deleted; that cancels the unsent deletion, and the todo would be counted
    /// as restored.
    pub(super) one_action: Mutex<()>,
}

impl DemoDevice {
    /// Logs a new device in with the device flow.
    pub(super) async fn log_in(env: &DemoEnv, email: &str, name: &str) -> Result<Self, CliError> {
        let paths = env.paths(name);
        let credential_store = Arc::new(MemoryStore::default());
        let profile = ActiveProfile::with_credential_store(env.profile()?, paths, credential_store);
        let pending = profile.begin_login(UNLOCKING, || {}).await?;
        env.approve(&pending.prompt().user_code, email).await?;
        let endpoint = profile.config.connection.endpoint.clone();
        let logged_in = pending
            .finish(None, |_| {}, |token| verify(endpoint, token))
            .await?;
        Ok(Self {
            profile: profile.with_time_scale(TimeScale::faster(SPEEDUP)),
            account: logged_in.account,
            one_action: Mutex::default(),
        })
    }

    /// The user of the device.
    pub(super) fn sub(&self) -> &str {
        &self.account.sub
    }

    /// Starts a program with this time limit for requests.
    pub(super) fn program(&self, limit: Duration) -> Result<Program, CliError> {
        let endpoint = self.profile.config.connection.endpoint.clone();
        let database = self.profile.database(&self.account);
        Ok(Program {
            store: Store::open(&database, endpoint.as_str())?,
            remote: Hasura::with_limit(endpoint, self.profile.session(), limit)?,
            lock: self.profile.sync_lock(&self.account),
        })
    }
}

/// A program that runs on a device: a connection to its store, and a client.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) store: Store,
    pub(super) remote: Hasura,
    lock: PathBuf,
}

impl Program {
    /// Runs one round; `None` if it failed for a temporary reason.
    pub(super) async fn round(&mut self) -> Result<Option<RoundReport>, CliError> {
        let ended = round(&mut self.store, &self.remote, &self.lock, Timestamp::now).await;
        match ended {
            Ok(report) => Ok(Some(report)),
            // A token may expire on its way from the issuer to the backend.
            Err(RoundError::Remote(RemoteError::Unauthorized { .. })) => Ok(None),
            Err(error) if error.retryable() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
