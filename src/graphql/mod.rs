//! The Hasura client: implements [`Remote`].
//!
//! `operations` contains the typed documents of `queries/`; `convert` writes
//! requests and reads answers, and alone knows the generated types; `answer`
//! interprets HTTP responses; `client` sends requests over a `transport`; `live`
//! is the websocket protocol, `socket` the websocket.

use std::time::Duration;

use reqwest::Url;

use crate::auth::access::AccessToken;
use crate::auth::session::AuthSession;
use crate::domain::feed::{Capabilities, Mark};
use crate::graphql::client::HasuraClient;
use crate::graphql::live::LiveError;
use crate::graphql::socket::Doorbell;
use crate::graphql::transport::{Http, Transport};
use crate::http::{HttpError, REQUEST_LIMIT};
use crate::sync::remote::{
    BareRow, Batch, Exchanged, Page, PageRequest, PushAnswer, Remote, RemoteError,
};

mod answer;
mod capabilities;
mod client;
mod convert;
mod exchange;
pub mod live;
mod operations;
pub mod socket;
pub mod transport;

/// A client of one Hasura endpoint with one login.
#[derive(Debug, Clone)]
pub struct Hasura<T = Http> {
    client: HasuraClient<T>,
}

impl Hasura {
    /// Creates a client of `endpoint` with the tokens of `session`.
    ///
    /// # Errors
    ///
    /// When the system's certificates cannot be loaded.
    pub fn new(endpoint: Url, session: AuthSession) -> Result<Self, HttpError> {
        Self::with_limit(endpoint, session, REQUEST_LIMIT)
    }

    /// Like [`Hasura::new`], with the time limit `limit` for requests. The doorbell
    /// has its own limits.
    ///
    /// # Errors
    ///
    /// When the system's certificates cannot be loaded.
    pub fn with_limit(
        endpoint: Url,
        session: AuthSession,
        limit: Duration,
    ) -> Result<Self, HttpError> {
        Ok(Self::over(Http::new(endpoint, limit)?, session))
    }

    /// Checks that Hasura accepts this token and lets it read todos. The token is
    /// not renewed.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Unauthorized`] when the token is rejected,
    /// [`RemoteError::Rejected`] when it is accepted, but todos cannot be read.
    pub async fn verify(&self, token: &AccessToken) -> Result<(), RemoteError> {
        self.client.call_with(&convert::Verify, token).await
    }

    /// Returns whether the server has sent a GraphQL answer yet: then it is
    /// reachable, however long the rest takes.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.client.has_answered()
    }

    /// Opens a live connection that rings after each change. Full backend only: a
    /// bare one has no revision to subscribe to.
    ///
    /// # Errors
    ///
    /// See [`LiveError`]. A rejected token is renewed once.
    pub async fn doorbell(&self) -> Result<Doorbell, LiveError> {
        self.client.doorbell().await
    }
}

impl<T: Transport> Hasura<T> {
    /// Creates a client over `transport` with the tokens of `session`.
    #[must_use]
    pub fn over(transport: T, session: AuthSession) -> Self {
        Self {
            client: HasuraClient::new(transport, session),
        }
    }
}

impl<T: Transport> Remote for Hasura<T> {
    fn endpoint(&self) -> &str {
        self.client.endpoint()
    }

    async fn capabilities(&self) -> Result<Capabilities, RemoteError> {
        capabilities::of_role(&self.client).await
    }

    async fn prepare(&self) -> Result<(), RemoteError> {
        self.client.prepare().await
    }

    async fn mark(&self) -> Result<Mark, RemoteError> {
        self.client
            .call(&convert::ReadMark)
            .await?
            .ok_or_else(exchange::no_user)
    }

    async fn page(&self, asked: PageRequest) -> Result<Page, RemoteError> {
        self.client.exchange(&[], asked).await.page
    }

    async fn rows(&self, after: i64, limit: usize) -> Result<Vec<BareRow>, RemoteError> {
        self.client.call(&convert::Snapshot { after, limit }).await
    }

    async fn push(&self, batch: &Batch) -> Result<Vec<PushAnswer>, RemoteError> {
        self.client.call(batch).await
    }

    async fn exchange(&self, batches: &[&Batch], asked: PageRequest) -> Exchanged {
        self.client.exchange(batches, asked).await
    }
}
