//! The `TUDONE_*` variables.

use std::ffi::OsString;

/// The variables that, all four set, make a file unnecessary.
pub const CONNECTION: [&str; 4] = [ISSUER, CLIENT_ID, AUDIENCE, ENDPOINT];
/// The profile to use.
pub const PROFILE: &str = "TUDONE_PROFILE";
/// The OIDC issuer.
pub const ISSUER: &str = "TUDONE_ISSUER";
/// The public client's id.
pub const CLIENT_ID: &str = "TUDONE_CLIENT_ID";
/// The API's identifier.
pub const AUDIENCE: &str = "TUDONE_AUDIENCE";
/// The GraphQL endpoint.
pub const ENDPOINT: &str = "TUDONE_ENDPOINT";
/// The store of logins.
pub const CREDENTIAL_STORE: &str = "TUDONE_CREDENTIAL_STORE";
/// A short-lived token made elsewhere.
pub const ACCESS_TOKEN: &str = "TUDONE_ACCESS_TOKEN";
/// The directory of `config.toml`.
pub const CONFIG_DIR: &str = "TUDONE_CONFIG_DIR";
/// The directory of databases and lock files.
pub const DATA_DIR: &str = "TUDONE_DATA_DIR";
/// The log filter.
pub const LOG: &str = "TUDONE_LOG";

/// Looks up variables; tests supply their own.
///
/// An empty variable counts as not set.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Environment")
    }
}

/// A variable that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl<'a> Environment<'a> {
    /// Reads variables through `lookup`.
    #[must_use]
    pub const fn new(lookup: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self { lookup }
    }

    /// Returns the variable as the system holds it; `None` when it is empty.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// Returns the variable as text.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, NotUtf8> {
        self.raw(name)
            .map(|value| value.into_string().map_err(|_| NotUtf8))
            .transpose()
    }
}

/// The process's own variables.
#[must_use]
pub fn process() -> Environment<'static> {
    Environment::new(&|name| std::env::var_os(name))
}
