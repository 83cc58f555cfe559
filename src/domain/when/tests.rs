//! Every expected date was looked up in a printed calendar.

use jiff::civil::{Date, Weekday, date as day};
use jiff::tz::TimeZone;

use super::{Calendar, DAY_HELP, Days, DaysError, RANGE_HELP, date, day_begins, days};

/// A Tuesday.
const TODAY: Date = day(2026, 11, 24);

fn calendar(today: Date, week_start: Weekday) -> Calendar {
    Calendar { today, week_start }
}

#[test]
fn date_words_are_parsed_ignoring_case() {
    for (word, expected) in [
        ("2026-12-01", day(2026, 12, 1)),
        ("Today", TODAY),
        ("tomorrow", day(2026, 11, 25)),
        ("yesterday", day(2026, 11, 23)),
        ("fri", day(2026, 11, 27)),
        ("TUESDAY", day(2026, 12, 1)),
        ("+3d", day(2026, 11, 27)),
        ("+2w", day(2026, 12, 8)),
        ("+3m", day(2027, 2, 24)),
        ("+1y", day(2027, 11, 24)),
        ("-2W", day(2026, 11, 10)),
    ] {
        assert_eq!(date(word, TODAY), Some(expected), "{word}");
    }
}

#[test]
fn months_and_years_end_on_their_last_day() {
    for (today, word, expected) in [
        (day(2026, 1, 31), "+1m", day(2026, 2, 28)),
        (day(2028, 1, 31), "+1m", day(2028, 2, 29)),
        (day(2028, 2, 29), "+1y", day(2029, 2, 28)),
        (day(2028, 2, 29), "+4y", day(2032, 2, 29)),
        (day(2026, 8, 31), "+1m", day(2026, 9, 30)),
        (day(2026, 3, 31), "-1m", day(2026, 2, 28)),
        (day(2026, 12, 31), "+1d", day(2027, 1, 1)),
        (day(2028, 2, 28), "+1d", day(2028, 2, 29)),
        (day(2026, 2, 28), "+1d", day(2026, 3, 1)),
        (day(2026, 12, 30), "+1w", day(2027, 1, 6)),
    ] {
        assert_eq!(date(word, today), Some(expected), "{today} {word}");
    }
}

#[test]
fn other_words_are_no_dates() {
    for word in [
        "",
        "soon",
        "+",
        "-",
        "+d",
        "+-3d",
        "+99999d",
        "+9999y",
        "-9999y",
        "+3é",
        "2026-02-30",
        "2026-2-3",
        "this-week",
    ] {
        assert_eq!(date(word, TODAY), None, "{word}");
    }
}

#[test]
fn weeks_begin_on_the_configured_day() {
    let sunday = day(2026, 11, 29);
    for (today, week_start, this, next) in [
        (TODAY, Weekday::Monday, (11, 23, 11, 29), (11, 30, 12, 6)),
        (TODAY, Weekday::Sunday, (11, 22, 11, 28), (11, 29, 12, 5)),
        (TODAY, Weekday::Saturday, (11, 21, 11, 27), (11, 28, 12, 4)),
        (TODAY, Weekday::Tuesday, (11, 24, 11, 30), (12, 1, 12, 7)),
        (sunday, Weekday::Monday, (11, 23, 11, 29), (11, 30, 12, 6)),
        (sunday, Weekday::Sunday, (11, 29, 12, 5), (12, 6, 12, 12)),
        (sunday, Weekday::Saturday, (11, 28, 12, 4), (12, 5, 12, 11)),
    ] {
        let between = |(m1, d1, m2, d2)| Days::between(day(2026, m1, d1), day(2026, m2, d2));
        let calendar = calendar(today, week_start);
        assert_eq!(days("this-week", calendar), Ok(between(this)));
        assert_eq!(days("Next-Week", calendar), Ok(between(next)));
    }
    let new_year = calendar(day(2027, 1, 1), Weekday::Monday);
    let over_new_year = Days::between(day(2026, 12, 28), day(2027, 1, 3));
    assert_eq!(days("this-week", new_year), Ok(over_new_year));
    let last = Days::between(day(2026, 12, 21), day(2026, 12, 27));
    assert_eq!(days("last-week", new_year), Ok(last));
}

#[test]
fn months_are_whole() {
    let leap = Calendar::new(day(2028, 1, 31));
    for (word, from, to) in [
        ("this-month", day(2028, 1, 1), day(2028, 1, 31)),
        ("next-month", day(2028, 2, 1), day(2028, 2, 29)),
        ("last-month", day(2027, 12, 1), day(2027, 12, 31)),
        ("2026-02", day(2026, 2, 1), day(2026, 2, 28)),
        ("2026-12", day(2026, 12, 1), day(2026, 12, 31)),
    ] {
        assert_eq!(days(word, leap), Ok(Days::between(from, to)), "{word}");
    }
    assert_eq!(days("2026-13", leap), Err(DaysError::Unknown));
}

#[test]
fn ranges_include_both_ends_and_may_be_open() {
    let calendar = Calendar::new(TODAY);
    let friday = day(2026, 11, 27);
    for (word, expected) in [
        ("today..fri", Days::between(TODAY, friday)),
        ("..fri", Days::until(friday)),
        (
            "2026-11..2026-12",
            Days::between(day(2026, 11, 1), day(2026, 12, 31)),
        ),
        (
            "this-week..next-week",
            Days::between(day(2026, 11, 23), day(2026, 12, 6)),
        ),
        (
            "tomorrow..",
            Days {
                from: Some(day(2026, 11, 25)),
                to: None,
            },
        ),
        ("today..today", Days::on(TODAY)),
    ] {
        assert_eq!(days(word, calendar), Ok(expected), "{word}");
    }
    for reversed in ["fri..today", "2026-12..2026-11", "today..yesterday"] {
        assert!(matches!(
            days(reversed, calendar),
            Err(DaysError::Reversed(days)) if days.are_none()
        ));
    }
    for unknown in ["..", "a..b", "today...fri", "today..soon", ""] {
        assert_eq!(days(unknown, calendar), Err(DaysError::Unknown));
    }
}

#[test]
fn the_help_lists_only_valid_forms() {
    let calendar = Calendar::new(TODAY);
    for entry in DAY_HELP {
        for word in entry.examples {
            assert!(date(word, TODAY).is_some(), "{word}");
        }
    }
    for word in RANGE_HELP.iter().flat_map(|entry| entry.examples) {
        let only_due = *word == "overdue";
        assert_eq!(days(word, calendar).is_ok(), !only_due, "{word}");
    }
}

#[test]
fn a_day_begins_where_the_user_is() -> Result<(), jiff::Error> {
    for (zone, today, begins) in [
        // UTC+14: the first place to see a day.
        ("Pacific/Kiritimati", TODAY, "2026-11-23T10:00:00Z"),
        ("Pacific/Pago_Pago", TODAY, "2026-11-24T11:00:00Z"),
        ("UTC", TODAY, "2026-11-24T00:00:00Z"),
        // Summer time ends and begins on these days.
        ("Europe/Berlin", day(2026, 10, 25), "2026-10-24T22:00:00Z"),
        ("Europe/Berlin", day(2026, 10, 26), "2026-10-25T23:00:00Z"),
        ("America/New_York", day(2026, 3, 8), "2026-03-08T05:00:00Z"),
        ("America/New_York", day(2026, 3, 9), "2026-03-09T04:00:00Z"),
        // The clocks skipped midnight: the day began at one o'clock.
        (
            "America/Sao_Paulo",
            day(2018, 11, 4),
            "2018-11-04T03:00:00Z",
        ),
    ] {
        let zone = TimeZone::get(zone)?;
        let begins = begins.parse()?;
        assert_eq!(day_begins(today, &zone), Some(begins), "{zone:?} {today}");
        let calendar = Calendar::at(begins, &zone, Weekday::Monday);
        assert_eq!(calendar.today, today, "{zone:?}");
        let just_before = begins - jiff::SignedDuration::from_nanos(1);
        let before = Calendar::at(just_before, &zone, Weekday::Monday);
        assert_eq!(Some(before.today), today.yesterday().ok(), "{zone:?}");
    }
    Ok(())
}

#[test]
fn days_as_instants_are_as_long_as_they_are() -> Result<(), jiff::Error> {
    let zone = TimeZone::get("Europe/Berlin")?;
    for (date, hours) in [
        (day(2026, 3, 29), 23),
        (day(2026, 10, 25), 25),
        (day(2026, 11, 24), 24),
    ] {
        let (Some(from), Some(after)) = Days::on(date).instants(&zone) else {
            return Err(jiff::Error::from_args(format_args!("no instants")));
        };
        assert_eq!(after.duration_since(from).as_hours(), hours, "{date}");
    }
    assert_eq!(Days::ANY.instants(&zone), (None, None));
    Ok(())
}
