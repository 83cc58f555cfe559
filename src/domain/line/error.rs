//! The error of a change of one part of a line.

/// The reason why one part of a line cannot be changed alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The remaining text starts with `x `.
    #[error("`{rest}` would be a done todo")]
    Done {
        /// The resulting text.
        rest: String,
    },
    /// The remaining text has an unintended priority.
    #[error("`{rest}` would have another priority")]
    Priority {
        /// The resulting text.
        rest: String,
    },
    /// The remaining text starts with a date that was a word before.
    #[error("`{rest}` would have another date at its start")]
    Date {
        /// The resulting text.
        rest: String,
    },
    /// No text remains.
    #[error("no text would be left")]
    Empty,
}

impl LineError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Done { .. } | Self::Priority { .. } | Self::Date { .. } => {
                "Edit the whole text instead."
            }
            Self::Empty => "Edit the whole text, or delete the todo.",
        }
    }
}
