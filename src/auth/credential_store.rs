//! Credential stores: one port, several implementations.

pub mod command;
pub mod error;
pub mod file;
pub mod keyring;
pub mod memory;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

pub use error::CredentialStoreError;

/// The entry with which a store is tried out.
const PROBE: &str = "probe";

/// A place for secrets. Calls block, and may wait for a user to unlock it:
/// never make them on a thread that draws.
pub trait CredentialStore: Send + Sync + std::fmt::Debug {
    /// The secret called `name`, if there is one.
    ///
    /// # Errors
    ///
    /// A store that cannot be read.
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError>;
    /// Keeps `secret` under `name`, replacing what was there, durably.
    ///
    /// # Errors
    ///
    /// When the store cannot be written; what was there is still there.
    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError>;
    /// Forgets `name`; not an error when there is none.
    ///
    /// # Errors
    ///
    /// A store that cannot be written.
    fn delete(&self, name: &str) -> Result<(), CredentialStoreError>;
    /// What `status` calls it: `keyring`, `file /path (0600)`.
    fn describe(&self) -> String;

    /// Tries the store out by writing, reading and deleting an entry of its
    /// own. `limit` is how long one call may wait for a user to unlock it;
    /// stores that never wait ignore it.
    ///
    /// # Errors
    ///
    /// What the first call that fails says, or [`CredentialStoreError::RoundTripMismatch`].
    fn probe(&self, limit: Duration) -> Result<(), CredentialStoreError> {
        let _ = limit;
        probe_with(self)
    }
}

/// Writes, reads and deletes an entry, within the store's own limits.
pub(super) fn probe_with<V: CredentialStore + ?Sized>(
    credential_store: &V,
) -> Result<(), CredentialStoreError> {
    let name = format!("{PROBE}-{}", uuid::Uuid::now_v7().as_simple());
    let secret = SecretString::from("a probe, safe to delete");
    credential_store.set(&name, &secret)?;
    let found = credential_store.get(&name);
    credential_store.delete(&name)?;
    match found? {
        Some(found) if found.expose_secret() == secret.expose_secret() => Ok(()),
        Some(_) | None => Err(CredentialStoreError::RoundTripMismatch),
    }
}

/// The kinds of credential stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CredentialStoreKind {
    /// The OS keyring.
    #[default]
    Keyring,
    /// A file only its owner may read.
    File,
    /// A helper program.
    Command,
    /// This process's memory: demo and tests.
    Memory,
}
