//! The disk's two threads: one reads, one writes, each with a store of its own.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc;

use super::obituary::Obituary;
use super::told;
use crate::app::Msg;
use crate::app::effect::{CommitId, WindowId};
use crate::domain::change::Change;
use crate::domain::query::Query;
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
    pub(super) fn start(place: &Place, open: Option<Store>, facts: &mpsc::Sender<Msg>) -> Self {
        let (asks, asked) = channel();
        let (writes, wanted) = channel();
        let reading = {
            let (place, facts) = (place.clone(), facts.clone());
            thread::spawn(move || {
                let _obituary = Obituary(facts.clone());
                read(&place, open, &asked, &facts);
            })
        };
        let writing = {
            let (place, facts) = (place.clone(), facts.clone());
            thread::spawn(move || {
                let _obituary = Obituary(facts.clone());
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

fn read(place: &Place, open: Option<Store>, asks: &Receiver<Ask>, facts: &mpsc::Sender<Msg>) {
    let opened = match open {
        Some(store) => Ok(store),
        None => place.open().inspect(|_| {
            let _ = facts.blocking_send(Msg::Opened);
        }),
    };
    let store = match opened {
        Ok(store) => store,
        Err(error) => {
            let reason = told(&error);
            let _ = facts.blocking_send(Msg::OpenFailed { reason });
            return;
        }
    };
    let mut seen = store.version().ok();
    loop {
        let msg = match asks.recv_timeout(WATCH) {
            Ok(ask) => {
                let ask = asks.try_iter().last().unwrap_or(ask);
                seen = store.version().ok();
                answer(&store, &ask)
            }
            Err(RecvTimeoutError::Timeout) => {
                let version = store.version().ok();
                if version == seen {
                    continue;
                }
                seen = version;
                Msg::StoreChanged
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if facts.blocking_send(msg).is_err() {
            return;
        }
    }
}

fn answer(store: &Store, ask: &Ask) -> Msg {
    let id = ask.id;
    let read = || {
        Ok::<_, StoreError>(Msg::Windowed {
            id,
            window: store.window(&ask.query, ask.around, ask.size)?,
            totals: store.totals()?,
            freshness: store.freshness()?,
        })
    };
    read().unwrap_or_else(|error| Msg::WindowFailed {
        id,
        reason: told(&error),
    })
}

fn write(place: &Place, writes: &Receiver<Write>, facts: &mpsc::Sender<Msg>) {
    let mut store = None;
    for Write { id, changes } in writes {
        // Opened with the first write, and again after a failure to open.
        let opened = match store.take() {
            Some(store) => Ok(store),
            None => place.open(),
        };
        let committed = opened.and_then(|mut open| {
            let committed = open.commit(&changes);
            store = Some(open);
            committed
        });
        let msg = match committed {
            Ok(todos) => Msg::Committed { id, todos },
            Err(error) => Msg::CommitFailed {
                id,
                reason: told(&error),
            },
        };
        // The loop may be gone; what is queued is written all the same.
        let _ = facts.blocking_send(msg);
    }
}
