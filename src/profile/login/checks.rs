//! Checks for `doctor`: the credential store and the stored login.

use std::time::Duration;

use crate::auth::access::AccessToken;
use crate::auth::error::AuthError;
use crate::profile::ActiveProfile;
use crate::profile::error::LoginError;

impl ActiveProfile {
    /// Writes, reads and deletes an entry of the credential store, like the start of a login, and
    /// returns the store's description. One call may wait `limit` to be unlocked.
    ///
    /// # Errors
    ///
    /// When a login could not be stored.
    pub async fn check_credential_store(&self, limit: Duration) -> Result<String, LoginError> {
        self.check_login_allowed()?;
        self.probe(limit, || {}).await?;
        Ok(self.credential_store.describe())
    }

    /// Returns whether a refresh token is stored, and the stored access token, fresh or not.
    ///
    /// # Errors
    ///
    /// When the credential store cannot be read.
    pub async fn stored_tokens(&self) -> Result<(bool, Option<AccessToken>), AuthError> {
        self.with_stored_login(|stored| {
            let access = stored.access()?.map(|stored| stored.token);
            Ok((stored.refresh()?.is_some(), access))
        })
        .await
    }
}
