//! Secrets in one JSON file that only its owner may read: for machines without
//! a keyring. Used only where the user has chosen it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::auth::credential_store::{CredentialStore, CredentialStoreError};
use crate::os::file_lock::{FileLock, LockError};
use crate::os::private_file;

/// The time limit for acquiring the lock from another process.
const LOCK_LIMIT: Duration = Duration::from_secs(3);
/// The size limit of the file, in bytes.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// Secrets in one JSON file (0600 in a 0700 directory): an object of names and
/// secrets.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
}

type Entries = BTreeMap<String, Zeroizing<String>>;

impl FileStore {
    /// Uses the file at `path`, which need not exist.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn failed(&self, source: io::Error) -> CredentialStoreError {
        CredentialStoreError::File {
            path: self.path.clone(),
            source,
        }
    }

    /// Reads all entries. Needs no lock: the file is only replaced as a whole.
    fn read(&self) -> Result<Entries, CredentialStoreError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Entries::new()),
            Err(e) => return Err(self.failed(e)),
        };
        if file.metadata().map_err(|e| self.failed(e))?.is_dir() {
            return Err(self.failed(io::ErrorKind::IsADirectory.into()));
        }
        if private_file::is_open_to_others(&file).map_err(|e| self.failed(e))? {
            return Err(CredentialStoreError::OpenToOthers {
                path: self.path.clone(),
            });
        }
        let mut text = Zeroizing::new(Vec::new());
        file.take(LARGEST_FILE)
            .read_to_end(&mut text)
            .map_err(|e| self.failed(e))?;
        let entries: BTreeMap<String, String> =
            serde_json::from_slice(&text).map_err(|_| CredentialStoreError::Damaged {
                path: self.path.clone(),
            })?;
        Ok(entries
            .into_iter()
            .map(|(name, secret)| (name, Zeroizing::new(secret)))
            .collect())
    }

    /// Reads, applies `change` and writes, atomically between processes. Writes
    /// only if `change` returns `true`.
    fn update(
        &self,
        change: impl FnOnce(&mut Entries) -> bool,
    ) -> Result<(), CredentialStoreError> {
        let _lock = self.lock()?;
        let file = resolve_link(&self.path).map_err(|e| self.failed(e))?;
        // Under the lock, every draft was left by a killed process and contains tokens.
        private_file::remove_drafts(&file).map_err(|e| self.failed(e))?;
        let mut entries = self.read()?;
        if !change(&mut entries) {
            return Ok(());
        }
        let borrowed: BTreeMap<&str, &str> = entries
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.as_str()))
            .collect();
        let text = serde_json::to_vec_pretty(&borrowed).map_err(|e| self.failed(e.into()))?;
        private_file::replace(&file, &Zeroizing::new(text)).map_err(|e| self.failed(e))
    }

    fn lock(&self) -> Result<FileLock, CredentialStoreError> {
        FileLock::take(&lock_path(&self.path), LOCK_LIMIT).map_err(|error| match error {
            LockError::Busy { waited, .. } => CredentialStoreError::Timeout {
                store: "another tudone process that writes the credential file",
                waited,
            },
            LockError::File { source, .. } => self.failed(source),
        })
    }
}

/// Resolves a symbolic link at `path`, so that the target is replaced and not
/// the link.
fn resolve_link(path: &Path) -> io::Result<PathBuf> {
    match fs::read_link(path) {
        Ok(_) if path.exists() => fs::canonicalize(path),
        Ok(to) => Ok(path.with_file_name(to)),
        Err(_) => Ok(path.to_owned()),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

impl CredentialStore for FileStore {
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError> {
        let entries = self.read()?;
        Ok(entries
            .get(name)
            .map(|secret| SecretString::from(secret.as_str())))
    }

    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError> {
        self.update(|entries| {
            let secret = Zeroizing::new(secret.expose_secret().to_owned());
            entries.insert(name.to_owned(), secret);
            true
        })
    }

    fn delete(&self, name: &str) -> Result<(), CredentialStoreError> {
        self.update(|entries| entries.remove(name).is_some())
    }

    fn describe(&self) -> String {
        match private_file::mode(&self.path) {
            Some(mode) => format!("file {} ({mode:04o})", self.path.display()),
            None => format!("file {}", self.path.display()),
        }
    }
}
