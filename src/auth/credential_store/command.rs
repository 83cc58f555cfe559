//! Secrets in a helper program, such as a password manager.
//!
//! The program is run with its arguments from the configuration and two more:
//!
//! | call | stdin | stdout | exit |
//! | --- | --- | --- | --- |
//! | `get NAME` | empty | the secret, or nothing when there is none | 0 |
//! | `store NAME` | the secret, one line without a line end | ignored | 0 |
//! | `erase NAME` | empty | ignored | 0, also when there is none |
//!
//! `NAME` consists of letters, digits, `.`, `_` and `-`. One line end after the
//! secret on stdout is ignored. Any other exit status is a failure, and the
//! last line on stderr is shown to the user, so it must not contain the secret.
//! Secrets are never arguments. A program is killed after 30 s; when a login
//! tests it, after a minute on a terminal, where the user may have to type a
//! passphrase, and after 3 s elsewhere.

use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::credential_store::{CredentialStore, CredentialStoreError, probe_with};
use crate::text::redact::without;
use crate::text::sanitize::message;

/// The time limit of one run: the user may have to type a passphrase.
const RUN_LIMIT: Duration = Duration::from_secs(30);
/// The time limit for reading the output after the program has exited.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// The size limit of the output, in bytes.
const LARGEST_OUTPUT: u64 = 1024 * 1024;

/// Secrets in a helper program.
#[derive(Debug)]
pub struct CommandStore {
    command: Vec<String>,
    limit: Duration,
}

impl CommandStore {
    /// Runs `command`: the program and its first arguments.
    #[must_use]
    pub const fn new(command: Vec<String>) -> Self {
        Self::with_limit(command, RUN_LIMIT)
    }

    /// Like [`CommandStore::new`], but each run is killed after `limit`.
    #[must_use]
    pub const fn with_limit(command: Vec<String>, limit: Duration) -> Self {
        Self { command, limit }
    }

    fn run(
        &self,
        verb: &'static str,
        name: &str,
        stdin: Option<&SecretString>,
    ) -> Result<Zeroizing<Vec<u8>>, CredentialStoreError> {
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or(CredentialStoreError::NoCommand)?;
        let mut child = Command::new(program)
            .args(arguments)
            .args([verb, name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| CredentialStoreError::Run {
                program: program.clone(),
                source,
            })?;
        let out = drain(child.stdout.take());
        let err = drain(child.stderr.take());
        feed(&mut child, stdin);
        let failed = |reason: String| CredentialStoreError::Command {
            program: program.clone(),
            verb,
            reason,
        };
        let status = self.wait(&mut child)?;
        if !status.success() {
            let stderr = err.recv_timeout(DRAIN_LIMIT).unwrap_or_default();
            let stderr = without(&stderr, stdin.unwrap_or(&SecretString::default()));
            return Err(failed(last_line(&stderr, status)));
        }
        if verb == "get" {
            out.recv_timeout(DRAIN_LIMIT)
                .map_err(|_| failed("it did not close its output".to_owned()))
        } else {
            Ok(Zeroizing::default())
        }
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, CredentialStoreError> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            let status = child
                .try_wait()
                .map_err(|source| CredentialStoreError::Run {
                    program: self.command.first().cloned().unwrap_or_default(),
                    source,
                })?;
            if let Some(status) = status {
                return Ok(status);
            }
            if began.elapsed() >= self.limit {
                // It may have exited by itself just now, which is fine.
                let _ = child.kill();
                let _ = child.wait();
                return Err(CredentialStoreError::Timeout {
                    store: "the credential helper",
                    waited: began.elapsed(),
                });
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Reads to the end on a separate thread, so a full pipe does not block.
fn drain(source: Option<impl Read + Send + 'static>) -> Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        if let Some(source) = source {
            // After an error, the bytes before it are used.
            let _ = source.take(LARGEST_OUTPUT).read_to_end(&mut bytes);
        }
        // The receiver may have timed out.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Writes the secret on a separate thread and closes the program's stdin.
fn feed(child: &mut Child, secret: Option<&SecretString>) {
    let stdin = child.stdin.take();
    let secret = secret.cloned();
    thread::spawn(move || {
        if let (Some(mut stdin), Some(secret)) = (stdin, secret) {
            // A program that does not read its input reports that by its exit status.
            let _ = stdin.write_all(secret.expose_secret().as_bytes());
        }
    });
}

fn last_line(stderr: &[u8], status: ExitStatus) -> String {
    String::from_utf8_lossy(stderr)
        .lines()
        .map(message)
        .rfind(|line| !line.is_empty())
        .unwrap_or_else(|| status.to_string())
}

impl CredentialStore for CommandStore {
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError> {
        let output = self.run("get", name, None)?;
        let text =
            std::str::from_utf8(&output).map_err(|_| CredentialStoreError::InvalidResponse {
                name: name.to_owned(),
            })?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Ok((!text.is_empty()).then(|| SecretString::from(text)))
    }

    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError> {
        self.run("store", name, Some(secret)).map(drop)
    }

    fn delete(&self, name: &str) -> Result<(), CredentialStoreError> {
        self.run("erase", name, None).map(drop)
    }

    fn describe(&self) -> String {
        let program = self.command.first().map_or("(none)", String::as_str);
        format!("command {program}")
    }

    fn probe(&self, limit: Duration) -> Result<(), CredentialStoreError> {
        probe_with(&Self::with_limit(self.command.clone(), limit))
    }
}
