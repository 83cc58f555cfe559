//! The disk's two threads: one reads, one writes, each with a store of its own.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc;

use super::advised;
use super::panic_guard::PanicGuard;
use crate::app::{Effect, Msg};
use crate::store::{Store, StoreError};

mod reader;
mod requests;
mod writer;

pub use requests::{read, write};

/// How often the reader looks whether another process has written.
const WATCH: Duration = Duration::from_secs(1);

/// Where a database is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) endpoint: String,
}

impl Place {
    pub(super) fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.path, &self.endpoint)
    }

    /// Opens the store, for reading only where it cannot be written. Reports that
    /// through `report`, and that a damaged store was set aside for a new one.
    pub(super) fn open_or_read(&self, mut report: impl FnMut(String)) -> Result<Store, StoreError> {
        let open = || Store::open_or_read(&self.path, &self.endpoint);
        let store = match open() {
            Err(error) if error.is_replaced() => {
                report(advised(&error));
                open()?
            }
            other => other?,
        };
        if let Some(reason) = store.unwritable() {
            report(advised(&reason));
        }
        Ok(store)
    }

    /// Opens the store for writing. Reports through `report` that a damaged store
    /// was set aside for a new one.
    fn open_to_write(&self, report: impl FnOnce(String)) -> Result<Store, StoreError> {
        match self.open() {
            Err(error) if error.is_replaced() => {
                report(advised(&error));
                self.open()
            }
            other => other,
        }
    }
}

/// An open store, and its version from before anything was read of it: what
/// another process writes between the first frame and the reader's start is news.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) store: Store,
    seen: Option<i64>,
}

impl Open {
    pub(super) fn new(store: Store) -> Self {
        Self {
            seen: store.version().ok(),
            store,
        }
    }
}

/// The threads of one database. Dropping it lets them end: the writer when
/// everything asked for is written.
#[derive(Debug)]
pub(super) struct Disk {
    reads: Sender<Effect>,
    writes: Sender<Effect>,
    threads: Vec<JoinHandle<()>>,
}

impl Disk {
    /// Starts the threads. The reader takes `open`, if there is one; else it
    /// opens the database itself and says so.
    pub(super) fn start(place: &Place, open: Option<Open>, facts: &mpsc::Sender<Msg>) -> Self {
        let (reads, to_read) = channel();
        let (writes, to_write) = channel();
        let reading = {
            let (place, facts) = (place.clone(), facts.clone());
            thread::spawn(move || {
                let _guard = PanicGuard(facts.clone());
                reader::run(&place, open, &to_read, &facts);
            })
        };
        let writing = {
            let (place, facts) = (place.clone(), facts.clone());
            thread::spawn(move || {
                let _guard = PanicGuard(facts.clone());
                writer::run(&place, &to_write, &facts);
            })
        };
        Self {
            reads,
            writes,
            threads: vec![reading, writing],
        }
    }

    /// Reads. Where several requests for rows wait, only the last is answered.
    pub(super) fn read(&self, effect: Effect) {
        // A reader that ended has said why.
        let _ = self.reads.send(effect);
    }

    /// Writes; false when the writer has ended.
    pub(super) fn write(&self, effect: Effect) -> bool {
        self.writes.send(effect).is_ok()
    }

    /// Lets the threads end: the writer when all that was asked for is written.
    pub(super) fn retire(self) -> Vec<JoinHandle<()>> {
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

/// Reports trouble with the store to the loop.
fn tell(facts: &mpsc::Sender<Msg>) -> impl Fn(String) {
    |reason| {
        // The loop may be gone.
        let _ = facts.blocking_send(Msg::StoreTroubled { reason });
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
    async fn what_is_written_before_the_reader_starts_is_noticed()
    -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let place = Place {
            path: folder.path().join("todos.db"),
            endpoint: "https://todos.example/v1/graphql".to_owned(),
        };
        let open = Open::new(place.open()?);
        assert_eq!(open.store.totals()?.open, 0, "the first frame");
        place.open()?.commit(&[Change {
            id: ChangeId(Uuid::from_u128(1)),
            todo: Key::new(Uuid::from_u128(2)),
            act: Act::Add {
                text: "milk".to_owned(),
            },
            at: Timestamp::UNIX_EPOCH,
        }])?;

        let (facts, mut display_chain) = mpsc::channel(8);
        let _disk = Disk::start(&place, Some(open), &facts);

        let news = tokio::time::timeout(DEADLINE, display_chain.recv()).await?;
        assert!(matches!(news, Some(Msg::StoreChanged)), "{news:?}");
        Ok(())
    }
}
