//! A double of Hasura's admin API over a real `PostgreSQL`, built on recordings of
//! real engines (`tests/recordings/admin.json`): it runs the SQL, keeps the
//! metadata with its version and checks it against the tables. It answers
//! `/v1/graphql` from the same metadata and tables, to whom its JWT secret lets in.

mod admin;
mod graphql;
mod jwt;
mod metadata;
mod socket;
mod sql;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use axum::routing::{any, get};
use serde_json::value::RawValue;
use serde_json::{Value, json};

pub(crate) use jwt::JwtMode;

/// What tests return.
pub(crate) type Fallible<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The engine that the double speaks like, where engines differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    V2_13,
    V2_48,
}

/// A wrong setting, or an event in the middle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Every address answers with a page.
    Html,
    /// The metadata API is switched off.
    NoMetadataApi,
    /// The connection breaks after the n-th request (from 1) was carried out.
    CutAfter(usize),
    /// The n-th request (from 1) is carried out and never answered.
    SilentAfter(usize),
    /// Somebody else changes the metadata before the first n replacements.
    Conflicts(usize),
    /// New metadata with our tables makes something else inconsistent.
    Spoils,
    /// Each SQL statement that writes fails, with a database URL in the answer.
    SqlFails,
    /// Every request is redirected.
    Redirect,
}

/// One request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    /// The command of the admin API.
    pub(crate) kind: String,
    pub(crate) body: String,
}

#[derive(Debug)]
pub(crate) struct Shared {
    config: postgres::Config,
    pub(crate) dialect: Dialect,
    pub(crate) secret: Option<String>,
    pub(crate) jwt: JwtMode,
    pub(crate) metadata: Box<RawValue>,
    pub(crate) resource_version: u64,
    pub(crate) cli_state: Box<RawValue>,
    /// Objects that are inconsistent whatever the tables are.
    pub(crate) inconsistent: Vec<Value>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) log: Vec<Arrived>,
    silent: Option<mpsc::Sender<()>>,
}

/// A Hasura of a test's own, on loopback.
pub(crate) struct HasuraDouble {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

pub(crate) const SECRET: &str = "hasura-admin-secret-71";
/// Stands in metadata and errors of the double; nothing may print it.
pub(crate) const DATABASE_PASSWORD: &str = "hunter2";

impl HasuraDouble {
    /// Starts one over the database of `config`, as a fresh Hasura is.
    pub(crate) fn start(config: postgres::Config) -> Fallible<Self> {
        let shared = Arc::new(Mutex::new(Shared {
            config,
            dialect: Dialect::V2_48,
            secret: Some(SECRET.to_owned()),
            jwt: JwtMode::Unchecked,
            metadata: metadata::fresh()?,
            resource_version: 1,
            cli_state: RawValue::from_string("{}".to_owned())?,
            inconsistent: Vec::new(),
            faults: Vec::new(),
            log: Vec::new(),
            silent: None,
        }));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (sender, receiver) = mpsc::channel();
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            let served = serve(state, &sender, stopped);
            if let Err(error) = served {
                // The test sees that no address came.
                drop(error);
            }
        });
        Ok(Self {
            address: receiver.recv()?,
            shared,
            stop: Some(stop),
        })
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its state, to be looked at or changed.
    pub(crate) fn state(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }

    /// Sets what goes wrong from now on, and forgets the requests before.
    pub(crate) fn set_faults(&self, faults: Vec<Fault>) {
        let mut state = self.state();
        state.faults = faults;
        state.log.clear();
    }

    /// Carries out the n-th request from now on and does not answer it; says when.
    pub(crate) fn be_silent_after(&self, requests: usize) -> mpsc::Receiver<()> {
        self.set_faults(vec![Fault::SilentAfter(requests)]);
        let (sender, receiver) = mpsc::channel();
        self.state().silent = Some(sender);
        receiver
    }

    /// Replaces the metadata by `text`, as an administrator could.
    pub(crate) fn set_metadata(&self, text: &str) -> Fallible {
        let mut state = self.state();
        state.metadata = RawValue::from_string(text.to_owned())?;
        state.resource_version += 1;
        Ok(())
    }

    /// The metadata as text.
    pub(crate) fn metadata(&self) -> String {
        self.state().metadata.get().to_owned()
    }

    /// The commands that arrived, in order.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state().log.iter().map(|it| it.kind.clone()).collect()
    }

    /// Returns whether metadata was ever replaced.
    pub(crate) fn has_replaced_metadata(&self) -> bool {
        self.commands().iter().any(|it| it == "replace_metadata")
    }
}

impl Drop for HasuraDouble {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(
    state: Arc<Mutex<Shared>>,
    address: &mpsc::Sender<SocketAddr>,
    stopped: tokio::sync::oneshot::Receiver<()>,
) -> Fallible {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        address.send(listener.local_addr()?)?;
        let router = Router::new()
            .route("/", any(answer))
            .route("/v1/graphql", get(socket::upgrade).post(answer))
            .route("/{*path}", any(answer))
            .with_state(state);
        tokio::select! {
            served = axum::serve(listener, router) => served?,
            _ = stopped => {}
        }
        Ok(())
    })
}

/// An answer: status and JSON text.
pub(crate) type Reply = (u16, String);

/// An answer with a value.
pub(crate) fn with(status: u16, body: &Value) -> Reply {
    (status, body.to_string())
}

async fn answer(
    State(state): State<Arc<Mutex<Shared>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    // SQL blocks: on a thread of its own.
    let worked = tokio::task::spawn_blocking(move || {
        let mut state = lock(&state);
        let replied = reply(&mut state, &method, uri.path(), &headers, &body);
        let count = state.log.len();
        if state.faults.contains(&Fault::SilentAfter(count)) {
            return (replied, Ending::Silence(state.silent.take()));
        }
        let is_cut = state.faults.contains(&Fault::CutAfter(count));
        (replied, if is_cut { Ending::Cut } else { Ending::Answer })
    });
    match worked.await {
        Ok((response, Ending::Answer)) => response,
        Ok((_, Ending::Cut)) => broken(),
        Ok((_, Ending::Silence(sender))) => {
            if let Some(sender) = sender {
                let _ = sender.send(());
            }
            std::future::pending().await
        }
        Err(_) => response(500, "application/json", "{}".to_owned()),
    }
}

/// What becomes of an answer.
enum Ending {
    Answer,
    Cut,
    Silence(Option<mpsc::Sender<()>>),
}

/// An answer whose connection breaks before its body.
fn broken() -> Response<Body> {
    let cut = futures_util::stream::once(async {
        Err::<Bytes, std::io::Error>(std::io::Error::other("cut"))
    });
    Response::builder()
        .header("content-length", "100")
        .body(Body::from_stream(cut))
        .unwrap_or_default()
}

fn reply(
    state: &mut Shared,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response<Body> {
    let text = String::from_utf8_lossy(body).into_owned();
    let command: Value = serde_json::from_str(&text).unwrap_or_default();
    let kind = command.get("type").and_then(Value::as_str);
    state.log.push(Arrived {
        kind: kind.unwrap_or(path).to_owned(),
        body: text.clone(),
    });
    if state.faults.contains(&Fault::Html) {
        let page = "<!doctype html><title>Welcome</title>".to_owned();
        return response(200, "text/html; charset=utf-8", page);
    }
    if state.faults.contains(&Fault::Redirect) {
        return Response::builder()
            .status(StatusCode::MOVED_PERMANENTLY)
            .header("location", "https://elsewhere.example/")
            .body(Body::empty())
            .unwrap_or_default();
    }
    let disabled = state.faults.contains(&Fault::NoMetadataApi);
    let (status, body) = match (method.as_str(), path) {
        ("GET", "/v1/version") => with(200, &json!({"version": state.version()})),
        ("GET", "/healthz") => return response(200, "text/plain; charset=utf-8", "OK".to_owned()),
        ("POST", "/v1/metadata" | "/v2/query") if !disabled => {
            admin::answer(state, path, headers, &text)
        }
        ("POST", "/v1/graphql") => graphql::answer(state, headers, &command),
        _ => return not_found(),
    };
    response(status, "application/json; charset=utf-8", body)
}

fn not_found() -> Response<Body> {
    let body = refusal("not-found", "resource does not exist", "$");
    response(404, "application/json; charset=utf-8", body.to_string())
}

fn response(status: u16, content_type: &str, body: String) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(Body::from(body))
        .unwrap_or_default()
}

/// An error as the admin API writes it.
pub(crate) fn refusal(code: &str, error: &str, path: &str) -> Value {
    json!({"code": code, "error": error, "path": path})
}

impl Shared {
    fn version(&self) -> &'static str {
        match self.dialect {
            Dialect::V2_13 => "v2.13.1",
            Dialect::V2_48 => "v2.48.6",
        }
    }

    /// Why a request is not an administrator's.
    pub(crate) fn refuse_caller(&self, headers: &HeaderMap) -> Option<Value> {
        let secret = self.secret.as_ref()?;
        let header = headers.get("x-hasura-admin-secret");
        let name = match self.dialect {
            Dialect::V2_13 => "x-hasura-admin-secret/x-hasura-access-key",
            Dialect::V2_48 => "\"x-hasura-admin-secret\"/\"x-hasura-access-key\"",
        };
        let message = match header {
            None => format!("{name} required, but not found"),
            Some(sent) if sent.as_bytes() == secret.as_bytes() => return None,
            Some(_) => format!("invalid {name}"),
        };
        Some(refusal("access-denied", &message, "$"))
    }
}
