//! The entries of one login in a credential store: refresh token, access token,
//! and a device login that is not finished.
//!
//! Each entry contains the user (`sub`) it belongs to, so that a process never
//! continues with the login of another user who logged in meanwhile.

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::auth::access::AccessToken;
use crate::auth::credential_store::{CredentialStore, CredentialStoreError, probe_with};
use crate::auth::device::Prompt;
use crate::auth::inspect::Inspected;
use crate::domain::account::Identity;

/// The most refresh tokens of earlier logins that are remembered.
const MAX_EARLIER: usize = 5;

/// The entries of one login. Calls block, as the credential store's do.
#[derive(Debug, Clone)]
pub struct StoredLogin {
    credential_store: Arc<dyn CredentialStore>,
    prefix: String,
}

/// A refresh token and its user.
#[derive(Debug, Clone)]
pub struct StoredRefreshToken {
    /// The refresh token.
    pub token: SecretString,
    /// The user (`sub`).
    pub sub: String,
}

/// An access token and its user.
#[derive(Debug, Clone)]
pub struct StoredAccessToken {
    /// The access token.
    pub token: AccessToken,
    /// The user (`sub`).
    pub sub: String,
}

/// A device login that is not finished.
#[derive(Debug, Clone)]
pub struct StoredDeviceLogin {
    /// The prompt that was shown.
    pub prompt: Prompt,
    /// The device code.
    pub device: SecretString,
}

/// The refresh token's entry. Entries own their secret when read and borrow it
/// when written, so that it is not copied.
#[derive(Serialize, Deserialize)]
struct RefreshEntry<Secret> {
    refresh_token: Secret,
    sub: String,
}

impl<'s> From<&'s StoredRefreshToken> for RefreshEntry<&'s str> {
    fn from(stored: &'s StoredRefreshToken) -> Self {
        Self {
            refresh_token: stored.token.expose_secret(),
            sub: stored.sub.clone(),
        }
    }
}

impl From<RefreshEntry<String>> for StoredRefreshToken {
    fn from(entry: RefreshEntry<String>) -> Self {
        Self {
            token: SecretString::from(entry.refresh_token),
            sub: entry.sub,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct AccessEntry<Secret> {
    access_token: Secret,
    sub: String,
    expires_at: Option<Timestamp>,
    #[serde(default)]
    renew_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct EarlierEntry<Secret> {
    logins: Vec<RefreshEntry<Secret>>,
}

#[derive(Serialize, Deserialize)]
struct DeviceEntry<Secret> {
    device_code: Secret,
    prompt: Prompt,
}

impl StoredLogin {
    /// Uses the entries in `credential_store` whose names begin with `prefix`.
    #[must_use]
    pub const fn new(credential_store: Arc<dyn CredentialStore>, prefix: String) -> Self {
        Self {
            credential_store,
            prefix,
        }
    }

    /// Checks that the store can be written, so that a refresh does not use up a
    /// token whose successor would be lost.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn check_writable(&self) -> Result<(), CredentialStoreError> {
        probe_with(&*self.credential_store)
    }

    /// Reads the refresh token; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When the store fails or the entry is invalid.
    pub fn refresh(&self) -> Result<Option<StoredRefreshToken>, CredentialStoreError> {
        let entry: Option<RefreshEntry<String>> = self.read("refresh")?;
        Ok(entry.map(Into::into))
    }

    /// Reads whose login is stored: name and address are in the access token only.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn identity(&self) -> Result<Option<Identity>, CredentialStoreError> {
        let access = self.access()?;
        let user = match (self.refresh()?, &access) {
            (Some(refresh), _) => refresh.sub,
            (None, Some(access)) => access.sub.clone(),
            (None, None) => return Ok(None),
        };
        let named = access
            .filter(|access| access.sub == user)
            .and_then(|access| Inspected::read(&access.token.secret).identity())
            .filter(|identity| identity.sub == user);
        let unnamed = Identity {
            sub: user,
            email: None,
            name: None,
        };
        Ok(Some(named.unwrap_or(unnamed)).filter(|identity| !identity.sub.is_empty()))
    }

    /// Stores the refresh token.
    ///
    /// # Errors
    ///
    /// When the store fails; the entry is then unchanged.
    pub fn set_refresh(&self, stored: &StoredRefreshToken) -> Result<(), CredentialStoreError> {
        self.write("refresh", &RefreshEntry::from(stored))
    }

    /// Reads the access token, fresh or not. An invalid entry counts as none: a
    /// refresh replaces it.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn access(&self) -> Result<Option<StoredAccessToken>, CredentialStoreError> {
        let entry: Option<AccessEntry<String>> = match self.read("access") {
            Err(CredentialStoreError::InvalidResponse { .. }) => None,
            read => read?,
        };
        Ok(entry.map(|entry| StoredAccessToken {
            token: AccessToken {
                secret: SecretString::from(entry.access_token),
                expires_at: entry.expires_at,
                renew_at: entry.renew_at,
            },
            sub: entry.sub,
        }))
    }

    /// Stores the access token. Returns `false` where it is too long for the
    /// store: then none is stored, and each process refreshes for itself.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn set_access(&self, stored: &StoredAccessToken) -> Result<bool, CredentialStoreError> {
        let entry = AccessEntry {
            access_token: stored.token.secret.expose_secret(),
            sub: stored.sub.clone(),
            expires_at: stored.token.expires_at,
            renew_at: stored.token.renew_at,
        };
        match self.write("access", &entry) {
            Ok(()) => Ok(true),
            Err(CredentialStoreError::TooLong { .. }) => self.delete("access").map(|()| false),
            Err(error) => Err(error),
        }
    }

    /// Deletes the access token if it is `refused`.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn delete_access_of(&self, refused: &SecretString) -> Result<(), CredentialStoreError> {
        match self.access()? {
            Some(found) if found.token.is(refused) => self.delete("access"),
            _ => Ok(()),
        }
    }

    /// Reads the unfinished device login; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When the store fails or the entry is invalid.
    pub fn device(&self) -> Result<Option<StoredDeviceLogin>, CredentialStoreError> {
        let entry: Option<DeviceEntry<String>> = self.read("device")?;
        Ok(entry.map(|entry| StoredDeviceLogin {
            device: SecretString::from(entry.device_code),
            prompt: entry.prompt,
        }))
    }

    /// Stores a device login for another process to finish.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn set_device(&self, stored: &StoredDeviceLogin) -> Result<(), CredentialStoreError> {
        self.write(
            "device",
            &DeviceEntry {
                device_code: stored.device.expose_secret(),
                prompt: stored.prompt.clone(),
            },
        )
    }

    /// Deletes the unfinished device login.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn delete_device(&self) -> Result<(), CredentialStoreError> {
        self.delete("device")
    }

    /// Deletes the unfinished device login if its device code is `device`: another
    /// may have been started since.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn delete_device_if(&self, device: &SecretString) -> Result<(), CredentialStoreError> {
        match self.device() {
            Ok(Some(found)) if found.device.expose_secret() != device.expose_secret() => Ok(()),
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(CredentialStoreError::InvalidResponse { .. }) => self.delete_device(),
            Err(error) => Err(error),
        }
    }

    /// Reads the refresh tokens of earlier logins, which a logout revokes too. An
    /// invalid entry counts as none.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn earlier(&self) -> Result<Vec<StoredRefreshToken>, CredentialStoreError> {
        let entry: Option<EarlierEntry<String>> = match self.read("earlier") {
            Err(CredentialStoreError::InvalidResponse { .. }) => None,
            read => read?,
        };
        let logins = entry.map(|entry| entry.logins).unwrap_or_default();
        Ok(logins.into_iter().map(Into::into).collect())
    }

    /// Reads the refresh tokens of earlier logins and then that of this one. An invalid
    /// entry counts as none.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn all_refresh(&self) -> Result<Vec<StoredRefreshToken>, CredentialStoreError> {
        let mut tokens = self.earlier()?;
        tokens.extend(match self.refresh() {
            Err(CredentialStoreError::InvalidResponse { .. }) => None,
            found => found?,
        });
        Ok(tokens)
    }

    /// Stores the newest refresh tokens of earlier logins: stores limit their entries.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn set_earlier(&self, tokens: &[StoredRefreshToken]) -> Result<(), CredentialStoreError> {
        let newest = tokens.iter().rev().take(MAX_EARLIER).rev();
        let logins = newest.map(RefreshEntry::from).collect();
        self.write("earlier", &EarlierEntry { logins })
    }

    /// Deletes the refresh tokens of earlier logins.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn delete_earlier(&self) -> Result<(), CredentialStoreError> {
        self.delete("earlier")
    }

    /// Deletes access and refresh token, in this order: after a failure the login
    /// is complete or gone.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn delete_tokens(&self) -> Result<(), CredentialStoreError> {
        self.delete("access")?;
        self.delete("refresh")
    }

    fn name(&self, entry: &str) -> String {
        format!("{}.{entry}", self.prefix)
    }

    fn read<T: DeserializeOwned>(&self, entry: &str) -> Result<Option<T>, CredentialStoreError> {
        let name = self.name(entry);
        let Some(text) = self.credential_store.get(&name)? else {
            return Ok(None);
        };
        serde_json::from_str(text.expose_secret())
            .map(Some)
            .map_err(|_| CredentialStoreError::InvalidResponse { name })
    }

    fn write<T: Serialize>(&self, entry: &str, value: &T) -> Result<(), CredentialStoreError> {
        let name = self.name(entry);
        match serde_json::to_string(value) {
            Ok(text) => self.credential_store.set(&name, &SecretString::from(text)),
            Err(_) => Err(CredentialStoreError::InvalidResponse { name }),
        }
    }

    fn delete(&self, entry: &str) -> Result<(), CredentialStoreError> {
        self.credential_store.delete(&self.name(entry))
    }
}
