//! Records every secret that was issued, for tests.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use serde_json::Value;

/// The members of an answer that are secrets.
const SECRETS: [&str; 4] = ["device_code", "access_token", "id_token", "refresh_token"];

/// Writes down every secret that a sandbox hands out, so that a test can look
/// for them where they must not be. Clones share what is written.
#[derive(Debug, Clone, Default)]
pub struct Witness(Arc<Mutex<Vec<SecretString>>>);

impl Witness {
    /// The issued secrets, oldest first.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretString> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Writes down what is secret in `answer`.
    pub(super) fn note(&self, answer: &Value) {
        let secrets = SECRETS.iter().filter_map(|name| answer[name].as_str());
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(secrets.map(SecretString::from));
    }
}
