//! The database's file: made private, opened, set aside when it is damaged.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::private_file;
use crate::store::account_state::AccountState;
use crate::store::error::StoreError;
use crate::store::{quarantine, schema};

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

/// A write-ahead log longer than this many pages is written back: short enough
/// that reading it at start costs nothing, long enough that an add is one fsync.
const LOG_PAGES: i64 = 200;

/// A connection, and the file that it reads.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) file: Option<Identity>,
}

impl Opened {
    /// Of what was found at `path` and cannot have been moved meanwhile.
    fn at(path: &Path, connection: Connection) -> Self {
        Self {
            connection,
            file: Identity::of(path),
        }
    }
}

/// Opens a database for writing, new or old, migrated to the newest version.
pub(super) fn open(path: &Path) -> Result<Opened, StoreError> {
    match make_ready(path) {
        Err(error) if error.is_corruption() => quarantine::set_aside(path, ready),
        other => other,
    }
}

/// Opens an existing database for reading, migrated to the newest version.
pub(super) fn open_to_read(path: &Path) -> Result<Option<Opened>, StoreError> {
    match make_readable(path) {
        Err(StoreError::Sqlite(_)) if !path.exists() => Ok(None),
        Err(error) if error.is_corruption() => quarantine::set_aside(path, readable),
        other => other,
    }
}

/// Looks at every page of the database; one that is damaged is set aside.
pub(super) fn examine(path: &Path) -> Result<(), StoreError> {
    let look = |path: &Path| {
        let opened = ready(path)?;
        let found: String =
            opened
                .connection
                .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        match found.as_str() {
            "ok" => Ok(()),
            _ => Err(StoreError::Damaged),
        }
    };
    let shared = || {
        let _lock = quarantine::share(path).map_err(StoreError::file(path))?;
        look(path)
    };
    match shared() {
        Err(error) if error.is_corruption() => quarantine::set_aside(path, look),
        other => other,
    }
}

/// Whoever moves a damaged one moves its logs too before this opens or makes one.
fn make_ready(path: &Path) -> Result<Opened, StoreError> {
    let _lock = if fs::metadata(path).is_ok() {
        quarantine::share(path)
    } else {
        quarantine::lock(path).map(Some)
    }
    .map_err(StoreError::file(path))?;
    ready(path)
}

fn ready(path: &Path) -> Result<Opened, StoreError> {
    check(path)?;
    let new = private_file::create(path).map_err(StoreError::file(path))?;
    if !new {
        private_file::close_to_others(path).map_err(StoreError::file(path))?;
    }
    let mut connection = connect(path)?;
    if new || schema::version(&connection)? == 0 {
        choose_journal(&connection, path)?;
    }
    schema::migrate(&mut connection, Some(path), schema::MIGRATIONS)?;
    AccountState::load(&connection)?;
    Ok(Opened::at(path, connection))
}

fn make_readable(path: &Path) -> Result<Option<Opened>, StoreError> {
    let _lock = match fs::metadata(path) {
        Ok(_) => quarantine::share(path).map_err(StoreError::file(path))?,
        Err(_) => None,
    };
    readable(path)
}

fn readable(path: &Path) -> Result<Option<Opened>, StoreError> {
    check(path)?;
    match fs::metadata(path) {
        // One of no bytes is being made by another process.
        Ok(metadata) if metadata.len() == 0 => return Ok(None),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file(path)(error)),
    }
    let mut connection = connect_to_read(path)?;
    match schema::version(&connection)? {
        0 => return Ok(None),
        found if found != schema::MIGRATIONS.len() => {
            schema::migrate(&mut connection, Some(path), schema::MIGRATIONS)?;
        }
        _ => {}
    }
    AccountState::load(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(Some(Opened::at(path, connection)))
}

/// Refuses what SQLite would take for something else: a directory; a log
/// without its database, which it would delete.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    // First the log: it is made after the database.
    let log = length(&with_suffix(path, "-wal"))?;
    let database = length(path)?;
    let lost = log.is_some_and(|bytes| bytes > 0) && database.is_none_or(|bytes| bytes == 0);
    if lost || path.is_dir() {
        return Err(StoreError::Damaged);
    }
    Ok(())
}

fn length(path: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::file(path)(error)),
    }
}

/// `path` with something after its last letter.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Which file a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(#[cfg(unix)] (u64, u64));

impl Identity {
    /// `None` when it leads nowhere.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(path).ok()?;
        Some(Self((metadata.dev(), metadata.ino())))
    }

    /// A file that is open cannot be moved here.
    #[cfg(not(unix))]
    pub(super) fn of(_path: &Path) -> Option<Self> {
        Some(Self())
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    connect_in("NORMAL", path)
}

fn connect_in(locking: &str, path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "locking_mode", locking)?;
    set_up(&connection)?;
    Ok(connection)
}

/// As [`connect`], also where the shared memory of the log cannot be made: the
/// disk is full, the directory closed. Reading then keeps writers away, and
/// where there is no log, the file alone is the database.
fn connect_to_read(path: &Path) -> Result<Connection, StoreError> {
    match connect(path) {
        Err(StoreError::Sqlite(error)) if is_without_shared_memory(&error) => {}
        other => return other,
    }
    if with_suffix(path, "-wal").exists() {
        return connect_in("EXCLUSIVE", path);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(unchanging(path), flags)?;
    set_up(&connection)?;
    Ok(connection)
}

fn is_without_shared_memory(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
        )
    )
}

/// The address of a file that nobody changes.
fn unchanging(path: &Path) -> String {
    let mut address = String::from("file:");
    for character in path.to_string_lossy().chars() {
        match character {
            '%' => address.push_str("%25"),
            '?' => address.push_str("%3f"),
            '#' => address.push_str("%23"),
            other => address.push(other),
        }
    }
    address.push_str("?immutable=1");
    address
}

/// What every connection needs, in memory too.
pub(super) fn set_up(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA wal_autocheckpoint = {LOG_PAGES};"
    ))?;
    Ok(())
}

/// A write-ahead log, except where its shared memory does not work. The choice
/// is kept in the file.
fn choose_journal(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let wanted = if is_on_network(path) { "DELETE" } else { "WAL" };
    let started = Instant::now();
    loop {
        let chosen = connection.query_row(&format!("PRAGMA journal_mode = {wanted}"), [], |row| {
            row.get::<_, String>(0)
        });
        match chosen {
            Ok(_) => return Ok(()),
            // Two processes make the database at once; this lock is not waited for by itself.
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the path lies on a file system of another machine.
fn is_on_network(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let Ok(mounts) = fs::read_to_string("/proc/self/mounts") else {
        return false;
    };
    network_mount(&mounts, &path)
}

fn network_mount(mounts: &str, path: &Path) -> bool {
    const KINDS: [&str; 10] = [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "fuse.sshfs",
    ];
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let point = PathBuf::from(words.next()?.replace("\\040", " "));
            let kind = words.next()?;
            path.starts_with(&point)
                .then(|| (point.components().count(), KINDS.contains(&kind)))
        })
        // Of equally deep ones the last was mounted over the others.
        .max_by_key(|(depth, _)| *depth)
        .is_some_and(|(_, is_network)| is_network)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::network_mount;

    #[test]
    fn the_deepest_mount_decides_whether_a_path_is_on_a_network() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\nhost:/home /home nfs4 rw 0 0\n\
                      tmpfs /home/me/my\\040tmp tmpfs rw 0 0\n";
        assert!(!network_mount(mounts, Path::new("/var/lib/a")));
        assert!(network_mount(mounts, Path::new("/home/me/a")));
        assert!(!network_mount(mounts, Path::new("/home/me/my tmp/a")));
        assert!(!network_mount(mounts, Path::new("/homes/a")));
        assert!(!network_mount("", Path::new("/home/me/a")));
    }
}
