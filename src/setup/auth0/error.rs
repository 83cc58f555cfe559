//! Errors of the Auth0 setup.

use crate::finding::Finding;
use crate::http::{HttpError, RequestFailure};
use crate::setup::FailureKind;
use crate::setup::auth0::SCOPES;

/// Why a tenant could not be set up. Never contains a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Auth0Error {
    /// Not a tenant's domain.
    #[error("`{domain}` is not the domain of a tenant")]
    Domain {
        /// As given.
        domain: String,
    },
    /// No connection, or it was lost.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// The tenant.
        host: String,
        /// The reason.
        reason: RequestFailure,
    },
    /// The token is rejected.
    #[error("{host} rejects the token: {message}")]
    Unauthorized {
        /// The tenant.
        host: String,
        /// Its message.
        message: String,
    },
    /// The token lacks a scope.
    #[error("the token lacks a scope: {message}")]
    Scope {
        /// Its message.
        message: String,
    },
    /// The rate limit, also after retries.
    #[error("{host} is rate limiting requests")]
    RateLimited {
        /// The tenant.
        host: String,
    },
    /// A server error.
    #[error("{host} returned a server error (HTTP {status})")]
    Server {
        /// The tenant.
        host: String,
        /// The status.
        status: u16,
    },
    /// The tenant refused a request.
    #[error("{host} refused {what}: {message}")]
    Refused {
        /// The tenant.
        host: String,
        /// Method and path.
        what: String,
        /// Its message.
        message: String,
    },
    /// An answer that is not one of the Management API.
    #[error("{host} sent an invalid answer to {what} (HTTP {status})")]
    Malformed {
        /// The tenant.
        host: String,
        /// Method and path.
        what: String,
        /// The status.
        status: u16,
    },
    /// Several applications have the name.
    #[error("several native applications are called `{name}`: {}", ids.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// Their client ids.
        ids: Vec<String>,
    },
    /// The Action was not built or deployed.
    #[error("the Action was saved, but not deployed: {status}")]
    NotDeployed {
        /// Its state.
        status: String,
    },
    /// The secrets of the Action are missing.
    #[error("the Action needs Hasura's endpoint and admin secret")]
    SecretsMissing,
    /// TLS.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Auth0Error {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Domain { .. } => {
                "Use the Domain shown under Applications > your application, such as \
                 TENANT.eu.auth0.com."
                    .to_owned()
            }
            Self::Unreachable { host, reason } => reason
                .help(host)
                .unwrap_or_else(|| "Check the domain, the network and the proxy.".to_owned()),
            Self::Unauthorized { .. } => token_help(),
            Self::Scope { .. } => format!("Get a token with the scopes {}.", SCOPES.join(" ")),
            Self::RateLimited { .. } | Self::Server { .. } => {
                "Run the command again in a minute; it continues where it stopped.".to_owned()
            }
            Self::Refused { .. } | Self::Malformed { .. } => {
                "Read the tenant's log (Monitoring > Logs), then run the command again.".to_owned()
            }
            Self::NotDeployed { .. } => {
                "Open the Action in the dashboard (Actions > Library), deploy it, then run the \
                 command again."
                    .to_owned()
            }
            Self::Ambiguous { .. } => "Choose one with --client-id ID.".to_owned(),
            Self::SecretsMissing => "Add --endpoint URL and --admin-secret-file FILE.".to_owned(),
            Self::Http(error) => error.help().to_owned(),
        }
    }

    /// Converts the error to a finding.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let finding = Finding::failed(self.code(), self.to_string()).help(self.help());
        if matches!(self, Self::Scope { .. }) {
            finding.fix(SCOPES.join(" "))
        } else {
            finding
        }
    }

    /// The stable code for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Domain { .. } => "auth0-domain",
            Self::Unreachable { .. } => "auth0-unreachable",
            Self::Unauthorized { .. } => "auth0-token",
            Self::Scope { .. } => "auth0-scope",
            Self::RateLimited { .. } => "auth0-rate-limit",
            Self::Server { .. } => "auth0-server",
            Self::Refused { .. } => "auth0-refused",
            Self::Malformed { .. } => "auth0-malformed",
            Self::NotDeployed { .. } => "auth0-not-deployed",
            Self::Ambiguous { .. } => "auth0-ambiguous",
            Self::SecretsMissing => "auth0-secrets",
            Self::Http(_) => "tls",
        }
    }

    /// The kind of failure, for the exit code.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Domain { .. }
            | Self::Unauthorized { .. }
            | Self::Scope { .. }
            | Self::SecretsMissing
            | Self::Ambiguous { .. }
            | Self::Http(_) => FailureKind::Misconfigured,
            Self::Unreachable { .. } | Self::RateLimited { .. } | Self::Server { .. } => {
                FailureKind::Unreachable
            }
            Self::Refused { .. } => FailureKind::Refused,
            Self::Malformed { .. } | Self::NotDeployed { .. } => FailureKind::Failed,
        }
    }
}

/// The help for obtaining a token for the Management API.
#[must_use]
pub fn token_help() -> String {
    "Get a token in the dashboard under Applications > APIs > Auth0 Management API > API Explorer \
     (it is valid for a day), and pass it with --token-stdin."
        .to_owned()
}
