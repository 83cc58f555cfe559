//! Folded texts in blocks of many rows, so that a search reads a page at a time.
//!
//! A block holds the places and texts of all rows from its first place to the next
//! block's. A write empties the blocks of the rows it touches; for an empty block
//! the rows themselves are searched, until the next pull fills it again.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::cursor::ScanDirection;
use crate::store::error::StoreError;
use crate::store::write::Write;

/// Terminates a text; never part of UTF-8.
const END: u8 = 0xff;
/// The bytes of a full block, so that its row fits in a page.
const FULL: usize = 3800;
/// The bytes of a place.
const PLACE: usize = size_of::<i64>();

/// The places of rows whose folded text contains every word, in order.
pub(super) struct Matches<'c> {
    connection: &'c Connection,
    words: &'c [String],
    places: Range<i64>,
    direction: ScanDirection,
    found: VecDeque<i64>,
    /// The start of the next block; upwards, its end. `None` at the end.
    next: Option<i64>,
}

/// A block as stored.
struct Block {
    places: Range<i64>,
    /// The places of its rows, and their texts; `None` if a write emptied it.
    rows: Option<(Vec<u8>, Vec<u8>)>,
}

impl<'c> Matches<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        words: &'c [String],
        places: Range<i64>,
        direction: ScanDirection,
    ) -> Self {
        let next = match direction {
            ScanDirection::Down => places.start,
            ScanDirection::Up => places.end,
        };
        Self {
            connection,
            words,
            next: (!places.is_empty()).then_some(next),
            places,
            direction,
            found: VecDeque::new(),
        }
    }

    /// Returns the next place.
    pub(super) fn advance(&mut self) -> Result<Option<i64>, StoreError> {
        loop {
            let found = match self.direction {
                ScanDirection::Down => self.found.pop_front(),
                ScanDirection::Up => self.found.pop_back(),
            };
            if found.is_some() {
                return Ok(found);
            }
            let Some(from) = self.next else {
                return Ok(None);
            };
            let block = self.block(from)?;
            self.next = match self.direction {
                ScanDirection::Down if block.places.end < self.places.end => Some(block.places.end),
                ScanDirection::Up if block.places.start > self.places.start => {
                    Some(block.places.start)
                }
                ScanDirection::Down | ScanDirection::Up => None,
            };
            self.search(block)?;
        }
    }

    /// Returns the block of the place `from`; upwards, of the place before it.
    fn block(&self, from: i64) -> Result<Block, StoreError> {
        let from = match self.direction {
            ScanDirection::Down => from,
            ScanDirection::Up => from.saturating_sub(1),
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT first, places, texts,
                 (SELECT first FROM text_blocks WHERE first > ?1 ORDER BY first LIMIT 1)
             FROM text_blocks WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
        )?;
        let mut found = statement.query([from])?;
        let Some(row) = found.next()? else {
            return Err(StoreError::Damaged);
        };
        let places: Option<Vec<u8>> = row.get(1)?;
        let texts: Option<Vec<u8>> = row.get(2)?;
        let end: Option<i64> = row.get(3)?;
        Ok(Block {
            places: row.get(0)?..end.unwrap_or(i64::MAX),
            rows: places.zip(texts),
        })
    }

    fn search(&mut self, block: Block) -> Result<(), StoreError> {
        let wanted =
            block.places.start.max(self.places.start)..block.places.end.min(self.places.end);
        match block.rows {
            Some((places, texts)) => {
                let found = contained(&places, &texts, self.words);
                self.found
                    .extend(found.filter(|place| wanted.contains(place)));
                Ok(())
            }
            None => self.search_rows(&wanted),
        }
    }

    fn search_rows(&mut self, places: &Range<i64>) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT place, folded FROM shown NOT INDEXED WHERE place >= ?1 AND place < ?2
             ORDER BY place",
        )?;
        let mut rows = statement.query([places.start, places.end])?;
        let finders: Vec<_> = self.words.iter().map(memmem::Finder::new).collect();
        while let Some(row) = rows.next()? {
            let text = crate::store::rows::text(row, 1)?.as_bytes();
            if finders.iter().all(|finder| finder.find(text).is_some()) {
                self.found.push_back(row.get(0)?);
            }
        }
        Ok(())
    }
}

/// Returns the places of the texts that contain every word. The longest word is
/// searched in all texts at once.
fn contained<'b>(
    places: &'b [u8],
    texts: &'b [u8],
    words: &'b [String],
) -> impl Iterator<Item = i64> + 'b {
    let longest = words.iter().max_by_key(|word| word.len());
    let finder = memmem::Finder::new(longest.map_or("", String::as_str));
    let (mut at, mut number) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            let rest = texts.get(at..)?;
            let hit = at + finder.find(rest)?;
            number += memchr::memchr_iter(END, texts.get(at..hit)?).count();
            let before = texts.get(..hit)?;
            let start = memchr::memrchr(END, before).map_or(0, |end| end + 1);
            let end = hit + memchr::memchr(END, texts.get(hit..)?)?;
            let text = texts.get(start..end)?;
            let place = places
                .get(number * PLACE..)
                .and_then(|rest| rest.first_chunk::<PLACE>())
                .map(|bytes| i64::from_le_bytes(*bytes))?;
            (at, number) = (end + 1, number + 1);
            if words
                .iter()
                .all(|word| memmem::find(text, word.as_bytes()).is_some())
            {
                return Some(place);
            }
        }
    })
}

impl Write<'_> {
    /// Empties the block of a place whose row changes.
    pub(super) fn empty_block(&mut self, place: i64) -> Result<(), StoreError> {
        if self
            .emptied
            .as_ref()
            .is_some_and(|block| block.contains(&place))
        {
            return Ok(());
        }
        let mut statement = self.tx.prepare_cached(
            "SELECT first, places IS NOT NULL,
                 (SELECT first FROM text_blocks WHERE first > ?1 ORDER BY first LIMIT 1)
             FROM text_blocks WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
        )?;
        let (first, full, end): (i64, bool, Option<i64>) =
            statement.query_row([place], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        if full {
            self.tx
                .prepare_cached(
                    "UPDATE text_blocks SET places = NULL, texts = NULL WHERE first = ?1",
                )?
                .execute([first])?;
        }
        self.emptied = Some(first..end.unwrap_or(i64::MAX));
        Ok(())
    }

    /// Fills the empty blocks; later changes empty theirs again.
    pub(super) fn fill_blocks(&mut self) -> Result<(), StoreError> {
        self.emptied = None;
        fill(&self.tx)
    }
}

/// Fills the empty blocks from the rows; splits those that hold too much.
pub(super) fn fill(connection: &Connection) -> Result<(), StoreError> {
    let empty: Vec<i64> = connection
        .prepare_cached("SELECT first FROM text_blocks WHERE places IS NULL ORDER BY first")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for first in empty {
        fill_from(connection, first)?;
    }
    Ok(())
}

fn fill_from(connection: &Connection, mut first: i64) -> Result<(), StoreError> {
    let end: Option<i64> = connection
        .prepare_cached("SELECT first FROM text_blocks WHERE first > ?1 ORDER BY first LIMIT 1")?
        .query_row([first], |row| row.get(0))
        .optional()?;
    let mut statement = connection.prepare_cached(
        "SELECT place, folded FROM shown NOT INDEXED WHERE place >= ?1 AND place < ?2
         ORDER BY place",
    )?;
    let mut rows = statement.query([first, end.unwrap_or(i64::MAX)])?;
    let (mut places, mut texts) = (Vec::new(), Vec::with_capacity(FULL));
    while let Some(row) = rows.next()? {
        let place: i64 = row.get(0)?;
        let text = crate::store::rows::text(row, 1)?.as_bytes();
        if !places.is_empty() && places.len() + texts.len() + PLACE + text.len() >= FULL {
            store(connection, first, &places, &texts)?;
            places.clear();
            texts.clear();
            first = place;
        }
        places.extend(place.to_le_bytes());
        texts.extend(text);
        texts.push(END);
    }
    store(connection, first, &places, &texts)
}

fn store(
    connection: &Connection,
    first: i64,
    places: &[u8],
    texts: &[u8],
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO text_blocks(first, places, texts) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET places = ?2, texts = ?3",
        )?
        .execute(params![first, places, texts])?;
    Ok(())
}
