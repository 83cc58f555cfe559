//! Dates and instants in ISO 8601, as jiff's `Display` writes them, but several times
//! faster: a list has many.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// Appends a date in quotes.
pub(super) fn append_date(json: &mut Vec<u8>, date: Date) {
    json.push(b'"');
    push_date(json, date);
    json.push(b'"');
}

/// Appends an instant in quotes.
pub(super) fn append_instant(json: &mut Vec<u8>, at: Timestamp) {
    json.push(b'"');
    push_time(json, Offset::UTC.to_datetime(at));
    json.push(b'"');
}

fn push_time(json: &mut Vec<u8>, at: DateTime) {
    push_date(json, at.date());
    for (sign, number) in [(b'T', at.hour()), (b':', at.minute()), (b':', at.second())] {
        json.push(sign);
        push_two(json, i32::from(number));
    }
    let nanosecond = at.subsec_nanosecond();
    if nanosecond != 0 {
        json.push(b'.');
        for place in [10_000_000, 100_000, 1_000, 10] {
            push_two(json, nanosecond / place % 100);
        }
        push_digit(json, nanosecond % 10);
        while json.pop_if(|digit| *digit == b'0').is_some() {}
    }
    json.push(b'Z');
}

fn push_date(json: &mut Vec<u8>, date: Date) {
    let year = i32::from(date.year());
    if year < 0 {
        // Has another form. Writing to a `Vec` cannot fail.
        let _ = write!(json, "{date}");
        return;
    }
    push_two(json, year / 100);
    push_two(json, year % 100);
    json.push(b'-');
    push_two(json, i32::from(date.month()));
    json.push(b'-');
    push_two(json, i32::from(date.day()));
}

/// Appends a number below 100, in two digits.
fn push_two(json: &mut Vec<u8>, number: i32) {
    push_digit(json, number / 10);
    push_digit(json, number % 10);
}

fn push_digit(json: &mut Vec<u8>, digit: i32) {
    json.push(b'0' + u8::try_from(digit).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;

    fn check(at: Timestamp) {
        let mut json = Vec::new();
        append_instant(&mut json, at);
        assert_eq!(json, format!("\"{at}\"").into_bytes());
        check_date(Offset::UTC.to_datetime(at).date());
    }

    fn check_date(date: Date) {
        let mut json = Vec::new();
        append_date(&mut json, date);
        assert_eq!(json, format!("\"{date}\"").into_bytes());
    }

    #[test]
    fn the_ends_of_the_calendar_are_written_as_the_library_writes_them() {
        for at in [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH] {
            check(at);
        }
        for date in [Date::MIN, Date::MAX, Date::ZERO] {
            check_date(date);
        }
    }

    proptest! {
        #[test]
        fn any_instant_is_written_as_the_library_writes_it(
            second in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
            nanosecond in prop_oneof![0..1_000_000_000_i32, (0..1_000_i32).prop_map(|milli| milli * 1_000_000)],
        ) {
            if let Ok(at) = Timestamp::new(second, nanosecond) {
                check(at);
            }
        }
    }
}
