//! Secrets in the OS keyring: Keychain, Credential Manager, Secret Service.
//!
//! A keyring may wait for the user to unlock it, and a broken one forever. So
//! each call runs on a separate thread and has a time limit; the thread ends
//! when the keyring answers, or with the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use keyring::Entry;
use keyring_core::Error;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::credential_store::{CredentialStore, CredentialStoreError, probe_with};
use crate::text::sanitize::message;

/// The time limit of a call that must not wait for the user: shorter than a
/// command waits for the server, so that the keyring is named as the cause.
pub const CALL_LIMIT: Duration = Duration::from_millis(1500);
/// The service name of the entries in the keyring.
const SERVICE: &str = "tudone";
/// The number of unanswered calls after which no other is started.
const MAX_UNANSWERED: usize = 4;
const STORE: &str = "the keyring";

/// Secrets in the OS keyring.
#[derive(Debug, Clone)]
pub struct KeyringStore {
    limit: Duration,
    unanswered: Arc<AtomicUsize>,
}

impl KeyringStore {
    /// Creates a store with a time limit of [`CALL_LIMIT`] per call.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(CALL_LIMIT)
    }

    /// Creates a store with a time limit of `limit` per call.
    #[must_use]
    pub fn with_limit(limit: Duration) -> Self {
        Self {
            limit,
            unanswered: Arc::default(),
        }
    }

    fn call<T: Send + 'static>(
        &self,
        name: &str,
        ask: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, CredentialStoreError> {
        let timeout = || CredentialStoreError::Timeout {
            store: STORE,
            waited: self.limit,
        };
        if self.unanswered.load(Ordering::Relaxed) >= MAX_UNANSWERED {
            return Err(timeout());
        }
        let (sender, receiver) = channel();
        let unanswered = Arc::clone(&self.unanswered);
        unanswered.fetch_add(1, Ordering::Relaxed);
        let entry = name.to_owned();
        thread::spawn(move || {
            let answer = Entry::new(SERVICE, &entry).and_then(|entry| ask(&entry));
            unanswered.fetch_sub(1, Ordering::Relaxed);
            // The receiver may have timed out.
            let _ = sender.send(answer);
        });
        match receiver.recv_timeout(self.limit) {
            Ok(answer) => answer.map_err(|e| store_error(&e, name)),
            Err(RecvTimeoutError::Timeout) => Err(timeout()),
            Err(RecvTimeoutError::Disconnected) => Err(CredentialStoreError::Keyring {
                reason: "the call was aborted".to_owned(),
            }),
        }
    }
}

impl Default for KeyringStore {
    fn default() -> Self {
        Self::new()
    }
}

/// Maps a keyring error. Uses only its text, since some errors contain the
/// secret.
fn store_error(error: &Error, name: &str) -> CredentialStoreError {
    match error {
        Error::NoDefaultStore => CredentialStoreError::NoKeyring {
            reason: match Entry::store_status() {
                Err(why) => message(&why.to_string()),
                Ok(()) => message(&error.to_string()),
            },
        },
        Error::NoStorageAccess(why) => CredentialStoreError::Locked {
            reason: message(&why.to_string()),
        },
        Error::TooLong(_, limit) => CredentialStoreError::TooLong { limit: *limit },
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => {
            CredentialStoreError::InvalidResponse {
                name: name.to_owned(),
            }
        }
        Error::PlatformFailure(_)
        | Error::NoEntry
        | Error::BadStoreFormat(_)
        | Error::Invalid(..)
        | Error::NotSupportedByStore(_)
        | _ => CredentialStoreError::Keyring {
            reason: message(&error.to_string()),
        },
    }
}

/// Turns a missing entry into `None`.
fn unless_missing<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}

impl CredentialStore for KeyringStore {
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError> {
        self.call(name, |entry| {
            unless_missing(entry.get_password().map(SecretString::from))
        })
    }

    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError> {
        let secret = secret.clone();
        self.call(name, move |entry| {
            entry.set_password(secret.expose_secret())
        })
    }

    fn delete(&self, name: &str) -> Result<(), CredentialStoreError> {
        self.call(name, |entry| {
            unless_missing(entry.delete_credential()).map(drop)
        })
    }

    fn describe(&self) -> String {
        "keyring".to_owned()
    }

    fn probe(&self, limit: Duration) -> Result<(), CredentialStoreError> {
        probe_with(&Self::with_limit(limit))
    }
}
