//! Accounts and users.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A user of one issuer on one backend. Data of an account is never shown to, or sent
/// as, another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The OIDC issuer, byte for byte as configured.
    pub issuer: String,
    /// The user's identifier at the issuer (the token's `sub`).
    pub sub: String,
    /// The GraphQL endpoint.
    pub endpoint: String,
}

impl Account {
    /// Returns the directory name of the account's database: a hash of its fields.
    #[must_use]
    pub fn folder(&self) -> String {
        let name = format!("{}\n{}\n{}", self.issuer, self.sub, self.endpoint);
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
            .as_simple()
            .to_string()
    }
}

/// The logged-in user according to the identity provider: for display only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user's identifier at the issuer.
    pub sub: String,
    /// The e-mail address, if the provider reports it.
    pub email: Option<String>,
    /// The name, if the provider reports it.
    pub name: Option<String>,
}
