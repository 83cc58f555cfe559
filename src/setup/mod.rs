//! Provisioning: makes a backend what tudone needs, from the files in `assets`.
//!
//! ```text
//! auth0     API, application and Action of an Auth0 tenant
//! hasura    tables, permissions and migrations of a running Hasura
//! export    the same files, written to a directory
//! ```

pub mod auth0;
pub mod export;
pub mod hasura;

/// The kind of a failed setup, for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A wrong secret, address or setting.
    Misconfigured,
    /// The server cannot be reached or does not work.
    Unreachable,
    /// The server refused what setup wanted to do.
    Refused,
    /// Another failure on this machine.
    Failed,
}
