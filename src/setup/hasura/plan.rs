//! The plan of a Hasura setup.

use serde::{Serialize, Serializer};

use crate::setup::StepKind;

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
pub struct BackendPart {
    /// The effect of the setup, as its sign in JSON.
    #[serde(rename = "op", serialize_with = "sign")]
    pub mark: StepKind,
    /// Its kind.
    pub kind: PartKind,
    /// Its name: `todos.revision`, `todos select user`.
    pub name: String,
    /// The changes.
    pub detail: Option<String>,
}

impl BackendPart {
    /// Creates a part that exists or is missing.
    pub(super) fn new(exists: bool, kind: PartKind, name: impl Into<String>) -> Self {
        Self {
            mark: if exists {
                StepKind::Keep
            } else {
                StepKind::Create
            },
            kind,
            name: name.into(),
            detail: None,
        }
    }

    /// Creates a part that changes.
    pub(super) fn changed(kind: PartKind, name: impl Into<String>, detail: String) -> Self {
        Self {
            mark: StepKind::Change,
            kind,
            name: name.into(),
            detail: Some(detail),
        }
    }

    /// Returns whether applying the plan changes it.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.mark != StepKind::Keep
    }
}

/// The plan of a Hasura setup. Contains names and counts only: no row, no secret,
/// no other metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackendPlan {
    /// Hasura's version.
    pub hasura: String,
    /// The source with the tables.
    pub source: String,
    /// The parts, database first.
    pub parts: Vec<BackendPart>,
    /// Notes for the user about what setup does not change.
    pub notes: Vec<String>,
}

impl BackendPlan {
    /// The number of parts that change.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.parts.iter().filter(|part| part.is_change()).count()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn sign<S: Serializer>(kind: &StepKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_char(kind.sign())
}
