//! The HTTP layer of both halves: routes, faults, log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use futures_util::StreamExt as _;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::backend::{Backend, JwtConfig, Policy};
use super::clock::AdjustableClock;
use super::faults::{Faults, InjectedFault, Route};
use super::identity::{self, AUDIENCE, IdentityProvider};
use super::line::{ConnectionCutter, OpenConnections};
use super::log::Log;
use super::settings::{Configuration, Settings, SettingsError};
use super::{control, graphql, guard};

/// The size limit of a request body, in bytes. Hasura itself has none.
const LONGEST_BODY: usize = 256 * 1024 * 1024;

/// The state shared by the routes.
#[derive(Debug)]
pub(super) struct SandboxState {
    pub(super) backend: Backend,
    pub(super) identity: IdentityProvider,
    pub(super) clocks: Clocks,
    pub(super) faults: Faults,
    pub(super) log: Log,
    /// Open websockets.
    pub(super) sockets: OpenConnections,
    /// Incremented each time all websockets are cut.
    pub(super) cut: watch::Sender<u64>,
    /// The address that clients use (`http://127.0.0.1:port`), without a slash.
    pub(super) base: String,
    pub(super) configuration: Arc<Mutex<Configuration>>,
    /// The state at the start.
    pub(super) original: Configuration,
    /// Held while the configuration is being changed.
    pub(super) changing: Mutex<()>,
}

/// The two machines' clocks.
#[derive(Debug, Clone, Default)]
pub(super) struct Clocks {
    pub(super) identity: AdjustableClock,
    pub(super) hasura: AdjustableClock,
}

/// Marks the answer to a request that changed rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Committed;

/// Marks a request whose socket is to be cut as soon as it is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct CutWhenOpen;

impl SandboxState {
    /// Merges `patch` into the configuration, or rejects it as a whole.
    pub(super) fn configure(&self, patch: &Map<String, Value>) -> Result<Value, SettingsError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, policy) = self.configuration().merged(patch)?;
        self.apply(next, policy)
    }

    /// Restores the initial configuration.
    pub(super) fn unconfigure(&self) -> Result<Value, SettingsError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.apply(self.original.clone(), Policy::default())
    }

    /// Sets the initial configuration of both halves.
    pub(super) fn begin(&self) {
        self.backend.set_policy(Policy::default());
        self.backend.set_jwt(self.jwt(&self.original.settings));
    }

    fn apply(&self, next: Configuration, policy: Policy) -> Result<Value, SettingsError> {
        let jwt = self.jwt(&next.settings);
        let shown = next.shown()?;
        let (identity, hasura) = (next.settings.clock_s, next.settings.hasura_clock_s);
        self.clocks.identity.set_offset_s(identity.into());
        self.clocks.hasura.set_offset_s(hasura.into());
        *self.configuration() = next;
        self.backend.set_policy(policy);
        self.backend.set_jwt(jwt);
        Ok(shown)
    }

    fn jwt(&self, settings: &Settings) -> JwtConfig {
        let key = self.identity.key();
        let slash = if settings.hasura_issuer_slash {
            "/"
        } else {
            ""
        };
        JwtConfig {
            keys: vec![(key.kid().to_owned(), key.public().clone())],
            audience: Some(AUDIENCE.to_owned()),
            issuer: Some(format!("{}{slash}", self.base)),
            clock_offset_s: settings.hasura_clock_s.into(),
        }
    }

    pub(super) fn configuration(&self) -> MutexGuard<'_, Configuration> {
        self.configuration
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every route of the sandbox.
pub(super) fn router(frame: &Arc<SandboxState>) -> Router {
    Router::new()
        .route("/v1/graphql", post(graphql::answer).get(graphql::socket))
        .route("/healthz", get(async || "OK"))
        .route("/hasura/healthz", get(async || "OK"))
        .route(
            "/v1/version",
            get(async || Json(json!({"version": "v2.48.0", "server_type": "ce"}))),
        )
        .with_state(Arc::clone(frame))
        .method_not_allowed_fallback(async || graphql::not_found())
        .merge(identity::router(frame.identity.clone()))
        .nest("/control", control::router(Arc::clone(frame)))
        .fallback(async || graphql::not_found())
        .layer(middleware::from_fn_with_state(Arc::clone(frame), observe))
        .layer(middleware::from_fn_with_state(
            Arc::clone(frame),
            guard::guard,
        ))
        .layer(DefaultBodyLimit::disable())
}

/// Injects the next fault, and writes the log.
async fn observe(
    State(frame): State<Arc<SandboxState>>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    request: Request,
    next: Next,
) -> Response {
    let Some(route) = Route::of(request.method(), request.uri().path(), request.headers()) else {
        return next.run(request).await;
    };
    let fault = frame.faults.take(route);
    if fault == Some(InjectedFault::Refuse) {
        frame.log.count(fault);
        frame.log.add(route, None, 0, 0);
        return cut(&line);
    }
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let asked = body.len();
    let fault = fault.or_else(|| {
        let is_mutation = || route == Route::Graphql && graphql::is_mutation(&body);
        frame.faults.take_if(Route::Mutation, is_mutation)
    });
    frame.log.count(fault);
    if let Some(InjectedFault::Delay(wait)) = fault {
        tokio::time::sleep(wait).await;
    }
    let pending = Pending {
        frame: &frame,
        route,
        asked,
        is_answered: false,
    };
    match fault {
        // The body must be read to know whether it is a mutation.
        Some(InjectedFault::DropBefore | InjectedFault::Refuse) => return cut(&line),
        Some(InjectedFault::Status { code, retry_after }) => {
            return pending.whole(failure(code, retry_after)).await;
        }
        Some(InjectedFault::Html(code)) => return pending.whole(html(code)).await,
        Some(InjectedFault::DropAfter) if route == Route::Socket => {
            parts.extensions.insert(CutWhenOpen);
        }
        Some(
            InjectedFault::Delay(_)
            | InjectedFault::DelayAfter(_)
            | InjectedFault::DropAfter
            | InjectedFault::Truncate,
        )
        | None => {}
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    answered(pending, fault, response, line).await
}

/// Applies the injected fault to an answer.
async fn answered(
    pending: Pending<'_>,
    fault: Option<InjectedFault>,
    response: Response,
    line: ConnectionCutter,
) -> Response {
    if matches!(
        fault,
        Some(InjectedFault::DropAfter | InjectedFault::Truncate)
    ) && response.extensions().get::<Committed>().is_some()
    {
        pending.frame.log.count_unanswered_commit();
    }
    match fault {
        Some(InjectedFault::DropAfter) if pending.route != Route::Socket => cut(&line),
        Some(InjectedFault::Truncate) => pending.truncated(response, line).await,
        Some(InjectedFault::DelayAfter(wait)) => {
            tokio::time::sleep(wait).await;
            pending.whole(response).await
        }
        Some(_) | None => pending.whole(response).await,
    }
}

/// A request without an answer. If it is dropped, because its client disconnected
/// or was cut off, it is logged without a status.
struct Pending<'a> {
    frame: &'a SandboxState,
    route: Route,
    asked: usize,
    is_answered: bool,
}

impl Pending<'_> {
    /// Returns the complete answer.
    async fn whole(self, response: Response) -> Response {
        let status = response.status().as_u16();
        if self.route == Route::Socket {
            // The body of an upgrade is the connection itself.
            self.log(status, 0);
            return response;
        }
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        self.log(status, body.len());
        Response::from_parts(parts, Body::from(body))
    }

    /// Announces the complete body, sends the first half and closes the connection.
    async fn truncated(self, response: Response, line: ConnectionCutter) -> Response {
        let (mut parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let half: Bytes = body.slice(..body.len() / 2);
        self.log(parts.status.as_u16(), half.len());
        parts
            .headers
            .insert(header::CONTENT_LENGTH, body.len().max(2).into());
        let start = futures_util::stream::once(async move { Ok(half) });
        let end = futures_util::stream::once(async move {
            // Yields, so that the first half is sent.
            tokio::task::yield_now().await;
            line.cut();
            Err(std::io::Error::other("cut on purpose"))
        });
        Response::from_parts(parts, Body::from_stream(start.chain(end)))
    }

    fn log(mut self, status: u16, answered: usize) {
        self.is_answered = true;
        let log = &self.frame.log;
        log.add(self.route, Some(status), self.asked, answered);
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.frame.log.add(self.route, None, self.asked, 0);
        }
    }
}

/// Closes the connection. The returned answer is never sent.
fn cut(line: &ConnectionCutter) -> Response {
    line.cut();
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn failure(code: StatusCode, retry_after: Option<u32>) -> Response {
    let mut response = (code, "injected fault\n").into_response();
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The page of a proxy in front of a dead server.
fn html(code: StatusCode) -> Response {
    let page = format!(
        "<html>\r\n<head><title>{code}</title></head>\r\n<body>\r\n\
         <center><h1>{code}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    (code, axum::response::Html(page)).into_response()
}

/// The marker as an extractor's argument.
pub(super) type CutMark = Option<Extension<CutWhenOpen>>;
