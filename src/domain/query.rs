//! Queries: the filter and the order of a list.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::casefold::{same_tag, search_key};
use crate::domain::line::{Line, Priority};
use crate::domain::todo::{SyncState, Todo};
use crate::domain::when::Calendar;
pub use crate::domain::when::Days;

/// The filter and the order of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Open todos, done todos, or both.
    pub scope: Scope,
    /// Hides open todos that wait beyond this day; `None` hides none.
    pub hide_waiting: Option<Date>,
    /// Conditions that must all hold.
    pub terms: Vec<Term>,
    /// The order; ties are in server order.
    pub sort: Sort,
    /// Whether the order is reversed.
    pub reverse: bool,
}

/// Open todos, done todos, or both.
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
    /// By the server's id, unsent todos last.
    #[default]
    Server,
    /// Earliest due date first, todos without one last.
    Due,
    /// `A` first, todos without a priority last.
    Priority,
    /// Oldest first.
    Created,
    /// By folded text.
    Text,
}

impl Sort {
    /// All orders.
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
    State(SyncState),
    /// Has this priority.
    Priority(Priority),
    /// Has this part.
    Has(LinePart),
    /// The term does not hold.
    Not(Box<Term>),
    /// At least one of them holds; never true without terms.
    AnyOf(Vec<Term>),
}

impl Term {
    /// Returns whether it asks when a todo was changed, which only a full backend
    /// records.
    #[must_use]
    pub fn needs_times(&self) -> bool {
        match self {
            Self::Changed(_) => true,
            Self::Not(term) => term.needs_times(),
            Self::AnyOf(terms) => terms.iter().any(Self::needs_times),
            Self::Word(_)
            | Self::Project(_)
            | Self::Context(_)
            | Self::Due(_)
            | Self::Start(_)
            | Self::Done(_)
            | Self::State(_)
            | Self::Priority(_)
            | Self::Has(_) => false,
        }
    }
}

/// An optional part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinePart {
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

impl LinePart {
    /// All parts.
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

    /// Returns whether the line has this part.
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

/// Options of a list besides terms, as `list` and views take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Only done todos (`--done`).
    pub done: bool,
    /// Also done and waiting todos (`--all`).
    pub all: bool,
    /// `--sort`.
    pub sort: Option<Sort>,
    /// `--reverse`.
    pub reverse: bool,
}

impl Query {
    /// Returns the query of `list` for these terms and options. It hides done todos
    /// unless a `done:` or `state:` term or an option selects them, and waiting todos
    /// unless a `t:` term or `--all` does. `no:` and `not:` terms show no more todos.
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

    /// Returns the query of an empty list.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            terms: vec![Term::AnyOf(Vec::new())],
            ..Self::default()
        }
    }

    /// Adds terms to the query. A term that selects done or waiting todos shows them,
    /// as in [`Query::list`].
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

    /// Returns whether the todo is in the list; defines the results of the store. Days
    /// begin and end as in `zone`.
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
                .all(|term| term.holds(&TermSubject::of(todo, zone)))
    }
}

/// Returns whether the line is open and waits beyond this day.
#[must_use]
pub fn waits(line: Line<'_>, today: Date) -> bool {
    !line.is_done() && line.start().is_some_and(|start| start > today)
}

impl Term {
    /// Returns whether it, or a part of an *or*, is `wanted`; negated terms are not.
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
    pub fn holds(&self, todo: &TermSubject<'_>) -> bool {
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

/// The properties of a todo that terms check.
#[derive(Debug, Clone, Copy)]
pub struct TermSubject<'a> {
    /// The text.
    pub line: Line<'a>,
    /// The state of its changes.
    pub state: SyncState,
    /// The day on which the server last changed it.
    pub changed_on: Option<Date>,
}

impl<'a> TermSubject<'a> {
    /// Returns the properties of a todo; days begin and end as in `zone`.
    #[must_use]
    pub fn of(todo: &'a Todo, zone: &TimeZone) -> Self {
        Self {
            line: Line::new(&todo.text),
            state: todo.state,
            changed_on: todo.updated_at.map(|at| zone.to_datetime(at).date()),
        }
    }
}
