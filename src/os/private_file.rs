//! Files that only their owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Creates `directory` and its missing parents, for the owner only (0700). An
/// existing one is unchanged.
///
/// # Errors
///
/// Error reported by the system.
pub fn create_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Creates `path`, empty (0600), and its directory (0700), if necessary; returns
/// whether it did. An existing file is not opened: closing it would release the
/// locks that SQLite holds on it in this process.
///
/// # Errors
///
/// Error reported by the system.
pub fn create(path: &Path) -> io::Result<bool> {
    if let Some(directory) = path.parent() {
        create_directory(directory)?;
    }
    match create_new(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Creates the new file `path` for writing (0600).
///
/// # Errors
///
/// Error reported by the system; also if the file exists.
pub fn create_new(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// Removes the permissions of other users on `path`.
///
/// # Errors
///
/// Error reported by the system.
#[cfg(unix)]
pub fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

/// Removes the permissions of other users on `path`. Without file modes the
/// directory of the user's profile protects it.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn close_to_others(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens `path` for reading and writing, creating it (0600) and its directory
/// (0700) if necessary.
///
/// # Errors
///
/// Error reported by the system.
pub fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        create_directory(directory)?;
    }
    private(OpenOptions::new().read(true).write(true).create(true)).open(path)
}

/// Opens `path` for appending, creating it (0600) and its directory (0700) if
/// necessary.
///
/// # Errors
///
/// Error reported by the system.
pub fn append(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        create_directory(directory)?;
    }
    private(OpenOptions::new().append(true).create(true)).open(path)
}

/// Replaces the contents of `path` by `bytes`, atomically and durably: written to
/// a draft in the same directory (0600), flushed to disk, then renamed.
///
/// # Errors
///
/// Error reported by the system; the file is then unchanged.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    create_directory(directory)?;
    let draft = draft_path(path);
    let written = write_new(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // A failure does no harm: the name is never used again.
        let _ = fs::remove_file(&draft);
        return written;
    }
    sync_directory(directory)
}

/// Reads `path` if it has at most `most` bytes.
///
/// # Errors
///
/// Error reported by the system, or [`io::ErrorKind::FileTooLarge`].
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more shows that the file is longer, even if it grows meanwhile.
    let mut file = File::open(path)?.take(most.saturating_add(1));
    if file.read_to_end(&mut bytes)? as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Returns whether users other than the owner may read or write `file`.
///
/// # Errors
///
/// Error reported by the system.
#[cfg(unix)]
pub fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

/// Returns whether users other than the owner may read or write `file`. Without
/// file modes the directory of the user's profile protects it.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn is_open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// The permission bits of `path`, or of the file that will be created; `None` on
/// systems without modes.
#[cfg(unix)]
#[must_use]
pub fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_or(0o600, |found| found.permissions().mode());
    Some(mode & 0o777)
}

/// The permission bits of `path`: `None` on this system.
#[cfg(not(unix))]
#[must_use]
pub fn mode(_path: &Path) -> Option<u32> {
    None
}

/// Deletes the file `path`; not an error when there is none.
///
/// # Errors
///
/// The file system's.
pub fn delete(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Deletes the drafts that killed processes left beside `path`, and the journals of
/// those that are databases. The caller holds a lock, so that no draft is in use.
///
/// # Errors
///
/// Error reported by the system.
pub fn remove_drafts(path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let prefix = draft_prefix(path);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let suffix = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        let suffix = suffix.map(|suffix| suffix.strip_suffix("-journal").unwrap_or(suffix));
        if suffix.is_some_and(|suffix| uuid::Uuid::try_parse(suffix).is_ok()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn draft_prefix(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.")
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A unique path for a draft of `path`, in the same directory, where a rename is
/// atomic.
#[must_use]
pub fn draft_path(path: &Path) -> PathBuf {
    let prefix = draft_prefix(path);
    path.with_file_name(format!("{prefix}{}", uuid::Uuid::now_v7().as_simple()))
}

/// Makes a rename durable.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Does nothing: a rename is durable on this system.
#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_is_whole_private_and_has_no_draft() -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let path = home.path().join("a/b/file.json");
        replace(&path, b"one")?;
        replace(&path, b"two")?;

        assert_eq!(fs::read(&path)?, b"two");
        assert!(!is_open_to_others(&File::open(&path)?)?);
        assert_eq!(fs::read_dir(home.path().join("a/b"))?.count(), 1);
        Ok(())
    }

    #[test]
    fn a_file_is_read_up_to_a_limit() -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let path = home.path().join("file.json");
        replace(&path, b"four")?;

        assert_eq!(read_at_most(&path, 4)?, b"four");
        let error = read_at_most(&path, 3).err();
        let kind = error.map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::FileTooLarge));
        Ok(())
    }

    #[test]
    fn drafts_that_a_killed_process_left_are_deleted() -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let path = home.path().join("file.json");
        let foreign = home.path().join(".file.json.backup");
        replace(&path, b"one")?;
        fs::write(draft_path(&path), b"draft")?;
        fs::write(&foreign, b"kept")?;

        remove_drafts(&path)?;

        assert_eq!(fs::read(&path)?, b"one");
        assert!(foreign.exists());
        assert_eq!(fs::read_dir(home.path())?.count(), 2);
        remove_drafts(&home.path().join("missing/file.json"))
    }

    #[test]
    fn a_failed_write_leaves_the_old_contents_and_no_draft() -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let path = home.path().join("taken");
        fs::create_dir_all(path.join("inside"))?;

        assert!(replace(&path, b"one").is_err(), "a directory is in the way");
        assert_eq!(fs::read_dir(home.path())?.count(), 1);
        assert!(path.join("inside").exists());
        Ok(())
    }
}
