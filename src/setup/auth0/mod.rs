//! Provisioning of an Auth0 tenant: the API, a Native application and one post-login Action, bound
//! after the existing Actions.
//!
//! ```text
//! state   reads the objects of the tenant
//! plan    compares them with the required ones (pure)
//! apply   applies the changes, in an order that a second run can complete
//! api     the Management API: rate limit, retries, errors
//! ```
//!
//! Objects are identified so: the API by its identifier, the application by the profile's client
//! id or its name, the Action and its binding by the Action's name. Harmless settings of the user
//! are kept. Nothing is deleted.

pub mod api;
pub mod apply;
pub mod error;
pub mod plan;
pub mod state;

use reqwest::Url;

pub use api::Management;
pub use apply::{ActionSecrets, Applied, apply};
pub use error::Auth0Error;
pub use plan::{TenantObject, TenantPlan, TenantStep};
pub use state::TenantState;

use crate::http;

/// The Action's code, the same file that `setup export` writes.
pub const ACTION_CODE: &str = include_str!("../../../assets/auth0/actions/hasura-sync/code.js");
/// The Action's name, by which it is identified.
pub const ACTION_NAME: &str = "hasura-sync";
/// The Action's runtime.
pub const ACTION_RUNTIME: &str = "node22";
/// The names of the Action's secrets.
pub const ACTION_SECRETS: [&str; 3] = ["HASURA_URL", "HASURA_ADMIN_SECRET", "API_AUDIENCE"];
/// The default identifier of a new API. Only a name: nothing is fetched from there.
pub const DEFAULT_AUDIENCE: &str = "https://todos.example/api";
/// The name of a new API and application.
pub const DEFAULT_NAME: &str = "tudone";

/// The scopes that the token needs.
pub const SCOPES: [&str; 9] = [
    "read:resource_servers",
    "create:resource_servers",
    "update:resource_servers",
    "read:clients",
    "create:clients",
    "update:clients",
    "read:actions",
    "create:actions",
    "update:actions",
];

/// The required objects of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The API's identifier.
    pub audience: String,
    /// The name of the application, and of a new API.
    pub name: String,
    /// The application to use instead of the one with this name.
    pub client_id: Option<String>,
    /// Whether to set the Action's secrets again; they cannot be read and compared.
    pub update_secrets: bool,
}

/// Parses the base address of a tenant: `https://DOMAIN/`, or `http://` where the domain is a loopback
/// address. A scheme and a trailing slash are ignored.
///
/// # Errors
///
/// [`Auth0Error::Domain`] when `domain` is not a bare domain.
pub fn tenant(domain: &str) -> Result<Url, Auth0Error> {
    let wrong = || Auth0Error::Domain {
        domain: crate::text::sanitize::message(domain),
    };
    let bare = domain.trim().trim_end_matches('/');
    let bare = bare
        .strip_prefix("https://")
        .or_else(|| bare.strip_prefix("http://"))
        .unwrap_or(bare);
    if bare.is_empty() || bare.contains(['/', '@', '?', '#', ' ']) {
        return Err(wrong());
    }
    let parse = |scheme: &str| Url::parse(&format!("{scheme}://{bare}/")).map_err(|_| wrong());
    let plain_http = parse("http")?;
    if http::is_loopback(&plain_http) {
        return Ok(plain_http);
    }
    if !bare.contains('.') {
        return Err(wrong());
    }
    parse("https")
}

#[cfg(test)]
mod tests {
    use super::tenant;

    #[test]
    fn a_domain_is_taken_in_every_form_that_is_copied_from_the_dashboard() {
        for domain in [
            "t.eu.auth0.com",
            "https://t.eu.auth0.com",
            "https://t.eu.auth0.com/",
            " t.eu.auth0.com ",
            "http://t.eu.auth0.com",
        ] {
            let url = tenant(domain).map(|url| url.to_string()).ok();
            assert_eq!(url.as_deref(), Some("https://t.eu.auth0.com/"), "{domain}");
        }
        let local = tenant("127.0.0.1:4000").map(|url| url.to_string()).ok();
        assert_eq!(local.as_deref(), Some("http://127.0.0.1:4000/"));
        for bad in [
            "",
            "tenant",
            "t.eu.auth0.com/api/v2/",
            "a@b.auth0.com",
            "t .com",
        ] {
            assert!(tenant(bad).is_err(), "{bad}");
        }
    }
}
