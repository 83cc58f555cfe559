//! A todo's text as a todo.txt line, read and changed without losing a byte.
//!
//! Reading is here; changing single parts is in `edit`.

use jiff::civil::Date;

mod edit;
pub(super) use edit::pieces;

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

/// One todo.txt line, borrowed. Reading never fails: what is not understood is
/// just words.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a>(&'a str);

impl<'a> Line<'a> {
    /// Looks at `text` as a todo.txt line.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text looked at.
    #[must_use]
    pub const fn text(self) -> &'a str {
        self.0
    }

    /// Whether it starts with `x `.
    #[must_use]
    pub fn is_done(self) -> bool {
        self.0.starts_with("x ")
    }

    /// The completion date of a done line that has one.
    #[must_use]
    pub fn completed_on(self) -> Option<Date> {
        leading_date(self.0.strip_prefix("x ")?).map(|(date, _)| date)
    }

    /// `(A) ` at the start, or `pri:A` of a done line (the last one).
    #[must_use]
    pub fn priority(self) -> Option<Priority> {
        if !self.is_done() {
            return leading_priority(self.0).map(|(priority, _)| priority);
        }
        if !self.0.contains("pri:") {
            return None;
        }
        self.words().filter_map(pri_word).last()
    }

    /// `due:2026-12-01`, the first well-formed one.
    #[must_use]
    pub fn due(self) -> Option<Date> {
        if !self.0.contains("due:") {
            return None;
        }
        self.words()
            .find_map(|word| iso_date(word.strip_prefix("due:")?))
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

    /// The line when done on `today`; a done line is returned unchanged.
    #[must_use]
    pub fn completed(self, today: Date) -> String {
        if self.is_done() {
            return self.0.to_owned();
        }
        self.finished(Some(today))
    }

    /// The reverse of [`Line::completed`]; an open line is returned unchanged.
    #[must_use]
    pub fn reopened(self) -> String {
        let Some(rest) = self.0.strip_prefix("x ") else {
            return self.0.to_owned();
        };
        let rest = leading_date(rest).map_or(rest, |(_, rest)| rest);
        match trailing_priority(rest) {
            Some((priority, body, 0)) => format!("({}) {body}", priority.letter()),
            // A `pri:` word that was there before: `finished` put one space behind it.
            Some(_) => rest.strip_suffix(' ').unwrap_or(rest).to_owned(),
            None => rest.to_owned(),
        }
    }

    /// An open line as a done one, on a date or without one.
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
        // Else reopening would take the person's own word for a priority.
        if trailing_priority(self.0).is_some() {
            line.push(' ');
        }
        line
    }

    /// What stands between white space.
    pub(super) fn words(self) -> impl Iterator<Item = &'a str> {
        self.0.split_whitespace()
    }

    fn signed(self, sign: char) -> impl Iterator<Item = &'a str> {
        self.words()
            .filter_map(move |word| word.strip_prefix(sign))
            .filter(|name| !name.is_empty())
    }
}

/// Reads `2026-12-01` and nothing else.
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

/// Reads a word as `key:value`. A URL (`https://…`), a time (`12:30`) or a
/// Windows path (`C:\`) is none: the key starts with a letter and the value with
/// neither `//`, `\` nor `:`.
pub(super) fn tag(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once(':')?;
    let named = key.starts_with(char::is_alphabetic)
        && key
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_');
    let valued = !value.is_empty() && !value.starts_with([':', '\\']) && !value.starts_with("//");
    (named && valued).then_some((key, value))
}

/// `(A) ` and what follows it.
fn leading_priority(text: &str) -> Option<(Priority, &str)> {
    let (head, rest) = text.split_at_checked(4)?;
    match head.as_bytes() {
        &[b'(', letter, b')', b' '] => Priority::strict(letter).map(|priority| (priority, rest)),
        _ => None,
    }
}

/// A date that ends at a space or at the end, and what follows the space.
fn leading_date(text: &str) -> Option<(Date, &str)> {
    let (head, rest) = text.split_at_checked(10)?;
    let date = iso_date(head)?;
    match rest.strip_prefix(' ') {
        Some(rest) => Some((date, rest)),
        None => rest.is_empty().then_some((date, rest)),
    }
}

/// ` pri:A` at the end: the priority, what stands before it, and how many
/// spaces follow it.
pub(super) fn trailing_priority(text: &str) -> Option<(Priority, &str, usize)> {
    let trimmed = text.trim_end_matches(' ');
    let spaces = text.len() - trimmed.len();
    let (body, word) = trimmed.split_at_checked(trimmed.len().checked_sub(6)?)?;
    let priority = pri_word(word.strip_prefix(' ')?)?;
    Some((priority, body, spaces))
}

fn pri_word(word: &str) -> Option<Priority> {
    match word.strip_prefix("pri:")?.as_bytes() {
        &[letter] => Priority::strict(letter),
        _ => None,
    }
}
