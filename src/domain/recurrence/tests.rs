//! Every expected date was counted by hand in a printed calendar.

use jiff::civil::{Date, Weekday, date as day};
use proptest::prelude::*;

use super::{Next, Recurrence, successor};
use crate::domain::line::Line;

/// A Tuesday.
const TODAY: Date = day(2026, 11, 24);

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn rule(rule: &str) -> Option<Recurrence> {
    Recurrence::parse(rule)
}

#[test]
fn rules_are_read_and_written() {
    for text in ["1d", "2b", "1w", "+1w", "3m", "+1y", "9999d"] {
        let written = rule(text).map(|rule| rule.to_string());
        assert_eq!(written.as_deref(), Some(text));
    }
    assert_eq!(rule("+1W"), rule("+1w"));
    for none in [
        "", "w", "0d", "1", "1x", "-1d", "++1d", "1.5d", "12345d", "1é",
    ] {
        assert_eq!(rule(none), None, "{none}");
    }
}

#[test]
fn rules_have_words() {
    for (text, words) in [
        ("1d", "daily"),
        ("1w", "weekly"),
        ("+1m", "monthly from the due date"),
        ("2w", "every 2 weeks"),
        ("1b", "every working day"),
        ("+3b", "every 3 working days from the due date"),
        ("1y", "yearly"),
    ] {
        assert_eq!(rule(text).map(Recurrence::words).as_deref(), Some(words));
    }
}

#[test]
fn an_interval_ends_where_the_calendar_says() {
    for (from, text, to) in [
        // Days and weeks over the ends of months and years.
        (day(2026, 2, 28), "1d", day(2026, 3, 1)),
        (day(2028, 2, 28), "1d", day(2028, 2, 29)),
        (day(2026, 12, 31), "1d", day(2027, 1, 1)),
        (day(2026, 12, 28), "1w", day(2027, 1, 4)),
        (day(2028, 2, 24), "1w", day(2028, 3, 2)),
        // Months end on their last day.
        (day(2026, 1, 31), "1m", day(2026, 2, 28)),
        (day(2028, 1, 31), "1m", day(2028, 2, 29)),
        (day(2026, 1, 31), "2m", day(2026, 3, 31)),
        (day(2026, 1, 30), "1m", day(2026, 2, 28)),
        (day(2026, 5, 31), "1m", day(2026, 6, 30)),
        (day(2026, 11, 30), "3m", day(2027, 2, 28)),
        (day(2026, 2, 28), "1m", day(2026, 3, 28)),
        (day(2026, 12, 31), "1m", day(2027, 1, 31)),
        // Years and the 29 of February.
        (day(2028, 2, 29), "1y", day(2029, 2, 28)),
        (day(2028, 2, 29), "4y", day(2032, 2, 29)),
        (day(2096, 2, 29), "4y", day(2100, 2, 28)),
        // Working days: 24 November 2026 is a Tuesday.
        (day(2026, 11, 24), "1b", day(2026, 11, 25)),
        (day(2026, 11, 24), "3b", day(2026, 11, 27)),
        (day(2026, 11, 24), "4b", day(2026, 11, 30)),
        (day(2026, 11, 24), "5b", day(2026, 12, 1)),
        (day(2026, 11, 27), "1b", day(2026, 11, 30)),
        (day(2026, 11, 27), "5b", day(2026, 12, 4)),
        (day(2026, 11, 27), "6b", day(2026, 12, 7)),
        (day(2026, 11, 28), "1b", day(2026, 11, 30)),
        (day(2026, 11, 28), "5b", day(2026, 12, 4)),
        (day(2026, 11, 29), "1b", day(2026, 11, 30)),
        (day(2026, 11, 29), "2b", day(2026, 12, 1)),
        (day(2026, 11, 30), "10b", day(2026, 12, 14)),
        (day(2026, 12, 31), "1b", day(2027, 1, 1)),
    ] {
        let found = rule(text).and_then(|rule| rule.after(from));
        assert_eq!(found, Some(to), "{from} + {text}");
    }
    let beyond = rule("1y").and_then(|rule| rule.after(day(9999, 6, 1)));
    assert_eq!(beyond, None);
}

#[test]
fn the_dates_of_a_successor_follow_the_rule() {
    let due = |due: Date| Next {
        due: Some(due),
        start: None,
    };
    for (text, next) in [
        // From the day of completion, or from the old due date.
        ("a due:2026-11-20 rec:1w", due(day(2026, 12, 1))),
        ("a due:2026-11-20 rec:+1w", due(day(2026, 11, 27))),
        ("a due:2026-12-24 rec:+1m", due(day(2027, 1, 24))),
        // One interval, even if that is still past.
        ("a due:2026-01-01 rec:+1w", due(day(2026, 1, 8))),
        // Without dates it gets one.
        ("a rec:1w", due(day(2026, 12, 1))),
        ("a rec:+1w", due(day(2026, 12, 1))),
        // `t:` keeps its distance.
        (
            "a due:2026-11-20 t:2026-11-17 rec:1w",
            Next {
                due: Some(day(2026, 12, 1)),
                start: Some(day(2026, 11, 28)),
            },
        ),
        (
            "a due:2026-01-31 t:2026-01-30 rec:+1m",
            Next {
                due: Some(day(2026, 2, 28)),
                start: Some(day(2026, 2, 27)),
            },
        ),
        (
            "a due:2026-11-20 t:2026-11-25 rec:1w",
            Next {
                due: Some(day(2026, 12, 1)),
                start: Some(day(2026, 12, 6)),
            },
        ),
        // A start alone moves as a due date does.
        (
            "a t:2026-11-20 rec:1w",
            Next {
                due: None,
                start: Some(day(2026, 12, 1)),
            },
        ),
        (
            "a t:2026-11-20 rec:+1w",
            Next {
                due: None,
                start: Some(day(2026, 11, 27)),
            },
        ),
    ] {
        let line = Line::new(text);
        let found = line.recurrence().and_then(|rule| rule.next(line, TODAY));
        assert_eq!(found, Some(next), "{text}");
    }
}

#[test]
fn a_successor_is_the_line_open_again_with_the_next_dates() {
    for (before, done, expected) in [
        (
            "(A) water +home due:2026-11-24 rec:1w",
            "x 2026-11-24 water +home due:2026-11-24 rec:1w pri:A",
            Some("(A) water +home due:2026-12-01 rec:1w"),
        ),
        (
            "2026-10-01 a rec:1d",
            "x 2026-11-24 2026-10-01 a rec:1d",
            Some("a rec:1d due:2026-11-25"),
        ),
        (
            "(B) 2026-10-01 a  b rec:1d ",
            "x 2026-11-24 2026-10-01 a  b rec:1d  pri:B",
            Some("(B) a  b rec:1d due:2026-11-25 "),
        ),
        // The rule, the day and the words of the line as completed.
        (
            "a rec:1d",
            "x 2026-11-20 b due:2026-11-20 rec:+1w",
            Some("b due:2026-11-27 rec:+1w"),
        ),
        ("a", "x a rec:1d", Some("a rec:1d due:2026-11-25")),
        // As other programs write it.
        (
            "(A) a rec:1d",
            "x (A) 2026-11-24 2026-10-01 a rec:1d",
            Some("(A) a rec:1d due:2026-11-25"),
        ),
        // The first rule that can be read counts.
        (
            "a rec:x rec:1d",
            "x 2026-11-24 a rec:x rec:1d",
            Some("a rec:x rec:1d due:2026-11-25"),
        ),
        ("a rec:1d", "x 2026-11-24 a", None),
        ("a", "x 2026-11-24 a rec:", None),
        ("x 2026-11-24 a rec:1d", "x 2026-11-24 b rec:1d", None),
        ("x a rec:1d", "a rec:1d", None),
        // Open, the words would be a done todo.
        ("(A) x a rec:1d", "x 2026-11-24 x a rec:1d", None),
    ] {
        let found = successor(before, done, TODAY);
        assert_eq!(found.as_deref(), expected, "{before} → {done}");
    }
}

proptest! {
    #[test]
    fn working_days_skip_weekends(
        days in 0..3_000_i64,
        count in 1..60_u16,
    ) {
        let from = TODAY.checked_add(jiff::Span::new().days(days))?;
        let rule = Recurrence::parse(&format!("{count}b"));
        let to = rule.and_then(|rule| rule.after(from));
        let Some(to) = to else { return Err(TestCaseError::fail("no date")) };
        prop_assert!(!is_weekend(to));
        let between = std::iter::successors(from.tomorrow().ok(), |day| day.tomorrow().ok())
            .take_while(|day| *day <= to)
            .filter(|day| !is_weekend(*day))
            .count();
        prop_assert_eq!(between, usize::from(count));
    }

    #[test]
    fn any_texts_have_a_successor_that_is_open_or_none(
        before in "(\\([AB]\\) )?([ab +]|due:2026-11-2[0-9] |t:2026-11-2[0-9] |rec:\\+?[0-9][dbwmy] ){0,6}",
    ) {
        let done = Line::new(&before).completed(TODAY);
        if let Some(next) = successor(&before, &done, TODAY) {
            let line = Line::new(&next);
            prop_assert!(!line.is_done());
            prop_assert_eq!(line.priority(), Line::new(&before).priority());
            prop_assert_eq!(line.recurrence(), Line::new(&before).recurrence());
            prop_assert!(line.due().is_some() || line.start().is_some());
            prop_assert_eq!(line.created_on(), None);
        }
    }
}
