//! The page cache of a write of many rows.

use crate::store::error::StoreError;
use crate::store::write::Write;

/// The number of changes from which a write gets a large cache: fewer fit into SQLite's
/// own 2 MB.
const MANY: usize = 1000;

/// The size of the large cache in KiB: the indexes that 100,000 adds change. The pages
/// of the tables grow at their end; each is written to the log once it is full.
const LARGE: i64 = 16 * 1024;

impl Write<'_> {
    /// Runs `work`, which makes `changes` changes, with a cache that holds the pages that
    /// it changes more than once. Keys are random, so that each change touches other
    /// pages of their indexes: with a small cache such a page is written to the log,
    /// dropped and read back many times before the commit. The pages are freed at the
    /// commit.
    pub(super) fn with_cache_for<T>(
        &mut self,
        changes: usize,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if changes < MANY {
            return work(self);
        }
        let small: i64 = self
            .tx
            .pragma_query_value(None, "cache_size", |row| row.get(0))?;
        // A negative size counts KiB, a positive one pages.
        self.tx.pragma_update(None, "cache_size", -LARGE)?;
        let worked = work(self);
        let restored = self.tx.pragma_update(None, "cache_size", small);
        // The first error is the cause of the second.
        let value = worked?;
        restored?;
        Ok(value)
    }
}
