//! Lists of todos as the store returns them, totals and freshness.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::key::Key;
use crate::domain::todo::Todo;

/// The position of a window in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// At the first row.
    Top,
    /// At the last row.
    Bottom,
    /// With this todo in the middle; as [`Around::Top`] if it is not in the list.
    Key(Key),
}

/// Some rows of a list, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// The rows.
    pub rows: Vec<Todo>,
    /// Whether there are rows before the first one.
    pub more_above: bool,
    /// Whether there are rows after the last one.
    pub more_below: bool,
}

/// The result of resolving a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// No todo.
    Nothing,
    /// Exactly one todo.
    One(Todo),
    /// Several todos: a prefix of their keys.
    Several(Vec<Todo>),
}

/// Numbers of todos and of outbox entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Shown and open.
    pub open: u64,
    /// Shown and done.
    pub done: u64,
    /// Outbox entries not sent yet.
    pub pending: u64,
    /// Outbox entries sent and not answered yet.
    pub sent: u64,
    /// Rejected outbox entries.
    pub rejected: u64,
}

/// Todos with one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagCount {
    /// The tag with its sign, in its most used spelling: `+work`.
    pub tag: String,
    /// Open todos that do not wait.
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
    /// Open, and hidden until a later day.
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

/// The numbers of open todos in the groups by due date, in the order of
/// [`DueGroup::ALL`](crate::domain::due::DueGroup::ALL). Waiting todos do not count.
pub type DueCounts = [u64; 7];

/// The longest pause that a server can ask for.
pub const LONGEST_REST: Duration = Duration::from_hours(1);

/// The age of base, and the outcome of the last attempts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Freshness {
    /// When the last complete pull began; `None` before the first one.
    pub as_of: Option<Timestamp>,
    /// When the last attempt failed; `None` if it succeeded.
    pub failed_at: Option<Timestamp>,
    /// The end of the last pause that the server asked for; at most
    /// [`LONGEST_REST`] after `failed_at`.
    pub rest_until: Option<Timestamp>,
    /// Whether the rows are older than a reset of the server: they are shown until the
    /// new ones are pulled.
    pub stale: bool,
}

impl Freshness {
    /// Returns the end of the pause that the server asked for, if `now` is in it. `None`
    /// if the last failure is in the future: the clock was set back.
    #[must_use]
    pub fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        let began = self.failed_at.is_some_and(|at| at <= now);
        self.rest_until.filter(|until| began && now < *until)
    }
}
