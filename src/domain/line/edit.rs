//! Changes of one part of a line. Everything else stays byte for byte.
//!
//! A change after which the remaining words would be read as a done todo, a priority
//! or a date is an error.

use jiff::civil::Date;

use super::{Head, Line, LineError, Priority, iso_date, leading_priority, pri_word, tag};
use crate::domain::casefold;

/// One change of a part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// Adds the word (`+project`, `@context`, `key:value`) unless the line has it,
    /// ignoring case. `due:` and `t:` with a date replace an existing date, `pri:A` the
    /// priority of a done line.
    AddTag(String),
    /// Removes every occurrence of the word, ignoring case; `key:` alone removes every
    /// value of the key.
    RemoveTag(String),
    /// Replaces the first well-formed `due:` word in place, or adds one at the end;
    /// `None` removes all well-formed ones.
    Due(Option<Date>),
    /// As [`Revision::Due`] for `t:`, the day until which the todo waits.
    Start(Option<Date>),
    /// Sets the priority, or removes it.
    Priority(Option<Priority>),
}

impl Revision {
    /// Returns `text` with `revisions` applied in this order.
    ///
    /// # Errors
    ///
    /// The result would be empty, or be read as something else.
    pub fn apply_all(revisions: &[Self], text: &str) -> Result<String, LineError> {
        let mut expected = LineFields::of(Line(text));
        let mut after = text.to_owned();
        for revision in revisions {
            after = revision.apply(Line(&after), &mut expected);
        }
        expected.check(after)
    }

    /// Returns the changed line; updates the `expected` fields. The result may be read as
    /// something else.
    fn apply(&self, line: Line<'_>, expected: &mut LineFields) -> String {
        match self {
            Self::AddTag(word) => line.tagged(word, expected),
            Self::RemoveTag(word) => line.untagged(word, expected),
            Self::Due(date) => line.dated("due:", *date),
            Self::Start(date) => line.dated("t:", *date),
            Self::Priority(priority) => {
                expected.priority = *priority;
                line.prioritized(*priority)
            }
        }
    }
}

impl<'a> Line<'a> {
    /// Returns the line reopened: the reverse of [`Line::completed`]; an open line
    /// unchanged.
    ///
    /// # Errors
    ///
    /// The result would still be a done todo.
    pub fn reopened(self) -> Result<String, LineError> {
        let rest = self.opened();
        if Line(&rest).is_done() {
            return Err(LineError::Done { rest });
        }
        Ok(rest)
    }

    /// Returns the words without what programs read: `x DATE`, `(A)`, `due:DATE`,
    /// `t:DATE`, `rec:RULE`.
    #[must_use]
    pub fn words_only(self) -> String {
        let open = self.reopened().unwrap_or_else(|_| self.0.to_owned());
        let revisions = [
            Revision::Priority(None),
            Revision::Due(None),
            Revision::Start(None),
            Revision::RemoveTag("rec:".to_owned()),
        ];
        Revision::apply_all(&revisions, &open).unwrap_or(open)
    }

    /// See [`Revision::Priority`].
    ///
    /// # Errors
    ///
    /// As [`Revision::apply_all`].
    pub fn with_priority(self, priority: Option<Priority>) -> Result<String, LineError> {
        Revision::apply_all(&[Revision::Priority(priority)], self.0)
    }

    /// See [`Revision::Due`].
    ///
    /// # Errors
    ///
    /// As [`Revision::apply_all`].
    pub fn with_due(self, due: Option<Date>) -> Result<String, LineError> {
        Revision::apply_all(&[Revision::Due(due)], self.0)
    }

    /// See [`Revision::Start`].
    ///
    /// # Errors
    ///
    /// As [`Revision::apply_all`].
    pub fn with_start(self, start: Option<Date>) -> Result<String, LineError> {
        Revision::apply_all(&[Revision::Start(start)], self.0)
    }

    /// See [`Revision::AddTag`].
    ///
    /// # Errors
    ///
    /// As [`Revision::apply_all`].
    pub fn with_tag(self, tag: &str) -> Result<String, LineError> {
        Revision::apply_all(&[Revision::AddTag(tag.to_owned())], self.0)
    }

    /// See [`Revision::RemoveTag`].
    ///
    /// # Errors
    ///
    /// As [`Revision::apply_all`].
    pub fn without_tag(self, tag: &str) -> Result<String, LineError> {
        Revision::apply_all(&[Revision::RemoveTag(tag.to_owned())], self.0)
    }

    fn prioritized(self, priority: Option<Priority>) -> String {
        if self.is_done() {
            return self.done_with_priority(priority);
        }
        let body = self.without_priority();
        match priority {
            Some(priority) => format!("({}) {body}", priority.letter()),
            None => body.to_owned(),
        }
    }

    /// The text after the priority of an open line.
    pub(in crate::domain) fn without_priority(self) -> &'a str {
        leading_priority(self.0).map_or(self.0, |(_, body)| body)
    }

    fn done_with_priority(self, priority: Option<Priority>) -> String {
        let Some(word) = self.pri_word() else {
            let Some(old) = Head::of(self.0).priority else {
                return match priority {
                    Some(priority) => format!("{} pri:{}", self.0, priority.letter()),
                    None => self.0.to_owned(),
                };
            };
            let new = priority.map_or(String::new(), |new| format!("({}) ", new.letter()));
            return self.0.replacen(&format!("({}) ", old.letter()), &new, 1);
        };
        // A space at the end marks `pri:` as the user's own word.
        let text = self.0.strip_suffix(' ').unwrap_or(self.0);
        match priority {
            None => without_last(text, word),
            Some(priority) => replace_last(text, word, &format!("pri:{}", priority.letter())),
        }
    }

    fn dated(self, key: &str, date: Option<Date>) -> String {
        let is_dated = |word: &str| word.strip_prefix(key).and_then(iso_date).is_some();
        let Some(date) = date else {
            return self.without(is_dated);
        };
        let new = format!("{key}{date}");
        match self.words().find(|word| is_dated(word)) {
            Some(old) => self.replace_word(old, &new),
            None => self.appended(&new),
        }
    }

    fn tagged(self, tag: &str, expected: &mut LineFields) -> String {
        for key in ["due:", "t:"] {
            if let Some(date) = tag.strip_prefix(key).and_then(iso_date) {
                return self.dated(key, Some(date));
            }
        }
        if let (true, Some(priority)) = (self.is_done(), pri_word(tag)) {
            expected.priority = Some(priority);
            return self.done_with_priority(Some(priority));
        }
        if self.words().any(|word| casefold::same_tag(word, tag)) {
            self.0.to_owned()
        } else {
            self.appended(tag)
        }
    }

    fn untagged(self, unwanted: &str, expected: &mut LineFields) -> String {
        let key = unwanted.strip_suffix(':');
        let is_unwanted = |word: &str| match (key, tag(word)) {
            (Some(key), Some((found, _))) => casefold::same_tag(found, key),
            (Some(_), None) => false,
            (None, _) => casefold::same_tag(word, unwanted),
        };
        if self.is_done() && self.pri_word().is_some_and(is_unwanted) {
            expected.priority = None;
        }
        self.without(is_unwanted)
    }

    /// Returns the line without the words that `unwanted` selects, each with one
    /// adjacent space.
    pub(in crate::domain) fn without(self, unwanted: impl Fn(&str) -> bool) -> String {
        let mut left = String::with_capacity(self.0.len());
        for (space, word) in pieces(self.0) {
            if word.is_empty() || !unwanted(word) {
                // A word removed from the start leaves its space, which is dropped here.
                let space = if left.is_empty() && !self.0.starts_with(char::is_whitespace) {
                    space.strip_prefix(' ').unwrap_or(space)
                } else {
                    space
                };
                left.push_str(space);
                left.push_str(word);
            } else {
                left.push_str(space.strip_suffix(' ').unwrap_or(space));
            }
        }
        left
    }

    /// Returns the line with another word at the end; before the `pri:` that ends a done
    /// line.
    pub(in crate::domain) fn appended(self, word: &str) -> String {
        let end = match self.pri_word() {
            Some(pri) if self.is_done() && self.0.ends_with(pri) => {
                let before = self.0.len() - pri.len();
                let text = self.0.get(..before).unwrap_or_default();
                text.strip_suffix(' ').unwrap_or(text).len()
            }
            _ => self.0.trim_end().len(),
        };
        let (text, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        if self.body().trim().is_empty() {
            let gap = if self.0.is_empty() || self.0.ends_with(char::is_whitespace) {
                ""
            } else {
                " "
            };
            return format!("{}{gap}{word}", self.0);
        }
        format!("{text} {word}{rest}")
    }

    /// Returns the line with the first word `old` replaced by `new`.
    pub(in crate::domain) fn replace_word(self, old: &str, new: &str) -> String {
        let mut line = String::with_capacity(self.0.len() + new.len());
        let mut replaced = false;
        for (space, word) in pieces(self.0) {
            line.push_str(space);
            if word == old && !replaced {
                line.push_str(new);
                replaced = true;
            } else {
                line.push_str(word);
            }
        }
        line
    }
}

/// The fields at the start of a line, and whether it has words.
#[derive(Debug, PartialEq, Eq)]
struct LineFields {
    done: bool,
    completed: Option<Date>,
    created: Option<Date>,
    priority: Option<Priority>,
    blank: bool,
}

impl LineFields {
    fn of(line: Line<'_>) -> Self {
        let head = Head::of(line.0);
        Self {
            done: head.done,
            completed: head.completed,
            created: head.created,
            priority: line.priority(),
            blank: line.body().trim().is_empty(),
        }
    }

    /// Returns `text` if its fields are as expected.
    fn check(self, text: String) -> Result<String, LineError> {
        let found = Self::of(Line(&text));
        // `(A)` alone lost the space that makes it a priority.
        let spaced = Self::of(Line(&format!("{text} ")));
        if !self.blank && spaced.blank && spaced.done == self.done {
            Err(LineError::Empty)
        } else if found.done != self.done {
            Err(LineError::Done { rest: text })
        } else if found.priority != self.priority {
            Err(LineError::Priority { rest: text })
        } else if (found.completed, found.created) != (self.completed, self.created) {
            Err(LineError::Date { rest: text })
        } else {
            Ok(text)
        }
    }
}

/// Removes the last occurrence of a word with one adjacent space.
pub(super) fn without_last(text: &str, word: &str) -> String {
    let Some((before, after)) = around_last(text, word) else {
        return text.to_owned();
    };
    match before.strip_suffix(' ') {
        Some(before) => format!("{before}{after}"),
        None => format!("{before}{}", after.strip_prefix(' ').unwrap_or(after)),
    }
}

fn replace_last(text: &str, word: &str, new: &str) -> String {
    match around_last(text, word) {
        Some((before, after)) => format!("{before}{new}{after}"),
        None => text.to_owned(),
    }
}

/// Returns the text before and after the last occurrence of a word.
fn around_last<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let mut at = 0;
    let mut found = None;
    for (space, next) in pieces(text) {
        at += space.len();
        if next == word {
            found = Some(at);
        }
        at += next.len();
    }
    let (before, rest) = text.split_at_checked(found?)?;
    Some((before, rest.get(word.len()..)?))
}

/// Splits a text into pairs of white space and the word after it. The last word is
/// empty if the text ends in white space.
pub(in crate::domain) fn pieces(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest
            .find(|letter: char| !letter.is_whitespace())
            .unwrap_or(rest.len());
        let (space, after) = rest.split_at(start);
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (word, after) = after.split_at(end);
        rest = after;
        Some((space, word))
    })
}
