//! Windows over a list, and lists row by row.

use std::ops::ControlFlow;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::domain::key::Key;
use crate::domain::list::{Around, Window};
use crate::domain::query::{Query, Sort};
use crate::domain::todo::Todo;
use crate::store::cursor::{List, Position, Start, Way, column};
use crate::store::error::StoreError;
use crate::store::rows::blob;
use crate::store::{Access, Store};
use crate::store::{handles, sort_key};

impl Store {
    /// At most `size` rows around a place in the list that `query` describes.
    /// Costs what the window holds, not what the list holds, for queries
    /// without terms; with terms, the way from the place to the last row found.
    ///
    /// The first use of a sort on a store that can write makes its index.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn window(&self, query: &Query, around: Around, size: usize) -> Result<Window, StoreError> {
        let indexed = self.index(query.sort)?;
        self.reading(|snapshot| window(snapshot, query, indexed, around, size))
    }

    /// Gives every row of the list to `row`, in order, until it breaks.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn each(
        &self,
        query: &Query,
        mut row: impl FnMut(&Todo) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let indexed = self.index(query.sort)?;
        self.reading(|snapshot| {
            List::new(snapshot, query, indexed).walk(Start::End, Way::Down, |todo| row(todo))
        })
    }

    /// How many rows the list has. Without terms, [`Store::totals`] knows it
    /// without counting.
    ///
    /// # Errors
    ///
    /// What SQLite reports.
    pub fn count(&self, query: &Query) -> Result<u64, StoreError> {
        let unsorted = Query {
            sort: Sort::Server,
            ..query.clone()
        };
        self.reading(|snapshot| List::new(snapshot, &unsorted, false).count())
    }

    /// Whether the sort's index is there; makes it where that is possible.
    fn index(&self, sort: Sort) -> Result<bool, StoreError> {
        let Some(column) = column(sort) else {
            return Ok(false);
        };
        if self.indexed.borrow().contains(&column) {
            return Ok(true);
        }
        let there = self
            .connection
            .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1")?
            .exists([format!("shown_{column}")])?;
        if !there {
            if !matches!(self.access, Access::Write) {
                return Ok(false);
            }
            self.connection.execute_batch(&format!(
                "CREATE INDEX IF NOT EXISTS shown_{column} ON shown(done, {column})"
            ))?;
        }
        self.indexed.borrow_mut().push(column);
        Ok(true)
    }
}

fn window(
    snapshot: &Connection,
    query: &Query,
    indexed: bool,
    around: Around,
    size: usize,
) -> Result<Window, StoreError> {
    let list = List::new(snapshot, query, indexed);
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
            match spot(snapshot, query.sort, key)? {
                Some(spot) => beside(&list, key, &spot, size),
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

/// Half of the rows before the spot, the others from it on; more on one side
/// where the list ends on the other.
fn beside(list: &List<'_>, key: Key, spot: &Position, size: usize) -> Result<Window, StoreError> {
    if size == 0 {
        return Ok(Window::default());
    }
    let mut first = None;
    list.walk(Start::At(spot), Way::Down, |todo| {
        first = Some(todo.key);
        ControlFlow::Break(())
    })?;
    if first != Some(key) {
        return top(list, size);
    }
    let (mut above, mut more_above) = some(list, Start::After(spot), Way::Up, size / 2)?;
    let (below, more_below) = some(list, Start::At(spot), Way::Down, size - above.len())?;
    if more_above && above.len() + below.len() < size {
        (above, more_above) = some(list, Start::After(spot), Way::Up, size - below.len())?;
    }
    above.reverse();
    above.extend(below);
    Ok(Window {
        rows: above,
        more_above,
        more_below,
    })
}

/// Where a todo stands in lists sorted like this.
fn spot(connection: &Connection, sort: Sort, key: Key) -> Result<Option<Position>, StoreError> {
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
