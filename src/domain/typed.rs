//! Checks typed text: arguments, standard input, tags, `$EDITOR` and the TUI.

use jiff::civil::Date;

use crate::domain::line::{Line, Priority, iso_date, pieces, tag};
use crate::domain::when;

/// The maximum length of a typed text, in Unicode scalar values.
pub const MAX_TYPED_CHARS: usize = 10_000;

/// The rules for typed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The day that `due:tomorrow` counts from.
    pub today: Date,
    /// Keeps `due:tomorrow` as typed.
    pub literal: bool,
}

/// A checked text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The text to save, with relative dates replaced by dates.
    pub text: String,
    /// Parts that the user may not have intended.
    pub notices: Vec<Notice>,
}

/// A part of a typed text that the user may not have intended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// A `due:` or `t:` word without a recognised date.
    #[error("`{word}` is not a recognised date; kept as text")]
    NotADate {
        /// The word.
        word: String,
    },
    /// `(A)` at the end, where it is not a priority.
    #[error("`{word}` at the end is text; a priority is written at the start")]
    TrailingPriority {
        /// The word.
        word: String,
    },
    /// The text starts with `x `.
    #[error("a text that starts with `x ` is a done todo")]
    Done,
}

impl Notice {
    /// The word it is about, to be highlighted.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::NotADate { word } | Self::TrailingPriority { word } => Some(word),
            Self::Done => None,
        }
    }
}

/// The reason why a typed text is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// Only white space.
    #[error("the text is empty")]
    Blank,
    /// A control character: NUL, a line break, an escape, …
    #[error("the text contains a control character (U+{:04X})", u32::from(*found))]
    Control {
        /// The first one.
        found: char,
    },
    /// Longer than [`MAX_TYPED_CHARS`].
    #[error("the text has {chars} characters, more than {MAX_TYPED_CHARS}")]
    TooLong {
        /// Its length.
        chars: usize,
    },
    /// Neither `+project`, `@context` nor `key:value`.
    #[error("`{word}` is not a tag")]
    NotATag {
        /// The word as typed.
        word: String,
    },
    /// Not a date.
    #[error("`{word}` is not a date")]
    NotADate {
        /// The word as typed.
        word: String,
    },
    /// Not a letter from `A` to `Z`.
    #[error("`{word}` is not a priority")]
    NotAPriority {
        /// The word as typed.
        word: String,
    },
}

impl TypedError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Blank => "Enter some text.",
            Self::Control { .. } => "Enter one line of text without control characters.",
            Self::TooLong { .. } => "Shorten it, or split it into several todos.",
            Self::NotATag { .. } => "Write +project, @context or key:value.",
            Self::NotADate { .. } => {
                "Write a date such as 2026-12-01, tomorrow, fri, +3d, or none."
            }
            Self::NotAPriority { .. } => "Write a letter from A to Z, or none.",
        }
    }
}

impl Rules {
    /// Checks the text of a new todo: trims it, replaces tabs by spaces and, unless
    /// `literal`, `due:tomorrow`, `due:fri`, `t:+3d` by dates. Skips a byte order mark at
    /// the start.
    ///
    /// # Errors
    ///
    /// See [`TypedError`]; nothing is truncated or repaired silently.
    pub fn check(self, text: &str) -> Result<Typed, TypedError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        self.checked(text, "").map(|text| self.noticed(text))
    }

    /// Checks a text edited from `before`. Existing words, and spaces at either end, stay
    /// byte for byte; only new text is checked.
    ///
    /// # Errors
    ///
    /// See [`TypedError`].
    pub fn check_edit(self, before: &str, after: &str) -> Result<Typed, TypedError> {
        if before == after {
            return Ok(Typed {
                text: after.to_owned(),
                notices: Vec::new(),
            });
        }
        let text = self.checked(&ends_like(before, after), before)?;
        let mut typed = self.noticed(text);
        typed.notices.retain(|notice| match notice.word() {
            Some(word) => !Line::new(before).words().any(|old| old == word),
            None => !Line::new(before).is_done(),
        });
        Ok(typed)
    }

    /// Checks a tag to be added to a todo: `+project`, `@context`, `key:value`.
    ///
    /// # Errors
    ///
    /// See [`TypedError`].
    pub fn check_tag(self, word: &str) -> Result<Typed, TypedError> {
        let word = word.trim();
        let typed = self.check(word)?;
        let signed = word
            .strip_prefix(['+', '@'])
            .is_some_and(|name| !name.is_empty());
        if word.contains(char::is_whitespace) || !(signed || tag(word).is_some()) {
            let word = word.to_owned();
            return Err(TypedError::NotATag { word });
        }
        Ok(typed)
    }

    /// Checks a tag to be removed from a todo: a tag without replacing dates, or `key:`
    /// for every value.
    ///
    /// # Errors
    ///
    /// See [`TypedError`].
    pub fn check_old_tag(self, word: &str) -> Result<String, TypedError> {
        let rules = Self {
            literal: true,
            ..self
        };
        match word.strip_suffix(':') {
            Some(key) if tag(&format!("{key}:x")).is_some() => Ok(word.to_owned()),
            _ => rules.check_tag(word).map(|typed| typed.text),
        }
    }

    /// Parses a date alone: a date word, or `none`.
    ///
    /// # Errors
    ///
    /// [`TypedError::NotADate`].
    pub fn check_date(self, word: &str) -> Result<Option<Date>, TypedError> {
        let word = word.trim();
        if word.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let not_a_date = || TypedError::NotADate {
            word: word.to_owned(),
        };
        when::date(word, self.today)
            .map(Some)
            .ok_or_else(not_a_date)
    }

    /// Parses a priority alone: a letter, or `none`.
    ///
    /// # Errors
    ///
    /// [`TypedError::NotAPriority`].
    pub fn check_priority(self, word: &str) -> Result<Option<Priority>, TypedError> {
        let word = word.trim();
        if word.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        let not_a_priority = || TypedError::NotAPriority {
            word: word.to_owned(),
        };
        Priority::parse(word).map(Some).ok_or_else(not_a_priority)
    }

    /// Checks the parts of `text` that are not in `before` and replaces their dates.
    fn checked(self, text: &str, before: &str) -> Result<String, TypedError> {
        if text.trim().is_empty() {
            return Err(TypedError::Blank);
        }
        let chars = text.chars().count();
        if chars > MAX_TYPED_CHARS && chars > before.chars().count() {
            return Err(TypedError::TooLong { chars });
        }
        let (start, middle, end) = changed_part(before, text);
        let old = before
            .get(start.len()..before.len().saturating_sub(end.len()))
            .unwrap_or_default();
        let middle = without_tabs(middle, old)?;
        let middle = if self.literal {
            middle
        } else {
            dated(&middle, old, self.today)
        };
        Ok(format!("{start}{middle}{end}"))
    }

    fn noticed(self, text: String) -> Typed {
        let notices = self.notices(&text);
        Typed { text, notices }
    }

    /// Returns the parts of `text` that the user may not have intended.
    #[must_use]
    pub fn notices(self, text: &str) -> Vec<Notice> {
        let mut notices = Vec::new();
        let line = Line::new(text);
        if line.is_done() {
            notices.push(Notice::Done);
        }
        for word in line.words().filter(|_| !self.literal) {
            if date_word(word).is_some_and(|(_, value)| iso_date(value).is_none()) {
                let word = word.to_owned();
                notices.push(Notice::NotADate { word });
            }
        }
        if let Some(word) = line.words().skip(1).last()
            && Line::new(&format!("{word} ")).priority().is_some()
        {
            let word = word.to_owned();
            notices.push(Notice::TrailingPriority { word });
        }
        notices
    }
}

/// Splits a `due:` or `t:` word, ignoring case.
fn date_word(word: &str) -> Option<(&'static str, &str)> {
    let (key, value) = tag(word)?;
    ["due", "t"]
        .into_iter()
        .find(|known| key.eq_ignore_ascii_case(known))
        .map(|key| (key, value))
}

/// Replaces the date word of each `due:` and `t:` word that was not in `old` by its
/// date.
fn dated(text: &str, old: &str, today: Date) -> String {
    let mut dated = String::with_capacity(text.len());
    for (space, word) in pieces(text) {
        dated.push_str(space);
        let date = date_word(word)
            .filter(|(_, value)| iso_date(value).is_none())
            .filter(|_| !Line::new(old).words().any(|known| known == word))
            .and_then(|(key, value)| Some((key, when::date(value, today)?)));
        match date {
            Some((key, date)) => {
                dated.push_str(key);
                dated.push(':');
                dated.push_str(&date.to_string());
            }
            None => dated.push_str(word),
        }
    }
    dated
}

/// Replaces tabs by spaces; rejects control characters other than those of `old`.
fn without_tabs(text: &str, old: &str) -> Result<String, TypedError> {
    let mut known: Vec<char> = old.chars().filter(|letter| is_control(*letter)).collect();
    text.chars()
        .map(|letter| {
            if !is_control(letter) {
                return Ok(letter);
            }
            match known.iter().position(|old| *old == letter) {
                Some(at) => Ok(known.swap_remove(at)),
                None if letter == '\t' => Ok(' '),
                None => Err(TypedError::Control { found: letter }),
            }
        })
        .collect()
}

fn is_control(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Trims white space at either end of `after` that `before` does not have.
fn ends_like(before: &str, after: &str) -> String {
    let words = after.trim();
    let at_start = |text: &str| text.len() - text.trim_start().len();
    let at_end = |text: &str| text.trim_end().len();
    let mut start = after.get(..at_start(after)).unwrap_or_default();
    let mut end = after.get(at_end(after)..).unwrap_or_default();
    if start.len() > at_start(before) {
        start = before.get(..at_start(before)).unwrap_or_default();
    }
    if end.len() > before.len() - at_end(before) {
        end = before.get(at_end(before)..).unwrap_or_default();
    }
    format!("{start}{words}{end}")
}

/// Splits `after` into the start shared with `before`, the new part, and the shared
/// end, at word boundaries.
fn changed_part<'a>(before: &str, after: &'a str) -> (&'a str, &'a str, &'a str) {
    let size = |(space, word): &(&str, &str)| space.len() + word.len();
    let old: Vec<_> = pieces(before).collect();
    let new: Vec<_> = pieces(after).collect();
    let same = |(old, new): &(&(&str, &str), &(&str, &str))| old == new;
    let first = old.iter().zip(&new).take_while(same).count();
    let left = old.len().min(new.len()) - first;
    let last = old.iter().rev().zip(new.iter().rev()).take_while(same);
    let last = last.take(left).count();
    let start: usize = new.iter().take(first).map(size).sum();
    let end: usize = new.iter().rev().take(last).map(size).sum();
    let (rest, end) = after
        .split_at_checked(after.len() - end)
        .unwrap_or((after, ""));
    let (start, middle) = rest.split_at_checked(start).unwrap_or(("", rest));
    (start, middle, end)
}

#[cfg(test)]
mod tests;
