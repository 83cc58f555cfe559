//! The disk's two threads: one reads, one writes, each with a store of its own.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc;

use super::advised;
use super::panic_guard::PanicGuard;
use crate::app::Msg;
use crate::app::effect::{CommitId, WindowId};
use crate::domain::change::Change;
use crate::domain::query::Query;
use crate::domain::todo::Todo;
use crate::store::{Around, Store, StoreError};

/// How often the reader looks whether another process has written.
const WATCH: Duration = Duration::from_secs(1);

/// A question for some rows.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) id: WindowId,
    pub(super) query: Query,
    pub(super) around: Around,
    pub(super) size: usize,
}

/// Changes to write.
#[derive(Debug)]
struct Write {
    id: CommitId,
    changes: Vec<Change>,
}

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
    asks: Sender<Ask>,
    writes: Sender<Write>,
    threads: Vec<JoinHandle<()>>,
}

impl Disk {
    /// Starts the threads. The reader takes `open`, if there is one; else it
    /// opens the database itself and says so.
    pub(super) fn start(place: &Place, open: Option<Open>, facts: &mpsc::Sender<Msg>) -> Self {
        let (asks, asked) = channel();
        let (writes, wanted) = channel();
        let reading = {
            let (place, facts) = (place.clone(), facts.clone());
            thread::spawn(move || {
                let _obituary = PanicGuard(facts.clone());
                read(&place, open, &asked, &facts);
            })
        };
        let writing = {
            let (place, facts) = (place.clone(), facts.clone());
            thread::spawn(move || {
                let _obituary = PanicGuard(facts.clone());
                write(&place, &wanted, &facts);
            })
        };
        Self {
            asks,
            writes,
            threads: vec![reading, writing],
        }
    }

    /// Asks for rows. Where several questions wait, only the last is answered.
    pub(super) fn ask(&self, ask: Ask) {
        // A reader that is gone has said why.
        let _ = self.asks.send(ask);
    }

    /// Writes changes; false when there is nobody to do it.
    pub(super) fn write(&self, id: CommitId, changes: Vec<Change>) -> bool {
        self.writes.send(Write { id, changes }).is_ok()
    }

    /// Lets the threads end: the writer when all that was asked for is written.
    pub(super) fn retire(self) -> Vec<JoinHandle<()>> {
        let Self {
            asks,
            writes,
            threads,
        } = self;
        drop(asks);
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

fn read(place: &Place, open: Option<Open>, asks: &Receiver<Ask>, facts: &mpsc::Sender<Msg>) {
    let opened = match open {
        Some(open) => Ok(open),
        None => place.open_or_read(tell(facts)).map(|store| {
            let open = Open::new(store);
            let _ = facts.blocking_send(Msg::Opened);
            open
        }),
    };
    let Open { store, seen } = match opened {
        Ok(open) => open,
        Err(error) => {
            let reason = advised(&error);
            let _ = facts.blocking_send(Msg::OpenFailed { reason });
            return;
        }
    };
    let mut reader = Reader {
        seen,
        is_newer: false,
        store,
    };
    loop {
        let msg = match asks.recv_timeout(WATCH) {
            Ok(ask) => {
                let ask = asks.try_iter().last().unwrap_or(ask);
                reader.answer(&ask)
            }
            Err(RecvTimeoutError::Timeout) => match reader.look() {
                Some(msg) => msg,
                None => continue,
            },
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if facts.blocking_send(msg).is_err() {
            return;
        }
    }
}

/// The store that is read, and what is known of it.
struct Reader {
    store: Store,
    /// Its version when it was last read.
    seen: Option<i64>,
    /// Whether the person knows that a newer program has it.
    is_newer: bool,
}

impl Reader {
    /// What has happened to the store meanwhile, if anything has.
    fn look(&mut self) -> Option<Msg> {
        match self.store.check() {
            Err(error @ StoreError::Newer { .. }) if !self.is_newer => {
                self.is_newer = true;
                let reason = advised(&error);
                return Some(Msg::StoreTroubled { reason });
            }
            Err(error) if error.is_replaced() => return Some(self.moved(&error)),
            // What else is wrong the next question tells.
            Ok(()) | Err(_) => {}
        }
        if self.store.unwritable().is_some() {
            // It may have become writable, or another process has written.
            let was = self.seen.take();
            if self.store.reopen().is_ok() && self.store.unwritable().is_none() {
                return Some(Msg::StoreChanged);
            }
            self.seen = was;
        }
        let version = self.store.version().ok();
        if version == self.seen {
            return None;
        }
        self.seen = version;
        Some(Msg::StoreChanged)
    }

    fn answer(&mut self, ask: &Ask) -> Msg {
        self.seen = self.store.version().ok();
        let id = ask.id;
        let read = || {
            Ok::<_, StoreError>(Msg::Windowed {
                id,
                window: self.store.window(&ask.query, ask.around, ask.size)?,
                totals: self.store.totals()?,
                freshness: self.store.freshness()?,
            })
        };
        match read() {
            Ok(windowed) => windowed,
            Err(error) if error.is_replaced() => self.moved(&error),
            Err(error @ StoreError::Isolated { .. }) => Msg::StoreTroubled {
                reason: advised(&error),
            },
            Err(error) => Msg::WindowFailed {
                id,
                reason: advised(&error),
            },
        }
    }

    /// Reads from now on what is in the place of a store that was moved.
    fn moved(&mut self, why: &StoreError) -> Msg {
        let reason = match self.store.reopen() {
            Ok(()) => advised(why),
            Err(error) => advised(&error),
        };
        self.seen = self.store.version().ok();
        Msg::StoreTroubled { reason }
    }
}

fn write(place: &Place, writes: &Receiver<Write>, facts: &mpsc::Sender<Msg>) {
    let mut store = None;
    for Write { id, changes } in writes {
        let committed = commit(&mut store, place, &changes, facts);
        let msg = match committed {
            Ok(todos) => Msg::Committed { id, todos },
            Err(error) => Msg::CommitFailed {
                id,
                reason: advised(&error),
            },
        };
        // The loop may be gone; what is queued is written all the same.
        let _ = facts.blocking_send(msg);
    }
}

/// Writes changes to the store, opened first where it is not: with the first
/// write, after a failure, and after a damaged one was set aside.
fn commit(
    store: &mut Option<Store>,
    place: &Place,
    changes: &[Change],
    facts: &mpsc::Sender<Msg>,
) -> Result<Vec<Todo>, StoreError> {
    let mut open = match store.take() {
        Some(store) => store,
        None => place.open_to_write(tell(facts))?,
    };
    let committed = match open.commit(changes) {
        Err(error) if error.is_replaced() => {
            tell(facts)(advised(&error));
            open.reopen()?;
            open.commit(changes)
        }
        Err(error @ StoreError::Isolated { .. }) => {
            tell(facts)(advised(&error));
            open.commit(changes)
        }
        other => other,
    };
    *store = Some(open);
    committed
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::change::Act;
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
