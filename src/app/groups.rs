//! Headings between the rows of an ordered list.

use crate::domain::due::{DueGroup, DueGroups};
use crate::domain::line::Line;
use crate::domain::query::{Query, Scope, Sort};
use crate::domain::when::Calendar;

/// A heading between rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// Rows of this group by due date.
    Due(DueGroup),
    /// Rows of this priority; `None` for those without one.
    Priority(Option<char>),
}

impl Heading {
    /// Its text.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Due(group) => group.heading().to_owned(),
            Self::Priority(Some(letter)) => format!("Priority {letter}"),
            Self::Priority(None) => "No priority".to_owned(),
        }
    }
}

/// How the rows of a list are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grouping {
    by: Sort,
    due: DueGroups,
}

impl Grouping {
    /// The groups of a list of open todos that is ordered by due date or
    /// priority; other lists have none.
    #[must_use]
    pub fn of(query: &Query, calendar: Calendar) -> Option<Self> {
        let grouped = matches!(query.sort, Sort::Due | Sort::Priority);
        (grouped && query.scope == Scope::Open).then_some(Self {
            by: query.sort,
            due: DueGroups::of(calendar),
        })
    }

    /// The group of a row with this text.
    #[must_use]
    pub fn heading(self, text: &str) -> Heading {
        let line = Line::new(text);
        match self.by {
            Sort::Priority => {
                Heading::Priority(line.priority().map(crate::domain::line::Priority::letter))
            }
            Sort::Due | Sort::Server | Sort::Created | Sort::Text => {
                Heading::Due(self.due.group(line.due()))
            }
        }
    }
}
