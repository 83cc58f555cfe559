//! The user's own views, from `[views]`.

use jiff::civil::Date;

use super::{Builtin, same_name};
use crate::domain::query::Query;
use crate::domain::terms::{TermError, TermProblem, parse_line, parse_view};
use crate::domain::when::Calendar;

/// A view that the user defined: terms and options as `list` takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnView {
    name: String,
    pub(super) definition: String,
}

/// An invalid view in `[views]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// It has no name.
    #[error("a view has no name")]
    Unnamed,
    /// A built-in view has this name.
    #[error("`{name}` is the name of a built-in view")]
    Builtin {
        /// The name.
        name: String,
    },
    /// Its terms or options.
    #[error("view `{name}`")]
    Term {
        /// The name.
        name: String,
        /// The invalid term.
        source: TermError,
    },
}

impl ViewError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unnamed | Self::Builtin { .. } => "Choose another name.".to_owned(),
            Self::Term { source, .. } => source.help(),
        }
    }
}

impl OwnView {
    /// Parses a view of `[views]`.
    ///
    /// # Errors
    ///
    /// See [`ViewError`].
    pub fn parse(name: &str, definition: &str, calendar: Calendar) -> Result<Self, ViewError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(ViewError::Unnamed);
        }
        if Builtin::ALL.iter().any(|view| same_name(view.name(), name)) {
            let name = name.to_owned();
            return Err(ViewError::Builtin { name });
        }
        match parse_line(definition, calendar) {
            Err(source) if !is_reversed_today_only(&source, definition, calendar) => {
                let name = name.to_owned();
                Err(ViewError::Term { name, source })
            }
            Ok(_) | Err(_) => Ok(Self {
                name: name.to_owned(),
                definition: definition.to_owned(),
            }),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its query on this day. A range that is over, such as
    /// `due:today..2026-12-24` after that day, matches no todo.
    ///
    /// # Errors
    ///
    /// A term that cannot be read on this day: `due:+9999y`.
    pub fn query(&self, calendar: Calendar) -> Result<Query, ViewError> {
        parse_view(&self.definition, calendar).map_err(|source| ViewError::Term {
            name: self.name.clone(),
            source,
        })
    }
}

/// Returns whether a range ends before it begins today, but not on every day.
fn is_reversed_today_only(error: &TermError, definition: &str, calendar: Calendar) -> bool {
    let long_ago = Date::constant(1970, 1, 1);
    let far_off = Date::constant(2400, 1, 1);
    error.problem == TermProblem::Reversed
        && [long_ago, far_off].into_iter().any(|today| {
            let calendar = Calendar { today, ..calendar };
            parse_line(definition, calendar).is_ok()
        })
}
