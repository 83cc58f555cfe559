//! Rebuilds the columns that are derived from texts.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::domain::casefold::search_key;
use crate::domain::line::Line;
use crate::store::error::StoreError;
use crate::store::sort_key::{self, TablePart};
use crate::store::{counts, rows, schema, text_blocks};

/// The version of the derived columns. To be raised when the domain parses a part
/// of a line, or folds text, in another way, and when a version wrote them wrong.
const READING: i64 = 2;

/// How many rows are read at a time.
const CHUNK: i64 = 1000;

/// Returns whether another version of the program wrote the derived columns.
pub(super) fn is_due(connection: &Connection) -> Result<bool, StoreError> {
    let reading: i64 = connection
        .prepare_cached("SELECT reading FROM ledger")?
        .query_row([], |row| row.get(0))?;
    Ok(reading != READING)
}

/// Rebuilds in a transaction of its own, if it is due.
pub(super) fn catch_up(connection: &mut Connection) -> Result<(), StoreError> {
    if !is_due(connection)? {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_due(&tx)? {
        rebuild(&tx)?;
    }
    tx.commit()?;
    Ok(())
}

/// Rebuilds all derived columns, counters and sort indexes.
pub(super) fn rebuild(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch(schema::UNSORTED)?;
    let mut last = i64::MIN;
    loop {
        let chunk = texts_after(tx, last)?;
        for (place, text) in &chunk {
            derive(tx, *place, text)?;
        }
        match chunk.last() {
            Some((place, _)) => last = *place,
            None => break,
        }
    }
    tx.execute_batch("DELETE FROM text_blocks")?;
    tx.execute("INSERT INTO text_blocks(first) VALUES (?1)", [i64::MIN])?;
    text_blocks::fill(tx)?;
    counts::recount(tx)?;
    tx.execute(
        "UPDATE ledger SET reading = ?1,
             open = (SELECT count(*) FROM shown WHERE done = 0),
             done = (SELECT count(*) FROM shown WHERE done <> 0)",
        [READING],
    )?;
    tx.execute_batch(schema::SORTED)?;
    Ok(())
}

fn texts_after(tx: &Transaction<'_>, place: i64) -> Result<Vec<(i64, String)>, StoreError> {
    let mut statement = tx
        .prepare_cached("SELECT place, text FROM shown WHERE place > ?1 ORDER BY place LIMIT ?2")?;
    let mut found = statement.query([place, CHUNK])?;
    let mut texts = Vec::new();
    while let Some(row) = found.next()? {
        texts.push((row.get(0)?, rows::text(row, 1)?.to_owned()));
    }
    Ok(texts)
}

/// Counts every start date as waiting: the next write moves the rows that do not
/// wait. A row that is moved forward is read twice.
fn derive(tx: &Transaction<'_>, place: i64, text: &str) -> Result<(), StoreError> {
    let line = Line::new(text);
    let start = line.start().map(rows::day);
    let day: i64 = tx
        .prepare_cached("SELECT day FROM ledger")?
        .query_row([], |row| row.get(0))?;
    let part = if line.is_done() {
        TablePart::Done
    } else if start.is_some_and(|start| start > day) {
        TablePart::Waiting
    } else {
        TablePart::Open
    };
    let (order, _) = sort_key::parted(place);
    tx.prepare_cached(
        "UPDATE shown SET place = ?2, done = ?3, waiting = ?4, start = ?5, priority = ?6,
             due = ?7, completed_on = ?8, folded = ?9
         WHERE place = ?1",
    )?
    .execute(params![
        place,
        order + part.offset(),
        part.is_done(),
        part.is_waiting(),
        start,
        line.priority().map(|priority| u32::from(priority.letter())),
        line.due().map(rows::day),
        line.completed_on().map(rows::day),
        search_key(text).as_ref(),
    ])?;
    Ok(())
}
