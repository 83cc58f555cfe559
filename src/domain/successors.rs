//! Reports about successors: the todos that completing repeating todos adds.

use crate::domain::todo::Todo;

/// The successors of todos that some changes completed or reopened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuccessorReport {
    /// Successors of completed todos.
    pub added: Vec<Todo>,
    /// Successors that stay although their todos were reopened: they were changed, or the
    /// role may not delete them.
    pub kept: Vec<Todo>,
    /// Whether a completed todo has no successor because the role may not add todos.
    pub not_allowed: bool,
}
