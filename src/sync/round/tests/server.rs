//! A server in memory with the full backend's rules: keys are unique, tombstones
//! final, edits conditional, revisions in commit order. As a bare one it knows
//! rows by id only. Faults can be injected.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::domain::feed::{Capabilities, FeedRow, Mark};
use crate::domain::key::Key;
use crate::domain::todo::Row;
use crate::http::RequestFailure;
use crate::sync::remote::{
    BareRow, Batch, Exchanged, Page, PageRequest, PushAnswer, Remote, RemoteError, SingleResults,
    one_by_one,
};

mod state;
use state::{ServerState, lost};

pub(super) const ENDPOINT: &str = "https://hasura.example/v1/graphql";

/// A fault of the next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No connection.
    Unreachable,
    /// The connection is cut before the write happens.
    LostBefore,
    /// The write happens, the answer is lost.
    LostAfter,
    /// The server is too busy and asks for a pause of ten minutes.
    Busy,
    /// The future never ends.
    Hang,
    /// No fault.
    None,
}

/// One server; clones are clients of the same.
#[derive(Clone)]
pub(super) struct Server(Rc<RefCell<ServerState>>);

pub(super) const EVERYTHING: Capabilities = Capabilities {
    full: true,
    insert: true,
    update: true,
    delete: true,
    single_operations: false,
};

impl Server {
    pub(super) fn full() -> Self {
        Self(Rc::new(RefCell::new(ServerState {
            user: 1,
            capabilities: Some(EVERYTHING),
            ..ServerState::default()
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

    /// Sets the faults of the next writes, in order.
    pub(super) fn fail(&self, faults: &[Fault]) {
        self.0.borrow_mut().faults.extend(faults);
    }

    /// Clears the faults.
    pub(super) fn clear_faults(&self) {
        self.0.borrow_mut().faults.clear();
    }

    /// Runs `hook` during the next write without a hook.
    pub(super) fn during_next_write(&self, hook: impl FnOnce() + 'static) {
        self.0.borrow_mut().hooks.push_back(Box::new(hook));
    }

    pub(super) fn limit_rows(&self, limit: usize) {
        self.0.borrow_mut().row_limit = Some(limit);
    }

    pub(super) fn limit_pages(&self, largest: usize) {
        self.0.borrow_mut().largest_page = Some(largest);
    }

    /// Returns every request that arrived, including those whose answer was lost.
    pub(super) fn batches(&self) -> Vec<Batch> {
        self.0.borrow().batches.clone()
    }

    /// Returns how often the role's permissions were requested.
    pub(super) fn capability_requests(&self) -> usize {
        self.0.borrow().capability_requests
    }

    /// Returns how often a page of the change feed was read.
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

    /// Edits a row as another device or program.
    pub(super) fn rewrite(&self, from: &str, to: &str) {
        let mut state = self.0.borrow_mut();
        let key = state.rows.values().find(|r| r.text == from).map(|r| r.key);
        if let Some(key) = key {
            state.edit(key, to);
        }
    }

    /// Changes a text without a new revision.
    pub(super) fn rewrite_in_place(&self, from: &str, to: &str) {
        let mut state = self.0.borrow_mut();
        for row in state.rows.values_mut().filter(|row| row.text == from) {
            to.clone_into(&mut row.text);
        }
    }

    /// Deletes a row as another device or program.
    pub(super) fn remove(&self, text: &str) {
        let mut state = self.0.borrow_mut();
        let key = state.rows.values().find(|r| r.text == text).map(|r| r.key);
        if let Some(key) = key {
            state.remove(key);
        }
    }

    /// Adds a row as another device or program.
    pub(super) fn add(&self, key: Key, text: &str) {
        self.0.borrow_mut().add(key, text);
    }

    /// Makes the server return another user row for each request.
    pub(super) fn change_user_each_time(&self) {
        self.0.borrow_mut().changes_user = true;
    }

    /// Resets the server: another user row, revisions from the start.
    pub(super) fn reset(&self) {
        let mut state = self.0.borrow_mut();
        let capabilities = state.capabilities;
        let user = state.user + 1;
        *state = ServerState {
            user,
            capabilities,
            ..ServerState::default()
        };
    }
}

impl Remote for Server {
    fn endpoint(&self) -> &str {
        ENDPOINT
    }

    async fn capabilities(&self) -> Result<Capabilities, RemoteError> {
        self.0.borrow_mut().capability_requests += 1;
        self.0.borrow().capabilities.ok_or_else(lost)
    }

    async fn prepare(&self) -> Result<(), RemoteError> {
        Ok(())
    }

    async fn mark(&self) -> Result<Mark, RemoteError> {
        self.0.borrow_mut().mark()
    }

    async fn page(&self, request: PageRequest) -> Result<Page, RemoteError> {
        let mut state = self.0.borrow_mut();
        let mark = state.mark()?;
        state.pages += 1;
        let limit = state.page(request.limit)?;
        let mut feed: Vec<(i64, FeedRow)> = state
            .rows
            .values()
            .map(|row| (row.revision, FeedRow::Present(row.clone())))
            .collect();
        feed.extend(state.tombstones.iter().map(|(key, revision)| {
            let (key, revision) = (*key, *revision);
            (revision, FeedRow::Removed { key, revision })
        }));
        feed.retain(|(revision, _)| *revision > request.since);
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

    async fn push(&self, batch: &Batch) -> Result<Vec<PushAnswer>, RemoteError> {
        let fault = self.0.borrow_mut().faults.pop_front();
        let hook = self.0.borrow_mut().hooks.pop_front();
        if let Some(hook) = hook {
            hook();
        }
        match fault.unwrap_or(Fault::None) {
            Fault::Unreachable => Err(RemoteError::Unreachable {
                host: "test".to_owned(),
                reason: RequestFailure::Other("no route".to_owned()),
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

    async fn exchange(&self, batches: &[&Batch], request: PageRequest) -> Exchanged {
        let push = async |batch: &Batch| self.push(batch).await;
        let SingleResults { mark, pushed, page } =
            one_by_one(batches, self.mark(), push, self.page(request)).await;
        Exchanged {
            mark_before: mark.ok(),
            pushed,
            page,
            single_operations: request.single_operations,
        }
    }
}
