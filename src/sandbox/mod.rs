//! A development Auth0 and Hasura on loopback.
//!
//! One HTTP server on 127.0.0.1 is both: the identity half logs users in
//! by device code and signs their tokens, the [`backend`] half checks those
//! tokens and answers GraphQL over its own rows. The control routes inject
//! faults into either.
//!
//! Every user of this machine can log in as any user and read every row: **for
//! development only**. Nothing here listens beyond loopback.

pub mod backend;
mod clock;
mod control;
mod disk;
mod error;
mod faults;
mod frame;
mod graphql;
mod guard;
mod identity;
mod line;
mod log;
mod settings;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use secrecy::ExposeSecret as _;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::os::file_lock::FileLock;
use backend::{Backend, Shape};
use disk::DataDirectory;
pub use error::SandboxError;
use faults::Faults;
use frame::{Clocks, SandboxState};
use identity::{IdentityProvider, Logins, ProviderParts};
pub use identity::{SigningKey, SigningKeyError, Witness};
use line::{ConnectionCutter, CuttableListener, OpenConnections};
use log::Log;
use settings::Configuration;
pub use settings::Dialect;

/// The warning that is printed wherever a sandbox starts.
pub const DEVELOPMENT_ONLY: &str = "\
DEVELOPMENT ONLY: this sandbox is a make-believe Auth0 and Hasura.
Every user of this machine can log in as any user. Store no real data in it.";

const KEY: &str = "signing-key.pem";
const PORT: &str = "port";
const ROWS: &str = "rows.sqlite";

/// The options of a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The port on 127.0.0.1: 0 is any free one; `None` is the one stored in
    /// [`data`](Self::data), else any free one.
    pub port: Option<u16>,
    /// The directory of port, signing key, users, refresh tokens and rows;
    /// `None` stores nothing.
    pub data: Option<PathBuf>,
    /// The address that clients use, without a slash at the end, when a proxy
    /// in front of the sandbox has another; `None` is the address it listens on.
    pub public_url: Option<String>,
    /// Only the tutorial's tables, without the change feed.
    pub bare: bool,
    /// Wait between polls, in seconds.
    pub interval_s: u32,
    /// Lifetime of a device code, in seconds.
    pub code_ttl_s: u32,
    /// Lifetime of an access token, in seconds.
    pub access_ttl_s: u32,
    /// The overlap of the previous refresh token, in seconds.
    pub leeway_s: u32,
    /// The identity provider to imitate.
    pub dialect: Dialect,
    /// A key made before, so that many sandboxes in one process do not each
    /// make their own; one kept in [`data`](Self::data) wins over it.
    pub signing_key: Option<SigningKey>,
    /// Texts of the todos of a new user.
    pub welcome: Vec<String>,
    /// The recorder of every issued secret.
    pub witness: Option<Witness>,
}

impl Default for SandboxOptions {
    /// Auth0's speed, the full backend, nothing kept.
    fn default() -> Self {
        Self {
            port: None,
            data: None,
            public_url: None,
            bare: false,
            interval_s: 5,
            code_ttl_s: 900,
            access_ttl_s: 3600,
            leeway_s: 30,
            dialect: Dialect::Auth0,
            signing_key: None,
            welcome: Vec::new(),
            witness: None,
        }
    }
}

/// The addresses and ids of a running sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Addresses {
    /// With a trailing slash, as Auth0's.
    pub issuer: String,
    /// A public client: it has no secret.
    pub client_id: String,
    /// The API's identifier.
    pub audience: String,
    /// GraphQL over HTTP, and over a websocket with `ws:`.
    pub endpoint: String,
    /// The admin secret of this sandbox. It protects no real data.
    pub admin_secret: String,
    /// The page that asks for the user code, and where its form is sent.
    pub activate: String,
    /// The prefix of the control routes, without a trailing slash.
    pub control: String,
}

/// A running sandbox. It ends when [stopped](Self::stop) or dropped: every
/// connection is cut. Its port is free once `stop` returns; after a drop, once
/// the runtime has come round to it.
#[derive(Debug)]
pub struct Sandbox {
    addresses: Addresses,
    backend: Backend,
    lines: OpenConnections,
    server: JoinHandle<()>,
    /// The lock of the directory, held while running.
    _lock: Option<FileLock>,
}

impl Sandbox {
    /// Starts listening on 127.0.0.1. The first start makes a signing key,
    /// which takes half a second on a thread of its own.
    ///
    /// # Errors
    ///
    /// When the port is taken, or the directory cannot be used or is damaged.
    pub async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let opening = options.clone();
        let mut kept = tokio::task::spawn_blocking(move || StoredState::open(&opening)).await??;
        let port = options.port.or(kept.port).unwrap_or(0);
        let failed = |source| SandboxError::Port { port, source };
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(failed)?;
        let port = tcp.local_addr().map_err(failed)?.port();
        kept.keep_port(port)?;

        let lock = kept.lock.take();
        kept.backend.set_welcome(options.welcome.clone());
        let local = format!("http://127.0.0.1:{port}");
        let base = options.public_url.clone().unwrap_or_else(|| local.clone());
        let frame = Arc::new(kept.frame(&options, base));
        let lines = OpenConnections::default();
        let service =
            frame::router(&frame).into_make_service_with_connect_info::<ConnectionCutter>();
        let listener = CuttableListener::new(tcp, lines.clone());
        let server = tokio::spawn(async move {
            // It only ends by being stopped.
            let _ = axum::serve(listener, service).await;
        });
        Ok(Self {
            addresses: addresses(&frame, &local),
            backend: frame.backend.clone(),
            lines,
            server,
            _lock: lock,
        })
    }

    /// Returns the addresses.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The backend half, to look at its rows directly.
    #[must_use]
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Serves until the task is cancelled; the server does not end by itself.
    pub async fn wait(&mut self) {
        let _ = (&mut self.server).await;
    }

    /// Cuts every connection and frees port and directory before it returns.
    pub async fn stop(mut self) {
        self.server.abort();
        if !self.server.is_finished() {
            let _ = (&mut self.server).await;
        }
        self.lines.cut_all();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
        self.lines.cut_all();
    }
}

fn addresses(frame: &SandboxState, local: &str) -> Addresses {
    let base = &frame.base;
    Addresses {
        issuer: format!("{base}/"),
        client_id: identity::CLIENT_ID.to_owned(),
        audience: identity::AUDIENCE.to_owned(),
        endpoint: format!("{base}/v1/graphql"),
        admin_secret: frame.backend.admin_secret().to_owned(),
        activate: format!("{local}/activate"),
        control: format!("{local}/control"),
    }
}

/// Loads the state of the directory, or creates it.
#[derive(Debug)]
struct StoredState {
    disk: Option<DataDirectory>,
    lock: Option<FileLock>,
    key: SigningKey,
    logins: Logins,
    port: Option<u16>,
    backend: Backend,
}

impl StoredState {
    /// Blocks: reads files and may make a key.
    fn open(options: &SandboxOptions) -> Result<Self, SandboxError> {
        let shape = if options.bare {
            Shape::Bare
        } else {
            Shape::Full
        };
        let made = || {
            let given = options.signing_key.clone();
            given.map_or_else(SigningKey::generate, Ok)
        };
        let Some(directory) = &options.data else {
            return Ok(Self {
                disk: None,
                lock: None,
                key: made()?,
                logins: Logins::default(),
                port: None,
                backend: Backend::open(None, shape)?,
            });
        };
        let (disk, lock) = DataDirectory::open(directory)?;
        let failed = |name: &str| {
            let path = disk.path(name);
            move |source| SandboxError::File { path, source }
        };
        let key = if let Some(pem) = disk.read(KEY).map_err(failed(KEY))? {
            SigningKey::from_pem(&pem)?
        } else {
            let key = made()?;
            let pem = key.to_pem()?;
            disk.write(KEY, pem.expose_secret()).map_err(failed(KEY))?;
            key
        };
        let port = disk.read(PORT).map_err(failed(PORT))?;
        let rows: PathBuf = disk.private(ROWS).map_err(failed(ROWS))?;
        Ok(Self {
            key,
            logins: Logins::read(&disk)?,
            port: port.and_then(|text| text.trim().parse().ok()),
            backend: Backend::open(Some(Path::new(&rows)), shape)?,
            disk: Some(disk),
            lock: Some(lock),
        })
    }

    fn keep_port(&self, port: u16) -> Result<(), SandboxError> {
        match &self.disk {
            Some(disk) if self.port != Some(port) => disk
                .write(PORT, &format!("{port}\n"))
                .map_err(|source| SandboxError::File {
                    path: disk.path(PORT),
                    source,
                }),
            Some(_) | None => Ok(()),
        }
    }

    fn frame(self, options: &SandboxOptions, base: String) -> SandboxState {
        let original = Configuration::new(options);
        let configuration = Arc::new(Mutex::new(original.clone()));
        let clocks = Clocks::default();
        let identity = IdentityProvider::new(ProviderParts {
            key: self.key,
            backend: self.backend.clone(),
            clock: clocks.identity.clone(),
            configuration: Arc::clone(&configuration),
            logins: self.logins,
            disk: self.disk,
            witness: options.witness.clone(),
            base: base.clone(),
        });
        let frame = SandboxState {
            backend: self.backend,
            identity,
            clocks,
            faults: Faults::default(),
            log: Log::default(),
            sockets: OpenConnections::default(),
            cut: watch::Sender::new(0),
            base,
            configuration,
            original,
            changing: Mutex::new(()),
        };
        frame.begin();
        frame
    }
}
