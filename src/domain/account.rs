//! Whose todos these are.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One person at one issuer on one backend. Nothing of one account is ever
/// shown to, or sent as, another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The OIDC issuer, byte for byte as configured.
    pub issuer: String,
    /// The issuer's name for the person (the token's `sub`).
    pub sub: String,
    /// The GraphQL endpoint.
    pub endpoint: String,
}

impl Account {
    /// The folder name of this account's database: equal for equal accounts,
    /// different for different ones, and telling nothing about either.
    #[must_use]
    pub fn folder(&self) -> String {
        let name = format!("{}\n{}\n{}", self.issuer, self.sub, self.endpoint);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
            .as_simple()
            .to_string()
    }
}

/// Who is logged in, as the identity provider tells it. Shown, never trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The issuer's name for the person.
    pub sub: String,
    /// Their e-mail address, where the provider tells it.
    pub email: Option<String>,
    /// Their name, where the provider tells it.
    pub name: Option<String>,
}
