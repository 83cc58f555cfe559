//! Which todos are listed, and in what order.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::casefold::{same_tag, search_key};
use crate::domain::line::{Line, Priority};
use crate::domain::todo::{State, Todo};
use crate::domain::when::Calendar;
pub use crate::domain::when::Days;

/// Which todos, and in what order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Open ones, done ones, or all.
    pub scope: Scope,
    /// Leaves out open todos that wait beyond this day; `None` leaves out none.
    pub hide_waiting: Option<Date>,
    /// All of these must hold.
    pub terms: Vec<Term>,
    /// In this order; ties are in server order.
    pub sort: Sort,
    /// In the opposite order.
    pub reverse: bool,
}

/// Open ones, done ones, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Only open todos.
    #[default]
    Open,
    /// Only done todos.
    Done,
    /// Both.
    All,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By the server's id, the ones not sent yet last.
    #[default]
    Server,
    /// Earliest due date first, those without one last.
    Due,
    /// `A` first, those without one last.
    Priority,
    /// Oldest first.
    Created,
    /// By folded text.
    Text,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 5] = [
        Self::Server,
        Self::Due,
        Self::Priority,
        Self::Created,
        Self::Text,
    ];

    /// Its name after `--sort`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Due => "due",
            Self::Priority => "priority",
            Self::Created => "created",
            Self::Text => "text",
        }
    }

    /// Reads its [`word`](Self::word), upper or lower case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|sort| word.eq_ignore_ascii_case(sort.word()))
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A substring of the text, both folded (case and accents); not blank.
    Word(String),
    /// `+project`, whole word, case ignored.
    Project(String),
    /// `@context`, whole word, case ignored.
    Context(String),
    /// Due on a day in the range.
    Due(Days),
    /// Waits, or waited, until a day in the range (`t:`).
    Start(Days),
    /// Completed on a day in the range.
    Done(Days),
    /// Changed by the server on a day in the range.
    Changed(Days),
    /// Has a change in this state.
    State(State),
    /// Has this priority.
    Priority(Priority),
    /// Has this part at all.
    Has(Part),
    /// The term does not hold.
    Not(Box<Term>),
    /// One of them holds; none of no terms.
    AnyOf(Vec<Term>),
}

/// A part that a line may have or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `due:` with a date.
    Due,
    /// `t:` with a date.
    Start,
    /// A priority.
    Priority,
    /// Any `+project`.
    Project,
    /// Any `@context`.
    Context,
    /// `rec:` with a rule.
    Recurrence,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 6] = [
        Self::Due,
        Self::Start,
        Self::Priority,
        Self::Project,
        Self::Context,
        Self::Recurrence,
    ];

    /// Its name after `no:`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Start => "t",
            Self::Priority => "pri",
            Self::Project => "project",
            Self::Context => "context",
            Self::Recurrence => "rec",
        }
    }

    /// Returns whether the line has it.
    #[must_use]
    pub fn is_in(self, line: Line<'_>) -> bool {
        match self {
            Self::Due => line.due().is_some(),
            Self::Start => line.start().is_some(),
            Self::Priority => line.priority().is_some(),
            Self::Project => line.projects().next().is_some(),
            Self::Context => line.contexts().next().is_some(),
            Self::Recurrence => line.recurrence().is_some(),
        }
    }
}

/// What is asked for beside terms, as `list` and views take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Only done todos (`--done`).
    pub done: bool,
    /// Done and waiting todos, too (`--all`).
    pub all: bool,
    /// `--sort`.
    pub sort: Option<Sort>,
    /// `--reverse`.
    pub reverse: bool,
}

impl Query {
    /// The todos that `list` shows for these terms and options: without done
    /// ones unless a `done:` or `state:` term or an option asks for them, and
    /// without waiting ones unless a `t:` term or `--all` does. Nothing is
    /// widened by `no:` and `not:`.
    #[must_use]
    pub fn list(terms: Vec<Term>, options: Options, calendar: Calendar) -> Self {
        let scope = match (options.done, options.all) {
            (true, _) => Scope::Done,
            (false, true) => Scope::All,
            (false, false) => Scope::Open,
        };
        let all = Self {
            scope,
            hide_waiting: (!options.all).then_some(calendar.today),
            terms: Vec::new(),
            sort: options.sort.unwrap_or_default(),
            reverse: options.reverse,
        };
        all.narrowed(terms)
    }

    /// A list that no todo is in.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            terms: vec![Term::AnyOf(Vec::new())],
            ..Self::default()
        }
    }

    /// The todos of this list for which these terms hold, too. A term that asks
    /// for done or waiting todos widens it as it widens [`Query::list`].
    #[must_use]
    pub fn narrowed(mut self, terms: Vec<Term>) -> Self {
        let asks = |wanted: fn(&Term) -> bool| terms.iter().any(|term| term.asks(wanted));
        let asks_for_done = asks(|term| matches!(term, Term::Done(_) | Term::State(_)));
        if asks_for_done && self.scope == Scope::Open {
            self.scope = Scope::All;
        }
        if asks(|term| matches!(term, Term::Start(_))) {
            self.hide_waiting = None;
        }
        self.terms.extend(terms);
        self
    }

    /// Returns whether the todo is listed: the definition of what the store answers.
    /// Days begin and end as they do in `zone`.
    #[must_use]
    pub fn holds(&self, todo: &Todo, zone: &TimeZone) -> bool {
        let line = Line::new(&todo.text);
        let in_scope = match self.scope {
            Scope::Open => !line.is_done(),
            Scope::Done => line.is_done(),
            Scope::All => true,
        };
        in_scope
            && !self.hide_waiting.is_some_and(|day| waits(line, day))
            && self
                .terms
                .iter()
                .all(|term| term.holds(&Facts::of(todo, zone)))
    }
}

/// Returns whether the line is open and waits beyond this day.
#[must_use]
pub fn waits(line: Line<'_>, today: Date) -> bool {
    !line.is_done() && line.start().is_some_and(|start| start > today)
}

impl Term {
    /// Returns whether it, or a part of an *or*, is what is `wanted`.
    fn asks(&self, wanted: fn(&Self) -> bool) -> bool {
        match self {
            Self::AnyOf(terms) => terms.iter().any(|term| term.asks(wanted)),
            Self::Not(_) => false,
            Self::Word(_)
            | Self::Project(_)
            | Self::Context(_)
            | Self::Due(_)
            | Self::Start(_)
            | Self::Done(_)
            | Self::Changed(_)
            | Self::State(_)
            | Self::Priority(_)
            | Self::Has(_) => wanted(self),
        }
    }

    /// Returns whether it holds for the todo.
    #[must_use]
    pub fn holds(&self, todo: &Facts<'_>) -> bool {
        let line = todo.line;
        let within = |day: Option<Date>, days: &Days| day.is_some_and(|day| days.contain(day));
        match self {
            Self::Word(word) => search_key(line.text()).contains(search_key(word).as_ref()),
            Self::Project(name) => line.projects().any(|it| same_tag(it, name)),
            Self::Context(name) => line.contexts().any(|it| same_tag(it, name)),
            Self::Due(days) => within(line.due(), days),
            Self::Start(days) => within(line.start(), days),
            Self::Done(days) => within(line.completed_on(), days),
            Self::Changed(days) => within(todo.changed_on, days),
            Self::State(state) => todo.state == *state,
            Self::Priority(priority) => line.priority() == Some(*priority),
            Self::Has(part) => part.is_in(line),
            Self::Not(term) => !term.holds(todo),
            Self::AnyOf(terms) => terms.iter().any(|term| term.holds(todo)),
        }
    }
}

/// What terms are about.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The text.
    pub line: Line<'a>,
    /// The state of its changes.
    pub state: State,
    /// The day on which the server last changed it.
    pub changed_on: Option<Date>,
}

impl<'a> Facts<'a> {
    /// The facts of a todo, days as they begin and end in `zone`.
    #[must_use]
    pub fn of(todo: &'a Todo, zone: &TimeZone) -> Self {
        Self {
            line: Line::new(&todo.text),
            state: todo.state,
            changed_on: todo.updated_at.map(|at| zone.to_datetime(at).date()),
        }
    }
}
