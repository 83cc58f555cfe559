//! Credential stores: one trait, several implementations.

pub mod command;
pub mod error;
pub mod file;
pub mod keyring;
pub mod memory;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

pub use error::CredentialStoreError;

/// The prefix of the entries with which a store is tested.
const PROBE: &str = "probe";

/// A store for secrets. Calls block, and may wait for the user to unlock it:
/// never make them on the UI thread.
pub trait CredentialStore: Send + Sync + std::fmt::Debug {
    /// Reads the secret `name`; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError>;
    /// Stores `secret` durably as `name`, replacing an existing one.
    ///
    /// # Errors
    ///
    /// When the store cannot be written; the entry is then unchanged.
    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError>;
    /// Deletes `name`; not an error when there is none.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    fn delete(&self, name: &str) -> Result<(), CredentialStoreError>;
    /// The description in `status`: `keyring`, `file /path (0600)`.
    fn describe(&self) -> String;

    /// Tests the store by writing, reading and deleting a probe entry. One call
    /// may wait `limit` for the user to unlock the store; stores that never wait
    /// ignore it.
    ///
    /// # Errors
    ///
    /// The error of the first call that fails, or [`CredentialStoreError::RoundTripMismatch`].
    fn probe(&self, limit: Duration) -> Result<(), CredentialStoreError> {
        let _ = limit;
        probe_with(self)
    }
}

/// Writes, reads and deletes a probe entry, within the store's own time limits.
pub(super) fn probe_with<S: CredentialStore + ?Sized>(
    credential_store: &S,
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
    /// A file that only its owner may read.
    File,
    /// A helper program.
    Command,
    /// The memory of this process, for demo and tests.
    Memory,
}
