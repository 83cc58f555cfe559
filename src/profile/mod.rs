//! Profiles in use: account, credential store, login and backend.

pub mod accounts;
pub mod error;
pub mod login;
pub mod logout;
pub mod verify;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::auth::credential_store::command::CommandStore;
use crate::auth::credential_store::file::FileStore;
use crate::auth::credential_store::keyring::KeyringStore;
use crate::auth::credential_store::memory::MemoryStore;
use crate::auth::credential_store::{CredentialStore, CredentialStoreError, CredentialStoreKind};
use crate::auth::error::AuthError;
use crate::auth::inspect::Inspected;
use crate::auth::session::{AuthSession, RefreshProcess};
use crate::auth::stored_login::StoredLogin;
use crate::auth::time_scale::TimeScale;
use crate::config::{Paths, Profile};
use crate::domain::account::{Account, Identity};
use crate::profile::error::LoginError;
use crate::profile::login::RevokingThreads;

/// The time limit of a helper program in commands that must not prompt.
const SHORT_TIMEOUT: Duration = Duration::from_secs(3);

/// The account that a profile was last logged in to. With it, cached todos open
/// without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAccount {
    /// The account.
    pub account: Account,
    /// The user.
    pub identity: Identity,
}

/// A profile in use.
#[derive(Debug, Clone)]
pub struct ActiveProfile {
    /// The configuration.
    pub config: Profile,
    /// The folders in use.
    pub paths: Paths,
    /// The credential store.
    pub credential_store: Arc<dyn CredentialStore>,
    /// Whether the caller provided the credential store, which may be in memory.
    external: bool,
    time_scale: TimeScale,
    /// The arguments with which another process of this program refreshes.
    refresh_command: Option<Vec<OsString>>,
    revoking: RevokingThreads,
}

impl ActiveProfile {
    /// Opens `profile`. Uses neither network nor keyring.
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

    /// Like [`ActiveProfile::new`], with the caller's credential store, which may
    /// be in memory, for demo and tests.
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
            time_scale: TimeScale::REAL,
            refresh_command: None,
            revoking: RevokingThreads::default(),
        }
    }

    /// Sets a time limit of 3 s for the helper program, for commands that only
    /// check whether a login is stored.
    #[must_use]
    pub fn with_short_timeout(self) -> Self {
        if self.external || self.config.credential_store != CredentialStoreKind::Command {
            return self;
        }
        let command = self.config.credential_command.clone().unwrap_or_default();
        Self {
            credential_store: Arc::new(CommandStore::with_limit(command, SHORT_TIMEOUT)),
            ..self
        }
    }

    /// Lets another process of this program refresh the login: it runs with
    /// `arguments`, which contain no secret, and refreshes by
    /// [`ActiveProfile::refresh_login`]. Not for a store in memory, which no
    /// other process can read.
    #[must_use]
    pub fn with_refresh_command(self, arguments: Vec<OsString>) -> Self {
        if self.external || self.config.credential_store == CredentialStoreKind::Memory {
            return self;
        }
        Self {
            refresh_command: Some(arguments),
            ..self
        }
    }

    /// Refreshes the login if necessary, within 60 s, and records the outcome for
    /// the process that started this one.
    ///
    /// # Errors
    ///
    /// The file system's: the outcome is then not recorded.
    pub async fn refresh_login(&self) -> io::Result<()> {
        self.session().refresh_and_record().await
    }

    /// Scales all pauses, for tests.
    #[must_use]
    pub fn with_time_scale(self, time_scale: TimeScale) -> Self {
        Self { time_scale, ..self }
    }

    /// The account last logged in to with this connection, or the account of
    /// `TUDONE_ACCESS_TOKEN`. Reads one small file and no secret.
    #[must_use]
    pub fn known_account(&self) -> Option<KnownAccount> {
        let connection = &self.config.connection;
        let Some(token) = &self.config.access_token else {
            return accounts::recall(&self.account_file(), connection);
        };
        check_form(token).ok()?;
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

    /// Remembers the account of `TUDONE_ACCESS_TOKEN`, unless one is remembered
    /// already, so that changes queued with the token are visible without it.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub fn remember_external_account(&self) -> io::Result<()> {
        let (connection, file) = (&self.config.connection, self.account_file());
        let token = self.config.access_token.as_ref();
        let Some(known) = token.and_then(|_| self.known_account()) else {
            return Ok(());
        };
        let is_ours = known.account == accounts::account(connection, &known.identity);
        if !is_ours || accounts::recall(&file, connection).is_some() {
            return Ok(());
        }
        accounts::remember(&file, connection, &known.identity)
    }

    /// Remembers again the account whose login is still stored: its file was lost,
    /// such as with the data directory. Calls the credential store, which may block.
    ///
    /// # Errors
    ///
    /// When the data directory cannot be used. A credential store that fails counts
    /// as one without a login.
    pub fn recover_account(&self) -> Result<Option<KnownAccount>, LoginError> {
        let path = self.account_file();
        match fs::File::open(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(LoginError::Files { path, source });
            }
            _ => {}
        }
        if self.config.access_token.is_some() {
            return Ok(None);
        }
        let Ok(Some(identity)) = self.stored_login().identity() else {
            return Ok(None);
        };
        let connection = &self.config.connection;
        accounts::remember(&path, connection, &identity)
            .map_err(|source| LoginError::Files { path, source })?;
        Ok(Some(KnownAccount {
            account: accounts::account(connection, &identity),
            identity,
        }))
    }

    /// The database file of `account`.
    #[must_use]
    pub fn database(&self, account: &Account) -> PathBuf {
        self.account_folder(account).join("todos.db")
    }

    /// The file with typed but unsaved lines of `account`.
    #[must_use]
    pub fn unfinished_lines(&self, account: &Account) -> PathBuf {
        self.account_folder(account).join("unfinished.json")
    }

    /// The file with the view, order and selection of `account` in the TUI.
    #[must_use]
    pub fn remembered_list(&self, account: &Account) -> PathBuf {
        self.account_folder(account).join("list.json")
    }

    /// The lock file for rounds of sync of `account`.
    #[must_use]
    pub fn sync_lock(&self, account: &Account) -> PathBuf {
        self.account_folder(account).join("sync.lock")
    }

    /// Opens a session for the login of this profile. It is bound to the account
    /// known now: after a login, open another one.
    #[must_use]
    pub fn session(&self) -> AuthSession {
        if let Some(token) = &self.config.access_token {
            return AuthSession::fixed(token.clone());
        }
        let sub = self.known_account().map(|known| known.account.sub);
        let session = AuthSession::for_user(
            self.config.connection.clone(),
            self.stored_login(),
            self.refresh_lock(),
            sub,
            self.time_scale,
        );
        let arguments = self.refresh_command.as_deref();
        match arguments.and_then(RefreshProcess::of_this_program) {
            Some(process) => session.refreshed_by(process),
            None => session,
        }
    }

    /// Returns whether a usable login is stored. Calls the credential store, which
    /// may block, and never the network.
    ///
    /// # Errors
    ///
    /// When the credential store cannot be read.
    pub fn is_logged_in(&self) -> Result<bool, CredentialStoreError> {
        if let Some(token) = self.external_token() {
            return Ok(token.is_ok());
        }
        let stored = self.stored_login();
        if stored.refresh()?.is_some() {
            return Ok(true);
        }
        let now = Timestamp::now();
        let access = stored.access()?;
        Ok(access.is_some_and(|access| access.token.is_fresh(now)))
    }

    /// Checks the token in `TUDONE_ACCESS_TOKEN`; `None` when it is not set.
    #[must_use]
    pub fn external_token(&self) -> Option<Result<(), AuthError>> {
        let secret = self.config.access_token.as_ref()?;
        if let Err(error) = check_form(secret) {
            return Some(Err(error));
        }
        let token = Inspected::read(secret);
        let has_passed = |end| end <= Timestamp::now();
        Some(if token.identity().is_none() {
            Err(AuthError::FixedTokenOpaque)
        } else if token.expires_at().is_some_and(has_passed) {
            Err(AuthError::FixedTokenExpired)
        } else {
            Ok(())
        })
    }

    /// The source of the login, as `status` describes it.
    #[must_use]
    pub fn login_source(&self) -> String {
        match &self.config.access_token {
            Some(_) => "the variable TUDONE_ACCESS_TOKEN".to_owned(),
            None => self.credential_store.describe(),
        }
    }

    /// The directory with all data of `account` on this device.
    fn account_folder(&self, account: &Account) -> PathBuf {
        self.paths.data.join("accounts").join(account.folder())
    }

    /// The file with the account of the profile.
    fn account_file(&self) -> PathBuf {
        let name = format!("{}.json", file_name(&self.config.name));
        self.paths.data.join("profiles").join(name)
    }

    /// The lock file for refresh, login and logout. It belongs to the connection,
    /// since before a login there is no account.
    #[must_use]
    pub fn refresh_lock(&self) -> PathBuf {
        let name = format!("{}.lock", self.prefix());
        self.paths.data.join("profiles").join(name)
    }

    fn stored_login(&self) -> StoredLogin {
        StoredLogin::new(Arc::clone(&self.credential_store), self.prefix())
    }

    /// The prefix of this login's entries in the credential store: unique to the
    /// profile, issuer, application, audience and endpoint.
    fn prefix(&self) -> String {
        let connection = &self.config.connection;
        let names = [
            self.config.name.as_str(),
            &connection.issuer,
            &connection.client_id,
            &connection.audience,
            connection.endpoint.as_str(),
        ];
        format!(
            "{}-{}",
            file_name(&self.config.name),
            short_hash(&names.join("\n"))
        )
    }
}

/// Checks that `token` can be sent as it is: what is around it in a header or a file is
/// not part of it.
fn check_form(token: &SecretString) -> Result<(), AuthError> {
    let token = token.expose_secret();
    let mut words = token.split_ascii_whitespace();
    let problem = if token.contains(['\r', '\n']) {
        "contains a line break"
    } else if let (Some(_), Some(_)) = (words.next(), words.next()) {
        "contains more than the token"
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        "contains a character that no token has"
    } else {
        return Ok(());
    };
    Err(AuthError::FixedTokenMalformed { problem })
}

/// Converts `name` to a file and entry name: unchanged where it consists of
/// small letters, digits, `_` and `-`, else a similar name with a hash.
fn file_name(name: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !name.is_empty() && name.len() <= 40 && name.chars().all(is_allowed) {
        return name.to_owned();
    }
    let similar: String = name
        .chars()
        .take(40)
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if is_allowed(c) { c } else { '_' })
        .collect();
    format!("{similar}.{}", short_hash(name))
}

/// Hashes `text` to twelve hexadecimal digits.
fn short_hash(text: &str) -> String {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes());
    hash.as_simple().to_string().chars().take(12).collect()
}

#[cfg(test)]
mod tests;
