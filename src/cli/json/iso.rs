//! Dates and instants in ISO 8601, printed without `Display`, which takes longer: a list
//! has many.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::DateTimePrinter;

const PRINTER: DateTimePrinter = DateTimePrinter::new();

/// Appends a date in quotes.
pub(super) fn append_date(json: &mut Vec<u8>, date: Date) {
    json.push(b'"');
    // Writing to a `Vec` cannot fail.
    let _ = PRINTER.print_date(&date, &mut *json);
    json.push(b'"');
}

/// Appends an instant in quotes.
pub(super) fn append_instant(json: &mut Vec<u8>, at: Timestamp) {
    json.push(b'"');
    let _ = PRINTER.print_timestamp(&at, &mut *json);
    json.push(b'"');
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;
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
