//! A todo's text as a todo.txt line, read and changed without losing a byte.
//!
//! Reading is here; changing single parts is in `edit`.

use jiff::civil::Date;

use crate::domain::recurrence::Recurrence;

mod edit;
mod error;
pub use edit::Revision;
pub(super) use edit::pieces;
use edit::without_last;
pub use error::LineError;

#[cfg(test)]
mod tests;

/// A todo.txt priority, `A` to `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(char);

impl Priority {
    /// Reads one letter `A` to `Z`, either case.
    #[must_use]
    pub fn parse(letter: &str) -> Option<Self> {
        let mut letters = letter.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) if letter.is_ascii_alphabetic() => {
                Some(Self(letter.to_ascii_uppercase()))
            }
            _ => None,
        }
    }

    /// The upper-case letter.
    #[must_use]
    pub const fn letter(self) -> char {
        self.0
    }

    /// Reads an upper-case letter only, as a line has it.
    fn strict(letter: u8) -> Option<Self> {
        letter.is_ascii_uppercase().then(|| Self(letter.into()))
    }
}

/// One todo.txt line, borrowed. Reading never fails: anything unrecognised is text.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a>(&'a str);

impl<'a> Line<'a> {
    /// Reads `text` as a todo.txt line.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub const fn text(self) -> &'a str {
        self.0
    }

    /// Returns whether it starts with `x `.
    #[must_use]
    pub fn is_done(self) -> bool {
        self.0.starts_with("x ")
    }

    /// The completion date of a done line that has one: the first of its dates.
    #[must_use]
    pub fn completed_on(self) -> Option<Date> {
        self.is_done().then(|| Head::of(self.0).completed)?
    }

    /// The creation date, which follows the priority or the completion date.
    #[must_use]
    pub fn created_on(self) -> Option<Date> {
        Head::of(self.0).created
    }

    /// The priority: `(A) ` at the start of an open line; in a done line the last
    /// `pri:A`, else the `(A) ` that other programs leave before or between its
    /// dates. `pri:A` in an open line is a word like any other.
    #[must_use]
    pub fn priority(self) -> Option<Priority> {
        if !self.is_done() {
            return leading_priority(self.0).map(|(priority, _)| priority);
        }
        self.pri_word()
            .and_then(pri_word)
            .or_else(|| Head::of(self.0).priority)
    }

    /// The date of the first well-formed `due:2026-12-01`.
    #[must_use]
    pub fn due(self) -> Option<Date> {
        self.date_of("due:")
    }

    /// The date of the first well-formed `t:2026-12-01`: the todo waits until that day.
    #[must_use]
    pub fn start(self) -> Option<Date> {
        self.date_of("t:")
    }

    /// The rule of a repeating todo: the first well-formed `rec:1w`.
    #[must_use]
    pub fn recurrence(self) -> Option<Recurrence> {
        if !self.0.contains("rec:") {
            return None;
        }
        self.words()
            .find_map(|word| Recurrence::parse(word.strip_prefix("rec:")?))
    }

    /// `+project` words, without the sign, in order.
    pub fn projects(self) -> impl Iterator<Item = &'a str> {
        self.signed('+')
    }

    /// `@context` words, without the sign, in order.
    pub fn contexts(self) -> impl Iterator<Item = &'a str> {
        self.signed('@')
    }

    /// `key:value` words (no URLs, no times of day), in order, `due` and `pri`
    /// included.
    pub fn tags(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.words().filter_map(tag)
    }

    /// Returns the line without its creation date.
    #[must_use]
    pub fn without_creation_date(self) -> String {
        let head = Head::of(self.0);
        let before = self.0.get(..head.created_at).unwrap_or_default();
        format!("{before}{}", self.body())
    }

    /// Returns the line completed on `today`; a done line unchanged.
    #[must_use]
    pub fn completed(self, today: Date) -> String {
        if self.is_done() {
            return self.0.to_owned();
        }
        self.finished(Some(today))
    }

    /// Completes an open line, with or without a date.
    pub(super) fn finished(self, on: Option<Date>) -> String {
        let mut line = String::with_capacity(self.0.len() + 20);
        line.push_str("x ");
        if let Some(date) = on {
            line.push_str(&date.to_string());
            line.push(' ');
        }
        if let Some((priority, body)) = leading_priority(self.0) {
            line.push_str(body);
            line.push_str(" pri:");
            line.push(priority.letter());
            return line;
        }
        line.push_str(self.0);
        // Otherwise reopening would turn the user's own word into a priority.
        if self.pri_word().is_some() {
            line.push(' ');
        }
        line
    }

    /// Reopens a done line: the reverse of [`Line::finished`]. The result may be read as
    /// something else.
    pub(super) fn opened(self) -> String {
        let Some(rest) = self.0.strip_prefix("x ") else {
            return self.0.to_owned();
        };
        let (priority, done) = match self.pri_word() {
            // The user's own word: `finished` added one space after it.
            Some(_) if self.0.ends_with(' ') => (None, rest.strip_suffix(' ').map(str::to_owned)),
            Some(word) => (pri_word(word), Some(without_last(rest, word))),
            None => (None, None),
        };
        let done = format!("x {}", done.as_deref().unwrap_or(rest));
        let head = Head::of(&done);
        let rest = done.get(head.created_at..).unwrap_or_default();
        [priority, head.priority]
            .into_iter()
            .flatten()
            .map(|priority| format!("({}) ", priority.letter()))
            .chain([rest.to_owned()])
            .collect()
    }

    /// Reads the words once, for callers that need several parts.
    #[must_use]
    pub fn parts(self) -> LineParts<'a> {
        let mut parts = LineParts::default();
        for word in self.words() {
            if let Some(name) = signed(word, '+') {
                parts.projects.push(name);
            } else if let Some(name) = signed(word, '@') {
                parts.contexts.push(name);
            } else if let Some((key, value)) = tag(word) {
                match key {
                    "due" => parts.due = parts.due.or_else(|| iso_date(value)),
                    "t" => parts.start = parts.start.or_else(|| iso_date(value)),
                    "rec" => {
                        let rule = || Recurrence::parse(value);
                        parts.recurrence = parts.recurrence.or_else(rule);
                    }
                    _ => {}
                }
                parts.tags.push((key, value));
            }
        }
        parts
    }

    /// The words between white space.
    pub(super) fn words(self) -> impl Iterator<Item = &'a str> {
        Words(self.0)
    }

    /// The text after the done mark, the priority and the dates.
    pub(super) fn body(self) -> &'a str {
        self.0.get(Head::of(self.0).end..).unwrap_or_default()
    }

    /// The last word `pri:A`.
    fn pri_word(self) -> Option<&'a str> {
        if !self.0.contains("pri:") {
            return None;
        }
        self.words().filter(|word| pri_word(word).is_some()).last()
    }

    fn date_of(self, key: &str) -> Option<Date> {
        if !self.0.contains(key) {
            return None;
        }
        self.words()
            .find_map(|word| iso_date(word.strip_prefix(key)?))
    }

    fn signed(self, sign: char) -> impl Iterator<Item = &'a str> {
        self.words().filter_map(move |word| signed(word, sign))
    }
}

/// The parts of a line that can stand anywhere among its words. Each is what the method
/// of [`Line`] with its name returns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineParts<'a> {
    /// [`Line::projects`].
    pub projects: Vec<&'a str>,
    /// [`Line::contexts`].
    pub contexts: Vec<&'a str>,
    /// [`Line::tags`].
    pub tags: Vec<(&'a str, &'a str)>,
    /// [`Line::due`].
    pub due: Option<Date>,
    /// [`Line::start`].
    pub start: Option<Date>,
    /// [`Line::recurrence`].
    pub recurrence: Option<Recurrence>,
}

/// What [`str::split_whitespace`] returns, faster: ASCII is not decoded.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let (word, rest) = text.split_at_checked(word_end(text))?;
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }
}

/// Returns the offset of the first white space.
fn word_end(text: &str) -> usize {
    // No other byte is white space or begins a character beyond ASCII.
    let stops = |byte: u8| byte <= b' ' || byte >= 0x80;
    let Some(at) = text.bytes().position(stops) else {
        return text.len();
    };
    // The rest may have white space beyond ASCII.
    let rest = text.get(at..).unwrap_or_default();
    rest.find(char::is_whitespace)
        .map_or(text.len(), |found| at + found)
}

/// Parses `+project` or `@context`.
fn signed(word: &str, sign: char) -> Option<&str> {
    word.strip_prefix(sign).filter(|name| !name.is_empty())
}

/// The start of a line, up to its words.
///
/// A done line may hold its priority before or between the dates, as other
/// programs write it: `x (A) DATE DATE`, `x DATE (A) DATE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Head {
    done: bool,
    completed: Option<Date>,
    priority: Option<Priority>,
    created: Option<Date>,
    /// The offset of the creation date; of the first word if there is none.
    created_at: usize,
    /// The offset of the first word.
    end: usize,
}

impl Head {
    fn of(text: &str) -> Self {
        let mut head = Self::default();
        let mut rest = text;
        if let Some(after) = text.strip_prefix("x ") {
            head.done = true;
            rest = after;
        }
        let mut may_be_priority = true;
        while head.created.is_none() {
            head.created_at = text.len() - rest.len();
            if may_be_priority && let Some((priority, after)) = leading_priority(rest) {
                head.priority = Some(priority);
                may_be_priority = false;
                rest = after;
            } else if let Some((date, after)) = leading_date(rest) {
                if head.done && head.completed.is_none() {
                    head.completed = Some(date);
                } else {
                    head.created = Some(date);
                }
                may_be_priority &= head.done;
                rest = after;
            } else {
                break;
            }
        }
        head.end = text.len() - rest.len();
        head
    }
}

/// Parses `2026-12-01`, the only accepted form.
pub(super) fn iso_date(word: &str) -> Option<Date> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = word.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i16::from(digit - b'0'))
        })
    };
    let month = i8::try_from(number(&[m1, m2])?).ok()?;
    let day = i8::try_from(number(&[d1, d2])?).ok()?;
    Date::new(number(&[y1, y2, y3, y4])?, month, day).ok()
}

/// Parses `key:value`. A URL (`https://…`), a time (`12:30`) or a Windows path (`C:\`)
/// is not a tag: the key starts with a letter and the value not with `//`, `\` or `:`.
pub(super) fn tag(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once(':')?;
    let named = key.starts_with(char::is_alphabetic)
        && key
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_');
    let valued = !value.is_empty() && !value.starts_with([':', '\\']) && !value.starts_with("//");
    (named && valued).then_some((key, value))
}

/// Splits off a leading `(A) `.
fn leading_priority(text: &str) -> Option<(Priority, &str)> {
    let (head, rest) = text.split_at_checked(4)?;
    match head.as_bytes() {
        &[b'(', letter, b')', b' '] => Priority::strict(letter).map(|priority| (priority, rest)),
        _ => None,
    }
}

/// Splits off a leading date that ends at a space or at the end of the text.
fn leading_date(text: &str) -> Option<(Date, &str)> {
    let (head, rest) = text.split_at_checked(10)?;
    let date = iso_date(head)?;
    match rest.strip_prefix(' ') {
        Some(rest) => Some((date, rest)),
        None => rest.is_empty().then_some((date, rest)),
    }
}

/// Parses `pri:A`.
fn pri_word(word: &str) -> Option<Priority> {
    match word.strip_prefix("pri:")?.as_bytes() {
        &[letter] => Priority::strict(letter),
        _ => None,
    }
}
