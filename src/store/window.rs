//! Reads windows of a list, and whole lists row by row.

use std::ops::ControlFlow;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::domain::key::Key;
use crate::domain::list::{Around, Window};
use crate::domain::query::{Query, Sort};
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::store::cursor::{ListCursor, ListPosition, ScanDirection, ScanStart, column};
use crate::store::error::StoreError;
use crate::store::rows::blob;
use crate::store::{handles, sort_key};

impl Store {
    /// Returns at most `size` rows around a position in the list of `query`. Without
    /// terms the cost is the size of the window, not of the list; with terms, the
    /// distance from the position to the last row found.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn window(&self, query: &Query, around: Around, size: usize) -> Result<Window, StoreError> {
        self.reading(|snapshot| window(snapshot, query, around, size))
    }

    /// Passes every row of the list to `row`, in order, until it breaks.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn each(
        &self,
        query: &Query,
        mut row: impl FnMut(&Todo) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.reading(|snapshot| {
            ListCursor::new(snapshot, query)?
                .visit(ScanStart::End, ScanDirection::Down, |todo| row(todo))
        })
    }

    /// Counts the rows in the list. Without terms, [`Store::totals`] has the number
    /// without counting.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn count(&self, query: &Query) -> Result<u64, StoreError> {
        let unsorted = Query {
            sort: Sort::Server,
            ..query.clone()
        };
        self.reading(|snapshot| ListCursor::new(snapshot, &unsorted)?.count())
    }
}

fn window(
    snapshot: &Connection,
    query: &Query,
    around: Around,
    size: usize,
) -> Result<Window, StoreError> {
    let list = ListCursor::new(snapshot, query)?;
    match around {
        Around::Top => top(&list, size),
        Around::Bottom => {
            let (mut rows, more_above) = read(&list, ScanStart::End, ScanDirection::Up, size)?;
            rows.reverse();
            Ok(Window {
                rows,
                more_above,
                more_below: false,
            })
        }
        Around::Key(key) => {
            let key = handles::current(snapshot, key)?;
            match position(snapshot, query.sort, key)? {
                Some(position) => beside(&list, key, &position, size),
                None => top(&list, size),
            }
        }
    }
}

/// Reads at most `size` rows; returns whether there are more.
fn read(
    list: &ListCursor<'_>,
    start: ScanStart<'_>,
    direction: ScanDirection,
    size: usize,
) -> Result<(Vec<Todo>, bool), StoreError> {
    let mut rows = Vec::new();
    let mut more = false;
    list.visit(start, direction, |todo| {
        if rows.len() == size {
            more = true;
            return ControlFlow::Break(());
        }
        let text = std::mem::take(&mut todo.text);
        rows.push(Todo {
            text,
            ..todo.clone()
        });
        ControlFlow::Continue(())
    })?;
    Ok((rows, more))
}

fn top(list: &ListCursor<'_>, size: usize) -> Result<Window, StoreError> {
    let (rows, more_below) = read(list, ScanStart::End, ScanDirection::Down, size)?;
    Ok(Window {
        rows,
        more_above: false,
        more_below,
    })
}

/// Reads half of the rows before the position, the others from it on; more on one
/// side if the list ends on the other.
fn beside(
    list: &ListCursor<'_>,
    key: Key,
    position: &ListPosition,
    size: usize,
) -> Result<Window, StoreError> {
    if size == 0 {
        return Ok(Window::default());
    }
    let mut first = None;
    list.visit(ScanStart::At(position), ScanDirection::Down, |todo| {
        first = Some(todo.key);
        ControlFlow::Break(())
    })?;
    if first != Some(key) {
        return top(list, size);
    }
    let (mut above, mut more_above) = read(
        list,
        ScanStart::After(position),
        ScanDirection::Up,
        size / 2,
    )?;
    let (below, more_below) = read(
        list,
        ScanStart::At(position),
        ScanDirection::Down,
        size - above.len(),
    )?;
    if more_above && above.len() + below.len() < size {
        (above, more_above) = read(
            list,
            ScanStart::After(position),
            ScanDirection::Up,
            size - below.len(),
        )?;
    }
    above.reverse();
    above.extend(below);
    Ok(Window {
        rows: above,
        more_above,
        more_below,
    })
}

/// Returns the position of a todo in lists with this sort.
fn position(
    connection: &Connection,
    sort: Sort,
    key: Key,
) -> Result<Option<ListPosition>, StoreError> {
    let column = column(sort).unwrap_or("NULL");
    let mut statement =
        connection.prepare_cached(&format!("SELECT place, {column} FROM shown WHERE key = ?1"))?;
    let mut found = statement.query([blob(key)])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    Ok(Some(ListPosition {
        order: sort_key::parted(row.get(0)?).0,
        value: row.get::<_, Value>(1)?,
    }))
}
