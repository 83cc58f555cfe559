//! The entries of one login in a vault: refresh token, access token, and a
//! device login that waits to be finished.
//!
//! Each entry names the person (`sub`) it belongs to, so that a process never
//! goes on with the login of somebody else who logged in meanwhile.

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::auth::access::AccessToken;
use crate::auth::device::Prompt;
use crate::auth::vault::{Vault, VaultError};

/// The entries of one login. Calls block, as the vault's do.
#[derive(Debug, Clone)]
pub struct Kept {
    vault: Arc<dyn Vault>,
    prefix: String,
}

/// A refresh token and whose it is.
#[derive(Debug, Clone)]
pub struct KeptRefresh {
    /// The refresh token.
    pub token: SecretString,
    /// Whose.
    pub sub: String,
}

/// An access token and whose it is.
#[derive(Debug, Clone)]
pub struct KeptAccess {
    /// The access token.
    pub token: AccessToken,
    /// Whose.
    pub sub: String,
}

/// A device login that waits to be finished.
#[derive(Debug, Clone)]
pub struct KeptDevice {
    /// What the person was shown.
    pub prompt: Prompt,
    /// The device code.
    pub device: SecretString,
}

/// Entries own their secret when read and borrow it when written, so that it
/// is not copied about.
#[derive(Serialize, Deserialize)]
struct RefreshEntry<Secret> {
    refresh_token: Secret,
    sub: String,
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
struct DeviceEntry<Secret> {
    device_code: Secret,
    prompt: Prompt,
}

impl Kept {
    /// The entries in `vault` whose names begin with `prefix`.
    #[must_use]
    pub const fn new(vault: Arc<dyn Vault>, prefix: String) -> Self {
        Self { vault, prefix }
    }

    /// The vault they are in.
    #[must_use]
    pub const fn vault(&self) -> &Arc<dyn Vault> {
        &self.vault
    }

    /// The refresh token, if there is one.
    ///
    /// # Errors
    ///
    /// When the store fails or the entry is not ours.
    pub fn refresh(&self) -> Result<Option<KeptRefresh>, VaultError> {
        let entry: Option<RefreshEntry<String>> = self.read("refresh")?;
        Ok(entry.map(|entry| KeptRefresh {
            token: SecretString::from(entry.refresh_token),
            sub: entry.sub,
        }))
    }

    /// Keeps the refresh token.
    ///
    /// # Errors
    ///
    /// When the store fails; what was there is still there.
    pub fn set_refresh(&self, kept: &KeptRefresh) -> Result<(), VaultError> {
        self.write(
            "refresh",
            &RefreshEntry {
                refresh_token: kept.token.expose_secret(),
                sub: kept.sub.clone(),
            },
        )
    }

    /// The access token, if there is one, fresh or not. One that cannot be
    /// read is none: a refresh makes another.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn access(&self) -> Result<Option<KeptAccess>, VaultError> {
        let entry: Option<AccessEntry<String>> = match self.read("access") {
            Err(VaultError::Garbled { .. }) => None,
            read => read?,
        };
        Ok(entry.map(|entry| KeptAccess {
            token: AccessToken {
                secret: SecretString::from(entry.access_token),
                expires_at: entry.expires_at,
                renew_at: entry.renew_at,
            },
            sub: entry.sub,
        }))
    }

    /// Keeps the access token. `false` where the store takes no secret of its
    /// length: then there is none, and each process refreshes for itself.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn set_access(&self, kept: &KeptAccess) -> Result<bool, VaultError> {
        let entry = AccessEntry {
            access_token: kept.token.secret.expose_secret(),
            sub: kept.sub.clone(),
            expires_at: kept.token.expires_at,
            renew_at: kept.token.renew_at,
        };
        match self.write("access", &entry) {
            Ok(()) => Ok(true),
            Err(VaultError::TooLong { .. }) => self.delete("access").map(|()| false),
            Err(error) => Err(error),
        }
    }

    /// The device login that waits, if one does.
    ///
    /// # Errors
    ///
    /// When the store fails or the entry is not ours.
    pub fn device(&self) -> Result<Option<KeptDevice>, VaultError> {
        let entry: Option<DeviceEntry<String>> = self.read("device")?;
        Ok(entry.map(|entry| KeptDevice {
            device: SecretString::from(entry.device_code),
            prompt: entry.prompt,
        }))
    }

    /// Keeps a device login for another process to finish.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn set_device(&self, kept: &KeptDevice) -> Result<(), VaultError> {
        self.write(
            "device",
            &DeviceEntry {
                device_code: kept.device.expose_secret(),
                prompt: kept.prompt.clone(),
            },
        )
    }

    /// Forgets the device login that waits.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn forget_device(&self) -> Result<(), VaultError> {
        self.delete("device")
    }

    /// Forgets the device login that waits if it is that of `device`: another
    /// may have been begun since.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn forget_device_of(&self, device: &SecretString) -> Result<(), VaultError> {
        match self.device() {
            Ok(Some(found)) if found.device.expose_secret() != device.expose_secret() => Ok(()),
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(VaultError::Garbled { .. }) => self.forget_device(),
            Err(error) => Err(error),
        }
    }

    /// Forgets access and refresh token, in this order: what is left after a
    /// failure is a whole login or none.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn forget_tokens(&self) -> Result<(), VaultError> {
        self.delete("access")?;
        self.delete("refresh")
    }

    fn name(&self, entry: &str) -> String {
        format!("{}.{entry}", self.prefix)
    }

    fn read<T: DeserializeOwned>(&self, entry: &str) -> Result<Option<T>, VaultError> {
        let name = self.name(entry);
        let Some(text) = self.vault.get(&name)? else {
            return Ok(None);
        };
        serde_json::from_str(text.expose_secret())
            .map(Some)
            .map_err(|_| VaultError::Garbled { name })
    }

    fn write<T: Serialize>(&self, entry: &str, value: &T) -> Result<(), VaultError> {
        let name = self.name(entry);
        match serde_json::to_string(value) {
            Ok(text) => self.vault.set(&name, &SecretString::from(text)),
            Err(_) => Err(VaultError::Garbled { name }),
        }
    }

    fn delete(&self, entry: &str) -> Result<(), VaultError> {
        self.vault.delete(&self.name(entry))
    }
}
