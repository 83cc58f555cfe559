//! The ID token of the last refresh: a token of the same issuer for another audience, with which
//! `doctor` tells whether a backend checks the audience.

use std::sync::PoisonError;

use secrecy::SecretString;

use super::{Login, Session, Source};

impl Session {
    /// The ID token that came with the last refresh in this process.
    #[must_use]
    pub fn id_token(&self) -> Option<SecretString> {
        match &self.source {
            Source::Login(login) => {
                let remembered = login.id_token.lock();
                remembered.unwrap_or_else(PoisonError::into_inner).clone()
            }
            Source::Fixed(_) => None,
        }
    }
}

impl Login {
    /// Keeps the ID token of a refresh until the next one.
    pub(super) fn remember_id_token(&self, token: Option<SecretString>) {
        *self.id_token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}
