//! Hasura: the adapter of the port [`Remote`].
//!
//! `operations` are the documents in `queries/`, typed; `convert` writes
//! requests and reads answers, and alone knows the generated types; `answer`
//! tells what an HTTP answer means; `client` sends, over a `transport`; `live`
//! is what is said on a websocket, `socket` the websocket.

use std::time::Duration;

use reqwest::Url;

use crate::auth::access::AccessToken;
use crate::auth::session::Session;
use crate::domain::feed::{Capabilities, Mark};
use crate::graphql::client::Client;
use crate::graphql::live::LiveError;
use crate::graphql::socket::Doorbell;
use crate::graphql::transport::{Http, Transport};
use crate::http::{HttpError, REQUEST_LIMIT};
use crate::sync::remote::{
    Answer, BareRow, Batch, Exchanged, Page, PageRequest, Remote, RemoteError,
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

/// A Hasura endpoint and a login.
#[derive(Debug, Clone)]
pub struct Hasura<T = Http> {
    client: Client<T>,
}

impl Hasura {
    /// Speaks to `endpoint` with the tokens of `session`.
    ///
    /// # Errors
    ///
    /// When the system's certificates cannot be loaded.
    pub fn new(endpoint: Url, session: Session) -> Result<Self, HttpError> {
        Self::within(endpoint, session, REQUEST_LIMIT)
    }

    /// As [`Hasura::new`], but a request is given up after `limit`. The
    /// doorbell has limits of its own.
    ///
    /// # Errors
    ///
    /// When the system's certificates cannot be loaded.
    pub fn within(endpoint: Url, session: Session, limit: Duration) -> Result<Self, HttpError> {
        Ok(Self::over(Http::new(endpoint, limit)?, session))
    }

    /// Returns whether Hasura takes this token, asked with the least that a working
    /// login can read on either backend. Nothing is renewed.
    ///
    /// # Errors
    ///
    /// [`RemoteError::Unauthorized`] when the token is not taken,
    /// [`RemoteError::Refused`] when it is, but todos cannot be read.
    pub async fn verify(&self, token: &AccessToken) -> Result<(), RemoteError> {
        self.client.call_with(&convert::Verify, token).await
    }

    /// Returns whether the server has answered anything yet as it should: then it is
    /// within reach, however long the rest takes.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.client.has_answered()
    }

    /// Opens a live connection that rings when something changed. Full
    /// backend only: a bare one has nothing to ring by.
    ///
    /// # Errors
    ///
    /// See [`LiveError`]. A token that is not accepted is renewed once.
    pub async fn doorbell(&self) -> Result<Doorbell, LiveError> {
        self.client.doorbell().await
    }
}

impl<T: Transport> Hasura<T> {
    /// Speaks over `transport` with the tokens of `session`.
    #[must_use]
    pub fn over(transport: T, session: Session) -> Self {
        Self {
            client: Client::new(transport, session),
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

    async fn push(&self, batch: &Batch) -> Result<Vec<Answer>, RemoteError> {
        self.client.call(batch).await
    }

    async fn exchange(&self, batches: &[&Batch], asked: PageRequest) -> Exchanged {
        self.client.exchange(batches, asked).await
    }
}
