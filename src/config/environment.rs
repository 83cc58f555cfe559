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

/// Every variable that the program reads, with what it does, for the help.
pub const VARIABLES: &[(&str, &str)] = &[
    (PROFILE, "the profile to use, as --profile"),
    (
        ISSUER,
        "the OIDC issuer; with the next three, no file is needed",
    ),
    (CLIENT_ID, "the id of the application"),
    (AUDIENCE, "the identifier of the API"),
    (ENDPOINT, "Hasura's GraphQL endpoint"),
    (
        CREDENTIAL_STORE,
        "where the login is stored: keyring, file or command",
    ),
    (
        ACCESS_TOKEN,
        "an access token made elsewhere; no login then",
    ),
    (CONFIG_DIR, "the directory of config.toml"),
    (DATA_DIR, "the directory of todos and locks"),
    (
        LOG,
        "the log filter: `debug`, `tudone=trace`; off without it",
    ),
    ("NO_COLOR", "no colours, if it is set to anything"),
    ("CLICOLOR_FORCE", "colours in pipes too, unless it is 0"),
    ("VISUAL, EDITOR", "the editor of `edit` without a text"),
    (
        "PAGER",
        "shows lists longer than the screen; `cat` for none",
    ),
    ("BROWSER", "opens the page of a login"),
    (
        "HTTPS_PROXY, NO_PROXY",
        "the proxy, and hosts that need none",
    ),
    (
        "SSL_CERT_FILE",
        "a file of certificate authorities to trust",
    ),
    (
        "XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME",
        "where directories lie on Linux",
    ),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "the TUI draws in ASCII if none of them says UTF-8",
    ),
    ("TZ", "the time zone in which days begin"),
];

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
