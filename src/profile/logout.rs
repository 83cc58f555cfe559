//! Logout.

use std::fs;
use std::io;
use std::time::Duration;

use reqwest::Url;

use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::revoke::{Revocation, revoke_all};
use crate::auth::session::outcome_file;
use crate::auth::stored_login::StoredLogin;
use crate::domain::account::Account;
use crate::http;
use crate::os::file_lock::{FileLock, LockError};
use crate::os::private_file;
use crate::profile::ActiveProfile;
use crate::profile::error::LoginError;

/// How long a logout waits for a refresh in progress.
const REFRESH_LIMIT: Duration = Duration::from_secs(2);

/// The time limit of all revocations.
const REVOKE_LIMIT: Duration = Duration::from_secs(10);

/// The options of a logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogoutOptions {
    /// Whether to delete all data of the account from this device.
    pub purge: bool,
    /// Whether to work without network: the issuer is then not contacted.
    pub offline: bool,
    /// Whether to end the session in the browser too.
    pub browser: bool,
}

/// A successful logout.
#[derive(Debug)]
pub struct LoggedOut {
    /// The revocation of the refresh token at the issuer. After an error the token
    /// is deleted here, but stays valid there until it expires.
    pub revocation: Result<Revocation, AuthError>,
    /// The account whose local data was deleted.
    pub purged: Option<Account>,
    /// The page that ends the session in the browser, if requested.
    pub page: Option<Url>,
}

impl LoggedOut {
    /// The warning that the refresh token is still valid at the issuer.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let reason = match &self.revocation {
            Ok(Revocation::Revoked | Revocation::NothingToRevoke) => return None,
            Ok(reason) => reason.to_string(),
            Err(error) => error.to_string(),
        };
        Some(format!(
            "the refresh token is deleted here, but stays valid at the issuer until it expires: \
             {reason}"
        ))
    }
}

impl ActiveProfile {
    /// Revokes the refresh token at the issuer (not offline), also those of earlier
    /// logins, and deletes the stored login. The account stays known, so its todos can
    /// still be read, unless purged, which deletes all its data from this device. The
    /// caller confirms the loss of unsent changes.
    ///
    /// # Errors
    ///
    /// [`LoginError::ExternalToken`] where `TUDONE_ACCESS_TOKEN` replaces the
    /// login. When the credential store or the file system fails; the login may
    /// then still be stored.
    pub async fn logout(&self, options: LogoutOptions) -> Result<LoggedOut, LoginError> {
        if self.config.access_token.is_some() {
            return Err(LoginError::ExternalToken);
        }
        // A refresh that ends later finds no login and revokes its tokens.
        let _lock = match FileLock::acquire(&self.refresh_lock(), REFRESH_LIMIT).await {
            Err(LockError::Busy { .. }) => None,
            lock => Some(lock.map_err(AuthError::from)?),
        };
        let tokens = self.with_stored_login(StoredLogin::all_refresh).await?;
        let tokens: Vec<_> = tokens.into_iter().map(|found| found.token).collect();
        let revocation = if options.offline && !tokens.is_empty() {
            Ok(Revocation::SkippedOffline)
        } else {
            revoke_all(&self.config.connection, &tokens, REVOKE_LIMIT).await
        };
        self.with_stored_login(|stored| {
            stored.delete_tokens()?;
            stored.delete_earlier()?;
            stored.delete_device()
        })
        .await?;
        let purged = if options.purge { self.purge()? } else { None };
        let page = if options.browser {
            Some(self.end_session_page(options.offline).await?)
        } else {
            None
        };
        Ok(LoggedOut {
            revocation,
            purged,
            page,
        })
    }

    /// Builds the address of the page that ends the session in the browser: as
    /// discovered, else Auth0's.
    async fn end_session_page(&self, offline: bool) -> Result<Url, AuthError> {
        let connection = &self.config.connection;
        let address = discovery::address(&connection.issuer)?;
        let client = http::client(&address)?;
        let discovery = Issuer::discover(&client, &connection.issuer);
        let found = if offline {
            None
        } else {
            let answer = tokio::time::timeout(REVOKE_LIMIT, discovery).await;
            answer.ok().and_then(Result::ok)
        };
        let mut page = found
            .and_then(|issuer| issuer.end_session)
            .unwrap_or_else(|| {
                let mut page = address.clone();
                page.set_path(&format!(
                    "{}/v2/logout",
                    address.path().trim_end_matches('/')
                ));
                page
            });
        page.query_pairs_mut()
            .append_pair("client_id", &connection.client_id);
        Ok(page)
    }

    fn purge(&self) -> Result<Option<Account>, LoginError> {
        let path = outcome_file(&self.refresh_lock());
        private_file::delete(&path).map_err(|source| LoginError::Files { path, source })?;
        let Some(known) = self.known_account() else {
            return Ok(None);
        };
        let folder = self.account_folder(&known.account);
        match fs::remove_dir_all(&folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(LoginError::Files {
                    path: folder,
                    source,
                });
            }
            _ => {}
        }
        let path = self.account_file();
        private_file::delete(&path).map_err(|source| LoginError::Files { path, source })?;
        Ok(Some(known.account))
    }
}
