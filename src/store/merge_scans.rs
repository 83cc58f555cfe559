//! Reads one ordered scan, or several merged into one.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use rusqlite::Rows;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::ValueRef;

use crate::domain::todo::Todo;
use crate::store::cursor::ScanDirection;
use crate::store::error::StoreError;
use crate::store::{rows, sort_key};

pub(super) fn read_scan(
    found: &mut Rows<'_>,
    todo: &mut Todo,
    visit: &mut impl FnMut(&mut Todo) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, StoreError> {
    while let Some(row) = found.next()? {
        rows::read_todo(row, todo)?;
        if visit(todo).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Merges several ordered scans.
pub(super) fn merge_scans(
    found: &mut [Rows<'_>],
    direction: ScanDirection,
    todo: &mut Todo,
    visit: &mut impl FnMut(&mut Todo) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, StoreError> {
    for rows in &mut *found {
        rows.advance()?;
    }
    loop {
        let mut first: Option<(usize, (ValueRef<'_>, i64))> = None;
        for (number, rows) in found.iter().enumerate() {
            let Some(row) = rows.get() else { continue };
            let (value, order) = sorted_by(row)?;
            let is_first = first.is_none_or(|(_, (best, best_order))| {
                let down = compare(value, best).then(order.cmp(&best_order));
                (down == Ordering::Less) == (direction == ScanDirection::Down)
            });
            if is_first {
                first = Some((number, (value, order)));
            }
        }
        let Some(rows) = first
            .map(|(number, _)| number)
            .and_then(|number| found.get_mut(number))
        else {
            return Ok(ControlFlow::Continue(()));
        };
        if let Some(row) = rows.get() {
            rows::read_todo(row, todo)?;
            if visit(todo).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        rows.advance()?;
    }
}

/// Returns the sort key of a row: the value after [`TODO_COLUMNS`], if there is
/// one, and the order.
fn sorted_by<'r>(row: &'r rusqlite::Row<'_>) -> Result<(ValueRef<'r>, i64), StoreError> {
    let value = match row.as_ref().column_count() {
        0..=7 => ValueRef::Null,
        _ => row.get_ref(7)?,
    };
    Ok((value, sort_key::parted(row.get(0)?).0))
}

fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    match (a, b) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => a.cmp(&b),
        (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
