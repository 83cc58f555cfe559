//! Reading what the server has: by revision on a full backend, whole on a
//! bare one.

use jiff::Timestamp;

use crate::domain::feed::{Capabilities, FeedRow};
use crate::domain::key::Key;
use crate::domain::push_outcome::Pull;
use crate::domain::todo::Row;
use crate::sync::remote::{Page, PageRequest, Remote, RemoteError};
use crate::sync::round::{Halt, Round};

/// The most rows asked for at once.
const PAGE: usize = 2000;

/// How often a pull starts over at most, because the server was reset or purged.
const STARTS: usize = 8;

/// Below every id that a row can have.
const BELOW_ALL_IDS: i64 = i32::MIN as i64;

/// How many rows to ask for: halved when a page was too large to read, doubled
/// again after one that was not.
#[derive(Debug)]
pub(super) struct PageSize(usize);

impl Default for PageSize {
    fn default() -> Self {
        Self(PAGE)
    }
}

impl PageSize {
    /// Returns whether a smaller page can be asked for after `error`.
    pub(super) fn shrinks(&mut self, error: &RemoteError) -> bool {
        if !matches!(error, RemoteError::TooLarge { .. }) || self.0 == 1 {
            return false;
        }
        self.0 /= 2;
        true
    }

    fn grow(&mut self) {
        self.0 = (self.0 * 2).min(PAGE);
    }
}

impl<R: Remote, N: Fn() -> Timestamp> Round<'_, R, N> {
    /// Reads what changed to the end; answered entries then leave the outbox.
    pub(super) async fn pull(&mut self, capabilities: Capabilities) -> Result<(), Halt> {
        let pull = self.store.begin_pull((self.now)())?;
        if capabilities.full {
            return self.read_changes(&pull, None).await;
        }
        self.read_snapshot().await?;
        self.store.complete_pull(&pull)?;
        Ok(())
    }

    /// Reads the change feed to its end, beginning with the `first` page where
    /// it was read already.
    pub(super) async fn read_changes(
        &mut self,
        pull: &Pull,
        mut first: Option<(PageRequest, Page)>,
    ) -> Result<(), Halt> {
        let mut starts = 0;
        loop {
            let (asked, page) = match first.take() {
                Some(read) => read,
                None => self.next_page().await?,
            };
            // The mark was read after the page: a tombstone purged by then may be
            // missing in it.
            if self.store.check_mark(page.mark)? {
                if starts == STARTS {
                    return Err(astray("its list starts over again and again".to_owned()));
                }
                starts += 1;
                continue;
            }
            // Not before the server has answered: until then, known rows are shown.
            if std::mem::take(&mut self.from_start) {
                self.store.forget_base()?;
            }
            let last = page.changes.last().map(revision);
            if let Some(last) = last {
                if last <= asked.since {
                    let since = asked.since;
                    return Err(astray(format!("revision {last} came after {since}")));
                }
                self.store.apply(&page.changes, last)?;
                self.report.pulled += page.changes.len();
                self.size.grow();
            }
            if last.is_none_or(|last| last >= page.mark.revision) {
                self.store.complete_pull(pull)?;
                return Ok(());
            }
        }
    }

    async fn next_page(&mut self) -> Result<(PageRequest, Page), Halt> {
        loop {
            let asked = self.next_request()?;
            match self.remote.page(asked).await {
                Ok(page) => return Ok((asked, page)),
                Err(error) if self.size.shrinks(&error) => {}
                Err(error) => return Err(self.halted(error).await),
            }
        }
    }

    /// What to read next of the change feed.
    pub(super) fn next_request(&self) -> Result<PageRequest, Halt> {
        Ok(PageRequest {
            since: self.since()?,
            limit: self.size.0,
            single_operations: self.single_operations,
        })
    }

    /// The greatest revision that need not be told again.
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
                Err(error) => return Err(self.halted(error).await),
            };
            let Some(last) = page.last().map(|row| row.id) else {
                break;
            };
            if last <= after {
                return Err(astray(format!("row {last} came after {after}")));
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

const fn revision(row: &FeedRow) -> i64 {
    match row {
        FeedRow::Present(row) => row.revision,
        FeedRow::Removed { revision, .. } => *revision,
    }
}

/// A server that does not move on would be asked for ever.
fn astray(message: String) -> Halt {
    Halt::from(RemoteError::InvalidResponse {
        host: "the server".to_owned(),
        message,
    })
}
