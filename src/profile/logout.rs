//! Logging out.

use std::fs;
use std::io;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use crate::auth::credential_store::CredentialStoreError;
use crate::auth::discovery::{self, Issuer};
use crate::auth::error::AuthError;
use crate::auth::revoke::{Revocation, revoke};
use crate::auth::session::LOCK_LIMIT;
use crate::auth::stored_login::StoredLogin;
use crate::auth::transport_error::TransportError;
use crate::domain::account::Account;
use crate::http;
use crate::os::file_lock::FileLock;
use crate::profile::error::LoginError;
use crate::profile::{ActiveProfile, accounts};

/// The time limit of a revocation.
const REVOKE_LIMIT: Duration = Duration::from_secs(10);

/// The options of a logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leaving {
    /// Whether everything of the account is to go from this device too.
    pub purge: bool,
    /// Whether the network is left alone: the issuer is then not asked.
    pub offline: bool,
    /// Whether the session in the browser is to end too.
    pub browser: bool,
}

/// A logout that came about.
#[derive(Debug)]
pub struct LoggedOut {
    /// What became of the refresh token at the issuer. An error means that it
    /// is gone here, but stays valid there until it ages out.
    pub revocation: Result<Revocation, AuthError>,
    /// The account whose local data was removed.
    pub purged: Option<Account>,
    /// The page that ends the session in the browser, if asked for.
    pub page: Option<Url>,
}

impl LoggedOut {
    /// What is worth a word: that the refresh token is still valid at the
    /// issuer.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let why = match &self.revocation {
            Ok(Revocation::Revoked | Revocation::NothingToRevoke) => return None,
            Ok(Revocation::NotOffered) => "the issuer offers no revocation".to_owned(),
            Ok(Revocation::NotAsked) => "offline, as asked".to_owned(),
            Err(error) => error.to_string(),
        };
        Some(format!(
            "the refresh token is removed here, but stays valid at the issuer until it ages \
             out: {why}"
        ))
    }
}

impl ActiveProfile {
    /// Revokes the refresh token at the issuer and forgets the login; offline
    /// it forgets it all the same. The account stays known, so its todos can
    /// still be read, unless purged, which removes everything of it from this
    /// device. Whether unsent changes may be lost so is for the caller to ask.
    ///
    /// # Errors
    ///
    /// [`LoginError::TokenGiven`] where `TUDONE_ACCESS_TOKEN` takes the place
    /// of a login. When the credential store or the file system fails; the
    /// login may then still be there.
    pub async fn logout(&self, leaving: Leaving) -> Result<LoggedOut, LoginError> {
        if self.config.access_token.is_some() {
            return Err(LoginError::TokenGiven);
        }
        let _lock = FileLock::acquire(&self.refresh_lock(), LOCK_LIMIT)
            .await
            .map_err(AuthError::from)?;
        let token = self.ask_vault(refresh_token).await?;
        let revocation = match token {
            Some(_) if leaving.offline => Ok(Revocation::NotAsked),
            Some(token) => self.revoked(&token).await,
            None => Ok(Revocation::NothingToRevoke),
        };
        self.ask_vault(|kept| {
            kept.forget_tokens()?;
            kept.forget_device()
        })
        .await?;
        let purged = if leaving.purge { self.purge()? } else { None };
        let page = if leaving.browser {
            Some(self.end_session_page(leaving.offline).await?)
        } else {
            None
        };
        Ok(LoggedOut {
            revocation,
            purged,
            page,
        })
    }

    /// The page that ends the session in the browser: as the issuer says, else
    /// Auth0's.
    async fn end_session_page(&self, offline: bool) -> Result<Url, AuthError> {
        let connection = &self.config.connection;
        let address = discovery::address(&connection.issuer)?;
        let client = http::client(&address)?;
        let asking = Issuer::discover(&client, &connection.issuer);
        let found = if offline {
            None
        } else {
            let answer = tokio::time::timeout(REVOKE_LIMIT, asking).await;
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

    async fn revoked(&self, token: &SecretString) -> Result<Revocation, AuthError> {
        let connection = &self.config.connection;
        tokio::time::timeout(REVOKE_LIMIT, revoke(connection, token))
            .await
            .unwrap_or_else(|_| {
                Err(AuthError::Transport(TransportError::Unreachable {
                    host: connection.issuer.clone(),
                    reason: "no answer in time".to_owned(),
                }))
            })
    }

    fn purge(&self) -> Result<Option<Account>, LoginError> {
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
        accounts::forget(&path).map_err(|source| LoginError::Files { path, source })?;
        Ok(Some(known.account))
    }
}

/// The refresh token; an entry that cannot be read is to go as well.
fn refresh_token(kept: &StoredLogin) -> Result<Option<SecretString>, CredentialStoreError> {
    match kept.refresh() {
        Ok(found) => Ok(found.map(|found| found.token)),
        Err(CredentialStoreError::InvalidResponse { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
