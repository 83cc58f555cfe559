//! The port to the server.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::error::AuthError;
use crate::domain::feed::{Capabilities, FeedRow, Mark};
use crate::domain::key::Key;

/// The server, as sync needs it. Adapters decide nothing: they send and parse.
#[expect(
    async_fn_in_trait,
    reason = "callers are generic and run on one thread"
)]
pub trait Remote {
    /// The endpoint's address, as configured: names the rows of a bare backend.
    fn endpoint(&self) -> &str;
    /// What the role may do.
    async fn capabilities(&self) -> Result<Capabilities, RemoteError>;
    /// Gets what a request needs before it can be sent: an access token.
    async fn prepare(&self) -> Result<(), RemoteError> {
        Ok(())
    }
    /// Reads the user's mark (full backend).
    async fn mark(&self) -> Result<Mark, RemoteError>;
    /// Reads one page of the change feed (full backend).
    async fn page(&self, asked: PageRequest) -> Result<Page, RemoteError>;
    /// Reads at most `limit` rows with a greater id than `after`, in id order
    /// (bare backend). Only an empty page is the end.
    async fn rows(&self, after: i64, limit: usize) -> Result<Vec<BareRow>, RemoteError>;
    /// Sends one batch; one answer an entry, in order.
    async fn push(&self, batch: &Batch) -> Result<Vec<Answer>, RemoteError>;

    /// Reads the mark, sends `batches` in order, each in a transaction of its own,
    /// and then reads a page of the change feed (full backend): in one request
    /// where the server takes several operations at once, else one after the
    /// other until one gets no answer.
    async fn exchange(&self, batches: &[&Batch], asked: PageRequest) -> Exchanged {
        let mut pushed = Vec::with_capacity(batches.len());
        let mark_before = match self.mark().await {
            Ok(mark) => Some(mark),
            Err(error) => {
                return Exchanged {
                    mark_before: None,
                    pushed,
                    page: Err(error),
                    single_operations: asked.single_operations,
                };
            }
        };
        for batch in batches {
            let outcome = self.push(batch).await;
            let failure = outcome.as_ref().err().filter(|it| !it.is_of_operation());
            let failure = failure.cloned();
            pushed.push(outcome);
            if let Some(error) = failure {
                return Exchanged {
                    mark_before,
                    pushed,
                    page: Err(error),
                    single_operations: asked.single_operations,
                };
            }
        }
        Exchanged {
            mark_before,
            pushed,
            page: self.page(asked).await,
            single_operations: asked.single_operations,
        }
    }
}

/// Which page of the change feed to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Changes after this revision, in revision order.
    pub since: i64,
    /// At most so many; the server may send fewer.
    pub limit: usize,
    /// Whether the server is known to take one operation a request only.
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

/// What came of an exchange.
#[derive(Debug, Clone)]
pub struct Exchanged {
    /// The mark as it was before the batches: what they write must not hide that
    /// the server was reset.
    pub mark_before: Option<Mark>,
    /// One for each batch, in order; those without one were not sent.
    pub pushed: Vec<Result<Vec<Answer>, RemoteError>>,
    /// The page.
    pub page: Result<Page, RemoteError>,
    /// Whether the server takes one operation a request only, as known now.
    pub single_operations: bool,
}

/// An edit of a row of a full backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The todo.
    pub key: Key,
    /// The revision it is made on.
    pub revision: i64,
    /// The text it is made on.
    pub before: String,
    /// The text wanted.
    pub after: String,
}

/// A row of a bare backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BareRow {
    /// The server's id.
    pub id: i64,
    /// Its text; a null one is empty.
    pub text: String,
}

/// What one request sends. At most [`Batch::MAX_ENTRIES`] entries, one a todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch {
    /// Adds by key; a repeated one changes nothing.
    Add(Vec<(Key, String)>),
    /// Edits, each only if revision and text are still the ones given: after a
    /// server was restored the revision alone may stand for another text.
    Edit(Vec<Edit>),
    /// Removals by key.
    Remove(Vec<Key>),
    /// A removal of a todo whose add may have been sent: add and delete in one
    /// mutation, which leaves a tombstone either way.
    AddAndRemove(Key, String),
    /// Bare backend: adds, all or none.
    BareAdd(Vec<String>),
    /// Bare backend: one edit, only if the text is still the one seen.
    BareEdit {
        /// The row.
        id: i64,
        /// The text seen.
        before: String,
        /// The text wanted.
        after: String,
    },
    /// Bare backend: one removal, only if the text is still the one seen.
    BareRemove {
        /// The row.
        id: i64,
        /// The text seen.
        before: String,
    },
}

impl Batch {
    /// The most entries one request carries.
    pub const MAX_ENTRIES: usize = 500;

    /// How much text it carries, in bytes.
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

/// What the server said of one entry of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A row was written.
    Row {
        /// Its id.
        id: i64,
        /// Its revision; 0 on a bare backend.
        revision: i64,
    },
    /// No row was written: the key existed (or has a tombstone), the revision or
    /// text is another, or the row is gone.
    NoRow,
}

/// Why the server did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// No connection was made: nothing arrived.
    #[error("cannot reach {host}: {message}")]
    Unreachable {
        /// The server.
        host: String,
        /// The network's error.
        message: String,
    },
    /// The connection was lost or timed out after the request left: it may have arrived.
    #[error("the connection to {host} was lost: {message}")]
    ConnectionLost {
        /// The server.
        host: String,
        /// The network's error.
        message: String,
    },
    /// Busy or broken for now (5xx, 429, `unexpected`, `postgres-error`, …).
    #[error("the server is in trouble: {message}")]
    ServerError {
        /// Hasura's code or the HTTP status.
        code: String,
        /// Its message.
        message: String,
        /// When it asked to be left alone for a while.
        retry_after: Option<Duration>,
        /// Whether the request may have been carried out all the same.
        may_have_arrived: bool,
    },
    /// Refused for good: permission, constraint, validation.
    #[error("the server refused: {message}")]
    Refused {
        /// Hasura's `extensions.code`.
        code: String,
        /// Its message.
        message: String,
    },
    /// The token was not accepted, also after one refresh.
    #[error("the server did not accept the login: {message}")]
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
    /// An answer that is no GraphQL answer (HTML, half a JSON, an unknown shape).
    #[error("{host} sent something that is not a GraphQL answer: {message}")]
    InvalidResponse {
        /// The server.
        host: String,
        /// The problem.
        message: String,
    },
    /// An answer larger than what is read of one. A page may be asked for again
    /// with fewer rows.
    #[error("{host} sent more than {limit} bytes at once")]
    TooLarge {
        /// The server.
        host: String,
        /// How much would have been read.
        limit: usize,
    },
}

impl RemoteError {
    /// A stable word for it: Hasura's code where it has one.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::ConnectionLost { .. } => "connection-lost",
            Self::ServerError { code, .. }
            | Self::Refused { code, .. }
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
            Self::Unreachable { message, .. } if message.contains("certificate") => {
                "Set SSL_CERT_FILE to the certificate authority of the endpoint, if it is yours \
                 or your proxy's."
            }
            Self::Unreachable { .. } | Self::ConnectionLost { .. } => {
                "Check the network; what is queued is sent when it is back."
            }
            Self::ServerError { .. } => "Wait a while; what is queued is sent again.",
            Self::Refused { .. } => "Check what the role may do in Hasura's permissions.",
            Self::Unauthorized { .. } => "Run `tudone login`, which names the wrong setting.",
            Self::NoToken { source } => return source.help().into(),
            Self::InvalidResponse { .. } => "Check that `endpoint` ends in /v1/graphql.",
            Self::TooLarge { .. } => "Shorten the largest todo with another program.",
        };
        help.into()
    }

    /// Returns whether trying again later may help, with nobody doing anything.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::ServerError { .. }
            | Self::InvalidResponse { .. } => true,
            Self::NoToken { source } => !source.needs_login(),
            Self::Refused { .. } | Self::Unauthorized { .. } | Self::TooLarge { .. } => false,
        }
    }

    /// Returns whether the request may have been carried out all the same.
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
            | Self::Refused { .. }
            | Self::Unauthorized { .. }
            | Self::NoToken { .. } => false,
        }
    }

    /// Whether it is about one operation, so that others may still be answered.
    #[must_use]
    pub const fn is_of_operation(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// The pause the server asked for.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::ServerError { retry_after, .. } => *retry_after,
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::Refused { .. }
            | Self::Unauthorized { .. }
            | Self::NoToken { .. }
            | Self::InvalidResponse { .. }
            | Self::TooLarge { .. } => None,
        }
    }
}
