//! Cursor over a sorted list: row by row from a position, in either direction.
//!
//! A list is one or two segments (todos that have a value to sort by, those that
//! have none), and each segment one ordered index scan for each part of the table
//! (open, waiting, done), merged. A scan that begins among those that have a value
//! first reads the equals of its position, then the rest: for
//! `(due, place) > (?, ?)` SQLite would search by `due` alone and read all equals.
//! So the cost is the number of rows visited, wherever the scan begins.

use std::fmt::{self, Write as _};
use std::ops::{ControlFlow, Range};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::domain::query::{Query, Scope, Sort};
use crate::domain::todo::Todo;
use crate::store::error::StoreError;
use crate::store::merge_scans::{merge_scans, read_scan};
use crate::store::rows::{self, TODO_COLUMNS};
use crate::store::search::Filter;
use crate::store::sort_key::TablePart;

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanDirection {
    Down,
    Up,
}

impl ScanDirection {
    const fn opposite(self) -> Self {
        match self {
            Self::Down => Self::Up,
            Self::Up => Self::Down,
        }
    }
}

/// A position in a list: the sort value (`Null` without one, or in server order) and
/// the order among equals.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ListPosition {
    pub(super) value: Value,
    pub(super) order: i64,
}

/// The start of a scan.
#[derive(Debug, Clone, Copy)]
pub(super) enum ScanStart<'a> {
    /// At the end of the list that the scan leads away from.
    End,
    /// At the row in this position.
    At(&'a ListPosition),
    /// At the next row.
    After(&'a ListPosition),
}

/// A sorted list and its filter.
#[derive(Debug)]
pub(super) struct ListCursor<'c> {
    pub(super) connection: &'c Connection,
    pub(super) parts: Vec<TablePart>,
    sort: Sort,
    /// Whether the list has the opposite order of its indexes.
    reverse: bool,
    pub(super) filter: Filter,
    /// The day beyond which waiting todos are left out.
    hide: Option<i64>,
    /// Whether some open rows wait after all: the clock was set back.
    early: bool,
    /// Whether the index of this sort exists.
    indexed: bool,
}

/// A part of a list that is contiguous in an index.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Segment<'s> {
    /// Rows that have the sort value.
    With,
    /// Rows with this sort value.
    Equal(&'s Value),
    /// Rows after those with this sort value.
    Beyond(&'s Value),
    /// Rows without the sort value; all rows in server order.
    Without,
}

/// One ordered query.
struct IndexScan {
    sql: String,
    values: Vec<Value>,
}

/// Returns the column of a sort, besides the server order.
pub(super) const fn column(sort: Sort) -> Option<&'static str> {
    match sort {
        Sort::Server => None,
        Sort::Due => Some("due"),
        Sort::Priority => Some("priority"),
        Sort::Created => Some("created_at"),
        Sort::Text => Some("folded"),
    }
}

impl<'c> ListCursor<'c> {
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
    pub(super) fn visit(
        &self,
        start: ScanStart<'_>,
        direction: ScanDirection,
        mut visit: impl FnMut(&mut Todo) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let direction = if self.reverse {
            direction.opposite()
        } else {
            direction
        };
        if !self.filter.words.is_empty() {
            return self.visit_found(start, direction, visit);
        }
        let mut todo = rows::blank();
        for (segment, start) in self.segments(start, direction) {
            let flow = self.segment(segment, start, direction, &mut todo, &mut visit)?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Counts the rows.
    pub(super) fn count(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        if !self.filter.is_sql() {
            self.visit(ScanStart::End, ScanDirection::Down, |_| {
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

    fn segments<'s>(
        &self,
        start: ScanStart<'s>,
        direction: ScanDirection,
    ) -> Vec<(Segment<'s>, ScanStart<'s>)> {
        let all: &[Segment<'s>] = match (self.sort, direction) {
            (Sort::Server, _) => &[Segment::Without],
            (Sort::Text, _) => &[Segment::With],
            (_, ScanDirection::Down) => &[Segment::With, Segment::Without],
            (_, ScanDirection::Up) => &[Segment::Without, Segment::With],
        };
        let whole = |segment: &Segment<'s>| (*segment, ScanStart::End);
        let (first, mut segments) = match start {
            ScanStart::End => return all.iter().map(whole).collect(),
            ScanStart::At(position) | ScanStart::After(position)
                if position.value == Value::Null =>
            {
                (Segment::Without, vec![(Segment::Without, start)])
            }
            ScanStart::At(position) | ScanStart::After(position) => {
                let beyond = (Segment::Beyond(&position.value), ScanStart::End);
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
        start: ScanStart<'_>,
        direction: ScanDirection,
        todo: &mut Todo,
        visit: &mut impl FnMut(&mut Todo) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let scans: Vec<IndexScan> = self
            .parts
            .iter()
            .map(|part| self.scan(segment, start, direction, *part))
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
            [only] => read_scan(only, todo, &mut visit_row),
            several => merge_scans(several, direction, todo, &mut visit_row),
        }
    }

    fn scan(
        &self,
        segment: Segment<'_>,
        start: ScanStart<'_>,
        direction: ScanDirection,
        part: TablePart,
    ) -> IndexScan {
        let column = column(self.sort);
        let by = column.filter(|_| matches!(segment, Segment::With | Segment::Beyond(_)));
        let order = match direction {
            ScanDirection::Down => "ASC",
            ScanDirection::Up => "DESC",
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
            scan.sorted(column, segment, direction);
        }
        if by.is_none() {
            // One bound a side: with two, SQLite searches by the first alone and reads the
            // rows up to the second in vain.
            let places = narrowed(part, start, direction);
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

    /// Returns the day beyond which rows of this part are left out, if any are.
    pub(super) fn hidden_in(&self, part: TablePart) -> Option<i64> {
        match part {
            TablePart::Open => self.hide.filter(|_| self.early),
            TablePart::Waiting => self.hide,
            TablePart::Done => None,
        }
    }

    /// Restricts a scan to a part, read through the index that has its order. A list
    /// that hides waiting todos has only those whose day has come: few, since the
    /// next write moves them.
    fn within(&self, scan: &mut IndexScan, part: TablePart, column: Option<&str>) {
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

/// Returns the parts of the table that the list has rows in.
fn parts(
    connection: &Connection,
    scope: Scope,
    hide: Option<i64>,
) -> Result<Vec<TablePart>, StoreError> {
    let mut parts = Vec::with_capacity(TablePart::ALL.len());
    if scope != Scope::Done {
        let waiting = connection
            .prepare_cached(
                "SELECT 1 FROM shown INDEXED BY shown_start
                 WHERE waiting = 1 AND start IS NOT NULL AND start <= ?1",
            )?
            .exists([hide.unwrap_or(i64::MAX)])?;
        if waiting {
            parts.push(TablePart::Waiting);
        }
        parts.push(TablePart::Open);
    }
    if scope != Scope::Open {
        parts.push(TablePart::Done);
    }
    Ok(parts)
}

impl IndexScan {
    fn sorted(&mut self, column: &str, segment: Segment<'_>, direction: ScanDirection) {
        let (condition, value) = match (segment, direction) {
            (Segment::With, _) => ("IS NOT NULL", None),
            (Segment::Without, _) => ("IS NULL", None),
            (Segment::Equal(value), _) => ("= ?", Some(value)),
            (Segment::Beyond(value), ScanDirection::Down) => ("> ?", Some(value)),
            (Segment::Beyond(value), ScanDirection::Up) => ("< ?", Some(value)),
        };
        self.push(format_args!(" AND {column} {condition}"));
        self.values.extend(value.cloned());
    }

    fn push(&mut self, sql: fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.sql.write_fmt(sql);
    }
}

/// Returns the places of a part from the start on.
pub(super) fn narrowed(
    part: TablePart,
    start: ScanStart<'_>,
    direction: ScanDirection,
) -> Range<i64> {
    let places = part.places();
    let (position, with_it) = match start {
        ScanStart::End => return places,
        ScanStart::At(position) => (position, true),
        ScanStart::After(position) => (position, false),
    };
    let at = position.order + part.offset();
    match direction {
        ScanDirection::Down => places.start.max(at + i64::from(!with_it))..places.end,
        ScanDirection::Up => places.start..places.end.min(at + i64::from(with_it)),
    }
}
