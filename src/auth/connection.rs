//! The settings that connect tudone to an issuer and a backend.

use reqwest::Url;

/// The issuer and the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The OIDC issuer, byte for byte as configured: tokens contain exactly this.
    pub issuer: String,
    /// The id of the public client, which has no secret.
    pub client_id: String,
    /// The API's identifier; without it Auth0 issues no JWT.
    pub audience: String,
    /// The GraphQL endpoint.
    pub endpoint: Url,
}
