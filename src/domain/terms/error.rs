//! Errors of terms.

/// An invalid term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("term {place}{} {problem}", quoted(term))]
pub struct TermError {
    /// The term as typed.
    pub term: String,
    /// Its number, counted from 1.
    pub place: usize,
    /// The problem.
    pub problem: TermProblem,
    /// The nearest valid term.
    pub nearest: Option<String>,
}

fn quoted(term: &str) -> String {
    if term.trim().is_empty() {
        String::new()
    } else {
        format!(", `{term}`,")
    }
}

/// The problem of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermProblem {
    /// Nothing to search for: blank, or only accents.
    #[error("is blank")]
    Blank,
    /// A comma without text before or after it.
    #[error("has a blank part")]
    BlankPart,
    /// Not a date and not a range.
    #[error("is not a recognised date or range")]
    Date,
    /// A range that ends before it begins.
    #[error("ends before it begins")]
    Reversed,
    /// Not a state.
    #[error("needs synced, pending, sent or rejected")]
    State,
    /// Not a priority.
    #[error("needs a letter from A to Z")]
    Priority,
    /// Not a part.
    #[error("needs due, t, pri, project, context or rec")]
    Part,
    /// Not `rec:any`.
    #[error("needs `rec:any`")]
    Recurrence,
    /// An option that does not exist in views.
    #[error("is not an option here")]
    Option,
    /// Not an order.
    #[error("needs server, due, priority, created or text")]
    Sort,
    /// `--done` together with `--all`.
    #[error("contradicts `--all`")]
    Contradiction,
}

impl TermError {
    /// The error without the number of the term, for a line that shows the term.
    #[must_use]
    pub fn brief(&self) -> String {
        match self.term.trim() {
            "" => format!("a term {}", self.problem),
            term => format!("`{term}` {}", self.problem),
        }
    }

    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        if let Some(nearest) = &self.nearest {
            return format!("Did you mean `{nearest}`?");
        }
        match self.problem {
            TermProblem::Blank | TermProblem::BlankPart => {
                "Leave it out, or enter text to search for.".to_owned()
            }
            TermProblem::Date => "Run `tudone help dates` for the accepted dates.".to_owned(),
            TermProblem::Reversed => "Swap the two ends.".to_owned(),
            TermProblem::Contradiction => "Use one of them.".to_owned(),
            TermProblem::State
            | TermProblem::Priority
            | TermProblem::Part
            | TermProblem::Recurrence
            | TermProblem::Option
            | TermProblem::Sort => "Run `tudone help terms` for the accepted terms.".to_owned(),
        }
    }
}

/// An error whose term and position are filled in by the caller.
pub(super) struct UnplacedTermError {
    pub(super) problem: TermProblem,
    pub(super) nearest: Option<String>,
}

impl From<TermProblem> for UnplacedTermError {
    fn from(problem: TermProblem) -> Self {
        Self {
            problem,
            nearest: None,
        }
    }
}

impl UnplacedTermError {
    pub(super) fn at(self, place: usize, term: &str) -> TermError {
        TermError {
            term: term.to_owned(),
            place,
            problem: self.problem,
            nearest: self.nearest,
        }
    }
}
