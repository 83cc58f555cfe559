//! The environment of the demo: a sandbox on its own thread, and directories.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::ZonedDateTime;
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::auth::connection::Connection;
use crate::auth::credential_store::CredentialStoreKind;
use crate::cli::commands::demo::page;
use crate::cli::error::CliError;
use crate::config::{Paths, Profile};
use crate::domain::line::Line;
use crate::domain::typed::Rules;
use crate::http;
use crate::os::private_file;
use crate::os::runtime;
use crate::sandbox::{Addresses, Sandbox, SandboxError, SandboxOptions};

/// The todos of each new user of the demo.
const SAMPLE: &str = include_str!("../../../../assets/demo/todos.txt");

/// Seconds between polls: the demo should not keep the user waiting.
const INTERVAL_S: u32 = 1;

/// How long one request to the sandbox may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running sandbox and directories for its clients. Dropping it stops the sandbox,
/// and deletes the directories unless they are to be kept.
#[derive(Debug)]
pub(super) struct DemoEnv {
    addresses: Addresses,
    client: Client,
    directory: Directory,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl DemoEnv {
    /// Starts the sandbox with the todos `welcome` for each new user. The first start
    /// makes a signing key, which takes half a second.
    pub(super) fn start(keep: Option<&Path>, welcome: Vec<String>) -> Result<Self, CliError> {
        let directory = Directory::open(keep)?;
        let options = SandboxOptions {
            data: Some(directory.path.join("sandbox")),
            interval_s: INTERVAL_S,
            welcome,
            ..SandboxOptions::default()
        };
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let server = std::thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || serve(options, &ready, stopped))
            .map_err(CliError::io("start a thread for the sandbox"))?;
        let addresses = started
            .recv()
            .unwrap_or_else(|_| Err(SandboxError::Stopped))?;
        Ok(Self {
            client: http::client(&origin(&addresses)?)?,
            addresses,
            directory,
            stop: Some(stop),
            server: Some(server),
        })
    }

    /// The addresses of the sandbox.
    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The directories of the client with this name.
    pub(super) fn paths(&self, client: &str) -> Paths {
        let client = self.directory.path.join(client);
        Paths {
            config: client.join("config"),
            data: client.join("data"),
            state: client.join("state"),
        }
    }

    /// A profile for the sandbox.
    pub(super) fn profile(&self) -> Result<Profile, CliError> {
        let at = &self.addresses;
        let endpoint = at
            .endpoint
            .parse()
            .map_err(|_| CliError::from(SandboxError::Stopped))?;
        Ok(Profile {
            name: "demo".to_owned(),
            connection: Connection {
                issuer: at.issuer.clone(),
                client_id: at.client_id.clone(),
                audience: at.audience.clone(),
                endpoint,
            },
            credential_store: CredentialStoreKind::Memory,
            credential_command: None,
            access_token: None,
        })
    }

    /// Approves a login, as the user's browser would.
    pub(super) async fn approve(&self, user_code: &str, email: &str) -> Result<(), CliError> {
        page::approve(&self.client, &self.addresses.activate, user_code, email).await
    }

    /// Sends a request to a control route of the sandbox.
    pub(super) async fn control(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CliError> {
        let url = format!("{}/{path}", self.addresses.control);
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let text = answered(request).await?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// The rows of the backend: those of one user, or all.
    pub(super) async fn rows(&self, sub: Option<&str>) -> Result<Vec<Value>, CliError> {
        let url = format!("{}/todos", self.addresses.control);
        let request = self.client.get(url).query(&[("sub", sub)]);
        let text = answered(request).await?;
        serde_json::from_str(&text).map_err(|_| CliError::demo("the sandbox lists its rows"))
    }
}

/// The body of the sandbox's response, which must be a success.
pub(super) async fn answered(request: RequestBuilder) -> Result<String, CliError> {
    let answer = async {
        let response = request.timeout(PATIENCE).send().await?;
        response.error_for_status()?.text().await
    };
    answer
        .await
        .map_err(|error| CliError::demo(error.to_string()))
}

fn origin(addresses: &Addresses) -> Result<Url, CliError> {
    let issuer = addresses.issuer.parse();
    issuer.map_err(|_| CliError::from(SandboxError::Stopped))
}

/// The text of a row or a todo.
pub(super) fn text_of(todo: &Value) -> &str {
    todo["text"].as_str().unwrap_or_default()
}

impl Drop for DemoEnv {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

/// Runs the sandbox until `stopped` resolves or its sender is dropped.
fn serve(
    options: SandboxOptions,
    ready: &mpsc::Sender<Result<Addresses, SandboxError>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match runtime::current_thread() {
        Ok(runtime) => runtime,
        Err(source) => {
            let _ = ready.send(Err(SandboxError::Runtime { source }));
            return;
        }
    };
    runtime.block_on(async {
        match Sandbox::start(options).await {
            Ok(sandbox) => {
                let _ = ready.send(Ok(sandbox.addresses().clone()));
                let _ = stopped.await;
                sandbox.stop().await;
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        }
    });
}

/// The sample todos, their dates counted from today.
pub(super) fn sample() -> Vec<String> {
    let today = ZonedDateTime::now().date();
    let yesterday = today.yesterday().unwrap_or(today);
    let rules = Rules {
        today,
        literal: false,
    };
    SAMPLE
        .lines()
        .filter_map(|line| match line.strip_prefix("x ") {
            Some(text) => Some(Line::new(text).completed(yesterday)),
            None => rules.check(line).ok().map(|typed| typed.text),
        })
        .collect()
}

/// A directory that is deleted when dropped, unless it is to be kept.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
    keep: bool,
}

impl Directory {
    fn open(keep: Option<&Path>) -> Result<Self, CliError> {
        let directory = match keep {
            Some(path) => Self {
                path: path.to_owned(),
                keep: true,
            },
            None => Self {
                path: std::env::temp_dir()
                    .join(format!("tudone-demo-{}", uuid::Uuid::now_v7().as_simple())),
                keep: false,
            },
        };
        let made = private_file::create_directory(&directory.path);
        made.map_err(CliError::io(format!("create {}", directory.path.display())))?;
        Ok(directory)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
