//! Storing of an approved login in place of the previous one.

use std::path::PathBuf;

use secrecy::SecretString;
use tokio::task::spawn_blocking;

use super::unused::{Tokens, UnusedTokens};
use super::{LoggedIn, LoginWarning};
use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::credential_store::CredentialStoreError;
use crate::auth::device::Grant;
use crate::auth::error::AuthError;
use crate::auth::session::LOCK_LIMIT;
use crate::auth::stored_login::{StoredAccessToken, StoredLogin, StoredRefreshToken};
use crate::os::file_lock::FileLock;
use crate::profile::error::LoginError;
use crate::profile::{ActiveProfile, accounts};

impl ActiveProfile {
    /// Stores a login in place of the previous one. The old tokens are deleted
    /// first, and the account is remembered before the new ones are stored: a
    /// process killed in between leaves an account without a login, never with
    /// the login of another user.
    ///
    /// The logins of another user are then in `unused`, to be revoked at the issuer.
    /// A login of the same user is not: issuers that regard both as one (Keycloak, or
    /// Auth0 with Refresh Token Revocation Deletes Grant) would revoke the new one too.
    /// It is remembered for the logout.
    pub(super) async fn save_login(
        &self,
        grant: Grant,
        warnings: Vec<LoginWarning>,
        unused: &UnusedTokens,
    ) -> Result<LoggedIn, LoginError> {
        let connection = &self.config.connection;
        let previous = self.known_account().map(|known| known.account);
        let account = accounts::account(connection, &grant.identity);
        let identity = grant.identity.clone();
        let lock = FileLock::acquire(&self.refresh_lock(), LOCK_LIMIT)
            .await
            .map_err(AuthError::from)?;
        let new = NewLogin {
            grant,
            connection: connection.clone(),
            account_file: self.account_file(),
        };
        let (stored, tokens) = (self.stored_login(), unused.shared());
        // The thread holds the lock: it goes on where this future is dropped.
        let saved = spawn_blocking(move || {
            let _lock = lock;
            tokens.unless_abandoned(|unused| new.store(&stored, unused))
        });
        match saved.await {
            Ok(Some(saved)) => saved?,
            Ok(None) | Err(_) => return Err(AuthError::ShuttingDown.into()),
        }
        Ok(LoggedIn {
            switched_from: previous.filter(|previous| *previous != account),
            account,
            identity,
            store: self.credential_store.describe(),
            warnings,
        })
    }
}

/// An approved login, to be stored.
struct NewLogin {
    grant: Grant,
    connection: Connection,
    account_file: PathBuf,
}

impl NewLogin {
    /// Stores the login in place of the one in `stored`, and updates what is `unused`.
    fn store(self, stored: &StoredLogin, unused: &mut Tokens) -> Result<(), LoginError> {
        let Grant {
            identity,
            access,
            refresh,
            ..
        } = self.grant;
        unused.replaced = replace_login(stored, &identity.sub).map_err(AuthError::from)?;
        let path = self.account_file;
        accounts::remember(&path, &self.connection, &identity)
            .map_err(|source| LoginError::Files { path, source })?;
        if !store_tokens(stored, identity.sub, refresh, access).map_err(AuthError::from)? {
            return Err(LoginError::NothingStored);
        }
        unused.new = None;
        Ok(())
    }
}

/// Deletes the tokens of the login before that of `sub`. Returns the refresh tokens of
/// other users, also of their earlier logins; those of the same user are remembered.
fn replace_login(
    stored: &StoredLogin,
    sub: &str,
) -> Result<Vec<SecretString>, CredentialStoreError> {
    let known = stored.all_refresh()?.into_iter();
    let (own, others): (Vec<_>, Vec<_>) = known.partition(|found| found.sub == sub);
    stored.delete_tokens()?;
    let remembered = if own.is_empty() {
        stored.delete_earlier()
    } else {
        stored.set_earlier(&own)
    };
    if let Err(error) = remembered {
        // The logout then revokes the new login only.
        tracing::warn!(%error, "the earlier refresh tokens were not remembered");
    }
    Ok(others.into_iter().map(|found| found.token).collect())
}

/// Stores the tokens. Returns `false` if none could be stored.
fn store_tokens(
    stored: &StoredLogin,
    sub: String,
    refresh: Option<SecretString>,
    token: AccessToken,
) -> Result<bool, CredentialStoreError> {
    let has_refresh = refresh.is_some();
    if let Some(token) = refresh {
        let sub = sub.clone();
        stored.set_refresh(&StoredRefreshToken { token, sub })?;
    }
    match stored.set_access(&StoredAccessToken { token, sub }) {
        Ok(has_access) => Ok(has_refresh || has_access),
        Err(error) if has_refresh => {
            // Each process then refreshes for itself, which is only slower.
            tracing::warn!(%error, "the access token was not stored");
            Ok(true)
        }
        Err(error) => Err(error),
    }
}
