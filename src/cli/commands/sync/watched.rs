//! Finds what changed in a store since the last check.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use crate::cli::commands::queue::QueueItem;
use crate::cli::context::{KnownProfile, outbox};
use crate::cli::error::CliError;
use crate::domain::change::Progress;
use crate::domain::key::Key;
use crate::domain::list::Freshness;
use crate::domain::query::{Query, Scope};
use crate::domain::todo::Todo;
use crate::store::Store;

/// A change, made by this device or another.
#[derive(Debug)]
pub(super) enum WatchEvent {
    /// A todo; a deleted one as it was before.
    Todo(ChangeKind, Todo),
    /// A change that the server or a conflict rejected.
    Rejected(QueueItem),
}

/// What happened to a todo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeKind {
    /// It was not shown before.
    Added,
    /// Its text or its state changed.
    Changed,
    /// It is no longer shown.
    Removed,
}

impl ChangeKind {
    /// Returns its word in the output.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// A store and the todos last seen in it, so that a deleted one can be printed as
/// it was.
#[derive(Debug)]
pub(super) struct Watched {
    store: Store,
    version: i64,
    shown: HashMap<Key, Todo>,
    rejected: HashSet<i64>,
    pending: u64,
}

impl Watched {
    /// Opens the store; its current todos are not reported.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(super) fn open(known: &KnownProfile) -> Result<Self, CliError> {
        let store = known.open()?;
        let mut watched = Self {
            version: store.version()?,
            shown: HashMap::new(),
            rejected: HashSet::new(),
            pending: store.totals()?.pending,
            store,
        };
        watched.compare()?;
        Ok(watched)
    }

    /// Returns the changes since the last check. Costs nothing if nothing was
    /// written, otherwise one scan of the list.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(super) fn changes(&mut self) -> Result<Vec<WatchEvent>, CliError> {
        let version = self.store.version()?;
        if version == self.version {
            return Ok(Vec::new());
        }
        self.version = version;
        self.compare()
    }

    /// Returns whether more changes are pending than at the last call.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(super) fn has_more_to_send(&mut self) -> Result<bool, CliError> {
        let pending = self.store.totals()?.pending;
        Ok(pending > std::mem::replace(&mut self.pending, pending))
    }

    /// Returns its freshness.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(super) fn freshness(&self) -> Result<Freshness, CliError> {
        Ok(self.store.freshness()?)
    }

    fn compare(&mut self) -> Result<Vec<WatchEvent>, CliError> {
        let mut changes = Vec::new();
        let mut before = std::mem::take(&mut self.shown);
        let everything = Query {
            scope: Scope::All,
            ..Query::default()
        };
        let shown = &mut self.shown;
        self.store.each(&everything, |todo| {
            let what = match before.remove(&todo.key) {
                None => Some(ChangeKind::Added),
                Some(known) => (known != *todo).then_some(ChangeKind::Changed),
            };
            changes.extend(what.map(|what| WatchEvent::Todo(what, todo.clone())));
            shown.insert(todo.key, todo.clone());
            ControlFlow::Continue(())
        })?;
        for (key, gone) in before {
            // An add on a bare backend continues under the key of its row.
            let renamed = self.store.todo(key)?.map(|todo| todo.key);
            let added = changes.iter_mut().find_map(|change| match change {
                WatchEvent::Todo(what, todo) if Some(todo.key) == renamed => Some(what),
                WatchEvent::Todo(..) | WatchEvent::Rejected(_) => None,
            });
            match added {
                Some(what) => *what = ChangeKind::Changed,
                None => changes.push(WatchEvent::Todo(ChangeKind::Removed, gone)),
            }
        }
        self.rejections(&mut changes)?;
        Ok(changes)
    }

    fn rejections(&mut self, changes: &mut Vec<WatchEvent>) -> Result<(), CliError> {
        if self.store.totals()?.rejected == 0 {
            self.rejected.clear();
            return Ok(());
        }
        let mut rejected = HashSet::new();
        for queued in outbox(&self.store)? {
            let seq = queued.entry.seq;
            if matches!(queued.entry.progress, Progress::Rejected(_)) {
                rejected.insert(seq);
                if !self.rejected.contains(&seq) {
                    changes.push(WatchEvent::Rejected(QueueItem::new(&self.store, queued)?));
                }
            }
        }
        self.rejected = rejected;
        Ok(())
    }
}
