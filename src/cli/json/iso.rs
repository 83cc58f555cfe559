//! Dates and instants in ISO 8601, as jiff's `Display` writes them, but several times
//! faster: a list has many.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::ser::{Serialize, Serializer};

/// The length of an instant with nanoseconds.
const LONGEST: usize = "2026-12-01T12:30:00.123456789Z".len();

/// A value to serialize in ISO 8601.
pub(super) struct Iso<T>(pub(super) T);

impl Serialize for Iso<Date> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(LONGEST);
        if push_date(&mut text, self.0) {
            serializer.serialize_str(&text)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl Serialize for Iso<Timestamp> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(LONGEST);
        if push_instant(&mut text, self.0) {
            serializer.serialize_str(&text)
        } else {
            self.0.serialize(serializer)
        }
    }
}

/// Appends an instant in UTC; returns whether it could.
fn push_instant(text: &mut String, at: Timestamp) -> bool {
    let at = Offset::UTC.to_datetime(at);
    if !push_date(text, at.date()) {
        return false;
    }
    for (sign, number) in [('T', at.hour()), (':', at.minute()), (':', at.second())] {
        text.push(sign);
        push_two(text, i32::from(number));
    }
    let nanosecond = at.subsec_nanosecond();
    if nanosecond != 0 {
        text.push('.');
        for place in [10_000_000, 100_000, 1_000, 10] {
            push_two(text, nanosecond / place % 100);
        }
        push_digit(text, nanosecond % 10);
        text.truncate(text.trim_end_matches('0').len());
    }
    text.push('Z');
    true
}

/// Appends a date; returns whether it could: a year before 0 has another form.
fn push_date(text: &mut String, date: Date) -> bool {
    if date.year() < 0 {
        return false;
    }
    let year = i32::from(date.year());
    push_two(text, year / 100);
    push_two(text, year % 100);
    text.push('-');
    push_two(text, i32::from(date.month()));
    text.push('-');
    push_two(text, i32::from(date.day()));
    true
}

/// Appends a number below 100, in two digits.
fn push_two(text: &mut String, number: i32) {
    push_digit(text, number / 10);
    push_digit(text, number % 10);
}

fn push_digit(text: &mut String, digit: i32) {
    let digit = u8::try_from(digit).unwrap_or_default();
    text.push(char::from(b'0' + digit));
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;

    fn check(at: Timestamp) -> serde_json::Result<()> {
        let date = Offset::UTC.to_datetime(at).date();
        assert_eq!(serde_json::to_string(&Iso(at))?, format!("\"{at}\""));
        assert_eq!(serde_json::to_string(&Iso(date))?, format!("\"{date}\""));
        Ok(())
    }

    #[test]
    fn the_ends_of_the_calendar_are_written_as_the_library_writes_them() -> serde_json::Result<()> {
        check(Timestamp::MIN)?;
        check(Timestamp::MAX)?;
        check(Timestamp::UNIX_EPOCH)?;
        for date in [Date::MIN, Date::MAX, Date::ZERO] {
            assert_eq!(serde_json::to_string(&Iso(date))?, format!("\"{date}\""));
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn any_instant_is_written_as_the_library_writes_it(
            second in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
            nanosecond in prop_oneof![0..1_000_000_000_i32, (0..1_000_i32).prop_map(|milli| milli * 1_000_000)],
        ) {
            if let Ok(at) = Timestamp::new(second, nanosecond) {
                check(at)?;
            }
        }
    }
}
