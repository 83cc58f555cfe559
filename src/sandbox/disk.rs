//! The data directory: private files that survive a restart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SandboxError;
use crate::os::file_lock::{FileLock, LockError};
use crate::os::private_file;

/// A directory that only its owner can read.
#[derive(Debug, Clone)]
pub(super) struct DataDirectory {
    directory: PathBuf,
}

impl DataDirectory {
    /// Opens `directory`, creating it (mode 0700) if necessary.
    ///
    /// # Errors
    ///
    /// When it cannot be created or another sandbox holds it.
    pub(super) fn open(directory: &Path) -> Result<(Self, FileLock), SandboxError> {
        let failed = |source| SandboxError::Directory {
            path: directory.to_owned(),
            source,
        };
        private_file::create_directory(directory).map_err(failed)?;
        private_file::close_to_others(directory).map_err(failed)?;
        match FileLock::take(&directory.join("lock"), Duration::ZERO) {
            Ok(lock) => {
                let directory = directory.to_owned();
                Ok((Self { directory }, lock))
            }
            Err(LockError::File { source, .. }) => Err(failed(source)),
            Err(_) => Err(SandboxError::InUse {
                path: directory.to_owned(),
            }),
        }
    }

    /// Returns the path of the file `name`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Creates the file `name` (mode 0600) if necessary, for a library that opens it
    /// by its path.
    pub(super) fn private(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path(name);
        private_file::create(&path)?;
        Ok(path)
    }

    /// Reads the file `name`; `None` if it does not exist.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<String>> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file `name` (mode 0600) atomically.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        private_file::replace(&self.path(name), text.as_bytes())
    }
}
