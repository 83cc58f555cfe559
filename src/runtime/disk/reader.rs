//! The reader thread.

use std::mem::discriminant;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use tokio::sync::mpsc;

use super::{DatabaseLocation, OpenStore, WATCH_INTERVAL, requests, warn};
use crate::app::{Effect, Msg};
use crate::runtime::with_help;
use crate::store::{Store, StoreError};

/// Answers requests until their sender is dropped.
pub(super) fn run(
    location: &DatabaseLocation,
    open: Option<OpenStore>,
    requests: &Receiver<Effect>,
    messages: &mpsc::Sender<Msg>,
) {
    let opened = match open {
        Some(open) => Ok(open),
        None => location.open_or_read(warn(messages)).map(|store| {
            let open = OpenStore::new(store);
            let _ = messages.blocking_send(Msg::Opened);
            open
        }),
    };
    let OpenStore { store, version } = match opened {
        Ok(open) => open,
        Err(error) => {
            let reason = with_help(&error);
            let _ = messages.blocking_send(Msg::OpenFailed { reason });
            return;
        }
    };
    let mut reader = StoreReader {
        version,
        reported_newer: false,
        store,
    };
    loop {
        match requests.recv_timeout(WATCH_INTERVAL) {
            Ok(first) => {
                for effect in latest(std::iter::once(first).chain(requests.try_iter())) {
                    let Some(msg) = reader.answer(&effect) else {
                        continue;
                    };
                    if messages.blocking_send(msg).is_err() {
                        return;
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(msg) = reader.check_for_changes()
                    && messages.blocking_send(msg).is_err()
                {
                    return;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Returns the last request of each kind.
fn latest(requests: impl Iterator<Item = Effect>) -> Vec<Effect> {
    let mut latest: Vec<Effect> = Vec::new();
    for effect in requests {
        latest.retain(|older| discriminant(older) != discriminant(&effect));
        latest.push(effect);
    }
    latest
}

/// A store and the state of it that was last reported.
struct StoreReader {
    store: Store,
    /// The version at the last read.
    version: Option<i64>,
    /// Whether the user was warned that a newer program migrated it.
    reported_newer: bool,
}

impl StoreReader {
    /// Returns what happened to the store since the last read, if anything did.
    fn check_for_changes(&mut self) -> Option<Msg> {
        match self.store.check() {
            Err(error @ StoreError::Newer { .. }) if !self.reported_newer => {
                self.reported_newer = true;
                let reason = with_help(&error);
                return Some(Msg::StoreWarning { reason });
            }
            Err(error) if error.is_replaced() => return Some(self.reopen_after(&error)),
            // The next request reports any other error.
            Ok(()) | Err(_) => {}
        }
        if self.store.unwritable().is_some() {
            // It may have become writable, or another process has written.
            let before = self.version.take();
            if self.store.reopen().is_ok() && self.store.unwritable().is_none() {
                return Some(Msg::StoreChanged);
            }
            self.version = before;
        }
        let version = self.store.version().ok();
        if version == self.version {
            return None;
        }
        self.version = version;
        Some(Msg::StoreChanged)
    }

    fn answer(&mut self, effect: &Effect) -> Option<Msg> {
        self.version = self.store.version().ok();
        match requests::read(&self.store, effect) {
            Ok(answer) => answer,
            Err(error) if error.is_replaced() => Some(self.reopen_after(&error)),
            Err(error @ StoreError::Isolated { .. }) => Some(Msg::StoreWarning {
                reason: with_help(&error),
            }),
            Err(error) => Some(requests::failed(effect, with_help(&error))),
        }
    }

    /// Opens the store that replaces one that was moved aside.
    fn reopen_after(&mut self, why: &StoreError) -> Msg {
        let reason = match self.store.reopen() {
            Ok(()) => with_help(why),
            Err(error) => with_help(&error),
        };
        self.version = self.store.version().ok();
        Msg::StoreWarning { reason }
    }
}
