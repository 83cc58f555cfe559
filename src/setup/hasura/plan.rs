//! What setup finds and what it would change.

use serde::Serialize;

/// What happens to one part of the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Mark {
    /// Made.
    #[serde(rename = "+")]
    Add,
    /// Changed.
    #[serde(rename = "~")]
    Change,
    /// Already as it should be.
    #[serde(rename = "=")]
    Keep,
}

impl Mark {
    /// `+`, `~` or `=`.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Add => '+',
            Self::Change => '~',
            Self::Keep => '=',
        }
    }
}

/// The kind of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// A table.
    Table,
    /// A column.
    Column,
    /// A constraint.
    Constraint,
    /// An index.
    Index,
    /// A sequence.
    Sequence,
    /// A view.
    View,
    /// A function.
    Function,
    /// A trigger.
    Trigger,
    /// A table or view that Hasura serves.
    Tracked,
    /// A permission of the role `user`.
    Permission,
    /// A migration in the Hasura CLI's records.
    Migration,
}

impl PartKind {
    /// Its name in a plan.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Column => "column",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Sequence => "sequence",
            Self::View => "view",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::Tracked => "tracked",
            Self::Permission => "permission",
            Self::Migration => "migration",
        }
    }

    /// Returns whether it is a part of the database, not of Hasura.
    #[must_use]
    pub const fn is_in_database(self) -> bool {
        !matches!(self, Self::Tracked | Self::Permission | Self::Migration)
    }
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What happens to it.
    #[serde(rename = "op")]
    pub mark: Mark,
    /// Its kind.
    pub kind: PartKind,
    /// Its name: `todos.revision`, `todos select user`.
    pub name: String,
    /// What changes in it.
    pub detail: Option<String>,
}

impl Part {
    /// A part that is made or kept.
    pub(super) fn new(exists: bool, kind: PartKind, name: impl Into<String>) -> Self {
        Self {
            mark: if exists { Mark::Keep } else { Mark::Add },
            kind,
            name: name.into(),
            detail: None,
        }
    }

    /// A part that changes.
    pub(super) fn changed(kind: PartKind, name: impl Into<String>, detail: String) -> Self {
        Self {
            mark: Mark::Change,
            kind,
            name: name.into(),
            detail: Some(detail),
        }
    }

    /// Returns whether applying the plan changes it.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.mark != Mark::Keep
    }
}

/// Everything setup looks at. Contains names and counts only: no row, no
/// secret, no metadata of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Hasura's version, as it says.
    pub hasura: String,
    /// The source with the tables.
    pub source: String,
    /// The parts, database first.
    pub parts: Vec<Part>,
    /// What the user should know and setup does not change.
    pub notes: Vec<String>,
}

impl Plan {
    /// How many parts would change.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.parts.iter().filter(|part| part.is_change()).count()
    }
}
