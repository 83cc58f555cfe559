//! `PostgreSQL`'s pattern languages as regular expressions.

use std::{iter::Peekable, str::Chars};

use regex::Regex;
use rusqlite::{Connection, Error, functions::FunctionFlags, types::ValueRef};

use super::answer::{ErrorCode, RequestError};

/// The SQL function that returns whether a text matches an expression.
const MATCHES: &str = "matches";
/// The SQL function that fails where a text matches, and is false elsewhere.
const FAILS_AT: &str = "fails_at";
const ESCAPE_ENDS: &str = "LIKE pattern must not end with escape character";

/// Registers the functions that [`PatternSearch`] calls. They return null when the text
/// is null, as any `PostgreSQL` pattern operator.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    define(connection, MATCHES, Ok)?;
    define(connection, FAILS_AT, |found| {
        if found {
            return Err(Error::UserFunctionError(ESCAPE_ENDS.into()));
        }
        Ok(false)
    })
}

fn define(
    connection: &Connection,
    name: &str,
    judged: fn(bool) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(name, 2, flags, move |call| {
        let regex = call.get_or_create_aux(1, |source: ValueRef<'_>| {
            let source = source.as_str()?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Regex::new(source)?)
        })?;
        if call.get_raw(0) == ValueRef::Null {
            return Ok(None);
        }
        let text = call.get_raw(0).as_str();
        let text = text.map_err(|error| Error::UserFunctionError(error.into()))?;
        judged(regex.is_match(text)).map(Some)
    })
}

/// Returns what a failed statement reports about its pattern.
pub(super) fn fault(error: &Error) -> Option<RequestError> {
    let ends = matches!(error, Error::SqliteFailure(_, Some(said)) if said == ESCAPE_ENDS);
    ends.then(|| RequestError::new(ErrorCode::BadRequest, ESCAPE_ENDS))
}

/// The pattern of a text operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// `LIKE`: `%`, `_` and a backslash before either.
    Like,
    /// `SIMILAR TO`: the whole text, `%` and `_` beside alternatives and
    /// repetitions.
    Similar,
    /// `~`: a POSIX expression found anywhere.
    Posix,
}

/// The operator's language, whether case matters, and whether it is negated.
pub(super) fn operator(name: &str) -> Option<(Language, bool, bool)> {
    Some(match name {
        "_like" => (Language::Like, true, false),
        "_nlike" => (Language::Like, true, true),
        "_ilike" => (Language::Like, false, false),
        "_nilike" => (Language::Like, false, true),
        "_similar" => (Language::Similar, true, false),
        "_nsimilar" => (Language::Similar, true, true),
        "_regex" => (Language::Posix, true, false),
        "_nregex" => (Language::Posix, true, true),
        "_iregex" => (Language::Posix, false, false),
        "_niregex" => (Language::Posix, false, true),
        _ => return None,
    })
}

/// Returns a pattern as an SQL function of the text and a regular expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PatternSearch {
    pub(super) function: &'static str,
    pub(super) expression: String,
}

/// The kind of search of a pattern.
pub(super) fn search(
    language: Language,
    case_matters: bool,
    pattern: &str,
) -> Result<PatternSearch, RequestError> {
    let (function, body) = match language {
        Language::Like => like(pattern),
        Language::Similar => (MATCHES, format!("^(?:{})$", advanced(&similar(pattern))?)),
        Language::Posix => (MATCHES, advanced(pattern)?),
    };
    // The dot takes line breaks too, as PostgreSQL's does.
    let flags = if case_matters { "(?s)" } else { "(?si)" };
    let expression = format!("{flags}{body}");
    match Regex::new(&expression) {
        Ok(_) => Ok(PatternSearch {
            function,
            expression,
        }),
        Err(_) => Err(refuse("syntax error")),
    }
}

fn refuse(what: &str) -> RequestError {
    let message = format!("invalid regular expression: {what}");
    RequestError::new(ErrorCode::DataException, message)
}

/// An expression of `PostgreSQL`'s in the words of the regex library. What is
/// repeated is not repeated again, and a bracket in a class is a letter.
fn advanced(pattern: &str) -> Result<String, RequestError> {
    let mut source = String::new();
    let mut repeatable = false;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        repeatable = match letter {
            '\\' => {
                push_escape(&mut source, letters.next());
                true
            }
            '[' => {
                push_class(&mut source, &mut letters);
                true
            }
            '{' if !next.is_some_and(|next| next.is_ascii_digit()) => {
                source.push_str("\\{");
                true
            }
            '*' | '+' | '?' | '{' if !repeatable => {
                return Err(refuse("quantifier operand invalid"));
            }
            '*' | '+' | '?' | '{' => {
                source.push(letter);
                while letter == '{' && !source.ends_with('}') {
                    source.push(
                        letters
                            .next()
                            .ok_or_else(|| refuse("braces {} not balanced"))?,
                    );
                }
                source.extend(letters.next_if_eq(&'?'));
                false
            }
            '(' => {
                source.push(letter);
                source.extend(letters.next_if_eq(&'?'));
                false
            }
            plain => {
                source.push(plain);
                !matches!(plain, '|' | '^' | '$')
            }
        };
    }
    Ok(source)
}

/// A backslash gives letters and digits another meaning, and others none.
fn push_escape(source: &mut String, escaped: Option<char>) {
    match escaped {
        Some(plain) if !plain.is_ascii_alphanumeric() => push_plain(source, plain),
        named => {
            source.push('\\');
            source.extend(named);
        }
    }
}

/// The rest of a class, to the bracket that ends it.
fn push_class(source: &mut String, letters: &mut Peekable<Chars<'_>>) {
    source.push('[');
    source.extend(letters.next_if_eq(&'^'));
    source.extend(letters.next_if_eq(&']'));
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('[', Some(':')) | ('\\', _) => {
                source.push(letter);
                source.extend(letters.next());
            }
            ('[' | '&' | '~', _) => {
                source.push('\\');
                source.push(letter);
            }
            _ => source.push(letter),
        }
        if letter == ']' && !source.ends_with(":]") {
            return;
        }
    }
}

/// A pattern that ends in its escape matches nothing. It fails for the texts
/// whose matching comes to that end: with some of the text left, or behind a
/// `%` with what the `_` after that take.
fn like(pattern: &str) -> (&'static str, String) {
    let mut source = String::new();
    // Where the wildcards before this begin with `%`, and how many are `_`.
    let mut wild: Option<(usize, usize)> = None;
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match (letter, &mut wild) {
            ('%', _) => {
                wild.get_or_insert((source.len(), 0));
                source.push_str(".*");
                continue;
            }
            ('_', Some((_, single))) => {
                *single += 1;
                source.push('.');
                continue;
            }
            ('_', None) => source.push('.'),
            ('\\', _) => {
                let Some(escaped) = letters.next() else {
                    let (start, single) = wild.unwrap_or((source.len(), 0));
                    source.truncate(start);
                    return (FAILS_AT, format!("^(?:{source}).{{{}}}", single.max(1)));
                };
                push_plain(&mut source, escaped);
            }
            (plain, _) => push_plain(&mut source, plain),
        }
        wild = None;
    }
    (MATCHES, format!("^(?:{source})$"))
}

/// The escape at the end of a pattern escapes nothing.
fn similar(pattern: &str) -> String {
    let mut source = String::new();
    let mut letters = pattern.chars();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                if let Some(escaped) = letters.next() {
                    push_plain(&mut source, escaped);
                }
            }
            ']' => {
                in_class = false;
                source.push(letter);
            }
            _ if in_class => source.push(letter),
            '[' => {
                in_class = true;
                source.push(letter);
            }
            '%' => source.push_str(".*"),
            '_' => source.push('.'),
            '|' | '*' | '+' | '?' | '{' | '}' | '(' | ')' => source.push(letter),
            plain => push_plain(&mut source, plain),
        }
    }
    source
}

fn push_plain(source: &mut String, letter: char) {
    source.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether the text matches; `None` on failure.
    fn matches(operator_name: &str, pattern: &str, text: &str) -> Option<bool> {
        let (language, case_matters, negated) = operator(operator_name)?;
        let search = search(language, case_matters, pattern).ok()?;
        let found = Regex::new(&search.expression).ok()?.is_match(text);
        match search.function {
            FAILS_AT if found => None,
            FAILS_AT => Some(negated),
            _ => Some(found != negated),
        }
    }

    #[test]
    fn every_pattern_operator_matches_as_in_postgres() {
        for (name, pattern, text, wanted) in [
            ("_like", "%milk", "buy milk", true),
            ("_like", "milk", "buy milk", false),
            ("_like", "buy_milk", "buy milk", true),
            ("_like", "100\\%", "100%", true),
            ("_like", "100\\%", "1000", false),
            ("_like", "a%c", "a\nc", true),
            ("_like", "A%", "abc", false),
            ("_ilike", "A%", "abc", true),
            ("_nlike", "%milk", "buy milk", false),
            ("_nilike", "x%", "abc", true),
            ("_like", "a.c", "abc", false),
            ("_similar", "(a|b)%", "bcd", true),
            ("_similar", "a.c", "abc", false),
            ("_similar", "b", "abc", false),
            ("_nsimilar", "(a|b)%", "ccc", true),
            ("_similar", "[%_]x", "%x", true),
            ("_regex", "^b.y", "buy milk", true),
            ("_regex", "MILK", "buy milk", false),
            ("_iregex", "MILK", "buy milk", true),
            ("_nregex", "milk", "buy milk", false),
            ("_niregex", "tea", "buy milk", true),
            ("_regex", "^[[a-b]+$", "a[b", true),
            ("_regex", "^[[:alpha:]]{3}$", "buy", true),
            ("_regex", "^b{x", "b{x", true),
            ("_regex", "^\\ä\\$", "ä$", true),
            ("_regex", "^bu+?(?:y)$", "buuy", true),
            ("_similar", "[[a]%", "[b", true),
        ] {
            assert_eq!(
                matches(name, pattern, text),
                Some(wanted),
                "{name} {pattern}"
            );
        }
    }

    #[test]
    fn an_escape_at_the_end_fails_for_the_texts_that_postgres_fails_for() {
        for (name, pattern, fails, holds) in [
            ("_like", "x\\", &["xy", "xx"][..], &["x", "", "yx"][..]),
            ("_like", "\\", &["x"], &[""]),
            ("_like", "%\\", &["x"], &[""]),
            ("_like", "a%\\", &["ab"], &["a", "b"]),
            ("_like", "%_\\", &["a", "ab"], &[""]),
            ("_like", "%__\\", &["ab", "abc"], &["a"]),
            ("_like", "_\\", &["ab"], &["a"]),
            ("_like", "%b\\", &["abc"], &["ab", "ac"]),
            ("_like", "%\\\\\\", &["a\\b"], &["ab", "a\\"]),
            ("_ilike", "X\\", &["xy"], &["x"]),
            ("_nlike", "x\\", &["xy"], &[]),
            ("_similar", "y\\", &[], &["x"]),
        ] {
            for text in fails {
                assert_eq!(matches(name, pattern, text), None, "{pattern} {text}");
            }
            for text in holds {
                assert_eq!(
                    matches(name, pattern, text),
                    Some(false),
                    "{pattern} {text}"
                );
            }
        }
        assert_eq!(matches("_nlike", "x\\", "x"), Some(true));
        assert_eq!(matches("_similar", "x\\", "x"), Some(true));
    }

    #[test]
    fn a_broken_pattern_is_a_data_exception() {
        for (language, pattern) in [
            (Language::Posix, "("),
            (Language::Posix, "a++"),
            (Language::Posix, "a{1}*"),
            (Language::Posix, "a{1"),
            (Language::Posix, "$*"),
            (Language::Similar, "(a"),
            (Language::Similar, "%*"),
        ] {
            let code = search(language, true, pattern).err();
            let code = code.map(|fault| fault.code);
            assert_eq!(code, Some(ErrorCode::DataException), "{pattern}");
        }
    }
}
