//! A profile made ready to work: its account, store, login and backend.

pub mod accounts;
pub mod error;
pub mod login;
pub mod logout;
pub mod verify;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::auth::credential_store::command::CommandStore;
use crate::auth::credential_store::file::FileStore;
use crate::auth::credential_store::keyring::KeyringStore;
use crate::auth::credential_store::memory::MemoryStore;
use crate::auth::credential_store::{CredentialStore, CredentialStoreError, CredentialStoreKind};
use crate::auth::error::AuthError;
use crate::auth::inspect::Inspected;
use crate::auth::session::Session;
use crate::auth::stored_login::StoredLogin;
use crate::auth::time_scale::TimeScale;
use crate::config::{Paths, Profile};
use crate::domain::account::{Account, Identity};

/// The time limit of a helper program that must not prompt.
const GLANCE: Duration = Duration::from_secs(3);

/// The account a profile was last logged in to, so that cached todos open
/// without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAccount {
    /// The account.
    pub account: Account,
    /// The user.
    pub identity: Identity,
}

/// A profile made ready to work.
#[derive(Debug, Clone)]
pub struct ActiveProfile {
    /// As configured.
    pub config: Profile,
    /// The folders in use.
    pub paths: Paths,
    /// The store of its login.
    pub credential_store: Arc<dyn CredentialStore>,
    /// Whether the vault was given, and may forget.
    external: bool,
    pace: TimeScale,
}

impl ActiveProfile {
    /// Makes `profile` ready. Touches no network and no keyring.
    #[must_use]
    pub fn new(profile: Profile, paths: Paths) -> Self {
        let credential_store: Arc<dyn CredentialStore> = match profile.credential_store {
            CredentialStoreKind::Keyring => Arc::new(KeyringStore::new()),
            CredentialStoreKind::File => {
                Arc::new(FileStore::new(paths.data.join("credentials.json")))
            }
            CredentialStoreKind::Command => Arc::new(CommandStore::new(
                profile.credential_command.clone().unwrap_or_default(),
            )),
            CredentialStoreKind::Memory => Arc::new(MemoryStore::new()),
        };
        Self {
            external: false,
            ..Self::with_credential_store(profile, paths, credential_store)
        }
    }

    /// As [`ActiveProfile::new`], with a vault of the caller's: also one that
    /// forgets, for demo and tests.
    #[must_use]
    pub fn with_credential_store(
        profile: Profile,
        paths: Paths,
        credential_store: Arc<dyn CredentialStore>,
    ) -> Self {
        Self {
            config: profile,
            paths,
            credential_store,
            external: true,
            pace: TimeScale::REAL,
        }
    }

    /// The same, for looking only whether a login is kept: a helper program
    /// that keeps it gets 3 s for each answer, since nobody waits for a status.
    #[must_use]
    pub fn with_short_timeout(self) -> Self {
        if self.external || self.config.credential_store != CredentialStoreKind::Command {
            return self;
        }
        let command = self.config.credential_command.clone().unwrap_or_default();
        Self {
            credential_store: Arc::new(CommandStore::with_limit(command, GLANCE)),
            ..self
        }
    }

    /// The same, waiting at another pace.
    #[must_use]
    pub fn paced(self, pace: TimeScale) -> Self {
        Self { pace, ..self }
    }

    /// The account last logged in to with this connection, or the one that
    /// `TUDONE_ACCESS_TOKEN` names. Reads one small file and no secret.
    #[must_use]
    pub fn known_account(&self) -> Option<KnownAccount> {
        let connection = &self.config.connection;
        let Some(token) = &self.config.access_token else {
            return accounts::recall(&self.account_file(), connection);
        };
        let token = Inspected::read(token);
        let identity = token.identity()?;
        Some(KnownAccount {
            account: Account {
                issuer: token.text("iss").unwrap_or(&connection.issuer).to_owned(),
                sub: identity.sub.clone(),
                endpoint: connection.endpoint.to_string(),
            },
            identity,
        })
    }

    /// Remembers the account that `TUDONE_ACCESS_TOKEN` names, unless one is
    /// remembered already: what is queued with a token is seen without it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn remember_named_account(&self) -> io::Result<()> {
        let (connection, file) = (&self.config.connection, self.account_file());
        let named = self.config.access_token.as_ref();
        let Some(known) = named.and_then(|_| self.known_account()) else {
            return Ok(());
        };
        let is_ours = known.account == accounts::account(connection, &known.identity);
        if !is_ours || accounts::recall(&file, connection).is_some() {
            return Ok(());
        }
        accounts::remember(&file, connection, &known.identity)
    }

    /// Where the database of `account` is.
    #[must_use]
    pub fn database(&self, account: &Account) -> PathBuf {
        self.account_folder(account).join("todos.db")
    }

    /// Where typed lines of `account` that were not saved are kept.
    #[must_use]
    pub fn unfinished_lines(&self, account: &Account) -> PathBuf {
        self.account_folder(account).join("unfinished.json")
    }

    /// The lock that lets one round of sync run at a time for `account`.
    #[must_use]
    pub fn sync_lock(&self, account: &Account) -> PathBuf {
        self.account_folder(account).join("sync.lock")
    }

    /// The login of this profile, ready to give tokens. It is bound to the
    /// account known now: after a login, make another.
    #[must_use]
    pub fn session(&self) -> Session {
        if let Some(token) = &self.config.access_token {
            return Session::fixed(token.clone());
        }
        let sub = self.known_account().map(|known| known.account.sub);
        Session::of(
            self.config.connection.clone(),
            self.kept(),
            self.refresh_lock(),
            sub,
            self.pace,
        )
    }

    /// Returns whether a login is kept that can give tokens. Asks the credential
    /// store, which may block, and never the network.
    ///
    /// # Errors
    ///
    /// When the credential store cannot be read.
    pub fn is_logged_in(&self) -> Result<bool, CredentialStoreError> {
        if let Some(token) = self.external_token() {
            return Ok(token.is_ok());
        }
        let kept = self.kept();
        if kept.refresh()?.is_some() {
            return Ok(true);
        }
        let now = Timestamp::now();
        Ok(kept.access()?.is_some_and(|kept| kept.token.is_fresh(now)))
    }

    /// Returns whether the token in `TUDONE_ACCESS_TOKEN` can be used; `None` without
    /// one.
    #[must_use]
    pub fn external_token(&self) -> Option<Result<(), AuthError>> {
        let token = Inspected::read(self.config.access_token.as_ref()?);
        let ended = |end| end <= Timestamp::now();
        Some(if token.identity().is_none() {
            Err(AuthError::FixedTokenOpaque)
        } else if token.expires_at().is_some_and(ended) {
            Err(AuthError::FixedTokenEnded)
        } else {
            Ok(())
        })
    }

    /// Where the login comes from, as `status` says it.
    #[must_use]
    pub fn store_in_use(&self) -> String {
        match &self.config.access_token {
            Some(_) => "the variable TUDONE_ACCESS_TOKEN".to_owned(),
            None => self.credential_store.describe(),
        }
    }

    /// Everything of `account` that is on this device.
    fn account_folder(&self, account: &Account) -> PathBuf {
        self.paths.data.join("accounts").join(account.folder())
    }

    /// The account of the profile.
    fn account_file(&self) -> PathBuf {
        let name = format!("{}.json", safe(&self.config.name));
        self.paths.data.join("profiles").join(name)
    }

    /// The lock that lets one process refresh, log in or log out at a time. It
    /// belongs to the connection, since before a login there is no account.
    #[must_use]
    pub fn refresh_lock(&self) -> PathBuf {
        let name = format!("{}.lock", self.prefix());
        self.paths.data.join("profiles").join(name)
    }

    fn kept(&self) -> StoredLogin {
        StoredLogin::new(Arc::clone(&self.credential_store), self.prefix())
    }

    /// Begins the names of this login's entries in a vault: one a profile,
    /// issuer, application, audience and endpoint, so none is ever taken for
    /// another's.
    fn prefix(&self) -> String {
        let connection = &self.config.connection;
        let names = [
            self.config.name.as_str(),
            &connection.issuer,
            &connection.client_id,
            &connection.audience,
            connection.endpoint.as_str(),
        ];
        format!("{}-{}", safe(&self.config.name), short(&names.join("\n")))
    }
}

/// `name` as a file name and entry name: itself where it is made of small
/// letters, digits, `_` and `-`, else a likeness with a mark of its own.
fn safe(name: &str) -> String {
    let kept = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !name.is_empty() && name.len() <= 40 && name.chars().all(kept) {
        return name.to_owned();
    }
    let likeness: String = name
        .chars()
        .take(40)
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if kept(c) { c } else { '_' })
        .collect();
    format!("{likeness}.{}", short(name))
}

/// Twelve hexadecimal digits: equal for equal texts, different for others.
fn short(text: &str) -> String {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes());
    hash.as_simple().to_string().chars().take(12).collect()
}

#[cfg(test)]
mod tests;
