//! What outlives a restart: a private directory with private files.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::SandboxError;

/// A directory only its owner can read.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    directory: PathBuf,
}

/// Keeps other sandboxes out of a directory. Ends when dropped, also when the
/// process is killed.
#[derive(Debug)]
pub(super) struct Lock(
    #[expect(dead_code, reason = "the lock lives as long as the open file")] File,
);

impl Disk {
    /// Opens `directory`, making it (mode 0700) if need be.
    ///
    /// # Errors
    ///
    /// When it cannot be made or another sandbox holds it.
    pub(super) fn open(directory: &Path) -> Result<(Self, Lock), SandboxError> {
        let failed = |source| SandboxError::Directory {
            path: directory.to_owned(),
            source,
        };
        make_private(directory).map_err(failed)?;
        let lock = private_file(&directory.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok((
                Self {
                    directory: directory.to_owned(),
                },
                Lock(lock),
            )),
            Err(TryLockError::WouldBlock) => Err(SandboxError::InUse {
                path: directory.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Where the file `name` is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The file `name`, made empty (mode 0600) if there is none, for a library
    /// that opens it by its path.
    pub(super) fn private(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path(name);
        private_file(&path)?;
        Ok(path)
    }

    /// What is in the file `name`; `None` if there is none.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<String>> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file `name` (mode 0600): after a crash it holds either the
    /// old text or the new one, whole.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let draft = self.path(&format!("{name}.new"));
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = private_file(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, self.path(name))
    }
}

fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        builder.mode(0o700).create(directory)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
    }
    #[cfg(not(unix))]
    builder.create(directory)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
