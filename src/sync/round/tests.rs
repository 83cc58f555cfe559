use std::error::Error;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

use super::{RoundError, RoundReport, round, round_from_start, round_reporting};
use crate::domain::change::{Act, Change, Progress};
use crate::domain::key::{ChangeId, Key};
use crate::domain::push_outcome::Queued;
use crate::domain::query::{Query, Scope, Sort};
use crate::store::Store;

mod bare;
mod chaos;
mod conflicts;
mod full;
mod permissions;
mod repeating;
mod server;
mod turns;

use server::{ENDPOINT, Server};

type TestResult = Result<(), Box<dyn Error>>;

/// Code and the server's text of a rejected entry.
type CodeAndText = (String, Option<String>);

/// One device: a store in a file, and a server.
struct Device {
    folder: TempDir,
    store: Store,
    server: Server,
}

fn key(n: u128) -> Key {
    Key::new(Uuid::from_u128(
        0x0190_0000_0000_7000_8000_0000_0000_0000 + n,
    ))
}

fn change(todo: Key, act: Act) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(7)),
        todo,
        act,
        at: Timestamp::UNIX_EPOCH,
    }
}

fn adding(n: u128, text: &str) -> Change {
    let text = text.to_owned();
    change(key(n), Act::Add { text })
}

fn editing(todo: Key, before: &str, after: &str) -> Change {
    let (before, after) = (before.to_owned(), after.to_owned());
    change(todo, Act::Edit { before, after })
}

fn removing(todo: Key, before: &str) -> Change {
    let before = before.to_owned();
    change(todo, Act::Remove { before })
}

/// Commits as another process with the same database.
fn commit_from_elsewhere(path: &Path, changes: &[Change]) {
    let outcome = Store::open(path, ENDPOINT).and_then(|mut store| store.commit(changes));
    assert!(outcome.is_ok(), "{outcome:?}");
}

impl Device {
    fn new(server: &Server) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&folder.path().join("todos.db"), ENDPOINT)?;
        Ok(Self {
            folder,
            store,
            server: server.clone(),
        })
    }

    /// Returns a device with its store in memory, which is faster.
    fn in_memory(server: &Server) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            store: Store::in_memory(ENDPOINT)?,
            folder: tempfile::tempdir()?,
            server: server.clone(),
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("todos.db")
    }

    fn lock(&self) -> PathBuf {
        self.folder.path().join("round.lock")
    }

    fn commit(&mut self, changes: &[Change]) -> TestResult {
        self.store.commit(changes)?;
        Ok(())
    }

    async fn round(&mut self) -> Result<RoundReport, RoundError> {
        let lock = self.lock();
        round(&mut self.store, &self.server, &lock, || {
            Timestamp::UNIX_EPOCH
        })
        .await
    }

    async fn round_from_start(&mut self) -> Result<RoundReport, RoundError> {
        let lock = self.lock();
        round_from_start(&mut self.store, &self.server, &lock, || {
            Timestamp::UNIX_EPOCH
        })
        .await
    }

    /// Runs rounds until one succeeds; returns their number.
    async fn rounds(&mut self) -> Result<usize, Box<dyn Error>> {
        let mut last = None;
        for n in 1..=100 {
            match self.round().await {
                Ok(_) => return Ok(n),
                Err(error) => last = Some(error),
            }
        }
        Err(format!("no round succeeded: {last:?}").into())
    }

    /// Opens the database again, as after a crash of the process.
    fn restart(&mut self) -> TestResult {
        self.store = Store::open(&self.path(), ENDPOINT)?;
        Ok(())
    }

    /// Returns the shown texts, sorted.
    fn shown(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let query = Query {
            scope: Scope::All,
            sort: Sort::Server,
            ..Query::default()
        };
        let mut texts = Vec::new();
        self.store.each(&query, |todo| {
            texts.push(todo.text.clone());
            std::ops::ControlFlow::Continue(())
        })?;
        texts.sort();
        Ok(texts)
    }

    fn outbox(&self) -> Result<Vec<Queued>, Box<dyn Error>> {
        Ok(self.store.outbox()?)
    }

    fn rejected(&self) -> Result<Vec<CodeAndText>, Box<dyn Error>> {
        let outbox = self.outbox()?;
        let rejection = |queued: Queued| match queued.entry.progress {
            Progress::Rejected(rejection) => Some((rejection.code, rejection.theirs)),
            Progress::Pending | Progress::Sent { .. } | Progress::Answered => None,
        };
        Ok(outbox.into_iter().filter_map(rejection).collect())
    }
}
