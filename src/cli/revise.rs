//! Changing single words of a todo: tags, the due date, the priority.

use jiff::civil::Date;

use crate::domain::line::{Line, Priority};
use crate::domain::when::date;

/// One change of single words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revision {
    /// Takes every such word away; `key:` takes away all with that key.
    Without(String),
    /// Adds the word unless it is there.
    With(String),
    /// Another due date, or none.
    Due(Option<Date>),
    /// Another priority, or none.
    Priority(Option<Priority>),
}

/// Reads a tag: `+project`, `@context`, `key:value`.
///
/// # Errors
///
/// What was expected.
pub(crate) fn tag(word: &str) -> Result<String, String> {
    let clean = !word.chars().any(|c| c.is_whitespace() || c.is_control());
    let signed = word
        .strip_prefix(['+', '@'])
        .is_some_and(|rest| !rest.is_empty());
    let valued = word
        .split_once(':')
        .is_some_and(|(key, value)| !key.is_empty() && !value.is_empty());
    if clean && (signed || valued) {
        Ok(word.to_owned())
    } else {
        Err(format!(
            "`{word}` is no tag: expected +project, @context or key:value"
        ))
    }
}

/// Reads a tag to take away: as [`tag`], or `key:` for every value.
///
/// # Errors
///
/// What was expected.
pub(crate) fn old_tag(word: &str) -> Result<String, String> {
    match word.strip_suffix(':') {
        Some(key) if !key.is_empty() && !key.contains([' ', ':']) => Ok(word.to_owned()),
        Some(_) | None => tag(word),
    }
}

/// Reads a due date: a date word, or `none`.
///
/// # Errors
///
/// What was expected.
pub(crate) fn due(word: &str, today: Date) -> Result<Option<Date>, String> {
    if word == "none" {
        return Ok(None);
    }
    let found = date(word, today);
    found.map(Some).ok_or_else(|| {
        format!("`{word}` is no date: expected one like 2026-12-01, tomorrow, fri, +3d, or none")
    })
}

/// Reads a priority: a letter, or `none`.
///
/// # Errors
///
/// What was expected.
pub(crate) fn priority(word: &str) -> Result<Option<Priority>, String> {
    if word == "none" {
        return Ok(None);
    }
    let found = Priority::parse(word);
    found
        .map(Some)
        .ok_or_else(|| format!("`{word}` is no priority: expected A to Z, or none"))
}

/// `text` with `revisions` made, one after the other. Every byte that is not
/// one of the words changed stays as it is.
pub(crate) fn revised(text: &str, revisions: &[Revision]) -> String {
    let each = |text: String, revision: &Revision| {
        let line = Line::new(&text);
        match revision {
            Revision::Without(word) => without(&text, word),
            Revision::With(word) => line.with_tag(word),
            Revision::Due(date) => line.with_due(*date),
            Revision::Priority(priority) => line.with_priority(*priority),
        }
    };
    revisions.iter().fold(text.to_owned(), each)
}

fn without(text: &str, word: &str) -> String {
    let Some(key) = word.strip_suffix(':') else {
        return Line::new(text).without_tag(word);
    };
    let of_key = |(found, value): (&str, &str)| (found == key).then(|| format!("{key}:{value}"));
    let words: Vec<String> = Line::new(text).tags().filter_map(of_key).collect();
    words.iter().fold(text.to_owned(), |text, word| {
        Line::new(&text).without_tag(word)
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn only_the_words_that_change_change() {
        let text = "call  Zoë\n+home due:2026-01-01  note:a note:b end";
        let cases = [
            (Revision::With("+home".to_owned()), text.to_owned()),
            (
                Revision::With("@phone".to_owned()),
                format!("{text} @phone"),
            ),
            (
                Revision::Due(Some(date(2026, 12, 1))),
                text.replace("2026-01-01", "2026-12-01"),
            ),
            (
                Revision::Without("note:a".to_owned()),
                text.replace("note:a ", ""),
            ),
            (
                Revision::Without("note:".to_owned()),
                text.replace("note:a note:b ", ""),
            ),
        ];
        for (revision, expected) in cases {
            let found = revised(text, std::slice::from_ref(&revision));
            assert_eq!(found, expected, "{revision:?}");
        }
    }

    #[test]
    fn a_tag_is_signed_or_has_a_value() {
        for good in ["+home", "@phone", "due:2026-12-01", "a:b:c"] {
            assert!(tag(good).is_ok(), "{good}");
        }
        for bad in ["", "+", "home", "a b:c", "key:", ":v", "a:\u{1b}"] {
            assert!(tag(bad).is_err(), "{bad}");
        }
        assert!(old_tag("due:").is_ok());
        assert!(old_tag(":").is_err());
    }
}
