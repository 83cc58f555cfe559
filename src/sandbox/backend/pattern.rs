//! `PostgreSQL`'s pattern languages as regular expressions.

use regex::Regex;
use rusqlite::{Connection, Error, functions::FunctionFlags, types::ValueRef};

use super::answer::{Code, Fault};

/// The name of the SQL function `matches(text, expression)`.
const MATCHES: &str = "matches";

/// Teaches a connection the function `matches(text, expression)`: null when
/// the text is null, as any `PostgreSQL` pattern operator.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(MATCHES, 2, flags, |call| {
        let regex = call.get_or_create_aux(1, |source: ValueRef<'_>| {
            let source = source.as_str()?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Regex::new(source)?)
        })?;
        if call.get_raw(0) == ValueRef::Null {
            return Ok(None);
        }
        let text = call.get_raw(0).as_str();
        let text = text.map_err(|error| Error::UserFunctionError(error.into()))?;
        Ok(Some(regex.is_match(text)))
    })
}

/// What a text operator looks for.
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

/// The regular expression that matches what the pattern does.
pub(super) fn expression(
    language: Language,
    case_matters: bool,
    pattern: &str,
) -> Result<String, Fault> {
    let body = match language {
        Language::Like => format!("^(?:{})$", like(pattern)?),
        Language::Similar => format!("^(?:{})$", similar(pattern)?),
        Language::Posix => pattern.to_owned(),
    };
    // The dot takes line breaks too, as PostgreSQL's does.
    let flags = if case_matters { "(?s)" } else { "(?si)" };
    let source = format!("{flags}{body}");
    match Regex::new(&source) {
        Ok(_) => Ok(source),
        Err(_) => Err(Fault::new(
            Code::DataException,
            "invalid regular expression: syntax error",
        )),
    }
}

fn escape_ends() -> Fault {
    Fault::new(
        Code::BadRequest,
        "LIKE pattern must not end with escape character",
    )
}

fn like(pattern: &str) -> Result<String, Fault> {
    let mut source = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => source.push_str(".*"),
            '_' => source.push('.'),
            '\\' => push_plain(&mut source, letters.next().ok_or_else(escape_ends)?),
            plain => push_plain(&mut source, plain),
        }
    }
    Ok(source)
}

fn similar(pattern: &str) -> Result<String, Fault> {
    let mut source = String::new();
    let mut letters = pattern.chars();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => push_plain(&mut source, letters.next().ok_or_else(escape_ends)?),
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
    Ok(source)
}

fn push_plain(source: &mut String, letter: char) {
    source.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(operator_name: &str, pattern: &str, text: &str) -> Option<bool> {
        let (language, case_matters, negated) = operator(operator_name)?;
        let source = expression(language, case_matters, pattern).ok()?;
        Some(Regex::new(&source).ok()?.is_match(text) != negated)
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
        ] {
            assert_eq!(
                matches(name, pattern, text),
                Some(wanted),
                "{name} {pattern}"
            );
        }
    }

    #[test]
    fn a_broken_pattern_is_a_data_exception_and_a_broken_escape_a_bad_request() {
        for (language, pattern, wanted) in [
            (Language::Posix, "(", Code::DataException),
            (Language::Similar, "(a", Code::DataException),
            (Language::Like, "x\\", Code::BadRequest),
        ] {
            let code = expression(language, true, pattern)
                .err()
                .map(|fault| fault.code);
            assert_eq!(code, Some(wanted), "{pattern}");
        }
    }
}
