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
use std::path::Path;

use rusqlite::{Connection, InterruptHandle};

pub mod error;

mod base;
mod commit;
mod file;
mod handles;
mod history;
mod ledger;
mod outbox;
mod place;
mod pull;
mod replay;
mod rows;
mod salvage;
mod schema;
mod search;
mod settle;
#[cfg(test)]
mod tests;
mod walk;
mod window;
mod write;

pub use crate::domain::feed::{Capabilities, FeedRow, Mark};
pub use crate::domain::list::{Around, Freshness, Resolved, Totals, Window};
pub use crate::domain::past::{Past, Undone};
pub use crate::domain::verdict::{Adjustment, Pull, Queued, Verdict};
pub use error::StoreError;

use ledger::Ledger;

/// An open database of one account.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
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
        let store = Self::around(file::open(path)?, endpoint, false);
        Ok(store)
    }

    /// Opens an existing database for reading only; `None` when there is none.
    /// An older version is migrated all the same.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_to_read(path: &Path, endpoint: &str) -> Result<Option<Self>, StoreError> {
        let connection = file::open_to_read(path)?;
        Ok(connection.map(|connection| Self::around(connection, endpoint, true)))
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
        Ok(Self::around(connection, endpoint, false))
    }

    fn around(connection: Connection, endpoint: &str, reading: bool) -> Self {
        Self {
            connection,
            endpoint: endpoint.to_owned(),
            reading,
            indexed: RefCell::default(),
        }
    }

    /// Counters, kept, not counted.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        Ok(Ledger::load(&self.connection)?.totals())
    }

    /// How fresh base is.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn freshness(&self) -> Result<Freshness, StoreError> {
        Ok(Ledger::load(&self.connection)?.freshness())
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
