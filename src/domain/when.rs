//! Dates as users type them: one day, or a range of days.
//!
//! `help dates` prints the tables in this module.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::line::iso_date;

/// Today, which date words count from, and the first day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// Today in the user's time zone.
    pub today: Date,
    /// The first day of a week.
    pub week_start: Weekday,
}

impl Calendar {
    /// A calendar whose weeks begin on Monday.
    #[must_use]
    pub const fn new(today: Date) -> Self {
        Self {
            today,
            week_start: Weekday::Monday,
        }
    }

    /// A calendar with the day that `now` falls on in `zone`.
    #[must_use]
    pub fn at(now: Timestamp, zone: &TimeZone, week_start: Weekday) -> Self {
        Self {
            today: zone.to_datetime(now).date(),
            week_start,
        }
    }

    /// The first day of the week that lies `weeks` after the current one.
    fn week(self, weeks: i32) -> Option<Date> {
        let since = self.today.weekday().since(self.week_start);
        self.today
            .checked_add((weeks * 7 - i32::from(since)).days())
            .ok()
    }

    /// The week that lies `weeks` after the current one.
    pub(super) fn week_days(self, weeks: i32) -> Option<Days> {
        let first = self.week(weeks)?;
        Some(Days::between(first, first.checked_add(6.days()).ok()?))
    }

    /// The month that lies `months` after the current one.
    fn month(self, months: i32) -> Option<Days> {
        let day = self.today.checked_add(months.months()).ok()?;
        Some(Days::between(day.first_of_month(), day.last_of_month()))
    }
}

/// Returns the start of the day in `zone`: after midnight if the clocks skip that.
#[must_use]
pub fn day_begins(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.into()).ok()
}

/// A range of days; an open end is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Days {
    /// The first day.
    pub from: Option<Date>,
    /// The last day, included.
    pub to: Option<Date>,
}

impl Days {
    /// Every day.
    pub const ANY: Self = Self {
        from: None,
        to: None,
    };

    /// One day.
    #[must_use]
    pub const fn on(day: Date) -> Self {
        Self::between(day, day)
    }

    /// From a day to another, both included.
    #[must_use]
    pub const fn between(from: Date, to: Date) -> Self {
        Self {
            from: Some(from),
            to: Some(to),
        }
    }

    /// Every day up to this one, included.
    #[must_use]
    pub const fn until(to: Date) -> Self {
        Self {
            from: None,
            to: Some(to),
        }
    }

    /// Returns whether the day is in the range.
    #[must_use]
    pub fn contain(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Returns whether no day is in the range.
    #[must_use]
    pub fn are_none(self) -> bool {
        matches!((self.from, self.to), (Some(from), Some(to)) if to < from)
    }

    /// The range as instants in `zone`: the first one, and the first one after.
    #[must_use]
    pub fn instants(self, zone: &TimeZone) -> (Option<Timestamp>, Option<Timestamp>) {
        let begins = |day| day_begins(day, zone);
        let after = self.to.and_then(|day| day.tomorrow().ok());
        (self.from.and_then(begins), after.and_then(begins))
    }
}

/// A line of help: a form and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelpEntry {
    /// The form to type.
    pub form: &'static str,
    /// Its meaning.
    pub meaning: &'static str,
    /// Values for completion and for suggestions.
    pub examples: &'static [&'static str],
}

/// A word for several days.
struct Named {
    word: &'static str,
    days: fn(Calendar) -> Option<Days>,
}

const NAMED: &[Named] = &[
    Named {
        word: "any",
        days: |_| Some(Days::ANY),
    },
    Named {
        word: "this-week",
        days: |calendar| calendar.week_days(0),
    },
    Named {
        word: "next-week",
        days: |calendar| calendar.week_days(1),
    },
    Named {
        word: "last-week",
        days: |calendar| calendar.week_days(-1),
    },
    Named {
        word: "this-month",
        days: |calendar| calendar.month(0),
    },
    Named {
        word: "next-month",
        days: |calendar| calendar.month(1),
    },
    Named {
        word: "last-month",
        days: |calendar| calendar.month(-1),
    },
];

/// Words for one day.
pub const DAY_HELP: &[HelpEntry] = &[
    HelpEntry {
        form: "today, tomorrow, yesterday",
        meaning: "that day",
        examples: &["today", "tomorrow", "yesterday"],
    },
    HelpEntry {
        form: "mon … sun, monday … sunday",
        meaning: "the next one after today",
        examples: &[
            "mon",
            "tue",
            "wed",
            "thu",
            "fri",
            "sat",
            "sun",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ],
    },
    HelpEntry {
        form: "+3d, +2w, +1m, +1y, -3d",
        meaning: "that many days, weeks, months or years from today, or ago",
        examples: &["+3d", "+2w", "+1m", "+1y", "-3d"],
    },
    HelpEntry {
        form: "2026-12-01",
        meaning: "that day",
        examples: &["2026-12-01"],
    },
];

/// Words for several days, for filters only.
pub const RANGE_HELP: &[HelpEntry] = &[
    HelpEntry {
        form: "this-week, next-week, last-week",
        meaning: "seven days from the first day of the week (`[ui] week_start`)",
        examples: &["this-week", "next-week", "last-week"],
    },
    HelpEntry {
        form: "this-month, next-month, last-month",
        meaning: "the whole month",
        examples: &["this-month", "next-month", "last-month"],
    },
    HelpEntry {
        form: "2026-12",
        meaning: "that month",
        examples: &["2026-12"],
    },
    HelpEntry {
        form: "A..B, A.., ..B",
        meaning: "from A to B, both included; either may be left out",
        examples: &["today..fri", "2026-12-01..", "..2026-12"],
    },
    HelpEntry {
        form: "overdue",
        meaning: "before today (`due:` only)",
        examples: &["overdue"],
    },
    HelpEntry {
        form: "any",
        meaning: "any date",
        examples: &["any"],
    },
];

/// The reason why a word is not a day or a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DaysError {
    /// It is neither a date nor a range.
    Unknown,
    /// The range ends before it begins.
    Reversed(Days),
}

/// Reads a word for one day: see [`DAY_HELP`]; upper or lower case.
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

/// Reads a word for one or several days: see [`DAY_HELP`] and [`RANGE_HELP`].
pub(super) fn days(word: &str, calendar: Calendar) -> Result<Days, DaysError> {
    let Some((from, to)) = word.split_once("..") else {
        return span(word, calendar).ok_or(DaysError::Unknown);
    };
    let end = |word: &str| match word {
        "" => Ok(Days::ANY),
        word => span(word, calendar).ok_or(DaysError::Unknown),
    };
    let days = Days {
        from: end(from)?.from,
        to: end(to)?.to,
    };
    if days == Days::ANY {
        Err(DaysError::Unknown)
    } else if days.are_none() {
        Err(DaysError::Reversed(days))
    } else {
        Ok(days)
    }
}

/// A day, a named range or a month.
fn span(word: &str, calendar: Calendar) -> Option<Days> {
    let named = NAMED
        .iter()
        .find(|named| word.eq_ignore_ascii_case(named.word));
    if let Some(named) = named {
        return (named.days)(calendar);
    }
    if let Some(first) = iso_date(&format!("{word}-01")) {
        return Some(Days::between(first, first.last_of_month()));
    }
    date(word, calendar.today).map(Days::on)
}

/// `3d`, `2w`, `1m` or `1y` (at most four digits) after `today`, or before it
/// with a `sign` of -1. A month ends on its last day: 31 January + 1 month is
/// the last day of February.
fn distant(distance: &str, today: Date, sign: i32) -> Option<Date> {
    let (number, unit) = quantity(distance)?;
    let number = sign * i32::from(number);
    let span = match unit {
        "d" => number.days(),
        "w" => number.weeks(),
        "m" => number.months(),
        "y" => number.years(),
        _ => return None,
    };
    let date = today.checked_add(span).ok()?;
    (date.year() >= 0).then_some(date)
}

/// A number of at most four digits and the ASCII letter after it.
pub(super) fn quantity(word: &str) -> Option<(u16, &str)> {
    let (digits, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    Some((digits.parse().ok()?, unit))
}

/// Reads the name of a weekday, whole or its first three letters, lower case.
#[must_use]
pub fn weekday(word: &str) -> Option<Weekday> {
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
mod tests;
