//! Due dates as words and as groups of a list.

use jiff::civil::Date;

use crate::domain::when::{Calendar, Days};

/// A heading of a list that is ordered by due date, in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueGroup {
    /// Before today.
    Overdue,
    /// Today.
    Today,
    /// Tomorrow, even if that is the first day of next week.
    Tomorrow,
    /// This week, after tomorrow.
    ThisWeek,
    /// The week after this one.
    NextWeek,
    /// After that.
    Later,
    /// Without a due date.
    NoDate,
}

impl DueGroup {
    /// All groups, in order.
    pub const ALL: [Self; 7] = [
        Self::Overdue,
        Self::Today,
        Self::Tomorrow,
        Self::ThisWeek,
        Self::NextWeek,
        Self::Later,
        Self::NoDate,
    ];

    /// The heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Overdue => "Overdue",
            Self::Today => "Today",
            Self::Tomorrow => "Tomorrow",
            Self::ThisWeek => "This week",
            Self::NextWeek => "Next week",
            Self::Later => "Later",
            Self::NoDate => "No date",
        }
    }

    /// Returns the due dates of the group: an empty range if the group cannot have a
    /// todo, `None` for todos without a date.
    #[must_use]
    pub fn days(self, calendar: Calendar) -> Option<Days> {
        let today = calendar.today;
        let tomorrow = today.tomorrow().ok();
        let after_tomorrow = tomorrow.and_then(|day| day.tomorrow().ok());
        let week_ends = |weeks| calendar.week_days(weeks).and_then(|week| week.to);
        let from = |from: Option<Date>, to: Option<Date>| Days { from, to };
        Some(match self {
            Self::Overdue => from(None, Some(today.yesterday().ok()?)),
            Self::Today => Days::on(today),
            Self::Tomorrow => Days::on(tomorrow?),
            Self::ThisWeek => from(Some(after_tomorrow?), Some(week_ends(0)?)),
            Self::NextWeek => {
                let begins = calendar.week_days(1)?.from;
                from(begins.max(after_tomorrow), Some(week_ends(1)?))
            }
            Self::Later => from(Some(week_ends(1)?.tomorrow().ok()?), None),
            Self::NoDate => return None,
        })
    }
}

/// The groups of a day, to sort many due dates into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueGroups([Option<Days>; DueGroup::ALL.len()]);

impl DueGroups {
    /// The groups of `calendar`.
    #[must_use]
    pub fn of(calendar: Calendar) -> Self {
        Self(DueGroup::ALL.map(|group| group.days(calendar).filter(|days| !days.are_none())))
    }

    /// Returns the group of a todo with this due date.
    #[must_use]
    pub fn group(&self, due: Option<Date>) -> DueGroup {
        let Some(due) = due else {
            return DueGroup::NoDate;
        };
        let mut dated = DueGroup::ALL.into_iter().zip(&self.0);
        let found = dated.find(|(_, days)| days.is_some_and(|days| days.contain(due)));
        found.map_or(DueGroup::Later, |(group, _)| group)
    }
}

/// The urgency of a due date, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Before today.
    Late,
    /// Today.
    Today,
    /// Within seven days.
    Soon,
    /// After that.
    Later,
}

impl Urgency {
    /// Returns the urgency of a due date.
    #[must_use]
    pub fn of(due: Date, today: Date) -> Self {
        match days_until(due, today) {
            ..0 => Self::Late,
            0 => Self::Today,
            1..=7 => Self::Soon,
            _ => Self::Later,
        }
    }
}

/// Returns the due date in words: `3 days late`, `yesterday`, `today`, `tomorrow`, `Sun 29
/// Nov` within seven days, `10 Dec` this year, `Jan 2027` later.
#[must_use]
pub fn in_words(due: Date, today: Date) -> String {
    match days_until(due, today) {
        ..-1 => format!("{} days late", -days_until(due, today)),
        -1 => "yesterday".to_owned(),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        2..=7 => due.strftime("%a %-d %b").to_string(),
        _ => far(due, today),
    }
}

/// As [`in_words`], in at most eight columns: `3d late`, `today`, `tomorrow`, `Sun`
/// within six days, `10 Dec` this year, `Jan 2027` later.
#[must_use]
pub fn in_short(due: Date, today: Date) -> String {
    match days_until(due, today) {
        ..-999 => "late".to_owned(),
        late @ -999..0 => format!("{}d late", -late),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        2..=6 => due.strftime("%a").to_string(),
        _ => far(due, today),
    }
}

/// Returns the distance in words, for details: `3 days ago`, `today`, `in 3 days`.
#[must_use]
pub fn distance(day: Date, today: Date) -> String {
    match days_until(day, today) {
        ..-1 => format!("{} days ago", -days_until(day, today)),
        -1 => "yesterday".to_owned(),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

fn far(due: Date, today: Date) -> String {
    let form = if due.year() == today.year() {
        "%-d %b"
    } else {
        "%b %Y"
    };
    due.strftime(form).to_string()
}

fn days_until(day: Date, today: Date) -> i32 {
    today.until(day).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, Weekday, date as day};
    use proptest::prelude::*;

    use super::{DueGroup, DueGroups, Urgency, distance, in_short, in_words};
    use crate::domain::when::Calendar;

    /// A Thursday.
    const TODAY: Date = day(2026, 11, 26);

    #[test]
    fn due_dates_have_words() {
        for (due, words, short, distant) in [
            (day(2026, 11, 23), "3 days late", "3d late", "3 days ago"),
            (day(2026, 11, 24), "2 days late", "2d late", "2 days ago"),
            (day(2026, 11, 25), "yesterday", "1d late", "yesterday"),
            (TODAY, "today", "today", "today"),
            (day(2026, 11, 27), "tomorrow", "tomorrow", "tomorrow"),
            (day(2026, 11, 29), "Sun 29 Nov", "Sun", "in 3 days"),
            (day(2026, 12, 2), "Wed 2 Dec", "Wed", "in 6 days"),
            (day(2026, 12, 3), "Thu 3 Dec", "3 Dec", "in 7 days"),
            (day(2026, 12, 4), "4 Dec", "4 Dec", "in 8 days"),
            (day(2026, 12, 10), "10 Dec", "10 Dec", "in 14 days"),
            (day(2027, 1, 5), "Jan 2027", "Jan 2027", "in 40 days"),
            (day(2023, 1, 1), "1425 days late", "late", "1425 days ago"),
        ] {
            assert_eq!(in_words(due, TODAY), words);
            assert_eq!(in_short(due, TODAY), short);
            assert_eq!(distance(due, TODAY), distant);
        }
        let new_year = day(2027, 1, 2);
        assert_eq!(in_words(new_year, day(2026, 12, 30)), "Sat 2 Jan");
    }

    #[test]
    fn a_due_date_is_as_urgent_as_it_is_near() {
        for (due, urgency) in [
            (day(2026, 11, 25), Urgency::Late),
            (TODAY, Urgency::Today),
            (day(2026, 11, 27), Urgency::Soon),
            (day(2026, 12, 3), Urgency::Soon),
            (day(2026, 12, 4), Urgency::Later),
        ] {
            assert_eq!(Urgency::of(due, TODAY), urgency, "{due}");
        }
    }

    #[test]
    fn the_more_specific_group_wins() {
        use DueGroup::{Later, NextWeek, NoDate, Overdue, ThisWeek, Today, Tomorrow};
        let monday = Weekday::Monday;
        for (today, week_start, due, group) in [
            (TODAY, monday, (11, 25), Overdue),
            (TODAY, monday, (11, 26), Today),
            (TODAY, monday, (11, 27), Tomorrow),
            (TODAY, monday, (11, 28), ThisWeek),
            (TODAY, monday, (11, 29), ThisWeek),
            (TODAY, monday, (11, 30), NextWeek),
            (TODAY, monday, (12, 6), NextWeek),
            (TODAY, monday, (12, 7), Later),
            (TODAY, Weekday::Sunday, (11, 28), ThisWeek),
            (TODAY, Weekday::Sunday, (11, 29), NextWeek),
            (TODAY, Weekday::Sunday, (12, 6), Later),
            (TODAY, Weekday::Saturday, (11, 28), NextWeek),
            // On a Sunday next week begins tomorrow.
            (day(2026, 11, 29), monday, (11, 30), Tomorrow),
            (day(2026, 11, 29), monday, (12, 1), NextWeek),
            (day(2026, 11, 29), Weekday::Sunday, (12, 1), ThisWeek),
        ] {
            let calendar = Calendar { today, week_start };
            let due = day(2026, due.0, due.1);
            let groups = DueGroups::of(calendar);
            assert_eq!(groups.group(Some(due)), group, "{today} {due}");
        }
        let groups = DueGroups::of(Calendar::new(TODAY));
        assert_eq!(groups.group(None), NoDate);
        let far = Some(day(2031, 1, 1));
        assert_eq!(groups.group(far), Later);
    }

    proptest! {
        #[test]
        fn each_day_is_in_one_group_and_groups_are_in_order(
            offset in -20..40_i32,
            start in 0..7_i8,
            today in 0..7_i32,
        ) {
            let today = TODAY.checked_add(jiff::Span::new().days(today))?;
            let week_start = Weekday::from_monday_zero_offset(start)?;
            let calendar = Calendar { today, week_start };
            let due = today.checked_add(jiff::Span::new().days(offset))?;
            let within = DueGroup::ALL
                .into_iter()
                .filter(|group| group.days(calendar).is_some_and(|days| !days.are_none() && days.contain(due)))
                .count();
            prop_assert_eq!(within, 1);
            let next = due.tomorrow()?;
            let groups = DueGroups::of(calendar);
            prop_assert!(groups.group(Some(due)) <= groups.group(Some(next)));
        }
    }
}
