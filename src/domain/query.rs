//! The filter and order language of `list` and of search.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::line::Priority;
use crate::domain::todo::State;
use crate::domain::when;

/// Which todos, and in what order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Open ones, done ones, or all.
    pub scope: Scope,
    /// All of these must hold.
    pub terms: Vec<Term>,
    /// In this order; ties are in server order.
    pub sort: Sort,
}

/// Open ones, done ones, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Only open todos.
    #[default]
    Open,
    /// Only done todos.
    Done,
    /// Both.
    All,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By the server's id, the ones not sent yet last.
    #[default]
    Server,
    /// Earliest due date first, those without one last.
    Due,
    /// `A` first, those without one last.
    Priority,
    /// Oldest first.
    Created,
    /// By folded text.
    Text,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A substring of the text, both folded (case and accents).
    Word(String),
    /// `+project`, whole word, case ignored.
    Project(String),
    /// `@context`, whole word, case ignored.
    Context(String),
    /// Due on a day in the range, ends included.
    Due(Days),
    /// Completed on a day in the range, ends included.
    Done(Days),
    /// Changed by the server on a day in the range, ends included.
    Changed(Days),
    /// Has a change that far.
    State(State),
    /// Has this priority.
    Priority(Priority),
}

/// A range of days; an open end is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub from: Option<Date>,
    /// The last day, included.
    pub to: Option<Date>,
}

/// Why a term was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{term}`: {why}")]
pub struct TermError {
    /// The term as typed.
    pub term: String,
    /// What is wrong with it and what was expected.
    pub why: String,
}

/// Reads terms as typed: `+home`, `due:this-week`, `milk`. Empty words are left
/// out; a sign or prefix that means nothing here is a word like any other.
///
/// # Errors
///
/// The first term that has a known prefix and a value that means nothing.
pub fn parse_terms<S: AsRef<str>>(words: &[S], today: Date) -> Result<Vec<Term>, TermError> {
    words
        .iter()
        .map(|word| word.as_ref().trim())
        .filter(|word| !word.is_empty())
        .map(|word| {
            parse_term(word, today).map_err(|why| TermError {
                term: word.to_owned(),
                why: why.to_owned(),
            })
        })
        .collect()
}

fn parse_term(word: &str, today: Date) -> Result<Term, &'static str> {
    if let Some(name) = word.strip_prefix('+').filter(|name| !name.is_empty()) {
        return Ok(Term::Project(name.to_owned()));
    }
    if let Some(name) = word.strip_prefix('@').filter(|name| !name.is_empty()) {
        return Ok(Term::Context(name.to_owned()));
    }
    match word.split_once(':') {
        Some(("due", value)) => due(value, today).map(Term::Due),
        Some(("done", value)) => past(value, today).map(Term::Done),
        Some(("changed", value)) => past(value, today).map(Term::Changed),
        Some(("state", value)) => State::parse(value)
            .map(Term::State)
            .ok_or("expected synced, pending, sent or rejected"),
        Some(("pri", value)) => Priority::parse(value)
            .map(Term::Priority)
            .ok_or("expected one letter, A to Z"),
        _ => Ok(Term::Word(word.to_owned())),
    }
}

fn due(value: &str, today: Date) -> Result<Days, &'static str> {
    if value.eq_ignore_ascii_case("overdue") {
        let yesterday = today.yesterday().ok();
        return Ok(Days {
            from: None,
            to: yesterday,
        });
    }
    days(value, today).ok_or(
        "expected overdue, today, tomorrow, this-week, a weekday, +3d, a date (2026-12-01) or a range (2026-11-01..2026-11-30)",
    )
}

fn past(value: &str, today: Date) -> Result<Days, &'static str> {
    days(value, today).ok_or(
        "expected today, yesterday, this-week, -3d, a date (2026-12-01) or a range (2026-11-01..2026-11-30)",
    )
}

fn days(value: &str, today: Date) -> Option<Days> {
    if let Some((from, to)) = value.split_once("..") {
        let end = |word: &str| match word {
            "" => Some(None),
            word => when::date(word, today).map(Some),
        };
        let (from, to) = (end(from)?, end(to)?);
        return (from.is_some() || to.is_some()).then_some(Days { from, to });
    }
    let week_from = |monday: Date| {
        Some(Days {
            from: Some(monday),
            to: Some(monday.checked_add(6.days()).ok()?),
        })
    };
    let monday = today
        .checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days())
        .ok();
    match value.to_ascii_lowercase().as_str() {
        "this-week" => week_from(monday?),
        "last-week" => week_from(monday?.checked_sub(7.days()).ok()?),
        "next-week" => week_from(monday?.checked_add(7.days()).ok()?),
        word => when::date(word, today).map(|day| Days {
            from: Some(day),
            to: Some(day),
        }),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Date, Days, State, Term, TermError, parse_terms};
    use crate::domain::line::Priority;

    /// A Tuesday.
    const TODAY: Date = date(2026, 11, 24);

    fn one(word: &str) -> Result<Term, TermError> {
        parse_terms(&[word], TODAY).map(|terms| {
            terms
                .into_iter()
                .next()
                .unwrap_or(Term::Word(String::new()))
        })
    }

    fn between(from: Option<Date>, to: Option<Date>) -> Days {
        Days { from, to }
    }

    #[test]
    fn each_kind_of_term_is_read() -> Result<(), TermError> {
        assert_eq!(one("Milk")?, Term::Word("Milk".into()));
        assert_eq!(one("+home")?, Term::Project("home".into()));
        assert_eq!(one("@Phone")?, Term::Context("Phone".into()));
        assert_eq!(one("state:pending")?, Term::State(State::Pending));
        assert_eq!(
            Some(one("pri:a")?),
            Priority::parse("A").map(Term::Priority)
        );
        for word in ["+", "@", "a:b", "http://a", ":"] {
            assert_eq!(one(word)?, Term::Word(word.into()));
        }
        Ok(())
    }

    #[test]
    fn days_are_read_as_words_dates_and_ranges() -> Result<(), TermError> {
        let on = |day| between(Some(day), Some(day));
        for (word, expected) in [
            ("due:today", on(TODAY)),
            ("due:tomorrow", on(date(2026, 11, 25))),
            ("due:overdue", between(None, Some(date(2026, 11, 23)))),
            (
                "due:this-week",
                between(Some(date(2026, 11, 23)), Some(date(2026, 11, 29))),
            ),
            ("due:2026-12-01", on(date(2026, 12, 1))),
            (
                "due:2026-11-01..2026-11-30",
                between(Some(date(2026, 11, 1)), Some(date(2026, 11, 30))),
            ),
            ("due:..tomorrow", between(None, Some(date(2026, 11, 25)))),
            ("due:2026-11-01..", between(Some(date(2026, 11, 1)), None)),
        ] {
            assert_eq!(one(word)?, Term::Due(expected), "{word}");
        }
        assert_eq!(one("done:yesterday")?, Term::Done(on(date(2026, 11, 23))));
        assert_eq!(
            one("changed:-7d..today")?,
            Term::Changed(between(Some(date(2026, 11, 17)), Some(TODAY)))
        );
        Ok(())
    }

    #[test]
    fn a_known_prefix_with_a_meaningless_value_is_named() {
        for word in [
            "due:soon",
            "due:",
            "due:..",
            "done:overdue",
            "state:new",
            "pri:AA",
            "due:a..b",
        ] {
            assert_eq!(
                one(word).err().map(|error| error.term).as_deref(),
                Some(word)
            );
        }
    }
}
