//! Windows over a list, and lists row by row.

use std::ops::ControlFlow;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::domain::key::Key;
use crate::domain::list::{Around, Window};
use crate::domain::query::{Query, Sort};
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::store::cursor::{List, Position, Start, Way, column};
use crate::store::error::StoreError;
use crate::store::rows::blob;
use crate::store::{handles, sort_key};

impl Store {
    /// At most `size` rows around a place in the list that `query` describes.
    /// Costs what the window holds, not what the list holds, for queries
    /// without terms; with terms, the way from the place to the last row found.
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
            List::new(snapshot, query)?.walk(Start::End, Way::Down, |todo| row(todo))
        })
    }

    /// The number of rows in the list. Without terms, [`Store::totals`] has it
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
        self.reading(|snapshot| List::new(snapshot, &unsorted)?.count())
    }
}

fn window(
    snapshot: &Connection,
    query: &Query,
    around: Around,
    size: usize,
) -> Result<Window, StoreError> {
    let list = List::new(snapshot, query)?;
    match around {
        Around::Top => top(&list, size),
        Around::Bottom => {
            let (mut rows, more_above) = some(&list, Start::End, Way::Up, size)?;
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

/// At most `size` rows on the way, and whether there are more.
fn some(
    list: &List<'_>,
    start: Start<'_>,
    way: Way,
    size: usize,
) -> Result<(Vec<Todo>, bool), StoreError> {
    let mut rows = Vec::new();
    let mut more = false;
    list.walk(start, way, |todo| {
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

fn top(list: &List<'_>, size: usize) -> Result<Window, StoreError> {
    let (rows, more_below) = some(list, Start::End, Way::Down, size)?;
    Ok(Window {
        rows,
        more_above: false,
        more_below,
    })
}

/// Half of the rows before the position, the others from it on; more on one side
/// where the list ends on the other.
fn beside(
    list: &List<'_>,
    key: Key,
    position: &Position,
    size: usize,
) -> Result<Window, StoreError> {
    if size == 0 {
        return Ok(Window::default());
    }
    let mut first = None;
    list.walk(Start::At(position), Way::Down, |todo| {
        first = Some(todo.key);
        ControlFlow::Break(())
    })?;
    if first != Some(key) {
        return top(list, size);
    }
    let (mut above, mut more_above) = some(list, Start::After(position), Way::Up, size / 2)?;
    let (below, more_below) = some(list, Start::At(position), Way::Down, size - above.len())?;
    if more_above && above.len() + below.len() < size {
        (above, more_above) = some(list, Start::After(position), Way::Up, size - below.len())?;
    }
    above.reverse();
    above.extend(below);
    Ok(Window {
        rows: above,
        more_above,
        more_below,
    })
}

/// The position of a todo in lists sorted like this.
fn position(connection: &Connection, sort: Sort, key: Key) -> Result<Option<Position>, StoreError> {
    let column = column(sort).unwrap_or("NULL");
    let mut statement =
        connection.prepare_cached(&format!("SELECT place, {column} FROM shown WHERE key = ?1"))?;
    let mut found = statement.query([blob(key)])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    Ok(Some(Position {
        order: sort_key::parted(row.get(0)?).0,
        value: row.get::<_, Value>(1)?,
    }))
}
