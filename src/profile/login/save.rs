//! Storing of an approved login in place of the previous one.

use std::sync::mpsc;

use secrecy::SecretString;

use super::unsaved::UnsavedGrant;
use super::{LoggedIn, LoginWarning};
use crate::auth::access::AccessToken;
use crate::auth::credential_store::CredentialStoreError;
use crate::auth::device::Grant;
use crate::auth::error::AuthError;
use crate::auth::revoke::revoke_unused;
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
    /// The login of another user is then also revoked at the issuer. A login of
    /// the same user is not: issuers that regard both as one (Keycloak, or Auth0
    /// with Refresh Token Revocation Deletes Grant) would revoke the new one too. It is
    /// remembered for the logout.
    pub(super) async fn save_login(
        &self,
        grant: Grant,
        warnings: Vec<LoginWarning>,
        unsaved: &mut UnsavedGrant,
    ) -> Result<LoggedIn, LoginError> {
        let connection = &self.config.connection;
        let previous = self.known_account().map(|known| known.account);
        let account = accounts::account(connection, &grant.identity);
        let lock = FileLock::acquire(&self.refresh_lock(), LOCK_LIMIT)
            .await
            .map_err(AuthError::from)?;
        let sub = grant.identity.sub.clone();
        let replaced = self
            .with_stored_login(move |stored| replace_login(stored, &sub))
            .await?;
        let path = self.account_file();
        accounts::remember(&path, connection, &grant.identity)
            .map_err(|source| LoginError::Files { path, source })?;
        let sub = grant.identity.sub.clone();
        let (sender, receiver) = mpsc::channel();
        unsaved.storing(receiver);
        let is_stored = self
            .with_stored_login(move |stored| {
                let is_stored = store_tokens(stored, sub, grant.refresh, grant.access);
                // The receiver may have been dropped.
                let _ = sender.send(matches!(is_stored, Ok(true)));
                is_stored
            })
            .await?;
        if !is_stored {
            return Err(LoginError::NothingStored);
        }
        unsaved.settle();
        drop(lock);
        for token in replaced {
            revoke_unused(connection, &token).await;
        }
        Ok(LoggedIn {
            switched_from: previous.filter(|previous| *previous != account),
            account,
            identity: grant.identity,
            store: self.credential_store.describe(),
            warnings,
        })
    }
}

/// Deletes the tokens of the login before that of `sub`. Returns the refresh tokens of
/// another user, also of that user's earlier logins; one of the same user is remembered.
fn replace_login(
    stored: &StoredLogin,
    sub: &str,
) -> Result<Vec<SecretString>, CredentialStoreError> {
    let found = stored.refresh();
    stored.delete_tokens()?;
    let Ok(Some(found)) = found else {
        return Ok(Vec::new());
    };
    let mut earlier = stored.earlier().unwrap_or_default();
    earlier.push(found.token);
    if found.sub == sub {
        if let Err(error) = stored.set_earlier(&earlier) {
            // The logout then revokes the new login only.
            tracing::warn!(%error, "the previous refresh token was not remembered");
        }
        return Ok(Vec::new());
    }
    stored.delete_earlier()?;
    Ok(earlier)
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
