//! Provisioning of Auth0 and Hasura with the files in `assets`.
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

/// The effect of a step of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// Creates the object.
    Create,
    /// Changes the object.
    Change,
    /// Leaves the object unchanged.
    Keep,
}

impl StepKind {
    /// Its sign in plans.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Change => '~',
            Self::Keep => '=',
        }
    }

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Keep => "keep",
        }
    }
}
