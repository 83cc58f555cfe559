//! The server as sync uses it: requests, answers and errors.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::error::AuthError;
use crate::domain::feed::{Capabilities, FeedRow, Mark};
use crate::domain::key::Key;
use crate::http::RequestFailure;

/// A connection to the server. Implementations only send and parse.
#[expect(
    async_fn_in_trait,
    reason = "callers are generic and run on one thread"
)]
pub trait Remote {
    /// Returns the configured address, which names the rows of a bare backend.
    fn endpoint(&self) -> &str;
    /// Finds out the role's permissions.
    async fn capabilities(&self) -> Result<Capabilities, RemoteError>;
    /// Gets an access token, which a request needs before it can be sent.
    async fn prepare(&self) -> Result<(), RemoteError>;
    /// Reads the user's mark (full backend).
    async fn mark(&self) -> Result<Mark, RemoteError>;
    /// Reads one page of the change feed (full backend).
    async fn page(&self, request: PageRequest) -> Result<Page, RemoteError>;
    /// Reads at most `limit` rows with a greater id than `after`, in id order
    /// (bare backend). The list ends with the first empty page.
    async fn rows(&self, after: i64, limit: usize) -> Result<Vec<BareRow>, RemoteError>;
    /// Sends one batch; returns one answer for each entry, in order.
    async fn push(&self, batch: &Batch) -> Result<Vec<PushAnswer>, RemoteError>;

    /// Reads the mark, sends `batches` in order, each in its own transaction, and then
    /// reads a page of the change feed (full backend). Sends one request if the server
    /// accepts several operations at once, otherwise one request for each operation
    /// until one gets no answer.
    async fn exchange(&self, batches: &[&Batch], request: PageRequest) -> Exchanged;
}

/// A request for a page of the change feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The last revision received: later changes are requested, in revision order.
    pub since: i64,
    /// The maximum number of changes; the server may send fewer.
    pub limit: usize,
    /// Whether the server is known to accept only one operation per request.
    pub single_operations: bool,
}

/// One page of the change feed and the user's mark, read after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The changes, in revision order. The page is the last one when it reaches
    /// the mark's revision, or is empty.
    pub changes: Vec<FeedRow>,
    /// The mark.
    pub mark: Mark,
}

/// The results of an exchange.
#[derive(Debug, Clone)]
pub struct Exchanged {
    /// The mark before the batches: their writes must not hide a reset of the server.
    pub mark_before: Option<Mark>,
    /// One result for each batch that was sent, in order.
    pub pushed: Vec<Result<Vec<PushAnswer>, RemoteError>>,
    /// The page.
    pub page: Result<Page, RemoteError>,
    /// Whether the server is now known to accept only one operation per request.
    pub single_operations: bool,
}

/// The results of the operations of an exchange that were sent one by one.
#[derive(Debug)]
pub struct SingleResults<M, P> {
    /// The mark before the batches.
    pub mark: Result<M, RemoteError>,
    /// One result for each batch that was sent, in order.
    pub pushed: Vec<Result<Vec<PushAnswer>, RemoteError>>,
    /// The page.
    pub page: Result<P, RemoteError>,
}

/// Sends the operations of an exchange one by one, until one gets no answer.
pub async fn one_by_one<M, P>(
    batches: &[&Batch],
    mark: impl Future<Output = Result<M, RemoteError>>,
    push: impl AsyncFn(&Batch) -> Result<Vec<PushAnswer>, RemoteError>,
    page: impl Future<Output = Result<P, RemoteError>>,
) -> SingleResults<M, P> {
    let mark = mark.await;
    let mut failure = mark.as_ref().err().cloned();
    let mut pushed = Vec::with_capacity(batches.len());
    for batch in batches {
        if failure.is_some() {
            break;
        }
        let outcome = push(batch).await;
        let error = outcome.as_ref().err().filter(|it| !it.is_of_operation());
        failure = error.cloned();
        pushed.push(outcome);
    }
    let page = match failure {
        Some(error) => Err(error),
        None => page.await,
    };
    SingleResults { mark, pushed, page }
}

/// An edit of a row of a full backend, which has keys and revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedEdit {
    /// The todo.
    pub key: Key,
    /// The revision that it is based on.
    pub revision: i64,
    /// The text that it is based on.
    pub before: String,
    /// The new text.
    pub after: String,
}

/// A row of a bare backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BareRow {
    /// The server's id.
    pub id: i64,
    /// Its text; empty if it is null.
    pub text: String,
}

/// The content of one request: at most [`Batch::MAX_ENTRIES`] entries, one per todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch {
    /// Adds by key; a repeated one changes nothing.
    Add(Vec<(Key, String)>),
    /// Edits, each applied only to the given revision and text: after a restore of
    /// the server the same revision may have another text.
    Edit(Vec<KeyedEdit>),
    /// Deletions by key.
    Remove(Vec<Key>),
    /// Adds and deletes, in one mutation, a todo whose add may have arrived; this
    /// leaves a tombstone in any case.
    AddAndRemove(Key, String),
    /// Bare backend: adds, all or none.
    BareAdd(Vec<String>),
    /// Bare backend: one edit, applied only to the given text.
    BareEdit {
        /// The row.
        id: i64,
        /// The text that it was based on.
        before: String,
        /// The new text.
        after: String,
    },
    /// Bare backend: one deletion, applied only to the given text.
    BareRemove {
        /// The row.
        id: i64,
        /// The text that it was based on.
        before: String,
    },
}

impl Batch {
    /// The maximum number of entries in one request.
    pub const MAX_ENTRIES: usize = 500;

    /// Returns the total length of its texts, in bytes.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Add(adds) => adds.iter().map(|(_, text)| text.len()).sum(),
            Self::Edit(edits) => edits
                .iter()
                .map(|edit| edit.before.len() + edit.after.len())
                .sum(),
            Self::Remove(_) => 0,
            Self::BareAdd(texts) => texts.iter().map(String::len).sum(),
            Self::AddAndRemove(_, text) | Self::BareRemove { before: text, .. } => text.len(),
            Self::BareEdit { before, after, .. } => before.len() + after.len(),
        }
    }
}

/// The server's answer to one entry of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushAnswer {
    /// A row was written.
    Row {
        /// Its id.
        id: i64,
        /// Its revision; 0 on a bare backend.
        revision: i64,
    },
    /// No row was written: the key existed (or has a tombstone), the revision or
    /// the text differs, or the row was deleted.
    NoRow,
}

/// An error of a request to the server.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// No connection was made: nothing arrived.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// The server.
        host: String,
        /// The reason.
        reason: RequestFailure,
    },
    /// The connection was lost or timed out after the request left: it may have arrived.
    #[error("the connection to {host} was lost: {reason}")]
    ConnectionLost {
        /// The server.
        host: String,
        /// The reason.
        reason: RequestFailure,
    },
    /// A temporary failure (5xx, 429, `unexpected`, `postgres-error`, …).
    #[error("the server failed: {message}")]
    ServerError {
        /// Hasura's code or the HTTP status.
        code: String,
        /// Its message.
        message: String,
        /// The pause that it asked for.
        retry_after: Option<Duration>,
        /// Whether the request may have been executed nevertheless.
        may_have_arrived: bool,
    },
    /// A permanent rejection: permission, constraint, validation.
    #[error("the server rejected the request: {message}")]
    Rejected {
        /// Hasura's `extensions.code`.
        code: String,
        /// Its message.
        message: String,
    },
    /// The token was rejected, even after one refresh.
    #[error("the server rejected the access token: {message}")]
    Unauthorized {
        /// Hasura's code (`invalid-jwt`, `jwt-…`, `access-denied`).
        code: String,
        /// Its message.
        message: String,
    },
    /// No access token was available; nothing was sent.
    #[error("no access token: {source}")]
    NoToken {
        /// The reason.
        source: Arc<AuthError>,
    },
    /// A response that is not GraphQL (HTML, truncated JSON, an unknown shape).
    #[error("{host} returned an invalid GraphQL response: {message}")]
    InvalidResponse {
        /// The server.
        host: String,
        /// The problem.
        message: String,
    },
    /// A response above the size limit. A page can be requested again with fewer
    /// rows.
    #[error("{host} returned more than {limit} bytes")]
    TooLarge {
        /// The server.
        host: String,
        /// The limit, in bytes.
        limit: usize,
    },
}

impl RemoteError {
    /// Returns a stable code: Hasura's, if it sent one.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::ConnectionLost { .. } => "connection-lost",
            Self::ServerError { code, .. }
            | Self::Rejected { code, .. }
            | Self::Unauthorized { code, .. } => code,
            Self::NoToken { .. } => "no-token",
            Self::InvalidResponse { .. } => "not-graphql",
            Self::TooLarge { .. } => "too-large",
        }
    }

    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> Cow<'static, str> {
        let help = match self {
            Self::Unreachable { host, reason } | Self::ConnectionLost { host, reason } => {
                return reason.help(host).map_or_else(
                    || "Check the network; queued changes are sent when it is back.".into(),
                    Cow::Owned,
                );
            }
            Self::ServerError { .. } => "Wait a while; queued changes are sent again.",
            Self::Rejected { .. } => "Check what the role may do in Hasura's permissions.",
            Self::Unauthorized { .. } => "Run `tudone login`, which names the wrong setting.",
            Self::NoToken { source } => return source.help().into(),
            Self::InvalidResponse { .. } => "Check that `endpoint` ends in /v1/graphql.",
            Self::TooLarge { .. } => "Shorten the largest todo in another program.",
        };
        help.into()
    }

    /// Returns whether a later try may succeed without any action.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::ServerError { .. }
            | Self::InvalidResponse { .. } => true,
            Self::NoToken { source } => !source.needs_login(),
            Self::Rejected { .. } | Self::Unauthorized { .. } | Self::TooLarge { .. } => false,
        }
    }

    /// Returns whether the request may have been executed nevertheless.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::ConnectionLost { .. } | Self::InvalidResponse { .. } | Self::TooLarge { .. } => {
                true
            }
            Self::ServerError {
                may_have_arrived, ..
            } => *may_have_arrived,
            Self::Unreachable { .. }
            | Self::Rejected { .. }
            | Self::Unauthorized { .. }
            | Self::NoToken { .. } => false,
        }
    }

    /// Returns whether it concerns one operation only: others may still be answered.
    #[must_use]
    pub const fn is_of_operation(&self) -> bool {
        matches!(self, Self::Rejected { .. })
    }

    /// Returns the pause that the server asked for.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::ServerError { retry_after, .. } => *retry_after,
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::Rejected { .. }
            | Self::Unauthorized { .. }
            | Self::NoToken { .. }
            | Self::InvalidResponse { .. }
            | Self::TooLarge { .. } => None,
        }
    }
}
