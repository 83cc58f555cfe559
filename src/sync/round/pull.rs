//! Pulls: by revision from a full backend, the complete list from a bare one.

use jiff::Timestamp;

use crate::domain::feed::{Capabilities, FeedRow};
use crate::domain::key::Key;
use crate::domain::push_outcome::{LastPage, Pull};
use crate::domain::todo::Row;
use crate::sync::remote::{Page, PageRequest, Remote, RemoteError};
use crate::sync::round::{Halt, Round};

/// The most rows requested at once.
const PAGE_SIZE: usize = 2000;

/// The most restarts of one pull because the server was reset or purged.
const MAX_RESTARTS: usize = 8;

/// An id below all row ids.
const BELOW_ALL_IDS: i64 = i32::MIN as i64;

/// The number of rows to request: halved after a page that was too large, doubled
/// again after one that was not.
#[derive(Debug)]
pub(super) struct PageSize(usize);

impl Default for PageSize {
    fn default() -> Self {
        Self(PAGE_SIZE)
    }
}

impl PageSize {
    /// Halves the page if `error` says that it was too large; returns whether it did.
    pub(super) fn shrinks(&mut self, error: &RemoteError) -> bool {
        if !matches!(error, RemoteError::TooLarge { .. }) || self.0 == 1 {
            return false;
        }
        self.0 /= 2;
        true
    }

    fn grow(&mut self) {
        self.0 = (self.0 * 2).min(PAGE_SIZE);
    }
}

impl<R: Remote, N: Fn() -> Timestamp> Round<'_, R, N> {
    /// Pulls all changes; answered entries then leave the outbox.
    pub(super) async fn pull(&mut self, capabilities: Capabilities) -> Result<(), Halt> {
        let pull = self.store.begin_pull((self.now)())?;
        if capabilities.full {
            return self.read_changes(&pull, None).await;
        }
        self.read_snapshot().await?;
        self.store.complete_pull(&pull)?;
        Ok(())
    }

    /// Reads the change feed to its end, beginning with the `first` page if that was
    /// read already.
    pub(super) async fn read_changes(
        &mut self,
        pull: &Pull,
        mut first: Option<(PageRequest, Page)>,
    ) -> Result<(), Halt> {
        let mut starts = 0;
        loop {
            let (request, page) = match first.take() {
                Some(read) => read,
                None => self.next_page().await?,
            };
            // The mark was read after the page: a tombstone purged in between may be
            // missing in the page.
            if self.store.check_mark(page.mark)? {
                if starts == MAX_RESTARTS {
                    return Err(invalid_pull("its list keeps starting over".to_owned()));
                }
                starts += 1;
                continue;
            }
            // Only now that the server has answered: until then, known rows are shown.
            if std::mem::take(&mut self.from_start) {
                self.store.forget_base()?;
            }
            let last = page.changes.last().map(FeedRow::revision);
            if let Some(last) = last {
                if last <= request.since {
                    let since = request.since;
                    return Err(invalid_pull(format!("revision {last} came after {since}")));
                }
                self.store.apply(&page.changes, last)?;
                self.count_page(page.changes.len());
            }
            if last.is_none_or(|last| last >= page.mark.revision) {
                self.store.complete_pull(pull)?;
                return Ok(());
            }
        }
    }

    async fn next_page(&mut self) -> Result<(PageRequest, Page), Halt> {
        loop {
            let request = self.next_request()?;
            match self.remote.page(request).await {
                Ok(page) => return Ok((request, page)),
                Err(error) if self.size.shrinks(&error) => {}
                Err(error) => return Err(self.halt_for(error).await),
            }
        }
    }

    /// Returns the page if it is the last one of the change feed, which has no need to be
    /// read from the start.
    pub(super) fn last_page<'p>(
        &self,
        request: PageRequest,
        page: &'p Page,
        began: Timestamp,
    ) -> Option<LastPage<'p>> {
        let last = page.changes.last().map(FeedRow::revision);
        let is_last = last.is_none_or(|last| last > request.since && last >= page.mark.revision);
        (is_last && !self.from_start).then_some(LastPage {
            changes: &page.changes,
            mark: page.mark,
            began,
        })
    }

    /// Counts the rows of a page that was applied.
    pub(super) fn count_page(&mut self, rows: usize) {
        if rows > 0 {
            self.report.pulled += rows;
            self.size.grow();
        }
    }

    /// Returns the request for the next page of the change feed.
    pub(super) fn next_request(&self) -> Result<PageRequest, Halt> {
        Ok(PageRequest {
            since: self.since()?,
            limit: self.size.0,
            single_operations: self.single_operations,
        })
    }

    /// Returns the last revision received.
    fn since(&self) -> Result<i64, Halt> {
        if self.from_start {
            return Ok(0);
        }
        Ok(self.store.cursor()?)
    }

    async fn read_snapshot(&mut self) -> Result<(), Halt> {
        let mut rows: Vec<Row> = Vec::new();
        let mut after = BELOW_ALL_IDS;
        loop {
            let page = match self.remote.rows(after, self.size.0).await {
                Ok(page) => page,
                Err(error) if self.size.shrinks(&error) => continue,
                Err(error) => return Err(self.halt_for(error).await),
            };
            let Some(last) = page.last().map(|row| row.id) else {
                break;
            };
            if last <= after {
                return Err(invalid_pull(format!("row {last} came after {after}")));
            }
            after = last;
            rows.extend(page.into_iter().map(|row| Row {
                key: Key::of_row(self.remote.endpoint(), row.id),
                id: row.id,
                text: row.text,
                revision: 0,
                created_at: None,
                updated_at: None,
            }));
            self.size.grow();
        }
        self.report.pulled += rows.len();
        self.store.take_snapshot(&rows)?;
        Ok(())
    }
}

/// Returns the error for a pull that would never end.
fn invalid_pull(message: String) -> Halt {
    Halt::from(RemoteError::InvalidResponse {
        host: "the server".to_owned(),
        message,
    })
}
