//! Secrets in the memory of this process, for demo and tests.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;

use crate::auth::credential_store::{CredentialStore, CredentialStoreError};

/// Secrets in the memory of this process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    entries: Mutex<HashMap<String, SecretString>>,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, SecretString>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CredentialStore for MemoryStore {
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError> {
        Ok(self.entries().get(name).cloned())
    }

    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError> {
        self.entries().insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), CredentialStoreError> {
        self.entries().remove(name);
        Ok(())
    }

    fn describe(&self) -> String {
        "memory (until this program ends)".to_owned()
    }
}
