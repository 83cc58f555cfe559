//! The database's file: made private, opened, set aside when it is damaged.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::store::error::StoreError;
use crate::store::ledger::Ledger;
use crate::store::{salvage, schema};

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

/// A write-ahead log longer than this many pages is written back: short enough
/// that reading it at start costs nothing, long enough that an add is one fsync.
const LOG_PAGES: i64 = 200;

/// Opens a database for writing, new or old, migrated to the newest version.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    match make_ready(path) {
        Err(error) if error.is_corruption() => Err(salvage::set_aside(path)),
        other => other,
    }
}

/// Opens an existing database for reading, migrated to the newest version.
pub(super) fn open_to_read(path: &Path) -> Result<Option<Connection>, StoreError> {
    match fs::metadata(path) {
        // One of no bytes is being made by another process.
        Ok(metadata) if metadata.len() == 0 => return Ok(None),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file(path)(error)),
    }
    let ready = || {
        let mut connection = connect(path)?;
        match schema::version(&connection)? {
            0 => return Ok(None),
            found if found != schema::MIGRATIONS.len() => {
                schema::migrate(&mut connection, Some(path), schema::MIGRATIONS)?;
            }
            _ => {}
        }
        Ledger::load(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Some(connection))
    };
    match ready() {
        Err(StoreError::Sqlite(_)) if !path.exists() => Ok(None),
        Err(error) if error.is_corruption() => Err(salvage::set_aside(path)),
        other => other,
    }
}

fn make_ready(path: &Path) -> Result<Connection, StoreError> {
    let new = create_private(path)?;
    let mut connection = connect(path)?;
    if new || schema::version(&connection)? == 0 {
        choose_journal(&connection, path)?;
    }
    schema::migrate(&mut connection, Some(path), schema::MIGRATIONS)?;
    Ledger::load(&connection)?;
    Ok(connection)
}

/// Makes an empty file (0600, in directories of 0700) unless there is one;
/// returns whether it did. The mode of an existing file is put right.
pub(super) fn create_private(path: &Path) -> Result<bool, StoreError> {
    if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(directory)
            .map_err(StoreError::file(directory))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            close_to_others(path)?;
            Ok(false)
        }
        Err(error) => Err(StoreError::file(path)(error)),
    }
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;

    let failed = StoreError::file(path);
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) => return Err(failed(error)),
    };
    if mode & 0o700 == mode & 0o777 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    set_up(&connection)?;
    Ok(connection)
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
