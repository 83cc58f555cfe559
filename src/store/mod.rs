//! The local store: one SQLite database per account.
//!
//! Every method is one short, blocking transaction; none is open during a request.
//! Several processes and threads may open the same database, each with its own
//! `Store`.
//!
//! The shown todos are a table that is updated in the same transaction as base and
//! outbox; [`replica::shown`](crate::domain::replica::shown) defines it, and
//! [`Store::replayed`] computes it from that definition.
//!
//! The call that meets damage recognises it: a damaged file is moved aside, an
//! unreadable queued change is removed from a sound one, and the error names the files
//! with what was saved.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, Transaction};

pub mod error;

mod account_state;
mod apply_outcome;
mod base;
mod commit;
mod counts;
mod cursor;
mod exchange;
mod file;
mod handles;
mod history;
mod merge_scans;
mod open_file;
mod outbox;
mod page_cache;
mod pull;
mod quarantine;
mod rebuild;
mod repair;
mod replay;
mod rescue;
mod rows;
mod schema;
mod search;
mod search_scan;
mod sending;
mod shown;
mod sort_key;
mod staged_base;
mod successor;
#[cfg(test)]
mod tests;
mod text_blocks;
mod undo;
mod window;
mod write;

pub use error::StoreError;
pub use successor::RepeatingTodos;

use crate::domain::list::{Freshness, Totals};
use account_state::AccountState;
use file::OpenDatabase;
use open_file::OpenFile;

/// An open database of one account.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// The opened file; `None` in memory.
    file: Option<OpenFile>,
    endpoint: String,
    access: Access,
}

/// The permitted use of an open store.
#[derive(Debug, Clone)]
enum Access {
    Write,
    /// Reading, as requested.
    Read,
    /// Reading, since the file or its disk cannot be written.
    Unwritable {
        message: String,
        help: String,
    },
}

impl Store {
    /// Opens the database of one account for reading and writing; creates it (0600 in
    /// a 0700 directory) or migrates it (after a backup copy) if necessary.
    ///
    /// `endpoint` names the rows of a bare backend.
    ///
    /// # Errors
    ///
    /// A database of a newer version, a directory that cannot be written, a
    /// corrupt file (renamed aside, its readable outbox saved beside it; opening
    /// again makes a new one).
    pub fn open(path: &Path, endpoint: &str) -> Result<Self, StoreError> {
        let opened = file::open(path)?;
        Ok(Self::around(opened, Some(path), endpoint, Access::Write))
    }

    /// Opens an existing database for reading only; `None` when there is none.
    /// An older version is migrated all the same.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_to_read(path: &Path, endpoint: &str) -> Result<Option<Self>, StoreError> {
        let opened = file::open_to_read(path)?;
        Ok(opened.map(|opened| Self::around(opened, Some(path), endpoint, Access::Read)))
    }

    /// Opens the database as [`Store::open`] does or, if the file or its disk cannot be
    /// written, an existing one for reading: [`Store::unwritable`] then returns why.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_or_read(path: &Path, endpoint: &str) -> Result<Self, StoreError> {
        match file::open(path) {
            Ok(opened) => {
                let access = if opened.connection.is_readonly("main")? {
                    Access::unwritable(&file::read_only())
                } else {
                    Access::Write
                };
                Ok(Self::around(opened, Some(path), endpoint, access))
            }
            Err(error) if error.is_unwritable() => match file::open_to_read(path)? {
                Some(opened) => {
                    let access = Access::unwritable(&error);
                    Ok(Self::around(opened, Some(path), endpoint, access))
                }
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Opens a database in memory, for tests.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn in_memory(endpoint: &str) -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        file::set_up(&connection)?;
        schema::migrate(&mut connection, None, schema::MIGRATIONS)?;
        let opened = OpenDatabase {
            connection,
            file: None,
        };
        Ok(Self::around(opened, None, endpoint, Access::Write))
    }

    fn around(opened: OpenDatabase, path: Option<&Path>, endpoint: &str, access: Access) -> Self {
        Self {
            connection: opened.connection,
            file: path.map(|path| OpenFile::new(path, opened.file)),
            endpoint: endpoint.to_owned(),
            access,
        }
    }

    /// Returns why the store was opened for reading although writing was requested.
    #[must_use]
    pub fn unwritable(&self) -> Option<StoreError> {
        match &self.access {
            Access::Unwritable { message, help } => Some(StoreError::Unwritable {
                message: message.clone(),
                help: help.clone(),
            }),
            Access::Write | Access::Read => None,
        }
    }

    /// Checks that the file is still the account's database and that this program
    /// supports its format. Cheap.
    ///
    /// # Errors
    ///
    /// An error that [is a replacement](StoreError::is_replaced) if the file was moved
    /// aside or deleted: continue with [`Store::reopen`]. [`StoreError::LogDeleted`]
    /// if its log was deleted, [`StoreError::Newer`] if a newer program migrated it:
    /// reading may continue.
    pub fn check(&self) -> Result<(), StoreError> {
        self.check_file()?;
        schema::check(&self.connection)
    }

    fn check_file(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) => file.check(&self.connection),
            None => Ok(()),
        }
    }

    /// Opens the store again if its file was replaced.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn reopen_if_replaced(&mut self) -> Result<(), StoreError> {
        match self.check_file() {
            Err(error) if error.is_replaced() => self.reopen(),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Opens the store again, at the same path and for the same use.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn reopen(&mut self) -> Result<(), StoreError> {
        if let Some(file) = &self.file {
            *self = match self.access {
                Access::Write => Self::open(&file.path, &self.endpoint)?,
                Access::Read | Access::Unwritable { .. } => {
                    Self::open_or_read(&file.path, &self.endpoint)?
                }
            };
        }
        Ok(())
    }

    /// Reads within one snapshot; [recognises](Self::recognise) damage.
    fn reading<T>(
        &self,
        read: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self
            .connection
            .unchecked_transaction()
            .map_err(StoreError::from)
            .and_then(|snapshot| read(&snapshot));
        result.map_err(|error| self.recognise(error))
    }

    /// Turns an error that may mean damage into the exact one: checks every page, moves
    /// a damaged file aside, and removes unreadable values from a sound one. Returns
    /// other errors unchanged.
    fn recognise(&self, error: StoreError) -> StoreError {
        let Some(file) = &self.file else {
            return error;
        };
        if error.code() == Some(ErrorCode::SystemIoFailure) && file.log_is_lost() {
            return StoreError::LogDeleted;
        }
        if !error.is_corruption() {
            return error;
        }
        if let Err(damage) = file::examine(&file.path) {
            return damage;
        }
        let repaired = Self::open(&file.path, &self.endpoint).and_then(|mut store| store.repair());
        match repaired {
            Ok(Some(isolated)) => isolated,
            Ok(None) | Err(_) => error,
        }
    }

    /// Returns the counters. Nothing is counted.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.state()?.totals())
    }

    /// Returns the age of base and the outcome of the last attempts.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn freshness(&self) -> Result<Freshness, StoreError> {
        Ok(self.state()?.freshness())
    }

    /// Returns why the last attempt to sync failed; `None` if it succeeded.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn last_failure(&self) -> Result<Option<String>, StoreError> {
        Ok(self.state()?.failure)
    }

    fn state(&self) -> Result<AccountState, StoreError> {
        AccountState::load(&self.connection).map_err(|error| self.recognise(error))
    }

    /// Returns a number that changes when another connection has written.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn version(&self) -> Result<i64, StoreError> {
        version(&self.connection)
    }
}

/// As [`Store::version`].
fn version(connection: &Connection) -> Result<i64, StoreError> {
    let version = connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))?;
    Ok(version)
}

impl Access {
    fn unwritable(why: &StoreError) -> Self {
        Self::Unwritable {
            message: why.to_string(),
            help: why.help(),
        }
    }
}
