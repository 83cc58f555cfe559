//! Scans the rows that a search through text blocks finds.

use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{CachedStatement, params_from_iter};

use crate::domain::todo::Todo;
use crate::store::cursor::{ListCursor, ScanDirection, ScanStart, narrowed};
use crate::store::error::StoreError;
use crate::store::rows::{self, TODO_COLUMNS};
use crate::store::sort_key::{self, TablePart};
use crate::store::text_blocks::Matches;

/// The rows found in one part of the table.
struct SearchScan<'c> {
    matches: Matches<'c>,
    row: CachedStatement<'c>,
    values: Vec<Value>,
    next: Option<i64>,
}

impl ListCursor<'_> {
    /// As [`ListCursor::visit`], but reads only the rows that contain the words.
    pub(super) fn visit_found(
        &self,
        start: ScanStart<'_>,
        direction: ScanDirection,
        mut visit: impl FnMut(&mut Todo) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let mut found = self.search_scan(*part, start, direction)?;
            found.next = found.matches.advance()?;
            parts.push(found);
        }
        let mut todo = rows::blank();
        loop {
            let order = |found: &&mut SearchScan<'_>| {
                let order = found.next.map(|place| sort_key::parted(place).0);
                order.map(|order| match direction {
                    ScanDirection::Down => order,
                    ScanDirection::Up => -order,
                })
            };
            let first = parts
                .iter_mut()
                .filter(|found| found.next.is_some())
                .min_by_key(order);
            let Some(found) = first else {
                return Ok(());
            };
            if found.read(&mut todo)?
                && self.filter.holds(&todo.text)
                && visit(&mut todo).is_break()
            {
                return Ok(());
            }
            found.next = found.matches.advance()?;
        }
    }

    /// Counts the rows found, if SQL can decide about the other terms.
    pub(super) fn count_found(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        for part in &self.parts {
            let mut found = self.search_scan(*part, ScanStart::End, ScanDirection::Down)?;
            let words_decide = found.values.is_empty() && self.filter.sql.is_empty();
            let mut todo = rows::blank();
            loop {
                found.next = found.matches.advance()?;
                if found.next.is_none() {
                    break;
                }
                if words_decide || found.read(&mut todo)? {
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    fn search_scan(
        &self,
        part: TablePart,
        start: ScanStart<'_>,
        direction: ScanDirection,
    ) -> Result<SearchScan<'_>, StoreError> {
        let mut sql = format!("SELECT {TODO_COLUMNS} FROM shown WHERE place = ?");
        let mut values = Vec::new();
        if let Some(day) = self.hidden_in(part) {
            sql.push_str(" AND (start IS NULL OR start <= ?)");
            values.push(day.into());
        }
        sql.push_str(&self.filter.sql);
        values.extend(self.filter.values.iter().cloned());
        let places = narrowed(part, start, direction);
        Ok(SearchScan {
            matches: Matches::new(self.connection, &self.filter.words, places, direction),
            row: self.connection.prepare_cached(&sql)?,
            values,
            next: None,
        })
    }
}

impl SearchScan<'_> {
    /// Reads the next row; returns whether the other conditions hold.
    fn read(&mut self, todo: &mut Todo) -> Result<bool, StoreError> {
        let place = Value::from(self.next.unwrap_or(i64::MIN));
        let values = std::iter::once(&place).chain(&self.values);
        let mut found = self.row.query(params_from_iter(values))?;
        match found.next()? {
            Some(row) => {
                rows::read_todo(row, todo)?;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}
