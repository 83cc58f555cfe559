//! A list of todos, as the store answers it.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::key::Key;
use crate::domain::todo::Todo;

/// Where a window lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// At the first row.
    Top,
    /// At the last row.
    Bottom,
    /// With this todo in the middle; [`Around::Top`] when it is not in the list.
    Key(Key),
}

/// Some rows of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// The rows.
    pub rows: Vec<Todo>,
    /// Whether the list goes on before the first row.
    pub more_above: bool,
    /// Whether the list goes on after the last row.
    pub more_below: bool,
}

/// What a handle names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Nothing.
    Nothing,
    /// Exactly one todo.
    One(Todo),
    /// A prefix of several keys.
    Several(Vec<Todo>),
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Shown and open.
    pub open: u64,
    /// Shown and done.
    pub done: u64,
    /// Outbox entries that wait to be sent.
    pub pending: u64,
    /// Outbox entries sent whose answer has not been seen.
    pub sent: u64,
    /// Outbox entries refused.
    pub rejected: u64,
}

/// Todos with one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagCount {
    /// The tag with its sign, in its most used spelling: `+work`.
    pub tag: String,
    /// Open todos, without those that wait.
    pub open: u64,
    /// Done todos.
    pub done: u64,
}

/// The numbers of todos in the built-in views on one day. Waiting todos count
/// only as waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ViewCounts {
    /// Open.
    pub open: u64,
    /// Open, and not shown until a later day.
    pub waiting: u64,
    /// Open, without a due date.
    pub no_date: u64,
    /// Open, due before the day.
    pub overdue: u64,
    /// Open, due on the day.
    pub due_today: u64,
    /// Open, due from the day to the end of Upcoming.
    pub upcoming: u64,
    /// Done.
    pub done: u64,
}

/// The longest that a server is left alone for because it asked to be.
pub const LONGEST_REST: Duration = Duration::from_hours(1);

/// How fresh base is, and how the last tries went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Freshness {
    /// When the last complete pull began; `None` when there was none yet.
    pub as_of: Option<Timestamp>,
    /// When the server last could not be reached, if that is the latest news.
    pub failed_at: Option<Timestamp>,
    /// Until when the server asked to be left alone when it last asked; at most
    /// [`LONGEST_REST`] after `failed_at`.
    pub rest_until: Option<Timestamp>,
    /// Whether the rows are those of before the server was reset, shown until
    /// what it has now is pulled.
    pub stale: bool,
}

impl Freshness {
    /// Until when the server wants no request, if it does not want one `now`.
    /// Where the last failure lies in the future the clock was set back, and
    /// nobody knows.
    #[must_use]
    pub fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        let began = self.failed_at.is_some_and(|at| at <= now);
        self.rest_until.filter(|until| began && now < *until)
    }
}
