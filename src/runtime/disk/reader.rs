//! The thread that reads.

use std::mem::discriminant;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use tokio::sync::mpsc;

use super::{Open, Place, WATCH, requests, tell};
use crate::app::{Effect, Msg};
use crate::runtime::advised;
use crate::store::{Store, StoreError};

/// Answers requests until their sender is gone.
pub(super) fn run(
    place: &Place,
    open: Option<Open>,
    requests: &Receiver<Effect>,
    facts: &mpsc::Sender<Msg>,
) {
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
        match requests.recv_timeout(WATCH) {
            Ok(first) => {
                for effect in latest(std::iter::once(first).chain(requests.try_iter())) {
                    let Some(msg) = reader.answer(&effect) else {
                        continue;
                    };
                    if facts.blocking_send(msg).is_err() {
                        return;
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(msg) = reader.look()
                    && facts.blocking_send(msg).is_err()
                {
                    return;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The requests that still count: of each kind the last.
fn latest(requests: impl Iterator<Item = Effect>) -> Vec<Effect> {
    let mut kept: Vec<Effect> = Vec::new();
    for effect in requests {
        kept.retain(|older| discriminant(older) != discriminant(&effect));
        kept.push(effect);
    }
    kept
}

/// The store that is read, and what is known of it.
struct Reader {
    store: Store,
    /// Its version when it was last read.
    seen: Option<i64>,
    /// Whether the user knows that a newer program has it.
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

    fn answer(&mut self, effect: &Effect) -> Option<Msg> {
        self.seen = self.store.version().ok();
        match requests::read(&self.store, effect) {
            Ok(answer) => answer,
            Err(error) if error.is_replaced() => Some(self.moved(&error)),
            Err(error @ StoreError::Isolated { .. }) => Some(Msg::StoreTroubled {
                reason: advised(&error),
            }),
            Err(error) => Some(requests::failed(effect, advised(&error))),
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
