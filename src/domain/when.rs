//! Dates as people type them, and what a person may type as a todo.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::domain::line::{Line, iso_date};

/// Longest text a person may type, in Unicode scalar values.
pub const MAX_TYPED_CHARS: usize = 10_000;

/// Why a typed text was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// Only white space.
    #[error("the text is empty")]
    Blank,
    /// NUL, line break, escape or another control character.
    #[error("the text holds a control character (U+{:04X})", u32::from(*found))]
    Control {
        /// The first one.
        found: char,
    },
    /// Longer than [`MAX_TYPED_CHARS`].
    #[error("the text has {chars} characters, more than {MAX_TYPED_CHARS}")]
    TooLong {
        /// How many there are.
        chars: usize,
    },
}

impl TypedError {
    /// What the person can do next, as one imperative sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Blank => "Say what is to be done.",
            Self::Control { .. } => "Give one line of text without control characters.",
            Self::TooLong { .. } => "Make several todos of it, or shorten it.",
        }
    }
}

/// Reads what a person typed as a todo: trims it, checks it, and writes dates
/// for `due:tomorrow`, `due:fri`, `due:+3d` unless `literal`.
///
/// A tab is a control character too, as are the line and paragraph separators
/// U+2028 and U+2029.
///
/// # Errors
///
/// See [`TypedError`]; nothing is cut or repaired silently.
pub fn typed(text: &str, today: Date, literal: bool) -> Result<String, TypedError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TypedError::Blank);
    }
    if let Some(found) = text.chars().find(|letter| is_control(*letter)) {
        return Err(TypedError::Control { found });
    }
    let chars = text.chars().count();
    if chars > MAX_TYPED_CHARS {
        return Err(TypedError::TooLong { chars });
    }
    if literal || !text.contains("due:") {
        return Ok(text.to_owned());
    }
    Ok(dated(text, today))
}

fn is_control(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Writes a date for each `due:` word that names one otherwise.
fn dated(text: &str, today: Date) -> String {
    let mut line = text.to_owned();
    for word in Line::new(text).words() {
        let Some(value) = word.strip_prefix("due:") else {
            continue;
        };
        if iso_date(value).is_none()
            && let Some(date) = date(value, today)
        {
            line = Line::new(&line).replace_word(word, &format!("due:{date}"));
        }
    }
    line
}

/// The first `due:` word of `text` that names no day, so that the todo is not
/// due at all.
#[must_use]
pub fn undated(text: &str) -> Option<&str> {
    let no_day = |value: &str| !value.is_empty() && iso_date(value).is_none();
    Line::new(text)
        .words()
        .find(|word| word.strip_prefix("due:").is_some_and(no_day))
}

/// Reads a date word: `2026-12-01`, `today`, `tomorrow`, `fri`, `friday`,
/// `+3d`, `+2w`, `+1m`, `+1y`; upper or lower case.
///
/// A weekday is the next one after today: `fri` typed on a Friday is a week away.
#[must_use]
pub fn date(word: &str, today: Date) -> Option<Date> {
    if let Some(date) = iso_date(word) {
        return Some(date);
    }
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "today" => Some(today),
        "tomorrow" => today.tomorrow().ok(),
        _ => match word.strip_prefix('+') {
            Some(distance) => distant(distance, today, 1),
            None => today.nth_weekday(1, weekday(&word)?).ok(),
        },
    }
}

/// `3d`, `2w`, `1m` or `1y` (at most four digits) after `today`, or before it
/// with a `sign` of -1.
pub(super) fn distant(distance: &str, today: Date, sign: i32) -> Option<Date> {
    let (digits, unit) = distance.split_at_checked(distance.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let number = sign * digits.parse::<i32>().ok()?;
    let span = match unit {
        "d" => number.days(),
        "w" => number.weeks(),
        "m" => number.months(),
        "y" => number.years(),
        _ => return None,
    };
    today.checked_add(span).ok()
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tuesday" => Weekday::Tuesday,
        "wed" | "wednesday" => Weekday::Wednesday,
        "thu" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::{Date, MAX_TYPED_CHARS, TypedError, date, typed, undated};

    /// A Tuesday.
    const TODAY: Date = day(2026, 11, 24);

    #[test]
    fn words_for_dates_are_read_in_either_case() {
        for (word, expected) in [
            ("2026-12-01", day(2026, 12, 1)),
            ("Today", TODAY),
            ("tomorrow", day(2026, 11, 25)),
            ("fri", day(2026, 11, 27)),
            ("TUESDAY", day(2026, 12, 1)),
            ("+3d", day(2026, 11, 27)),
            ("+2w", day(2026, 12, 8)),
            ("+3m", day(2027, 2, 24)),
            ("+1y", day(2027, 11, 24)),
        ] {
            assert_eq!(date(word, TODAY), Some(expected), "{word}");
        }
    }

    #[test]
    fn other_words_are_no_dates() {
        for word in [
            "",
            "soon",
            "+",
            "+d",
            "+-3d",
            "+99999d",
            "+9999y",
            "+3é",
            "2026-02-30",
        ] {
            assert_eq!(date(word, TODAY), None, "{word}");
        }
    }

    #[test]
    fn a_due_word_that_names_no_day_is_found() {
        assert_eq!(undated("pay due:tomorow +home"), Some("due:tomorow"));
        assert_eq!(undated("pay due:2026-02-30"), Some("due:2026-02-30"));
        for fine in ["pay due:2026-02-28", "when is it due: soon", "overdue:x"] {
            assert_eq!(undated(fine), None, "{fine}");
        }
    }

    #[test]
    fn only_due_words_that_name_a_date_are_rewritten() -> Result<(), TypedError> {
        assert_eq!(
            typed("  a  due:fri due:later today due:2026-01-01 ", TODAY, false)?,
            "a  due:2026-11-27 due:later today due:2026-01-01"
        );
        assert_eq!(typed("a due:fri", TODAY, true)?, "a due:fri");
        Ok(())
    }

    #[test]
    fn blank_controlling_and_endless_texts_are_refused() {
        assert_eq!(typed(" \n", TODAY, false), Err(TypedError::Blank));
        for found in ['\n', '\t', '\0', '\u{1b}', '\u{85}', '\u{2028}'] {
            assert_eq!(
                typed(&format!("a{found}b"), TODAY, false),
                Err(TypedError::Control { found })
            );
        }
        let longest = "é".repeat(MAX_TYPED_CHARS);
        assert_eq!(typed(&longest, TODAY, false), Ok(longest.clone()));
        assert_eq!(
            typed(&format!("{longest}a"), TODAY, false),
            Err(TypedError::TooLong {
                chars: MAX_TYPED_CHARS + 1
            })
        );
    }
}
