//! A walk along a list: from a position, in either direction, row by row.
//!
//! A list is one or two segments (todos that have a value to sort by, those that
//! have none), and each segment one ordered index scan for each part of the table
//! (open, waiting, done), merged. A walk that begins among those that have a value
//! scans the equals of its position first, then what lies beyond: for
//! `(due, place) > (?, ?)` SQLite would search by `due` alone and read all equals.
//! So a walk costs the rows it passes, wherever it begins.

use std::fmt::{self, Write as _};
use std::ops::{ControlFlow, Range};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::domain::query::{Query, Scope, Sort};
use crate::domain::todo::Todo;
use crate::store::error::StoreError;
use crate::store::merged::{along, merged};
use crate::store::rows::{self, TODO_COLUMNS};
use crate::store::search::Filter;
use crate::store::sort_key::Part;

/// The direction of a walk.
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

/// A position in a list: the value it is sorted by (`Null` where it has none, or
/// the list is in server order) and the order among equals.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Position {
    pub(super) value: Value,
    pub(super) order: i64,
}

/// Where a walk begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start<'a> {
    /// At the end from which the way leads.
    End,
    /// At the row in this position.
    At(&'a Position),
    /// At the next row.
    After(&'a Position),
}

/// A list to walk along.
#[derive(Debug)]
pub(super) struct List<'c> {
    pub(super) connection: &'c Connection,
    pub(super) parts: Vec<Part>,
    sort: Sort,
    /// The list runs in the opposite order of its indexes.
    reverse: bool,
    pub(super) filter: Filter,
    /// The day beyond which waiting todos are left out.
    hide: Option<i64>,
    /// Some rows among the open ones wait: the clock was set back.
    early: bool,
    /// The index of this sort exists.
    indexed: bool,
}

/// A piece of a list whose rows stand next to each other in an index.
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
    pub(super) fn new(connection: &'c Connection, query: &Query) -> Result<Self, StoreError> {
        let hide = query.hide_waiting.map(rows::day);
        let early = match hide {
            Some(day) => connection
                .prepare_cached(
                    "SELECT 1 FROM shown INDEXED BY shown_start
                     WHERE waiting = 0 AND start IS NOT NULL AND start > ?1 AND done = 0",
                )?
                .exists([day])?,
            None => false,
        };
        let indexed = match column(query.sort) {
            Some(column) => connection
                .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1")?
                .exists([format!("shown_{column}")])?,
            None => false,
        };
        Ok(Self {
            connection,
            parts: parts(connection, query.scope, hide)?,
            sort: query.sort,
            reverse: query.reverse,
            filter: Filter::new(query),
            hide,
            early,
            indexed,
        })
    }

    /// Passes each row to `visit`, which may take its text, until it breaks.
    pub(super) fn walk(
        &self,
        start: Start<'_>,
        way: Way,
        mut visit: impl FnMut(&mut Todo) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let way = if self.reverse { way.opposite() } else { way };
        if !self.filter.words.is_empty() {
            return self.walk_found(start, way, visit);
        }
        let mut todo = rows::blank();
        for (segment, start) in self.segments(start, way) {
            let flow = self.segment(segment, start, way, &mut todo, &mut visit)?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The number of rows.
    pub(super) fn count(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        if !self.filter.is_sql() {
            self.walk(Start::End, Way::Down, |_| {
                count += 1;
                ControlFlow::Continue(())
            })?;
            return Ok(count);
        }
        if !self.filter.words.is_empty() {
            return self.count_found();
        }
        for part in &self.parts {
            let mut scan = IndexScan {
                sql: "SELECT count(*) FROM shown".to_owned(),
                values: Vec::new(),
            };
            self.within(&mut scan, *part, None);
            let places = part.places();
            scan.push(format_args!(
                " AND place >= ? AND place < ?{}",
                self.filter.sql
            ));
            scan.values.extend([places.start.into(), places.end.into()]);
            scan.values.extend(self.filter.values.iter().cloned());
            let found: i64 = self
                .connection
                .prepare_cached(&scan.sql)?
                .query_row(params_from_iter(scan.values), |row| row.get(0))?;
            count += u64::try_from(found).unwrap_or(0);
        }
        Ok(count)
    }

    fn segments<'s>(&self, start: Start<'s>, way: Way) -> Vec<(Segment<'s>, Start<'s>)> {
        let all: &[Segment<'s>] = match (self.sort, way) {
            (Sort::Server, _) => &[Segment::Without],
            (Sort::Text, _) => &[Segment::With],
            (_, Way::Down) => &[Segment::With, Segment::Without],
            (_, Way::Up) => &[Segment::Without, Segment::With],
        };
        let whole = |segment: &Segment<'s>| (*segment, Start::End);
        let (first, mut segments) = match start {
            Start::End => return all.iter().map(whole).collect(),
            Start::At(position) | Start::After(position) if position.value == Value::Null => {
                (Segment::Without, vec![(Segment::Without, start)])
            }
            Start::At(position) | Start::After(position) => {
                let beyond = (Segment::Beyond(&position.value), Start::End);
                let equal = (Segment::Equal(&position.value), start);
                (Segment::With, vec![equal, beyond])
            }
        };
        let rest = all.iter().skip_while(|segment| **segment != first).skip(1);
        segments.extend(rest.map(whole));
        segments
    }

    fn segment(
        &self,
        segment: Segment<'_>,
        start: Start<'_>,
        way: Way,
        todo: &mut Todo,
        visit: &mut impl FnMut(&mut Todo) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let scans: Vec<IndexScan> = self
            .parts
            .iter()
            .map(|part| self.scan(segment, start, way, *part))
            .collect();
        let mut statements = scans
            .iter()
            .map(|scan| self.connection.prepare_cached(&scan.sql))
            .collect::<Result<Vec<_>, _>>()?;
        let mut found = Vec::with_capacity(statements.len());
        for (statement, scan) in statements.iter_mut().zip(&scans) {
            found.push(statement.query(params_from_iter(&scan.values))?);
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
            several => merged(several, way, todo, &mut visit_row),
        }
    }

    fn scan(&self, segment: Segment<'_>, start: Start<'_>, way: Way, part: Part) -> IndexScan {
        let column = column(self.sort);
        let by = column.filter(|_| matches!(segment, Segment::With | Segment::Beyond(_)));
        let order = match way {
            Way::Down => "ASC",
            Way::Up => "DESC",
        };
        let mut scan = IndexScan {
            sql: format!("SELECT {TODO_COLUMNS}"),
            values: Vec::new(),
        };
        if let Some(by) = by {
            scan.push(format_args!(", {by}"));
        }
        scan.sql.push_str(" FROM shown");
        self.within(&mut scan, part, column);
        if let Some(column) = column {
            scan.sorted(column, segment, way);
        }
        if by.is_none() {
            // One bound a side: of two on the same side the table is searched by
            // the first alone, and the rows up to the second are read for nothing.
            let places = narrowed(part, start, way);
            scan.sql.push_str(" AND place >= ? AND place < ?");
            scan.values.extend([places.start.into(), places.end.into()]);
        }
        scan.sql.push_str(&self.filter.sql);
        scan.values.extend(self.filter.values.iter().cloned());
        match by {
            Some(by) => scan.push(format_args!(" ORDER BY {by} {order}, place {order}")),
            None => scan.push(format_args!(" ORDER BY place {order}")),
        }
        scan
    }

    /// The day beyond which rows of this part are left out, where there are any.
    pub(super) fn hidden_in(&self, part: Part) -> Option<i64> {
        match part {
            Part::Open => self.hide.filter(|_| self.early),
            Part::Waiting => self.hide,
            Part::Done => None,
        }
    }

    /// The rows of a part, through the index that gives them in order. Of the
    /// waiting todos only those whose day has come are in a list that hides them:
    /// few, since the next write moves them.
    fn within(&self, scan: &mut IndexScan, part: Part, column: Option<&str>) {
        match (self.hide, column) {
            (Some(_), _) if part.is_waiting() => {
                scan.sql
                    .push_str(" INDEXED BY shown_start WHERE waiting = 1 AND start IS NOT NULL");
            }
            (_, Some(column)) => {
                if self.indexed {
                    scan.push(format_args!(" INDEXED BY shown_{column}"));
                }
                scan.sql.push_str(" WHERE done = ? AND waiting = ?");
                let flags = [part.is_done(), part.is_waiting()];
                scan.values.extend(flags.map(|flag| i64::from(flag).into()));
            }
            (_, None) => scan.sql.push_str(" NOT INDEXED WHERE true"),
        }
        if let Some(day) = self.hidden_in(part) {
            scan.sql.push_str(" AND (start IS NULL OR start <= ?)");
            scan.values.push(day.into());
        }
    }
}

/// The parts of the table that the list has rows in.
fn parts(
    connection: &Connection,
    scope: Scope,
    hide: Option<i64>,
) -> Result<Vec<Part>, StoreError> {
    let mut parts = Vec::with_capacity(Part::ALL.len());
    if scope != Scope::Done {
        let waiting = connection
            .prepare_cached(
                "SELECT 1 FROM shown INDEXED BY shown_start
                 WHERE waiting = 1 AND start IS NOT NULL AND start <= ?1",
            )?
            .exists([hide.unwrap_or(i64::MAX)])?;
        if waiting {
            parts.push(Part::Waiting);
        }
        parts.push(Part::Open);
    }
    if scope != Scope::Open {
        parts.push(Part::Done);
    }
    Ok(parts)
}

impl IndexScan {
    fn sorted(&mut self, column: &str, segment: Segment<'_>, way: Way) {
        let (condition, value) = match (segment, way) {
            (Segment::With, _) => ("IS NOT NULL", None),
            (Segment::Without, _) => ("IS NULL", None),
            (Segment::Equal(value), _) => ("= ?", Some(value)),
            (Segment::Beyond(value), Way::Down) => ("> ?", Some(value)),
            (Segment::Beyond(value), Way::Up) => ("< ?", Some(value)),
        };
        self.push(format_args!(" AND {column} {condition}"));
        self.values.extend(value.cloned());
    }

    fn push(&mut self, sql: fmt::Arguments<'_>) {
        // A `String` takes everything.
        let _ = self.sql.write_fmt(sql);
    }
}

/// The places of a part from the start on.
pub(super) fn narrowed(part: Part, start: Start<'_>, way: Way) -> Range<i64> {
    let places = part.places();
    let (position, with_it) = match start {
        Start::End => return places,
        Start::At(position) => (position, true),
        Start::After(position) => (position, false),
    };
    let at = position.order + part.offset();
    match way {
        Way::Down => places.start.max(at + i64::from(!with_it))..places.end,
        Way::Up => places.start..places.end.min(at + i64::from(with_it)),
    }
}
