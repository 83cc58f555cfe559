//! Terms as SQL conditions, with an exact check where SQL is too coarse.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::types::Value;

use crate::domain::casefold::{search_key, tag_key};
use crate::domain::line::Line;
use crate::domain::query::{Days, Term};
use crate::domain::todo::State;
use crate::store::rows;

/// What a row must be like.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// ` AND …` for each term; its values are bound in this order.
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
    exact: Vec<Exact>,
}

/// A tag, folded, that must be a whole word.
#[derive(Debug)]
enum Exact {
    Project(String),
    Context(String),
}

impl Filter {
    pub(super) fn new(terms: &[Term]) -> Self {
        let mut filter = Self::default();
        for term in terms {
            filter.add(term);
        }
        filter
    }

    /// Whether the exact checks hold, too.
    pub(super) fn holds(&self, text: &str) -> bool {
        let line = Line::new(text);
        self.exact.iter().all(|exact| match exact {
            Exact::Project(name) => line.projects().any(|word| tag_key(word) == *name),
            Exact::Context(name) => line.contexts().any(|word| tag_key(word) == *name),
        })
    }

    /// Whether SQL alone decides.
    pub(super) fn is_sql(&self) -> bool {
        self.exact.is_empty()
    }

    fn add(&mut self, term: &Term) {
        match term {
            Term::Word(word) => self.word(search_key(word).into_owned()),
            Term::Project(name) => {
                self.word(format!("+{}", search_key(name)));
                self.exact.push(Exact::Project(tag_key(name).into_owned()));
            }
            Term::Context(name) => {
                self.word(format!("@{}", search_key(name)));
                self.exact.push(Exact::Context(tag_key(name).into_owned()));
            }
            Term::Due(days) => self.days("due", days),
            Term::Done(days) => self.days("completed_on", days),
            Term::Changed(days) => self.changed(days),
            Term::State(State::Synced) => self.sql.push_str(" AND state = 0"),
            // The first half is what the partial index asks for.
            Term::State(state) => self.condition(
                " AND state <> 0 AND state = ?",
                Value::Integer(rows::state_number(*state)),
            ),
            Term::Priority(priority) => self.condition(
                " AND priority = ?",
                Value::Integer(u32::from(priority.letter()).into()),
            ),
        }
    }

    fn condition(&mut self, sql: &str, value: Value) {
        self.sql.push_str(sql);
        self.values.push(value);
    }

    fn word(&mut self, folded: String) {
        if !folded.is_empty() {
            self.condition(" AND instr(folded, ?) > 0", Value::Text(folded));
        }
    }

    fn days(&mut self, column: &str, days: &Days) {
        self.sql.push_str(" AND ");
        self.sql.push_str(column);
        self.sql.push_str(" IS NOT NULL");
        let mut end = |operator: &str, day: Option<Date>| {
            if let Some(day) = day {
                let sql = format!(" AND {column} {operator} ?");
                self.condition(&sql, Value::Integer(rows::day(day)));
            }
        };
        end(">=", days.from);
        end("<=", days.to);
    }

    /// Days begin and end as they do where this runs.
    fn changed(&mut self, days: &Days) {
        let midnight = |day: Date| {
            let start = TimeZone::system().to_timestamp(day.into()).ok()?;
            Some(Value::Integer(start.as_microsecond()))
        };
        self.sql.push_str(" AND updated_at IS NOT NULL");
        if let Some(start) = days.from.and_then(midnight) {
            self.condition(" AND updated_at >= ?", start);
        }
        let after = days.to.and_then(|day| day.tomorrow().ok());
        if let Some(end) = after.and_then(midnight) {
            self.condition(" AND updated_at < ?", end);
        }
    }
}
