//! Reading what the server has: by revision on a full backend, whole on a
//! bare one. Only an empty page is the end, since a role's row limit makes
//! pages short.

use jiff::Timestamp;

use crate::domain::feed::{Capabilities, FeedRow};
use crate::domain::key::Key;
use crate::domain::push_outcome::Pull;
use crate::domain::todo::Row;
use crate::sync::remote::{Remote, RemoteError};
use crate::sync::round::{Halt, Round};

/// The most rows asked for at once.
const PAGE: usize = 2000;

/// How often a pull starts over at most, because the server forgot what it had
/// told or was replaced.
const STARTS: usize = 8;

/// Below every id that a row can have.
const BELOW_ALL_IDS: i64 = i32::MIN as i64;

/// How many rows to ask for: halved when a page was too large to read, doubled
/// again after one that was not.
#[derive(Debug)]
struct PageSize(usize);

impl PageSize {
    /// Returns whether a smaller page can be asked for after `error`.
    fn shrinks(&mut self, error: &RemoteError) -> bool {
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
        let pull: Pull = self.store.begin_pull((self.now)())?;
        if capabilities.full {
            self.read_changes().await?;
        } else {
            self.read_snapshot().await?;
        }
        self.store.complete_pull(&pull)?;
        Ok(())
    }

    async fn read_changes(&mut self) -> Result<(), Halt> {
        let mut size = PageSize(PAGE);
        let mut cursor = self.since()?;
        let mut starts = 0;
        loop {
            let page = match self.remote.changes(cursor, size.0).await {
                Ok(page) => page,
                Err(error) if size.shrinks(&error) => continue,
                Err(error) => return Err(self.halted(error).await),
            };
            let last = page.last().map(revision);
            // A tombstone that was forgotten meanwhile is missing in the page.
            if last.is_some() && self.check_mark().await? {
                if starts == STARTS {
                    return Err(astray("its list starts over again and again".to_owned()));
                }
                starts += 1;
                cursor = self.since()?;
                continue;
            }
            // Not before the server has answered: what is known is shown until then.
            if std::mem::take(&mut self.from_start) {
                self.store.forget_base()?;
            }
            let Some(last) = last else {
                return Ok(());
            };
            if last <= cursor {
                return Err(astray(format!("revision {last} came after {cursor}")));
            }
            self.store.apply(&page, last)?;
            self.report.pulled += page.len();
            cursor = last;
            size.grow();
        }
    }

    /// The greatest revision that need not be told again.
    fn since(&self) -> Result<i64, Halt> {
        if self.from_start {
            return Ok(0);
        }
        Ok(self.store.cursor()?)
    }

    async fn read_snapshot(&mut self) -> Result<(), Halt> {
        let mut size = PageSize(PAGE);
        let mut rows: Vec<Row> = Vec::new();
        let mut after = BELOW_ALL_IDS;
        loop {
            let page = match self.remote.rows(after, size.0).await {
                Ok(page) => page,
                Err(error) if size.shrinks(&error) => continue,
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
            size.grow();
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
