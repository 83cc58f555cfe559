//! The filter language of `list`, of `--filter`, of search and of views.
//!
//! `help terms` prints the table [`TERM_HELP`]; dates are in [`when`].

use crate::domain::casefold::search_key;
use crate::domain::line::Priority;
use crate::domain::query::{LinePart, Options, Query, Sort, Term};
use crate::domain::todo::SyncState;
use crate::domain::when::{self, Calendar, DAY_HELP, DaysError, RANGE_HELP};
use crate::text::suggest::nearest;

mod error;
mod help;

use error::UnplacedTermError;
pub use error::{TermError, TermProblem};
pub use help::{OPTION_HELP, TERM_HELP};

/// The rules for dates in terms.
#[derive(Debug, Clone, Copy)]
struct Reading {
    calendar: Calendar,
    /// Whether a range may end before it begins: it is then empty.
    reversed: bool,
}

impl Reading {
    const fn strict(calendar: Calendar) -> Self {
        Self {
            calendar,
            reversed: false,
        }
    }
}

/// Parses terms as typed: `+home`, `due:this-week`, `milk`. A term with a prefix that
/// is not in [`TERM_HELP`] is a word.
///
/// # Errors
///
/// The first term that is blank, or has a known prefix and an unknown value.
pub fn parse_terms<S: AsRef<str>>(words: &[S], calendar: Calendar) -> Result<Vec<Term>, TermError> {
    (1..)
        .zip(words)
        .map(|(place, word)| {
            let word = word.as_ref();
            let reading = Reading::strict(calendar);
            parse_term(word.trim(), reading).map_err(|problem| problem.at(place, word))
        })
        .collect()
}

/// Parses terms and options in one line, as in a view:
/// `+work due:this-week --sort priority`.
///
/// # Errors
///
/// As [`parse_terms`]; an unknown option.
pub fn parse_line(line: &str, calendar: Calendar) -> Result<Query, TermError> {
    read_line(line, Reading::strict(calendar))
}

/// Parses the line of a view on the day it is shown. A range that is over, such as
/// `due:today..2026-12-24` after Christmas, is empty and not an error.
pub(super) fn parse_view(line: &str, calendar: Calendar) -> Result<Query, TermError> {
    let reversed = true;
    read_line(line, Reading { calendar, reversed })
}

fn read_line(line: &str, reading: Reading) -> Result<Query, TermError> {
    let mut options = Options::default();
    let mut terms = Vec::new();
    let mut words = (1..).zip(split(line));
    while let Some((place, word)) = words.next() {
        if !word.starts_with("--") {
            let term = parse_term(word, reading).map_err(|problem| problem.at(place, word))?;
            terms.push(term);
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        match (name, value) {
            ("--done", None) => options.done = true,
            ("--all", None) => options.all = true,
            ("--reverse", None) => options.reverse = true,
            ("--sort", value) => {
                let next = || words.next().map_or("", |(_, word)| word);
                let value = value.unwrap_or_else(next);
                options.sort = Some(parse_sort(value).map_err(|problem| problem.at(place, word))?);
            }
            _ => {
                let known = OPTION_HELP.iter().flat_map(|entry| entry.examples);
                let nearest = nearest(name, known.copied()).map(str::to_owned);
                let problem = TermProblem::Option;
                return Err(UnplacedTermError { problem, nearest }.at(place, word));
            }
        }
        if options.done && options.all {
            return Err(UnplacedTermError::from(TermProblem::Contradiction).at(place, word));
        }
    }
    Ok(Query::list(terms, options, reading.calendar))
}

fn parse_sort(value: &str) -> Result<Sort, UnplacedTermError> {
    Sort::parse(value).ok_or_else(|| UnplacedTermError {
        problem: TermProblem::Sort,
        nearest: nearest(value, Sort::ALL.map(Sort::word)).map(|near| format!("--sort {near}")),
    })
}

/// Splits a line into terms at white space that is not between double quotes.
pub fn split(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let end = end_of_term(rest);
        let (term, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        Some(term)
    })
}

/// Returns the end of the first term. A quote opens at the start of a term or after a
/// sign, a colon or a comma.
fn end_of_term(text: &str) -> usize {
    let mut quoted = false;
    let mut before = ':';
    for (at, letter) in text.char_indices() {
        if letter == '"' && (quoted || matches!(before, '+' | '@' | ':' | ',')) {
            quoted = !quoted;
        } else if letter.is_whitespace() && !quoted {
            return at;
        }
        before = letter;
    }
    text.len()
}

fn parse_term(word: &str, reading: Reading) -> Result<Term, UnplacedTermError> {
    let mut rest = word;
    let mut negated = false;
    while let Some(inner) = rest.strip_prefix("not:") {
        negated = !negated;
        rest = inner;
    }
    let near_inner = |mut problem: UnplacedTermError| {
        let prefix = word.get(..word.len() - rest.len()).unwrap_or_default();
        problem.nearest = problem.nearest.map(|near| format!("{prefix}{near}"));
        problem
    };
    let term = parse_positive(rest, reading).map_err(near_inner)?;
    Ok(if negated {
        Term::Not(Box::new(term))
    } else {
        term
    })
}

fn parse_positive(word: &str, reading: Reading) -> Result<Term, UnplacedTermError> {
    if is_blank(word) {
        return Err(TermProblem::Blank.into());
    }
    if let Some(sign @ ('+' | '@')) = word.chars().next()
        && word.len() > 1
    {
        return signed(word, sign);
    }
    if let Some((key, values)) = word.split_once(':')
        && let Some(read) = reader(key)
    {
        return parts(values, |value| read(value, reading));
    }
    let word = unquoted(word);
    if is_blank(word) {
        return Err(TermProblem::Blank.into());
    }
    Ok(Term::Word(word.to_owned()))
}

/// Returns whether nothing of it is visible: a blank term would match every todo.
fn is_blank(word: &str) -> bool {
    let unseen = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
    };
    search_key(word).chars().all(unseen)
}

/// Parses the value of a term with a known key.
type Read = fn(&str, Reading) -> Result<Term, UnplacedTermError>;

fn reader(key: &str) -> Option<Read> {
    Some(match key {
        "due" => due,
        "t" => |value, reading| days("t", value, reading).map(Term::Start),
        "done" => |value, reading| days("done", value, reading).map(Term::Done),
        "changed" => |value, reading| days("changed", value, reading).map(Term::Changed),
        "state" => |value, _| state(value),
        "pri" => |value, _| {
            let priority = Priority::parse(value);
            Ok(Term::Priority(priority.ok_or(TermProblem::Priority)?))
        },
        "rec" => |value, _| {
            if value.eq_ignore_ascii_case("any") {
                Ok(Term::Has(LinePart::Recurrence))
            } else {
                Err(TermProblem::Recurrence.into())
            }
        },
        "no" => |value, _| part(value).map(|part| Term::Not(Box::new(Term::Has(part)))),
        _ => return None,
    })
}

/// Parses values separated by commas, one of which must hold.
fn parts(
    values: &str,
    read: impl Fn(&str) -> Result<Term, UnplacedTermError>,
) -> Result<Term, UnplacedTermError> {
    if !values.contains(',') {
        return read(values);
    }
    let terms = values
        .split(',')
        .map(|value| match value.trim() {
            value if is_blank(value) => Err(TermProblem::BlankPart.into()),
            value => read(value),
        })
        .collect::<Result<_, _>>()?;
    Ok(Term::AnyOf(terms))
}

/// Parses `+a,+b`: a comma is a separator if the next part starts with the same sign,
/// or if nothing follows.
fn signed(word: &str, sign: char) -> Result<Term, UnplacedTermError> {
    let mut terms = Vec::new();
    let mut rest = Some(word);
    while let Some(part) = rest {
        let end = end_of_part(part, sign);
        let name = part.get(sign.len_utf8()..end).unwrap_or_default();
        let name = unquoted(name);
        if is_blank(name) {
            return Err(TermProblem::BlankPart.into());
        }
        let name = name.to_owned();
        terms.push(if sign == '+' {
            Term::Project(name)
        } else {
            Term::Context(name)
        });
        rest = part.get(end..).and_then(|after| after.strip_prefix(','));
    }
    match terms.len() {
        1 => Ok(terms.remove(0)),
        _ => Ok(Term::AnyOf(terms)),
    }
}

/// Returns the end of the first part of `+a,+b`.
fn end_of_part(text: &str, sign: char) -> usize {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if quoted || at == sign.len_utf8() => quoted = !quoted,
            ',' if !quoted => {
                let next = text.get(at + 1..).and_then(|after| after.chars().next());
                if next.is_none_or(|next| next == sign || next == ',') {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Returns the text without its double quotes, if it has them.
fn unquoted(text: &str) -> &str {
    let inner = text
        .strip_prefix('"')
        .map(|rest| (rest, rest.strip_suffix('"')));
    match inner {
        Some((_, Some(inner))) if !inner.is_empty() => inner,
        // Not closed yet: the user is still typing.
        Some((rest, None)) if !rest.is_empty() => rest,
        _ => text,
    }
}

fn due(value: &str, reading: Reading) -> Result<Term, UnplacedTermError> {
    if value.eq_ignore_ascii_case("overdue") {
        let yesterday = reading.calendar.today.yesterday();
        return Ok(Term::Due(when::Days {
            from: None,
            to: yesterday.ok(),
        }));
    }
    days("due", value, reading).map(Term::Due)
}

fn days(key: &str, value: &str, reading: Reading) -> Result<when::Days, UnplacedTermError> {
    match when::days(value, reading.calendar) {
        Ok(days) => Ok(days),
        Err(DaysError::Reversed(days)) if reading.reversed => Ok(days),
        Err(DaysError::Reversed(_)) => Err(TermProblem::Reversed.into()),
        Err(DaysError::Unknown) => {
            let words = DAY_HELP.iter().chain(RANGE_HELP);
            let words = words.flat_map(|entry| entry.examples).copied();
            let words = words.filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
            let words = words.filter(|word| key == "due" || *word != "overdue");
            Err(UnplacedTermError {
                problem: TermProblem::Date,
                nearest: nearest(value, words).map(|near| format!("{key}:{near}")),
            })
        }
    }
}

fn state(value: &str) -> Result<Term, UnplacedTermError> {
    SyncState::parse(value)
        .map(Term::State)
        .ok_or_else(|| UnplacedTermError {
            problem: TermProblem::State,
            nearest: nearest(value, SyncState::ALL.map(SyncState::word))
                .map(|near| format!("state:{near}")),
        })
}

fn part(value: &str) -> Result<LinePart, UnplacedTermError> {
    LinePart::ALL
        .into_iter()
        .find(|part| value.eq_ignore_ascii_case(part.word()))
        .ok_or_else(|| UnplacedTermError {
            problem: TermProblem::Part,
            nearest: nearest(value, LinePart::ALL.map(LinePart::word))
                .map(|near| format!("no:{near}")),
        })
}

#[cfg(test)]
mod tests;
