//! Keeping a login that was approved, in place of the one before.

use secrecy::SecretString;

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
    /// Keeps a login in place of the one before. The old one goes first and
    /// the account is remembered before the new tokens are there, so that a
    /// process killed in between leaves one account's data with no login, and
    /// never with another's.
    ///
    /// Somebody else's login is then ended at the issuer, too. One's own is
    /// not: issuers that count both as one (Keycloak, or Auth0 with Refresh
    /// Token Revocation Deletes Grant) would end the new one with it.
    pub(super) async fn keep(
        &self,
        grant: Grant,
        warnings: Vec<LoginWarning>,
    ) -> Result<LoggedIn, LoginError> {
        let connection = &self.config.connection;
        let before = self.known_account().map(|known| known.account);
        let account = accounts::account(connection, &grant.identity);
        let lock = FileLock::acquire(&self.refresh_lock(), LOCK_LIMIT)
            .await
            .map_err(AuthError::from)?;
        let replaced = self.ask_vault(taken_out).await?;
        let path = self.account_file();
        accounts::remember(&path, connection, &grant.identity)
            .map_err(|source| LoginError::Files { path, source })?;
        let sub = grant.identity.sub.clone();
        let is_kept = self
            .ask_vault(move |kept| keep_tokens(kept, sub, grant.refresh, grant.access))
            .await?;
        if !is_kept {
            return Err(LoginError::NothingKept);
        }
        drop(lock);
        if let Some(replaced) = replaced.filter(|replaced| replaced.sub != account.sub) {
            revoke_unused(connection, &replaced.token).await;
        }
        Ok(LoggedIn {
            switched_from: before.filter(|before| *before != account),
            account,
            identity: grant.identity,
            store: self.credential_store.describe(),
            warnings,
        })
    }
}

/// Forgets the tokens, and gives the refresh token there was, if it can be read.
fn taken_out(kept: &StoredLogin) -> Result<Option<StoredRefreshToken>, CredentialStoreError> {
    let found = kept.refresh();
    kept.forget_tokens()?;
    Ok(found.ok().flatten())
}

/// Returns whether anything could be kept.
fn keep_tokens(
    kept: &StoredLogin,
    sub: String,
    refresh: Option<SecretString>,
    token: AccessToken,
) -> Result<bool, CredentialStoreError> {
    let has_refresh = refresh.is_some();
    if let Some(token) = refresh {
        let sub = sub.clone();
        kept.set_refresh(&StoredRefreshToken { token, sub })?;
    }
    match kept.set_access(&StoredAccessToken { token, sub }) {
        Ok(has_access) => Ok(has_refresh || has_access),
        Err(error) if has_refresh => {
            // Each process then refreshes for itself, which is only slower.
            tracing::warn!(%error, "the access token was not stored");
            Ok(true)
        }
        Err(error) => Err(error),
    }
}
