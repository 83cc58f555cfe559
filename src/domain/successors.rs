//! The todos that follow completed repeating ones.

use crate::domain::todo::Todo;

/// What became of the successors of the todos that some changes completed or
/// reopened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuccessorReport {
    /// The todos that follow the completed ones.
    pub added: Vec<Todo>,
    /// Successors that stay although their todos are open again: they were
    /// changed, or the role may not delete them.
    pub kept: Vec<Todo>,
    /// Whether nothing follows a completed todo, since the role may not add todos.
    pub not_allowed: bool,
}
