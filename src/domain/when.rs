//! Dates as users type them.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::domain::line::iso_date;

/// Reads a date word: `2026-12-01`, `today`, `tomorrow`, `yesterday`, `fri`,
/// `friday`, `+3d`, `-2w`, `+1m`, `+1y`; upper or lower case.
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
        "yesterday" => today.yesterday().ok(),
        _ => match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(distance), _) => distant(distance, today, 1),
            (None, Some(distance)) => distant(distance, today, -1),
            (None, None) => today.nth_weekday(1, weekday(&word)?).ok(),
        },
    }
}

/// `3d`, `2w`, `1m` or `1y` (at most four digits) after `today`, or before it
/// with a `sign` of -1.
fn distant(distance: &str, today: Date, sign: i32) -> Option<Date> {
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

    use super::{Date, date};

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
            ("yesterday", day(2026, 11, 23)),
            ("-2W", day(2026, 11, 10)),
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
}
