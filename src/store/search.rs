//! Translates terms to SQL, with an exact check where SQL is too coarse.

use rusqlite::types::Value;

use crate::domain::casefold::search_key;
use crate::domain::line::Line;
use crate::domain::query::{Days, LinePart, Query, Sort, Term, TermSubject};
use crate::domain::todo::SyncState;
use crate::os::time_zone;
use crate::store::rows;

/// The conditions of a query.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// ` AND …` for each term; the values are bound in this order.
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
    /// Terms that SQL only narrows down; they depend on the text alone.
    exact: Vec<Term>,
    /// Folded words of the text, if text blocks are searched.
    pub(super) words: Vec<String>,
}

/// An SQL condition for a term.
struct TermCondition {
    sql: String,
    values: Vec<Value>,
    /// Whether it holds for exactly the rows of the term, not for more.
    exact: bool,
}

impl TermCondition {
    fn exact(sql: &str, values: impl IntoIterator<Item = Value>) -> Self {
        Self {
            sql: sql.to_owned(),
            values: values.into_iter().collect(),
            exact: true,
        }
    }

    fn coarse(self) -> Self {
        Self {
            exact: false,
            ..self
        }
    }

    /// Never null, so that it can be negated.
    fn of(term: &Term) -> Self {
        match term {
            Term::Word(word) => contains(&search_key(word)),
            Term::Project(name) => contains(&format!("+{}", search_key(name))).coarse(),
            Term::Context(name) => contains(&format!("@{}", search_key(name))).coarse(),
            Term::Due(range) => days("due", *range),
            Term::Start(range) => days("start", *range),
            Term::Has(LinePart::Start) => Self::exact("start IS NOT NULL", []),
            Term::Done(range) => days("completed_on", *range),
            Term::Changed(range) => changed(*range),
            Term::State(SyncState::Synced) => Self::exact("state = 0", []),
            // The first half makes the partial index usable.
            Term::State(state) => {
                let state = Value::Integer(rows::state_number(*state));
                Self::exact("state <> 0 AND state = ?", [state])
            }
            Term::Priority(priority) => {
                let letter = Value::Integer(u32::from(priority.letter()).into());
                Self::exact("priority IS NOT NULL AND priority = ?", [letter])
            }
            Term::Has(LinePart::Due) => Self::exact("due IS NOT NULL", []),
            Term::Has(LinePart::Priority) => Self::exact("priority IS NOT NULL", []),
            Term::Has(LinePart::Project) => contains("+").coarse(),
            Term::Has(LinePart::Context) => contains("@").coarse(),
            Term::Has(LinePart::Recurrence) => contains("rec:").coarse(),
            Term::Not(term) => Self::of(term).negated(),
            Term::AnyOf(terms) => Self::any(terms),
        }
    }

    fn negated(self) -> Self {
        if self.exact {
            let sql = format!("NOT ({})", self.sql);
            Self { sql, ..self }
        } else {
            Self::exact("1", []).coarse()
        }
    }

    fn any(terms: &[Term]) -> Self {
        if terms.is_empty() {
            return Self::exact("0", []);
        }
        let parts: Vec<Self> = terms.iter().map(Self::of).collect();
        let sql: Vec<String> = parts.iter().map(|part| format!("({})", part.sql)).collect();
        Self {
            sql: format!("({})", sql.join(" OR ")),
            exact: parts.iter().all(|part| part.exact),
            values: parts.into_iter().flat_map(|part| part.values).collect(),
        }
    }
}

impl Filter {
    /// Returns the filter of a query. For a list in server order, words are left to a
    /// search through text blocks, which are in the same order.
    pub(super) fn new(query: &Query) -> Self {
        let mut filter = Self::default();
        for term in &query.terms {
            let word = word(term).filter(|word| query.sort == Sort::Server && !word.is_empty());
            if let Some(word) = word {
                filter.words.push(word);
                if !matches!(term, Term::Word(_)) {
                    filter.exact.push(term.clone());
                }
                continue;
            }
            let condition = TermCondition::of(term);
            filter.sql.push_str(" AND ");
            filter.sql.push_str(&condition.sql);
            filter.values.extend(condition.values);
            if !condition.exact {
                filter.exact.push(term.clone());
            }
        }
        filter
    }

    /// Returns whether the exact checks also hold.
    pub(super) fn holds(&self, text: &str) -> bool {
        let line = Line::new(text);
        let facts = TermSubject {
            line,
            state: SyncState::Synced,
            changed_on: None,
        };
        self.exact.iter().all(|term| term.holds(&facts))
    }

    /// Returns whether SQL alone decides.
    pub(super) fn is_sql(&self) -> bool {
        self.exact.is_empty()
    }
}

/// Returns the folded word that every text of the term contains.
fn word(term: &Term) -> Option<String> {
    match term {
        Term::Word(word) => Some(search_key(word).into_owned()),
        Term::Project(name) => Some(format!("+{}", search_key(name))),
        Term::Context(name) => Some(format!("@{}", search_key(name))),
        Term::Due(_)
        | Term::Start(_)
        | Term::Done(_)
        | Term::Changed(_)
        | Term::State(_)
        | Term::Priority(_)
        | Term::Has(_)
        | Term::Not(_)
        | Term::AnyOf(_) => None,
    }
}

fn contains(folded: &str) -> TermCondition {
    TermCondition::exact("instr(folded, ?) > 0", [Value::Text(folded.to_owned())])
}

fn days(column: &str, days: Days) -> TermCondition {
    let ends = [(">=", days.from), ("<=", days.to)];
    let mut sql = vec![format!("{column} IS NOT NULL")];
    let mut values = Vec::new();
    for (operator, day) in ends {
        if let Some(day) = day {
            sql.push(format!("{column} {operator} ?"));
            values.push(Value::Integer(rows::day(day)));
        }
    }
    TermCondition::exact(&sql.join(" AND "), values)
}

/// Days begin and end by the system time zone.
fn changed(days: Days) -> TermCondition {
    let (from, after) = days.instants(&time_zone::local());
    let mut sql = "updated_at IS NOT NULL".to_owned();
    let mut values = Vec::new();
    if let Some(from) = from {
        sql.push_str(" AND updated_at >= ?");
        values.push(Value::Integer(from.as_microsecond()));
    }
    if let Some(after) = after {
        sql.push_str(" AND updated_at < ?");
        values.push(Value::Integer(after.as_microsecond()));
    }
    TermCondition::exact(&sql, values)
}
