//! Creates, opens and checks the database file.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::os::private_file;
use crate::store::account_state::AccountState;
use crate::store::error::StoreError;
use crate::store::open_file::FileIdentity;
use crate::store::{quarantine, rebuild, schema};

/// How long a writer waits for another writer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A write-ahead log longer than this many pages is checkpointed: short enough for
/// a fast start, which reads it; long enough that only about every sixth add is more
/// than one fsync.
const LOG_PAGES: i64 = 100;

/// A connection and the file that it reads.
pub(super) struct OpenDatabase {
    pub(super) connection: Connection,
    pub(super) file: Option<FileIdentity>,
}

impl OpenDatabase {
    /// The file at `path`, which cannot have been moved since it was opened.
    fn at(path: &Path, connection: Connection) -> Self {
        Self {
            connection,
            file: FileIdentity::of(path),
        }
    }
}

/// Opens a database for writing, new or old, migrated to the newest version.
pub(super) fn open(path: &Path) -> Result<OpenDatabase, StoreError> {
    match make_ready(path) {
        Err(error) if error.is_corruption() => quarantine::set_aside(path, ready),
        other => other,
    }
}

/// Opens an existing database for reading, migrated to the newest version.
pub(super) fn open_to_read(path: &Path) -> Result<Option<OpenDatabase>, StoreError> {
    match make_readable(path) {
        Err(StoreError::Sqlite(_)) if !path.exists() => Ok(None),
        Err(error) if error.is_corruption() => quarantine::set_aside(path, readable),
        other => other,
    }
}

/// Checks every page of the database, and its tables; moves a damaged one aside.
pub(super) fn examine(path: &Path) -> Result<(), StoreError> {
    let look = |path: &Path| {
        let opened = ready(path)?;
        let found: String =
            opened
                .connection
                .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found == "ok" && schema::is_whole(&opened.connection) {
            Ok(())
        } else {
            Err(StoreError::Damaged)
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

/// Opens a database, after any process that is moving a damaged one aside.
fn make_ready(path: &Path) -> Result<OpenDatabase, StoreError> {
    let _lock = if fs::metadata(path).is_ok() {
        quarantine::share(path)
    } else {
        quarantine::lock(path).map(Some)
    }
    .map_err(StoreError::file(path))?;
    ready(path)
}

fn ready(path: &Path) -> Result<OpenDatabase, StoreError> {
    check(path)?;
    let new = private_file::create(path).map_err(StoreError::file(path))?;
    if !new {
        private_file::close_to_others(path).map_err(StoreError::file(path))?;
    }
    let mut connection = connect(path)?;
    if new || schema::version(&connection)? == 0 {
        choose_journal(&connection, path)?;
    }
    if connection.is_readonly("main")? && !has_known_format(path)? {
        return Err(StoreError::Damaged);
    }
    schema::migrate(&mut connection, Some(path), schema::MIGRATIONS)?;
    rebuild::catch_up(&mut connection)?;
    AccountState::load(&connection)?;
    Ok(OpenDatabase::at(path, connection))
}

/// Returns whether the header asks for a format that SQLite can write. SQLite opens
/// others for reading, as it does files without write permission.
fn has_known_format(path: &Path) -> Result<bool, StoreError> {
    let mut header = [0; 20];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.map_err(StoreError::file(path))?;
    let [.., write_version, read_version] = header;
    Ok([write_version, read_version]
        .iter()
        .all(|version| (1..=2).contains(version)))
}

fn make_readable(path: &Path) -> Result<Option<OpenDatabase>, StoreError> {
    let _lock = match fs::metadata(path) {
        Ok(_) => quarantine::share(path).map_err(StoreError::file(path))?,
        Err(_) => None,
    };
    readable(path)
}

fn readable(path: &Path) -> Result<Option<OpenDatabase>, StoreError> {
    check(path)?;
    match fs::metadata(path) {
        // Another process is creating it.
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
        // If the derived columns cannot be written, the old ones are used.
        _ => match rebuild::catch_up(&mut connection) {
            Err(error) if !error.is_unwritable() => return Err(error),
            Ok(()) | Err(_) => {}
        },
    }
    // Before the first statement that is used again: it would have to be compiled again.
    connection.pragma_update(None, "query_only", true)?;
    AccountState::load(&connection)?;
    Ok(Some(OpenDatabase::at(path, connection)))
}

/// Rejects files that SQLite would misread: a directory, and a log without its
/// database, which it would delete.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    // First the log: it is created after the database.
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

/// Appends `suffix` to the file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
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

/// As [`connect`], also if the shared memory of the log cannot be created (a full
/// disk, a directory without write permission). Reading then locks writers out;
/// without a log the file alone is the database.
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

/// The error of a write to a database file that SQLite could only open for reading.
pub(super) fn read_only() -> StoreError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
    StoreError::Sqlite(rusqlite::Error::SqliteFailure(code, None))
}

/// The URI of a database file that SQLite may treat as unchanging.
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

/// Settings of every connection, in memory too.
pub(super) fn set_up(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // Without it, many statements are compiled again for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = {LOG_PAGES};"
    ))?;
    Ok(())
}

/// Chooses a write-ahead log, unless its shared memory does not work there. The file
/// stores the choice.
fn choose_journal(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let wanted = if is_on_network(path) { "DELETE" } else { "WAL" };
    let started = Instant::now();
    loop {
        let chosen = connection.query_row(&format!("PRAGMA journal_mode = {wanted}"), [], |row| {
            row.get::<_, String>(0)
        });
        match chosen {
            Ok(_) => return Ok(()),
            // Two processes create the database at once; SQLite does not wait for this lock.
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

/// Returns whether the path lies on a network file system.
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
        // The last of equally deep mounts covers the others.
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
