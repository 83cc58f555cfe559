//! The real client with a fault in one of its requests.

use std::cell::Cell;
use std::net::TcpListener;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tudone::auth::session::AuthSession;
use tudone::domain::feed::{Capabilities, Mark};
use tudone::graphql::Hasura;
use tudone::sync::remote::{
    BareRow, Batch, Exchanged, Page, PageRequest, PushAnswer, Remote, RemoteError, SingleResults,
    one_by_one,
};

use crate::bench::{Bench, Checked};

/// The pause that the busy server asks for.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(7);

/// The short time limit of a client that gives up early.
const PATIENCE: Duration = Duration::from_millis(250);

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Connection refused.
    ConnectionRefused,
    /// The client times out before the server begins.
    TimedOut,
    /// The connection is cut when the head of the request was read.
    CutInTheRequest,
    /// The connection is cut when the whole request was read.
    DroppedBefore,
    /// The request runs, then the connection is cut.
    DroppedAfter,
    /// 503.
    Unavailable,
    /// 429 with `Retry-After`.
    TooManyRequests,
    /// An HTML page of a proxy with status 200.
    WebPage,
    /// The request runs, then the connection is cut in the middle of the answer.
    Truncated,
    /// The server rejects every token issued so far.
    TokenExpired,
}

impl Fault {
    /// Returns the fault as configured in the sandbox.
    fn order(self) -> Option<Value> {
        let mut order = match self {
            Self::ConnectionRefused | Self::TokenExpired => return None,
            Self::TimedOut => json!({"fault": "delay", "ms": 3_600_000}),
            Self::CutInTheRequest => json!({"fault": "refuse"}),
            Self::DroppedBefore => json!({"fault": "drop_before"}),
            Self::DroppedAfter => json!({"fault": "drop_after"}),
            Self::Unavailable => json!({"fault": "status", "status": 503}),
            Self::TooManyRequests => {
                json!({"fault": "status", "status": 429, "retry_after": RETRY_AFTER.as_secs()})
            }
            Self::WebPage => json!({"fault": "html", "status": 200}),
            Self::Truncated => json!({"fault": "truncate"}),
        };
        order["route"] = json!("graphql");
        order["times"] = json!(1);
        Some(order)
    }

    /// Returns whether the client must assume that the request may have run.
    pub(crate) fn may_have_arrived(self) -> bool {
        match self {
            Self::ConnectionRefused | Self::TooManyRequests | Self::TokenExpired => false,
            Self::TimedOut
            | Self::CutInTheRequest
            | Self::DroppedBefore
            | Self::DroppedAfter
            | Self::Unavailable
            | Self::WebPage
            | Self::Truncated => true,
        }
    }

    /// Returns whether the request arrived and was executed.
    pub(crate) fn is_seen_by_the_server(self) -> bool {
        !matches!(self, Self::ConnectionRefused | Self::TimedOut)
    }

    /// Returns whether `error` is the client's error for this fault.
    pub(crate) fn is_told_by(self, error: &RemoteError) -> bool {
        let asked = |wanted| error.retry_after() == wanted;
        let kind = match self {
            Self::ConnectionRefused => matches!(error, RemoteError::Unreachable { .. }),
            Self::TimedOut
            | Self::CutInTheRequest
            | Self::DroppedBefore
            | Self::DroppedAfter
            | Self::Truncated => matches!(error, RemoteError::ConnectionLost { .. }),
            Self::Unavailable => error.code() == "http-503" && asked(None),
            Self::TooManyRequests => error.code() == "http-429" && asked(Some(RETRY_AFTER)),
            Self::WebPage => matches!(error, RemoteError::InvalidResponse { .. }),
            Self::TokenExpired => error.code() == "invalid-jwt",
        };
        kind && error.may_have_arrived() == self.may_have_arrived()
    }

    /// Injects the fault into the next request.
    pub(crate) async fn strike(self, bench: &Bench) -> Checked {
        bench.control(Method::DELETE, "log", Value::Null).await?;
        if self == Self::TokenExpired {
            let later = json!({"clock_s": 7200, "hasura_clock_s": 7200});
            bench.configure(later).await?;
        }
        match self.order() {
            Some(order) => bench.faults(order).await,
            None => Ok(()),
        }
    }

    /// Returns the client for the fault: with a short time limit, with an unused address,
    /// or the usual one.
    pub(crate) fn client(self, bench: &Bench, session: AuthSession) -> Checked<Hasura> {
        if self == Self::ConnectionRefused {
            let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
            let nowhere = format!("http://{free}/v1/graphql").parse()?;
            return Ok(Hasura::new(nowhere, session)?);
        }
        if self == Self::TimedOut {
            let endpoint = bench.sandbox.addresses().endpoint.parse()?;
            return Ok(Hasura::with_limit(endpoint, session, PATIENCE)?);
        }
        bench.hasura_with(session)
    }
}

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Capabilities,
    Push,
    /// A page of changes or of a snapshot.
    Pull,
}

/// The real client with a fault in the first request of one kind.
pub(crate) struct FaultyClient<'a> {
    bench: &'a Bench,
    calm: Hasura,
    unlucky: Hasura,
    struck: Request,
    fault: Fault,
    has_struck: Cell<bool>,
}

impl<'a> FaultyClient<'a> {
    /// Creates the client with the tokens of `session`.
    pub(crate) fn new(
        bench: &'a Bench,
        session: &AuthSession,
        struck: Request,
        fault: Fault,
    ) -> Checked<Self> {
        Ok(Self {
            bench,
            calm: bench.hasura_with(session.clone())?,
            unlucky: fault.client(bench, session.clone())?,
            struck,
            fault,
            has_struck: Cell::new(false),
        })
    }

    pub(crate) fn has_struck(&self) -> bool {
        self.has_struck.get()
    }

    /// Returns the client for a request of this kind.
    async fn client(&self, request: Request) -> Result<&Hasura, RemoteError> {
        if request != self.struck || self.has_struck.replace(true) {
            return Ok(&self.calm);
        }
        match self.fault.strike(self.bench).await {
            Ok(()) => Ok(&self.unlucky),
            Err(why) => Err(RemoteError::InvalidResponse {
                host: "the test's control route".to_owned(),
                message: why.to_string(),
            }),
        }
    }
}

impl Remote for FaultyClient<'_> {
    fn endpoint(&self) -> &str {
        self.calm.endpoint()
    }

    async fn capabilities(&self) -> Result<Capabilities, RemoteError> {
        self.client(Request::Capabilities)
            .await?
            .capabilities()
            .await
    }

    async fn prepare(&self) -> Result<(), RemoteError> {
        self.calm.prepare().await
    }

    async fn mark(&self) -> Result<Mark, RemoteError> {
        self.calm.mark().await
    }

    async fn page(&self, asked: PageRequest) -> Result<Page, RemoteError> {
        self.client(Request::Pull).await?.page(asked).await
    }

    async fn rows(&self, after: i64, limit: usize) -> Result<Vec<BareRow>, RemoteError> {
        self.client(Request::Pull).await?.rows(after, limit).await
    }

    async fn push(&self, batch: &Batch) -> Result<Vec<PushAnswer>, RemoteError> {
        self.client(Request::Push).await?.push(batch).await
    }

    async fn exchange(&self, batches: &[&Batch], asked: PageRequest) -> Exchanged {
        let push = async |batch: &Batch| self.push(batch).await;
        let SingleResults { mark, pushed, page } =
            Box::pin(one_by_one(batches, self.mark(), push, self.page(asked))).await;
        Exchanged {
            mark_before: mark.ok(),
            pushed,
            page,
            single_operations: asked.single_operations,
        }
    }
}
