//! Walking along a list: from a spot, in either direction, row by row.
//!
//! A list is one or two stretches (those that have what it is sorted by, those
//! that have not), and each stretch one or two legs (open todos, done todos)
//! that an index gives in order. A walk that begins among those that have it
//! goes along the equals of its spot first, then along what lies beyond: for
//! `(due, place) > (?, ?)` SQLite would search by `due` alone and read all
//! equals. So a walk costs the rows it passes, wherever it begins.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::ops::{ControlFlow, Range};

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Rows, params_from_iter};

use crate::domain::query::{Query, Scope, Sort};
use crate::domain::todo::Todo;
use crate::store::error::StoreError;
use crate::store::rows::{self, TODO_COLUMNS};
use crate::store::search::Filter;
use crate::store::sort_key;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Down,
    Up,
}

impl Way {
    const fn opposite(self) -> Self {
        match self {
            Self::Down => Self::Up,
            Self::Up => Self::Down,
        }
    }
}

/// A place in a list: the value it is sorted by (`Null` where it has none, or
/// the list is in server order) and the order among equals.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Position {
    pub(super) value: Value,
    pub(super) order: i64,
}

/// Where a walk begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start<'a> {
    /// At the end that the way leads away from.
    End,
    /// At the row on this spot.
    At(&'a Position),
    /// At the row behind it.
    After(&'a Position),
}

/// A list to walk along.
#[derive(Debug)]
pub(super) struct List<'c> {
    connection: &'c Connection,
    scope: Scope,
    sort: Sort,
    /// The list runs in the opposite order of its indexes.
    reverse: bool,
    filter: Filter,
    /// The index of this sort exists.
    indexed: bool,
}

/// A part of a list whose rows stand next to each other in an index.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Segment<'s> {
    /// Those that have what the list is sorted by.
    With,
    /// Those of them that have this value.
    Equal(&'s Value),
    /// Those of them behind all that have this value.
    Beyond(&'s Value),
    /// Those that have not; in server order, all.
    Without,
}

/// One ordered query.
struct IndexScan {
    sql: String,
    values: Vec<Value>,
    done: bool,
}

/// The column that a sort sorts by, besides the order itself.
pub(super) const fn column(sort: Sort) -> Option<&'static str> {
    match sort {
        Sort::Server => None,
        Sort::Due => Some("due"),
        Sort::Priority => Some("priority"),
        Sort::Created => Some("created_at"),
        Sort::Text => Some("folded"),
    }
}

impl<'c> List<'c> {
    pub(super) fn new(connection: &'c Connection, query: &Query, indexed: bool) -> Self {
        Self {
            connection,
            scope: query.scope,
            sort: query.sort,
            reverse: query.reverse,
            filter: Filter::new(query),
            indexed,
        }
    }

    /// Gives each row to `visit`, which may take its text, until it breaks.
    pub(super) fn walk(
        &self,
        start: Start<'_>,
        way: Way,
        mut visit: impl FnMut(&mut Todo) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut todo = rows::blank();
        let way = if self.reverse { way.opposite() } else { way };
        for (stretch, start) in self.stretches(start, way) {
            let flow = self.stretch(stretch, start, way, &mut todo, &mut visit)?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        if !self.filter.is_sql() {
            self.walk(Start::End, Way::Down, |_| {
                count += 1;
                ControlFlow::Continue(())
            })?;
            return Ok(count);
        }
        for done in self.legs() {
            let sql = format!(
                "SELECT count(*) FROM shown WHERE place >= ? AND place < ?{}",
                self.filter.sql
            );
            let places = sort_key::places(*done);
            let mut values = vec![Value::Integer(places.start), Value::Integer(places.end)];
            values.extend(self.filter.values.iter().cloned());
            let found: i64 = self
                .connection
                .prepare_cached(&sql)?
                .query_row(params_from_iter(values), |row| row.get(0))?;
            count += u64::try_from(found).unwrap_or(0);
        }
        Ok(count)
    }

    /// What is done and what is not, where the scope has both.
    const fn legs(&self) -> &'static [bool] {
        match self.scope {
            Scope::Open => &[false],
            Scope::Done => &[true],
            Scope::All => &[false, true],
        }
    }

    fn stretches<'s>(&self, start: Start<'s>, way: Way) -> Vec<(Segment<'s>, Start<'s>)> {
        let all: &[Segment<'s>] = match (self.sort, way) {
            (Sort::Server, _) => &[Segment::Without],
            (Sort::Text, _) => &[Segment::With],
            (_, Way::Down) => &[Segment::With, Segment::Without],
            (_, Way::Up) => &[Segment::Without, Segment::With],
        };
        let whole = |stretch: &Segment<'s>| (*stretch, Start::End);
        let (first, mut stretches) = match start {
            Start::End => return all.iter().map(whole).collect(),
            Start::At(spot) | Start::After(spot) if spot.value == Value::Null => {
                (Segment::Without, vec![(Segment::Without, start)])
            }
            Start::At(spot) | Start::After(spot) => {
                let beyond = (Segment::Beyond(&spot.value), Start::End);
                let equal = (Segment::Equal(&spot.value), start);
                (Segment::With, vec![equal, beyond])
            }
        };
        let rest = all.iter().skip_while(|stretch| **stretch != first).skip(1);
        stretches.extend(rest.map(whole));
        stretches
    }

    fn stretch(
        &self,
        stretch: Segment<'_>,
        start: Start<'_>,
        way: Way,
        todo: &mut Todo,
        visit: &mut impl FnMut(&mut Todo) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let legs: Vec<IndexScan> = self
            .legs()
            .iter()
            .map(|done| self.leg(stretch, start, way, *done))
            .collect();
        let mut statements = legs
            .iter()
            .map(|leg| self.connection.prepare_cached(&leg.sql))
            .collect::<Result<Vec<_>, _>>()?;
        let mut found = Vec::with_capacity(statements.len());
        for (statement, leg) in statements.iter_mut().zip(&legs) {
            found.push(statement.query(params_from_iter(&leg.values))?);
        }
        let mut visit_row = |todo: &mut Todo| {
            if self.filter.holds(&todo.text) {
                visit(todo)
            } else {
                ControlFlow::Continue(())
            }
        };
        match found.as_mut_slice() {
            [only] => along(only, todo, &mut visit_row),
            [open, done] => between(open, done, way, todo, &mut visit_row),
            _ => Ok(ControlFlow::Continue(())),
        }
    }

    fn leg(&self, stretch: Segment<'_>, start: Start<'_>, way: Way, done: bool) -> IndexScan {
        let column = column(self.sort);
        let by = column.filter(|_| matches!(stretch, Segment::With | Segment::Beyond(_)));
        let order = match way {
            Way::Down => "ASC",
            Way::Up => "DESC",
        };
        let mut leg = IndexScan {
            sql: format!("SELECT {TODO_COLUMNS}"),
            values: Vec::new(),
            done,
        };
        if let Some(by) = by {
            leg.push(format_args!(", {by}"));
        }
        leg.sql.push_str(" FROM shown");
        match column {
            Some(column) => self.sorted(&mut leg, column, stretch, way),
            None => leg.sql.push_str(" NOT INDEXED WHERE"),
        }
        if by.is_none() {
            // One bound a side: of two on the same side the table is searched by
            // the first alone, and the rows up to the second are read for nothing.
            let places = narrowed(sort_key::places(done), start, way, done);
            let and = if column.is_some() { " AND" } else { "" };
            leg.push(format_args!("{and} place >= ? AND place < ?"));
            leg.values.push(Value::Integer(places.start));
            leg.values.push(Value::Integer(places.end));
        }
        leg.sql.push_str(&self.filter.sql);
        leg.values.extend(self.filter.values.iter().cloned());
        match by {
            Some(by) => leg.push(format_args!(" ORDER BY {by} {order}, place {order}")),
            None => leg.push(format_args!(" ORDER BY place {order}")),
        }
        leg
    }

    fn sorted(&self, leg: &mut IndexScan, column: &str, stretch: Segment<'_>, way: Way) {
        if self.indexed {
            leg.push(format_args!(" INDEXED BY shown_{column}"));
        }
        leg.push(format_args!(" WHERE done = ? AND {column}"));
        leg.values.push(Value::Integer(leg.done.into()));
        let (condition, value) = match (stretch, way) {
            (Segment::With, _) => (" IS NOT NULL", None),
            (Segment::Without, _) => (" IS NULL", None),
            (Segment::Equal(value), _) => (" = ?", Some(value)),
            (Segment::Beyond(value), Way::Down) => (" > ?", Some(value)),
            (Segment::Beyond(value), Way::Up) => (" < ?", Some(value)),
        };
        leg.sql.push_str(condition);
        leg.values.extend(value.cloned());
    }
}

impl IndexScan {
    fn push(&mut self, sql: fmt::Arguments<'_>) {
        // A `String` takes everything.
        let _ = self.sql.write_fmt(sql);
    }
}

/// The places from the start on.
fn narrowed(places: Range<i64>, start: Start<'_>, way: Way, done: bool) -> Range<i64> {
    let (spot, with_it) = match start {
        Start::End => return places,
        Start::At(spot) => (spot, true),
        Start::After(spot) => (spot, false),
    };
    let at = spot.order + sort_key::offset(done);
    match way {
        Way::Down => places.start.max(at + i64::from(!with_it))..places.end,
        Way::Up => places.start..places.end.min(at + i64::from(with_it)),
    }
}

fn along(
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

/// Two legs as one: the row that comes first, each time.
fn between<'r>(
    open: &mut Rows<'r>,
    done: &mut Rows<'r>,
    way: Way,
    todo: &mut Todo,
    visit: &mut impl FnMut(&mut Todo) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, StoreError> {
    open.advance()?;
    done.advance()?;
    loop {
        let from = match (open.get(), done.get()) {
            (None, None) => return Ok(ControlFlow::Continue(())),
            (Some(_), None) => &mut *open,
            (None, Some(_)) => &mut *done,
            (Some(a), Some(b)) => {
                let (a, b) = (standing(a)?, standing(b)?);
                let down = compare(&a.0, &b.0).then(a.1.cmp(&b.1));
                if (down == Ordering::Greater) == (way == Way::Down) {
                    &mut *done
                } else {
                    &mut *open
                }
            }
        };
        if let Some(row) = from.get() {
            rows::read_todo(row, todo)?;
            if visit(todo).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        from.advance()?;
    }
}

/// What a row is sorted by: the value after [`TODO_COLUMNS`], if there is one,
/// and the order.
fn standing<'r>(row: &'r rusqlite::Row<'_>) -> Result<(ValueRef<'r>, i64), StoreError> {
    let value = match row.as_ref().column_count() {
        0..=7 => ValueRef::Null,
        _ => row.get_ref(7)?,
    };
    Ok((value, sort_key::parted(row.get(0)?).0))
}

fn compare(a: &ValueRef<'_>, b: &ValueRef<'_>) -> Ordering {
    match (a, b) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => a.cmp(b),
        (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
