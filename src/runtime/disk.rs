//! The store's two threads: one reads, one writes, each with a connection of
//! its own.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc;

use super::account_files::AccountSwitch;
use super::local_day::LocalDay;
use super::panic_guard::PanicGuard;
use super::with_help;
use crate::app::{Effect, Msg};
use crate::store::{Store, StoreError};

mod reader;
mod requests;
mod writer;

pub use requests::{read, write};

/// How often the reader checks whether another process has written.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// The location of a database, and the endpoint that it belongs to.
#[derive(Debug, Clone)]
pub(super) struct DatabaseLocation {
    pub(super) path: PathBuf,
    pub(super) endpoint: String,
}

impl DatabaseLocation {
    fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.path, &self.endpoint)
    }

    /// Opens the store; read-only if it cannot be written. Passes to `report` that
    /// it is read-only, or that a damaged store was moved aside.
    pub(super) fn open_or_read(&self, mut report: impl FnMut(String)) -> Result<Store, StoreError> {
        let open = || Store::open_or_read(&self.path, &self.endpoint);
        let store = match open() {
            Err(error) if error.is_replaced() => {
                report(with_help(&error));
                open()?
            }
            other => other?,
        };
        if let Some(reason) = store.unwritable() {
            report(with_help(&reason));
        }
        Ok(store)
    }

    /// The number of changes that were not sent or not answered, as far as it can be
    /// read.
    pub(super) fn unsent(&self) -> u64 {
        let store = Store::open_to_read(&self.path, &self.endpoint);
        let totals = store.ok().flatten().and_then(|store| store.totals().ok());
        totals.map_or(0, |totals| totals.pending + totals.sent)
    }

    /// Opens the store for writing. Passes to `report` that a damaged store was
    /// moved aside.
    fn open_to_write(&self, report: impl FnOnce(String)) -> Result<Store, StoreError> {
        match self.open() {
            Err(error) if error.is_replaced() => {
                report(with_help(&error));
                self.open()
            }
            other => other,
        }
    }
}

/// An open store with its version before the first read: the reader notices what
/// another process writes between the first frame and its own start.
#[derive(Debug)]
pub(super) struct OpenStore {
    pub(super) store: Store,
    version: Option<i64>,
}

impl OpenStore {
    pub(super) fn new(store: Store) -> Self {
        Self {
            version: store.version().ok(),
            store,
        }
    }
}

/// What the reader begins with.
#[derive(Debug)]
pub(super) enum ReaderStart {
    /// A store that is open already.
    Open(OpenStore),
    /// A store to open, after another account.
    Switch(AccountSwitch),
}

/// Handle to the threads of one database. Dropping it ends them, the writer after
/// the last write.
#[derive(Debug)]
pub(super) struct DiskThreads {
    reads: Sender<Effect>,
    writes: Sender<Effect>,
    threads: Vec<JoinHandle<()>>,
}

impl DiskThreads {
    /// Starts the threads. After a switch, the reader opens the database and sends
    /// [`Msg::Opened`].
    pub(super) fn start(
        location: &DatabaseLocation,
        start: ReaderStart,
        messages: &mpsc::Sender<Msg>,
    ) -> Self {
        let (reads, to_read) = channel();
        let (writes, to_write) = channel();
        let reading = {
            let (location, messages) = (location.clone(), messages.clone());
            thread::spawn(move || {
                let _guard = PanicGuard(messages.clone());
                reader::run(&location, start, &to_read, &messages, LocalDay::now);
            })
        };
        let writing = {
            let (location, messages) = (location.clone(), messages.clone());
            thread::spawn(move || {
                let _guard = PanicGuard(messages.clone());
                writer::run(&location, &to_write, &messages);
            })
        };
        Self {
            reads,
            writes,
            threads: vec![reading, writing],
        }
    }

    /// Starts a read. Of several waiting requests of a kind only the last is
    /// answered.
    pub(super) fn read(&self, effect: Effect) {
        // A reader that ended has reported why.
        let _ = self.reads.send(effect);
    }

    /// Starts a write; returns false if the writer has ended.
    pub(super) fn write(&self, effect: Effect) -> bool {
        self.writes.send(effect).is_ok()
    }

    /// Ends the threads, the writer after the last write; returns their handles.
    pub(super) fn stop(self) -> Vec<JoinHandle<()>> {
        let Self {
            reads,
            writes,
            threads,
        } = self;
        drop(reads);
        drop(writes);
        threads
    }
}

/// Returns a function that sends a warning about the store.
fn warn(messages: &mpsc::Sender<Msg>) -> impl Fn(String) {
    |reason| {
        // The loop may have ended.
        let _ = messages.blocking_send(Msg::StoreWarning { reason });
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::change::{Act, Change};
    use crate::domain::key::{ChangeId, Key};

    const DEADLINE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_write_before_the_reader_starts_is_noticed() -> Result<(), Box<dyn std::error::Error>>
    {
        let folder = tempfile::tempdir()?;
        let location = DatabaseLocation {
            path: folder.path().join("todos.db"),
            endpoint: "https://todos.example/v1/graphql".to_owned(),
        };
        let open = OpenStore::new(location.open()?);
        assert_eq!(open.store.totals()?.open, 0, "the first frame");
        location.open()?.commit(&[Change {
            id: ChangeId(Uuid::from_u128(1)),
            todo: Key::new(Uuid::from_u128(2)),
            act: Act::Add {
                text: "milk".to_owned(),
            },
            at: Timestamp::UNIX_EPOCH,
        }])?;

        let (sender, mut receiver) = mpsc::channel(8);
        let _disk = DiskThreads::start(&location, ReaderStart::Open(open), &sender);

        let msg = tokio::time::timeout(DEADLINE, receiver.recv()).await?;
        assert!(matches!(msg, Some(Msg::StoreChanged)), "{msg:?}");
        Ok(())
    }
}
