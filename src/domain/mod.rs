//! Todos, todo.txt lines, changes, and the todos as shown before the server answers.
//! No I/O, no async, no clock.

pub mod account;
pub mod casefold;
pub mod change;
pub mod due;
pub mod feed;
pub mod fold;
pub mod history;
pub mod inverse;
pub mod key;
pub mod line;
pub mod list;
pub mod merge;
pub mod push_outcome;
pub mod query;
pub mod recurrence;
pub mod replica;
pub mod successors;
pub mod terms;
pub mod todo;
pub mod typed;
pub mod view;
pub mod when;
