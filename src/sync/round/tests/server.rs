//! A server in memory with the full backend's rules: keys are unique, tombstones
//! final, edits conditional, revisions in commit order. As a bare one it knows
//! rows by id only. It fails as told.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use crate::domain::feed::{Capabilities, FeedRow, Mark};
use crate::domain::key::Key;
use crate::domain::todo::Row;
use crate::sync::remote::{Answer, BareRow, Batch, Page, PageRequest, Remote, RemoteError};

pub(super) const ENDPOINT: &str = "https://hasura.example/v1/graphql";

/// What goes wrong with the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No connection.
    Unreachable,
    /// The connection is cut before the write happens.
    LostBefore,
    /// The write happens, the answer is lost.
    LostAfter,
    /// The server is too busy, and wants to be left alone for ten minutes.
    Busy,
    /// The future never ends.
    Hang,
    /// All is well.
    None,
}

type Hook = Box<dyn FnOnce()>;

#[derive(Default)]
struct State {
    rows: BTreeMap<Key, Row>,
    tombstones: BTreeMap<Key, i64>,
    revision: i64,
    next_id: i64,
    purged: i64,
    user: i64,
    capabilities: Option<Capabilities>,
    faults: VecDeque<Fault>,
    hooks: VecDeque<Hook>,
    batches: Vec<Batch>,
    asked: usize,
    pages: usize,
    row_limit: Option<usize>,
    largest_page: Option<usize>,
    is_fickle: bool,
}

/// One server; clones are clients of the same.
#[derive(Clone)]
pub(super) struct Server(Rc<RefCell<State>>);

pub(super) const EVERYTHING: Capabilities = Capabilities {
    full: true,
    insert: true,
    update: true,
    delete: true,
    single_operations: false,
};

fn lost() -> RemoteError {
    RemoteError::ConnectionLost {
        host: "test".to_owned(),
        message: "cut".to_owned(),
    }
}

fn refused(code: &str) -> RemoteError {
    RemoteError::Refused {
        code: code.to_owned(),
        message: "no".to_owned(),
    }
}

impl Server {
    pub(super) fn full() -> Self {
        Self(Rc::new(RefCell::new(State {
            user: 1,
            capabilities: Some(EVERYTHING),
            ..State::default()
        })))
    }

    pub(super) fn bare() -> Self {
        let server = Self::full();
        server.allow(Capabilities {
            full: false,
            ..EVERYTHING
        });
        server
    }

    pub(super) fn allow(&self, capabilities: Capabilities) {
        self.0.borrow_mut().capabilities = Some(capabilities);
    }

    /// What goes wrong with the next writes, in order.
    pub(super) fn fail(&self, faults: &[Fault]) {
        self.0.borrow_mut().faults.extend(faults);
    }

    /// Nothing goes wrong any more.
    pub(super) fn calm(&self) {
        self.0.borrow_mut().faults.clear();
    }

    /// Done while the next write without a hook is on its way.
    pub(super) fn meanwhile(&self, hook: impl FnOnce() + 'static) {
        self.0.borrow_mut().hooks.push_back(Box::new(hook));
    }

    pub(super) fn limit_rows(&self, limit: usize) {
        self.0.borrow_mut().row_limit = Some(limit);
    }

    pub(super) fn limit_pages(&self, largest: usize) {
        self.0.borrow_mut().largest_page = Some(largest);
    }

    /// Every request that arrived, also those whose answer was lost.
    pub(super) fn batches(&self) -> Vec<Batch> {
        self.0.borrow().batches.clone()
    }

    /// How often it was asked what the role may do.
    pub(super) fn asked(&self) -> usize {
        self.0.borrow().asked
    }

    /// How often a page of the change feed was read.
    pub(super) fn pages(&self) -> usize {
        self.0.borrow().pages
    }

    pub(super) fn texts(&self) -> Vec<String> {
        let state = self.0.borrow();
        let mut rows: Vec<_> = state.rows.values().collect();
        rows.sort_by_key(|row| row.id);
        rows.iter().map(|row| row.text.clone()).collect()
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        self.0.borrow().rows.values().cloned().collect()
    }

    /// Another device or program edits.
    pub(super) fn rewrite(&self, from: &str, to: &str) {
        let mut state = self.0.borrow_mut();
        let key = state.rows.values().find(|r| r.text == from).map(|r| r.key);
        if let Some(key) = key {
            state.edit(key, to);
        }
    }

    /// Another text under the same revision.
    pub(super) fn rewrite_in_place(&self, from: &str, to: &str) {
        let mut state = self.0.borrow_mut();
        for row in state.rows.values_mut().filter(|row| row.text == from) {
            to.clone_into(&mut row.text);
        }
    }

    /// Another device or program removes.
    pub(super) fn remove(&self, text: &str) {
        let mut state = self.0.borrow_mut();
        let key = state.rows.values().find(|r| r.text == text).map(|r| r.key);
        if let Some(key) = key {
            state.remove(key);
        }
    }

    /// Another device or program adds.
    pub(super) fn add(&self, key: Key, text: &str) {
        self.0.borrow_mut().add(key, text);
    }

    /// From now on another user row each time it is asked.
    pub(super) fn never_be_the_same(&self) {
        self.0.borrow_mut().is_fickle = true;
    }

    /// Forgets everything: another user row, revisions from the start.
    pub(super) fn start_over(&self) {
        let mut state = self.0.borrow_mut();
        let capabilities = state.capabilities;
        let user = state.user + 1;
        *state = State {
            user,
            capabilities,
            ..State::default()
        };
    }
}

impl State {
    fn add(&mut self, key: Key, text: &str) -> Answer {
        if self.rows.contains_key(&key) || self.tombstones.contains_key(&key) {
            return Answer::NoRow;
        }
        self.next_id += 1;
        self.revision += 1;
        let (id, revision) = (self.next_id, self.revision);
        let text = text.to_owned();
        self.rows.insert(
            key,
            Row {
                key,
                id,
                text,
                revision,
                created_at: None,
                updated_at: None,
            },
        );
        Answer::Row { id, revision }
    }

    fn edit(&mut self, key: Key, text: &str) -> Answer {
        let Some(row) = self.rows.get_mut(&key) else {
            return Answer::NoRow;
        };
        self.revision += 1;
        row.revision = self.revision;
        text.clone_into(&mut row.text);
        Answer::Row {
            id: row.id,
            revision: row.revision,
        }
    }

    fn remove(&mut self, key: Key) -> Answer {
        let Some(row) = self.rows.remove(&key) else {
            return Answer::NoRow;
        };
        self.revision += 1;
        self.tombstones.insert(key, self.revision);
        Answer::Row {
            id: row.id,
            revision: self.revision,
        }
    }

    fn bare_key(&self, id: i64, text: &str) -> Option<Key> {
        let found = |row: &&Row| row.id == id && row.text == text;
        self.rows.values().find(found).map(|row| row.key)
    }

    fn permits(&self, batch: &Batch) -> bool {
        let Some(role) = self.capabilities else {
            return false;
        };
        match batch {
            Batch::Add(_) => role.full && role.insert,
            Batch::Edit(_) => role.full && role.update,
            Batch::Remove(_) => role.full && role.delete,
            Batch::AddAndRemove(..) => role.full && role.insert && role.delete,
            Batch::BareAdd(_) => role.insert,
            Batch::BareEdit { .. } => role.update,
            Batch::BareRemove { .. } => role.delete,
        }
    }

    /// One transaction.
    fn write(&mut self, batch: &Batch) -> Result<Vec<Answer>, RemoteError> {
        if !self.permits(batch) {
            return Err(refused("validation-failed"));
        }
        let texts: Vec<&str> = match batch {
            Batch::Add(adds) => adds.iter().map(|(_, text)| text.as_str()).collect(),
            Batch::Edit(edits) => edits.iter().map(|edit| edit.after.as_str()).collect(),
            Batch::BareAdd(texts) => texts.iter().map(String::as_str).collect(),
            Batch::AddAndRemove(_, text) | Batch::BareEdit { after: text, .. } => vec![text],
            Batch::Remove(_) | Batch::BareRemove { .. } => vec![],
        };
        if texts.iter().any(|text| text.contains("forbidden")) {
            return Err(refused("permission-error"));
        }
        if texts.iter().any(|text| text.contains("poison")) {
            return Err(RemoteError::ServerError {
                code: "unexpected".to_owned(),
                message: "database query error".to_owned(),
                retry_after: None,
                may_have_arrived: true,
            });
        }
        Ok(match batch {
            Batch::Add(adds) => adds
                .iter()
                .map(|(key, text)| self.add(*key, text))
                .collect(),
            Batch::Edit(edits) => edits
                .iter()
                .map(|edit| {
                    let is_as_seen = self.rows.get(&edit.key).is_some_and(|row| {
                        row.revision == edit.revision && row.text == edit.before
                    });
                    if is_as_seen {
                        self.edit(edit.key, &edit.after)
                    } else {
                        Answer::NoRow
                    }
                })
                .collect(),
            Batch::Remove(keys) => keys.iter().map(|key| self.remove(*key)).collect(),
            Batch::AddAndRemove(key, text) => {
                self.add(*key, text);
                vec![self.remove(*key)]
            }
            Batch::BareAdd(texts) => texts
                .iter()
                .map(|text| {
                    let key = Key::of_row("its own", self.next_id + 1);
                    self.add(key, text)
                })
                .collect(),
            Batch::BareEdit { id, before, after } => {
                let key = self.bare_key(*id, before);
                vec![key.map_or(Answer::NoRow, |key| self.edit(key, after))]
            }
            Batch::BareRemove { id, before } => {
                let key = self.bare_key(*id, before);
                vec![key.map_or(Answer::NoRow, |key| self.remove(key))]
            }
        })
    }

    fn mark(&mut self) -> Result<Mark, RemoteError> {
        if !self.capabilities.is_some_and(|role| role.full) {
            return Err(refused("validation-failed"));
        }
        if self.is_fickle {
            self.user += 1;
        }
        Ok(Mark {
            user_id: self.user,
            revision: self.revision,
            purged_revision: self.purged,
        })
    }

    fn page(&self, limit: usize) -> Result<usize, RemoteError> {
        match self.largest_page {
            Some(largest) if limit > largest => Err(RemoteError::TooLarge {
                host: "test".to_owned(),
                limit: largest,
            }),
            _ => Ok(self.row_limit.map_or(limit, |rows| rows.min(limit))),
        }
    }
}

impl Remote for Server {
    fn endpoint(&self) -> &str {
        ENDPOINT
    }

    async fn capabilities(&self) -> Result<Capabilities, RemoteError> {
        self.0.borrow_mut().asked += 1;
        self.0.borrow().capabilities.ok_or_else(lost)
    }

    async fn mark(&self) -> Result<Mark, RemoteError> {
        self.0.borrow_mut().mark()
    }

    async fn page(&self, asked: PageRequest) -> Result<Page, RemoteError> {
        let mut state = self.0.borrow_mut();
        let mark = state.mark()?;
        state.pages += 1;
        let limit = state.page(asked.limit)?;
        let mut feed: Vec<(i64, FeedRow)> = state
            .rows
            .values()
            .map(|row| (row.revision, FeedRow::Present(row.clone())))
            .collect();
        feed.extend(state.tombstones.iter().map(|(key, revision)| {
            let (key, revision) = (*key, *revision);
            (revision, FeedRow::Removed { key, revision })
        }));
        feed.retain(|(revision, _)| *revision > asked.since);
        feed.sort_by_key(|(revision, _)| *revision);
        let changes = feed.into_iter().map(|(_, row)| row).take(limit).collect();
        Ok(Page { changes, mark })
    }

    async fn rows(&self, after: i64, limit: usize) -> Result<Vec<BareRow>, RemoteError> {
        let state = self.0.borrow();
        let limit = state.page(limit)?;
        let mut rows: Vec<_> = state
            .rows
            .values()
            .filter(|row| row.id > after)
            .map(|row| BareRow {
                id: row.id,
                text: row.text.clone(),
            })
            .collect();
        rows.sort_by_key(|row| row.id);
        rows.truncate(limit);
        Ok(rows)
    }

    async fn push(&self, batch: &Batch) -> Result<Vec<Answer>, RemoteError> {
        let fault = self.0.borrow_mut().faults.pop_front();
        let hook = self.0.borrow_mut().hooks.pop_front();
        if let Some(hook) = hook {
            hook();
        }
        match fault.unwrap_or(Fault::None) {
            Fault::Unreachable => Err(RemoteError::Unreachable {
                host: "test".to_owned(),
                message: "no route".to_owned(),
            }),
            Fault::LostBefore => Err(lost()),
            Fault::Busy => Err(RemoteError::ServerError {
                code: "http-429".to_owned(),
                message: "busy".to_owned(),
                retry_after: Some(Duration::from_mins(10)),
                may_have_arrived: false,
            }),
            Fault::Hang => std::future::pending().await,
            fault @ (Fault::LostAfter | Fault::None) => {
                let mut state = self.0.borrow_mut();
                state.batches.push(batch.clone());
                let answers = state.write(batch);
                if fault == Fault::LostAfter {
                    return Err(lost());
                }
                answers
            }
        }
    }
}
