//! Counters of open and done todos by tag and by due date, updated in the
//! transaction of the rows that they count.
//!
//! Each counter has a start date (`t:`) of its own, so that waiting todos can be
//! left out on any day. 0 means no date.

use std::collections::HashMap;

use jiff::civil::Date;
use rusqlite::{Connection, params};

use crate::domain::casefold::tag_key;
use crate::domain::due::DueGroup;
use crate::domain::line::Line;
use crate::domain::list::{DueCounts, TagCount, ViewCounts};
use crate::domain::when::Calendar;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::rows;

/// Changes of counters that are not written yet.
#[derive(Debug, Default)]
pub(super) struct CounterDeltas {
    tags: HashMap<(String, i64), CounterDelta>,
    dues: HashMap<(i64, i64), CounterDelta>,
    spellings: HashMap<(String, String), i64>,
}

#[derive(Debug, Default, Clone, Copy)]
struct CounterDelta {
    open: i64,
    done: i64,
}

impl CounterDelta {
    fn add(&mut self, done: bool, by: i64) {
        if done {
            self.done += by;
        } else {
            self.open += by;
        }
    }

    const fn is_zero(self) -> bool {
        self.open == 0 && self.done == 0
    }
}

/// Returns the different tags of a line with their signs: key and spelling.
fn tags(line: Line<'_>) -> Vec<(String, String)> {
    let projects = line.projects().map(|tag| format!("+{tag}"));
    let contexts = line.contexts().map(|tag| format!("@{tag}"));
    let mut tags: Vec<(String, String)> = Vec::new();
    for spelling in projects.chain(contexts) {
        let key = tag_key(&spelling).into_owned();
        if !tags.iter().any(|(known, _)| *known == key) {
            tags.push((key, spelling));
        }
    }
    tags
}

impl CounterDeltas {
    /// Counts a shown text `by` 1, or by -1 if it is no longer shown.
    pub(super) fn count(&mut self, text: &str, by: i64) {
        let line = Line::new(text);
        let done = line.is_done();
        let start = line.start().map_or(0, rows::day);
        let due = line.due().map_or(0, rows::day);
        self.dues.entry((due, start)).or_default().add(done, by);
        for (key, spelling) in tags(line) {
            *self.spellings.entry((key.clone(), spelling)).or_default() += by;
            self.tags.entry((key, start)).or_default().add(done, by);
        }
    }

    /// Writes the changes.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for ((tag, start), change) in self.tags.drain() {
            if change.is_zero() {
                continue;
            }
            connection
                .prepare_cached(
                    "INSERT INTO tag_counts(tag, start, open, done) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET open = open + ?3, done = done + ?4",
                )?
                .execute(params![tag, start, change.open, change.done])?;
            if change.open < 0 || change.done < 0 {
                connection
                    .prepare_cached(
                        "DELETE FROM tag_counts
                         WHERE tag = ?1 AND start = ?2 AND open = 0 AND done = 0",
                    )?
                    .execute(params![tag, start])?;
            }
        }
        for ((due, start), change) in self.dues.drain() {
            if change.is_zero() {
                continue;
            }
            connection
                .prepare_cached(
                    "INSERT INTO due_counts(due, start, open, done) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET open = open + ?3, done = done + ?4",
                )?
                .execute(params![due, start, change.open, change.done])?;
            if change.open < 0 || change.done < 0 {
                connection
                    .prepare_cached(
                        "DELETE FROM due_counts
                         WHERE due = ?1 AND start = ?2 AND open = 0 AND done = 0",
                    )?
                    .execute(params![due, start])?;
            }
        }
        for ((tag, spelling), by) in self.spellings.drain() {
            write_spelling(connection, &tag, &spelling, by)?;
        }
        Ok(())
    }
}

fn write_spelling(
    connection: &Connection,
    tag: &str,
    spelling: &str,
    by: i64,
) -> Result<(), StoreError> {
    if by == 0 {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO spellings(tag, spelling, count) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET count = count + ?3",
        )?
        .execute(params![tag, spelling, by])?;
    if by < 0 {
        connection
            .prepare_cached("DELETE FROM spellings WHERE tag = ?1 AND spelling = ?2 AND count = 0")?
            .execute(params![tag, spelling])?;
    }
    Ok(())
}

/// Recounts all rows.
pub(super) fn recount(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch("DELETE FROM tag_counts; DELETE FROM due_counts; DELETE FROM spellings;")?;
    let mut deltas = CounterDeltas::default();
    let mut statement = connection.prepare("SELECT text FROM shown")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        deltas.count(rows::text(row, 0)?, 1);
    }
    deltas.write(connection)
}

impl Store {
    /// Returns the numbers of todos in the built-in views, from counters; the cost is the
    /// number of different due dates. Upcoming ends on `upcoming_to`.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn view_counts(&self, today: Date, upcoming_to: Date) -> Result<ViewCounts, StoreError> {
        self.reading(|snapshot| {
            let mut statement = snapshot.prepare_cached(
                "SELECT ifnull(sum(open) FILTER (WHERE start <= ?1), 0),
                     ifnull(sum(open) FILTER (WHERE start > ?1), 0),
                     ifnull(sum(open) FILTER (WHERE start <= ?1 AND due = 0), 0),
                     ifnull(sum(open) FILTER (WHERE start <= ?1 AND due > 0 AND due < ?1), 0),
                     ifnull(sum(open) FILTER (WHERE start <= ?1 AND due = ?1), 0),
                     ifnull(sum(open) FILTER (WHERE start <= ?1 AND due BETWEEN ?1 AND ?2), 0),
                     ifnull(sum(done), 0)
                 FROM due_counts",
            )?;
            let counts =
                statement.query_row([rows::day(today), rows::day(upcoming_to)], |row| {
                    let count = |column: usize| -> rusqlite::Result<u64> {
                        Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
                    };
                    Ok(ViewCounts {
                        open: count(0)?,
                        waiting: count(1)?,
                        no_date: count(2)?,
                        overdue: count(3)?,
                        due_today: count(4)?,
                        upcoming: count(5)?,
                        done: count(6)?,
                    })
                })?;
            Ok(counts)
        })
    }

    /// Returns the numbers of todos in the groups by due date, from counters; the cost is
    /// the number of different due and start dates.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn due_counts(&self, calendar: Calendar) -> Result<DueCounts, StoreError> {
        self.reading(|snapshot| {
            let mut statement = snapshot.prepare_cached(
                "SELECT ifnull(sum(open), 0) FROM due_counts
                 WHERE start <= ?1 AND due BETWEEN ?2 AND ?3",
            )?;
            let mut counts = DueCounts::default();
            for (group, count) in DueGroup::ALL.into_iter().zip(&mut counts) {
                let (from, to) = match (group, group.days(calendar)) {
                    (DueGroup::NoDate, _) => (0, 0),
                    (_, None) => continue,
                    (_, Some(days)) => (
                        days.from.map_or(1, rows::day),
                        days.to.map_or(i64::MAX, rows::day),
                    ),
                };
                let sum: i64 =
                    statement.query_row([rows::day(calendar.today), from, to], |row| row.get(0))?;
                *count = u64::try_from(sum).unwrap_or(0);
            }
            Ok(counts)
        })
    }

    /// Returns at most `most` tags (`+project` or `@context`, by `sign`), those with the
    /// most open todos (without waiting ones) first, then those with the most done todos.
    /// Each has its most used spelling. The cost is the number of different tags and
    /// start dates.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn tags(&self, sign: char, today: Date, most: usize) -> Result<Vec<TagCount>, StoreError> {
        let (from, to) = (String::from(sign), format!("{sign}\u{10ffff}"));
        self.reading(|snapshot| {
            let mut statement = snapshot.prepare_cached(
                "SELECT (SELECT spelling FROM spellings s WHERE s.tag = t.tag
                         ORDER BY count DESC, spelling LIMIT 1),
                     awake, done
                 FROM (SELECT tag, ifnull(sum(open) FILTER (WHERE start <= ?3), 0) awake,
                           sum(done) done
                       FROM tag_counts WHERE tag > ?1 AND tag <= ?2
                       GROUP BY tag ORDER BY awake DESC, done DESC, tag LIMIT ?4) t",
            )?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut found = statement.query(params![from, to, rows::day(today), most])?;
            let mut tags = Vec::new();
            while let Some(row) = found.next()? {
                let count = |column: usize| -> rusqlite::Result<u64> {
                    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
                };
                tags.push(TagCount {
                    tag: row.get(0)?,
                    open: count(1)?,
                    done: count(2)?,
                });
            }
            Ok(tags)
        })
    }

    /// Returns the most used spelling of a tag given with its sign, if any todo has it.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn spelling(&self, tag: &str) -> Result<Option<String>, StoreError> {
        let key = tag_key(tag);
        self.reading(|snapshot| {
            let mut statement = snapshot.prepare_cached(
                "SELECT spelling FROM spellings WHERE tag = ?1
                 ORDER BY count DESC, spelling LIMIT 1",
            )?;
            let mut found = statement.query([key.as_ref()])?;
            Ok(found.next()?.map(|row| row.get(0)).transpose()?)
        })
    }
}
