//! The local store: one SQLite database an account.
//!
//! Every method is one short transaction and blocks; none is open while
//! anything waits for the network. Any number of processes and threads open the
//! same database, each with a `Store` of its own.
//!
//! What is shown is a table of its own, moved forward in the same transaction as
//! base or outbox; [`replica::shown`](crate::domain::replica::shown) is its
//! definition, and [`Store::replayed`] computes it from that definition.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, InterruptHandle};

pub mod error;

mod account_state;
mod apply_outcome;
mod base;
mod commit;
mod cursor;
mod file;
mod handles;
mod history;
mod outbox;
mod pull;
mod quarantine;
mod replay;
mod rows;
mod schema;
mod search;
mod sort_key;
#[cfg(test)]
mod tests;
mod window;
mod write;

pub use crate::domain::feed::{Capabilities, FeedRow, Mark};
pub use crate::domain::history::{HistoryEntry, UndoReport};
pub use crate::domain::list::{Around, Freshness, Resolved, Totals, Window};
pub use crate::domain::push_outcome::{PrePushChange, Pull, PushOutcome, Queued};
pub use error::StoreError;

use account_state::AccountState;
use file::{Identity, Opened};

/// An open database of one account.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// Where it was opened, and which file was there; none in memory.
    file: Option<(PathBuf, Option<Identity>)>,
    endpoint: String,
    /// It was opened for reading only.
    reading: bool,
    /// The columns whose sorting index is known to exist.
    indexed: RefCell<Vec<&'static str>>,
}

/// Stops what a [`Store`] on another thread is doing.
pub struct Interrupter(InterruptHandle);

impl std::fmt::Debug for Interrupter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupter").finish_non_exhaustive()
    }
}

impl Interrupter {
    /// The running query, if any, ends with an error for which
    /// [`StoreError::is_interruption`] holds. A write ends without effect.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

impl Store {
    /// Opens the database of one account for reading and writing, making it
    /// (0600 in a 0700 directory) or migrating it (after a backup copy) where needed.
    ///
    /// `endpoint` names the rows of a bare backend.
    ///
    /// # Errors
    ///
    /// A database of a newer version, a directory that cannot be written, a
    /// corrupt file (renamed aside, its readable outbox saved beside it; opening
    /// again makes a new one).
    pub fn open(path: &Path, endpoint: &str) -> Result<Self, StoreError> {
        Ok(Self::around(file::open(path)?, Some(path), endpoint, false))
    }

    /// Opens an existing database for reading only; `None` when there is none.
    /// An older version is migrated all the same.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_to_read(path: &Path, endpoint: &str) -> Result<Option<Self>, StoreError> {
        let opened = file::open_to_read(path)?;
        Ok(opened.map(|opened| Self::around(opened, Some(path), endpoint, true)))
    }

    /// A database in memory, for tests.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn in_memory(endpoint: &str) -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        file::set_up(&connection)?;
        schema::migrate(&mut connection, None, schema::MIGRATIONS)?;
        let opened = Opened {
            connection,
            file: None,
        };
        Ok(Self::around(opened, None, endpoint, false))
    }

    fn around(opened: Opened, path: Option<&Path>, endpoint: &str, reading: bool) -> Self {
        Self {
            connection: opened.connection,
            file: path.map(|path| (path.to_owned(), opened.file)),
            endpoint: endpoint.to_owned(),
            reading,
            indexed: RefCell::default(),
        }
    }

    /// Whether this is still the account's database, and one that this program
    /// can write. Costs one look at the directory and one at the format.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when another process set it aside,
    /// [`StoreError::Removed`] when it is gone for another reason: reading and
    /// writing must then go on with one opened anew. [`StoreError::Newer`] when
    /// a newer program migrated it: reading may go on.
    pub fn check(&self) -> Result<(), StoreError> {
        self.check_place()?;
        schema::check(&self.connection)
    }

    fn check_place(&self) -> Result<(), StoreError> {
        match &self.file {
            Some((path, was)) if Identity::of(path) != *was => {
                Err(quarantine::latest(path).unwrap_or(StoreError::Removed))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Opens it anew where another process has set it aside.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn follow(&mut self) -> Result<(), StoreError> {
        match self.check_place() {
            Ok(()) => Ok(()),
            Err(_) => self.reopen(),
        }
    }

    /// Opens it anew, where it was.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn reopen(&mut self) -> Result<(), StoreError> {
        if let Some((path, _)) = &self.file {
            *self = Self::open(path, &self.endpoint)?;
        }
        Ok(())
    }

    /// What to make of an error. Where it says that the database is damaged,
    /// every page is looked at; if it is true, the file is set aside as
    /// [`Store::open`] does, and the error is [`StoreError::Corrupt`]. Any other
    /// comes back as it is.
    #[must_use]
    pub fn check_corruption(&self, error: StoreError) -> StoreError {
        match &self.file {
            Some((path, _)) if error.is_corruption() => file::examine(path).err().unwrap_or(error),
            Some(_) | None => error,
        }
    }

    /// Counters, kept, not counted.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        Ok(AccountState::load(&self.connection)?.totals())
    }

    /// How fresh base is.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn freshness(&self) -> Result<Freshness, StoreError> {
        Ok(AccountState::load(&self.connection)?.freshness())
    }

    /// A number that changes when another connection has written.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn version(&self) -> Result<i64, StoreError> {
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        Ok(version)
    }

    /// Something to stop this store's queries with, from another thread.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.connection.get_interrupt_handle())
    }
}
