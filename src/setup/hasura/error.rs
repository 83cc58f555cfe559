//! Errors of the Hasura setup.

use crate::finding::Finding;
use crate::http::RequestFailure;
use crate::setup::FailureKind;

/// Why Hasura could not be set up. No variant contains metadata, a database URL
/// or a secret, which answers of the admin API may contain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HasuraError {
    /// No connection, or no complete answer.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// The reason.
        reason: RequestFailure,
    },
    /// A 5xx or 429 without an error of Hasura.
    #[error("{host} returned a server error (HTTP {status})")]
    ServerError {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// A redirect, which is never followed with the secret.
    #[error("{host} redirects requests (HTTP {status})")]
    Redirect {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server is not Hasura.
    #[error("{url} is not Hasura: it answered with {found}")]
    NotHasura {
        /// The address of the request.
        url: String,
        /// A description of the answer: `an HTML page`.
        found: &'static str,
    },
    /// An API of Hasura is disabled.
    #[error("the {api} API of {host} is disabled (HTTP 404)")]
    ApiDisabled {
        /// Host and port.
        host: String,
        /// Its name in `HASURA_GRAPHQL_ENABLED_APIS`.
        api: &'static str,
    },
    /// The admin secret is wrong.
    #[error("{host} rejected the admin secret")]
    WrongSecret {
        /// Host and port.
        host: String,
    },
    /// The server has no admin secret.
    #[error("{host} is open: it has no admin secret, so every request has admin rights")]
    Open {
        /// Host and port.
        host: String,
    },
    /// The source does not exist.
    #[error("no source `{source_name}`{}", known(sources))]
    NoSource {
        /// As requested.
        source_name: String,
        /// The sources that exist.
        sources: Vec<String>,
    },
    /// The source is not PostgreSQL.
    #[error("the source `{source_name}` is a {kind} database")]
    SourceKind {
        /// The source.
        source_name: String,
        /// Its kind, as in the metadata.
        kind: String,
    },
    /// Hasura gives the tables other GraphQL names.
    #[error("{place} has custom GraphQL names")]
    Renamed {
        /// `source default`, `table todos`.
        place: String,
    },
    /// The tables cannot be upgraded in place.
    #[error("the tables cannot be upgraded: {}", problems.join("; "))]
    Incompatible {
        /// The reasons, each a clause.
        problems: Vec<String>,
    },
    /// A statement failed.
    #[error("{step} failed: {message} (SQLSTATE {state})")]
    Sql {
        /// The step: `migration full`.
        step: String,
        /// PostgreSQL's message, without its context.
        message: String,
        /// The error code.
        state: String,
    },
    /// The admin API refused a request for another reason.
    #[error("{host} refused to {what}: {message} ({code})")]
    Refused {
        /// Host and port.
        host: String,
        /// The action: `replace the metadata`.
        what: &'static str,
        /// Hasura's error code.
        code: String,
        /// Its message.
        message: String,
    },
    /// The new metadata does not fit the database.
    #[error(
        "the metadata would become inconsistent: {}; {}",
        objects.join(", "),
        if *restored { "the previous metadata is in place" } else { "it could not be restored" }
    )]
    Inconsistent {
        /// The objects that became inconsistent.
        objects: Vec<String>,
        /// Whether the previous metadata is in place.
        restored: bool,
    },
    /// The metadata was changed concurrently.
    #[error("the metadata changed during {tries} attempts to replace it")]
    Conflict {
        /// The number of attempts.
        tries: u32,
    },
    /// The final check failed.
    #[error("the check failed after everything was applied: {what}")]
    Unverified {
        /// The failed check.
        what: String,
    },
    /// An answer that is not one of Hasura's API.
    #[error("{host} sent an invalid answer to {what}")]
    InvalidResponse {
        /// Host and port.
        host: String,
        /// The request.
        what: &'static str,
    },
    /// The HTTP client could not be built.
    #[error("cannot set up TLS")]
    Tls,
}

fn known(sources: &[String]) -> String {
    if sources.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = sources.iter().map(|name| format!("`{name}`")).collect();
    format!("; there is {}", quoted.join(", "))
}

impl HasuraError {
    /// The stable code for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::ServerError { .. } => "unreachable",
            Self::Redirect { .. } => "hasura-redirect",
            Self::NotHasura { .. } => "not-hasura",
            Self::ApiDisabled { .. } => "hasura-api-disabled",
            Self::WrongSecret { .. } => "admin-secret-wrong",
            Self::Open { .. } => "hasura-open",
            Self::NoSource { .. } | Self::SourceKind { .. } => "hasura-source",
            Self::Renamed { .. } => "hasura-renamed",
            Self::Incompatible { .. } => "tables-incompatible",
            Self::Sql { .. } => "sql-failed",
            Self::Refused { .. } => "refused",
            Self::Inconsistent { .. } => "metadata-inconsistent",
            Self::Conflict { .. } => "metadata-conflict",
            Self::Unverified { .. } => "unverified",
            Self::InvalidResponse { .. } => "invalid-response",
            Self::Tls => "tls",
        }
    }

    /// The error as a finding.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let finding = Finding::failed(self.code(), self.to_string()).help(self.help());
        if matches!(self, Self::ApiDisabled { .. }) {
            finding.fix("HASURA_GRAPHQL_ENABLED_APIS=metadata,graphql")
        } else {
            finding
        }
    }

    /// The kind of failure, for the exit code.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Unreachable { .. } | Self::ServerError { .. } | Self::InvalidResponse { .. } => {
                FailureKind::Unreachable
            }
            Self::Redirect { .. }
            | Self::NotHasura { .. }
            | Self::ApiDisabled { .. }
            | Self::WrongSecret { .. }
            | Self::Open { .. }
            | Self::NoSource { .. }
            | Self::SourceKind { .. }
            | Self::Renamed { .. } => FailureKind::Misconfigured,
            Self::Incompatible { .. }
            | Self::Sql { .. }
            | Self::Refused { .. }
            | Self::Inconsistent { .. }
            | Self::Conflict { .. }
            | Self::Unverified { .. } => FailureKind::Refused,
            Self::Tls => FailureKind::Failed,
        }
    }

    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::Unreachable { host, reason } => {
                return reason.help(host).unwrap_or_else(|| {
                    "Check that Hasura is running at this address, then run the command again."
                        .to_owned()
                });
            }
            Self::ServerError { .. } | Self::InvalidResponse { .. } => {
                "Read Hasura's log, then run the command again."
            }
            Self::Redirect { .. } => "Use the address that the server redirects to.",
            Self::NotHasura { .. } => {
                "Use the address of Hasura; its GraphQL endpoint ends with `/v1/graphql`."
            }
            Self::ApiDisabled { .. } => {
                "Set HASURA_GRAPHQL_ENABLED_APIS=metadata,graphql on the server and restart it."
            }
            Self::WrongSecret { .. } => {
                "Use the value of HASURA_GRAPHQL_ADMIN_SECRET on the server."
            }
            Self::Open { .. } => "Set HASURA_GRAPHQL_ADMIN_SECRET on the server and restart it.",
            Self::NoSource { .. } => {
                "Name one with --source, or connect a PostgreSQL database in Hasura."
            }
            Self::SourceKind { .. } => "Name a PostgreSQL source with --source.",
            Self::Renamed { .. } => {
                "Remove the custom names in Hasura: tudone uses the names of tables and columns."
            }
            Self::Incompatible { .. } => {
                "Rename these tables, or use another database, then run the command again."
            }
            Self::Sql { state, .. } => return sql_help(state).to_owned(),
            Self::Refused { .. } | Self::Inconsistent { .. } => {
                "Check the metadata status in Hasura's console, then run the command again."
            }
            Self::Conflict { .. } => {
                "Run the command again when nothing else changes the metadata."
            }
            Self::Unverified { .. } => {
                "Run the command again with --dry-run to see what is missing."
            }
            Self::Tls => {
                "Install your system's CA certificates (Debian: `ca-certificates`), or set \
                 SSL_CERT_FILE."
            }
        };
        help.to_owned()
    }
}

fn sql_help(state: &str) -> &'static str {
    match state {
        "42501" => "Grant Hasura's database user the right to create tables in the schema public.",
        "55P03" => "Run the command again when no long transaction uses the tables.",
        "57014" | "40001" | "40P01" => "Run the command again when the database is less busy.",
        "23505" => "Remove the duplicate rows, then run the command again.",
        _ => "Read PostgreSQL's log, then run the command again.",
    }
}
