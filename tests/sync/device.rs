//! A device: a store on disk, a client, and the actions of its user.

use std::ops::ControlFlow;
use std::path::PathBuf;

use jiff::Timestamp;
use tempfile::TempDir;
use tudone::domain::change::{Act, Change};
use tudone::domain::key::{ChangeId, Key};
use tudone::domain::query::{Query, Scope};
use tudone::domain::todo::Todo;
use tudone::graphql::Hasura;
use tudone::store::Store;
use tudone::sync::remote::Remote;
use tudone::sync::round::{RoundError, RoundReport, round};
use uuid::Uuid;

use crate::bench::{Bench, Checked, key_of};

/// A store on disk, and a client.
pub(crate) struct Device {
    folder: TempDir,
    pub(crate) store: Store,
    pub(crate) hasura: Hasura,
}

impl Device {
    pub(crate) async fn new(bench: &Bench, sub: &str) -> Checked<Self> {
        Self::with(bench, bench.hasura(sub).await?)
    }

    pub(crate) fn with(bench: &Bench, hasura: Hasura) -> Checked<Self> {
        let folder = tempfile::tempdir()?;
        let endpoint = &bench.sandbox.addresses().endpoint;
        let store = Store::open(&folder.path().join("todos.db"), endpoint)?;
        Ok(Self {
            folder,
            store,
            hasura,
        })
    }

    /// Returns a device with its store in memory, for reading only.
    pub(crate) async fn in_memory(bench: &Bench, sub: &str) -> Checked<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            store: Store::in_memory(&bench.sandbox.addresses().endpoint)?,
            hasura: bench.hasura(sub).await?,
        })
    }

    fn lock(&self) -> PathBuf {
        self.folder.path().join("round.lock")
    }

    pub(crate) async fn round(&mut self) -> Result<RoundReport, RoundError> {
        self.round_with(&self.hasura.clone()).await
    }

    /// Runs a round with another client.
    pub(crate) async fn round_with(
        &mut self,
        remote: &impl Remote,
    ) -> Result<RoundReport, RoundError> {
        let lock = self.lock();
        round(&mut self.store, remote, &lock, Timestamp::now).await
    }

    /// Runs rounds until one succeeds.
    pub(crate) async fn rounds(&mut self) -> Checked {
        let mut last = None;
        for _ in 0..20 {
            match self.round().await {
                Ok(_) => return Ok(()),
                Err(error) => last = Some(error),
            }
        }
        Err(format!("no round ended well: {last:?}").into())
    }

    pub(crate) fn act(&mut self, todo: Key, act: Act) -> Checked {
        self.store.commit(&[change(todo, act)])?;
        Ok(())
    }

    pub(crate) fn add(&mut self, n: u128, text: &str) -> Checked {
        let text = text.to_owned();
        self.act(key_of(n), Act::Add { text })
    }

    /// Adds `todo 1`, `todo 2` … at once.
    pub(crate) fn add_all(&mut self, numbers: impl Iterator<Item = u128>) -> Checked {
        let add = |n| {
            let text = format!("todo {n}");
            change(key_of(n), Act::Add { text })
        };
        self.store.commit(&numbers.map(add).collect::<Vec<_>>())?;
        Ok(())
    }

    pub(crate) fn edit(&mut self, todo: Key, before: &str, after: &str) -> Checked {
        let (before, after) = (before.to_owned(), after.to_owned());
        self.act(todo, Act::Edit { before, after })
    }

    pub(crate) fn remove(&mut self, todo: Key, before: &str) -> Checked {
        let before = before.to_owned();
        self.act(todo, Act::Remove { before })
    }

    /// Returns the shown texts, sorted.
    pub(crate) fn shown(&self) -> Checked<Vec<String>> {
        let mut texts: Vec<_> = self.todos()?.into_iter().map(|todo| todo.text).collect();
        texts.sort();
        Ok(texts)
    }

    /// Returns the key of the todo with this text.
    pub(crate) fn key(&self, text: &str) -> Checked<Key> {
        let found = self.todos()?.into_iter().find(|todo| todo.text == text);
        Ok(found.ok_or_else(|| format!("no todo {text}"))?.key)
    }

    fn todos(&self) -> Checked<Vec<Todo>> {
        let query = Query {
            scope: Scope::All,
            ..Query::default()
        };
        let mut todos = Vec::new();
        self.store.each(&query, |todo| {
            todos.push(todo.clone());
            ControlFlow::Continue(())
        })?;
        Ok(todos)
    }
}

fn change(todo: Key, act: Act) -> Change {
    Change {
        id: ChangeId(Uuid::now_v7()),
        todo,
        act,
        at: Timestamp::now(),
    }
}
