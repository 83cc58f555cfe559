//! Repeating todos: the rule (`rec:1w`), and the successor of a completed todo.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::domain::line::Line;
use crate::domain::when::quantity;

/// The rule of a repeating todo: `1w`, or `+1w` counted from the due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recurrence {
    /// The number of units; at least 1.
    count: u16,
    unit: Unit,
    /// Counts from the old due date, not from the day of completion.
    from_due: bool,
}

/// The unit of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Days,
    /// Monday to Friday.
    WorkingDays,
    Weeks,
    Months,
    Years,
}

impl Recurrence {
    /// Reads the value of `rec:`: `1d`, `2b`, `+1w`, `3m`, `1y`; upper or lower
    /// case.
    #[must_use]
    pub fn parse(rule: &str) -> Option<Self> {
        let lower = rule.to_ascii_lowercase();
        let (from_due, rule) = match lower.strip_prefix('+') {
            Some(rule) => (true, rule),
            None => (false, lower.as_str()),
        };
        let (count, unit) = quantity(rule)?;
        let unit = match unit {
            "d" => Unit::Days,
            "b" => Unit::WorkingDays,
            "w" => Unit::Weeks,
            "m" => Unit::Months,
            "y" => Unit::Years,
            _ => return None,
        };
        (count > 0).then_some(Self {
            count,
            unit,
            from_due,
        })
    }

    /// Returns the rule in words: `weekly`, `every 2 working days`, `monthly from the due
    /// date`.
    #[must_use]
    pub fn words(self) -> String {
        let (once, units) = match self.unit {
            Unit::Days => ("daily", "days"),
            Unit::WorkingDays => ("every working day", "working days"),
            Unit::Weeks => ("weekly", "weeks"),
            Unit::Months => ("monthly", "months"),
            Unit::Years => ("yearly", "years"),
        };
        let words = match self.count {
            1 => once.to_owned(),
            count => format!("every {count} {units}"),
        };
        if self.from_due {
            format!("{words} from the due date")
        } else {
            words
        }
    }

    /// Returns the day one interval after `day`. 31 January + 1 month is the last day of
    /// February; a working day after a Saturday is Monday. `None` beyond the
    /// year 9999.
    #[must_use]
    pub fn after(self, day: Date) -> Option<Date> {
        let count = i32::from(self.count);
        let span = match self.unit {
            Unit::Days => count.days(),
            Unit::Weeks => count.weeks(),
            Unit::Months => count.months(),
            Unit::Years => count.years(),
            Unit::WorkingDays => return working_days_after(day, count),
        };
        day.checked_add(span).ok()
    }

    /// Returns the dates of the successor of a todo that is completed on this day.
    #[must_use]
    pub fn next(self, line: Line<'_>, completed_on: Date) -> Option<Next> {
        let (due, start) = (line.due(), line.start());
        let counts_from = |old: Option<Date>| match old {
            Some(old) if self.from_due => old,
            _ => completed_on,
        };
        Some(match (due, start) {
            (None, None) => Next {
                due: self.after(completed_on),
                start: None,
            },
            (None, Some(_)) => Next {
                due: None,
                start: Some(self.after(counts_from(start))?),
            },
            (Some(old), start) => {
                let due = self.after(counts_from(due))?;
                let start = match start {
                    Some(start) => Some(due.checked_sub(start.until(old).ok()?).ok()?),
                    None => None,
                };
                Next {
                    due: Some(due),
                    start,
                }
            }
        })
        .filter(|next| next.due.is_some() || next.start.is_some())
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.from_due { "+" } else { "" };
        let unit = match self.unit {
            Unit::Days => 'd',
            Unit::WorkingDays => 'b',
            Unit::Weeks => 'w',
            Unit::Months => 'm',
            Unit::Years => 'y',
        };
        write!(f, "{sign}{}{unit}", self.count)
    }
}

fn working_days_after(day: Date, count: i32) -> Option<Date> {
    // From a weekend, counting starts on the Friday before.
    let monday = i32::from(day.weekday().to_monday_zero_offset());
    let (back, weekday) = if monday > 4 {
        (monday - 4, 4)
    } else {
        (0, monday)
    };
    let weekends = (weekday + count) / 5;
    day.checked_add((count + 2 * weekends - back).days()).ok()
}

/// The dates of a successor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// The due date.
    pub due: Option<Date>,
    /// The day until which it waits.
    pub start: Option<Date>,
}

/// Returns the text of the successor when `before` became `done`: an open line with
/// the next dates and without a creation date. `None` if nothing was completed, if
/// the completed line has no rule, or if the words of the open line would be read as
/// something else.
///
/// A done line without a date was completed on `today`.
#[must_use]
pub fn successor(before: &str, done: &str, today: Date) -> Option<String> {
    let line = Line::new(done);
    if Line::new(before).is_done() || !line.is_done() {
        return None;
    }
    let rule = line.recurrence()?;
    let next = rule.next(line, line.completed_on().unwrap_or(today))?;
    let open = Line::new(done).reopened().ok()?;
    let open = Line::new(&open).without_creation_date();
    let open = match next.due {
        Some(due) => Line::new(&open).with_due(Some(due)).ok()?,
        None => open,
    };
    match next.start {
        Some(start) => Line::new(&open).with_start(Some(start)).ok(),
        None => Some(open),
    }
}

#[cfg(test)]
mod tests;
