//! Requests that write to a full backend. A retry of any of them changes
//! nothing that its first try changed already.

use std::collections::HashMap;

use crate::domain::key::Key;
use crate::graphql::convert::{Call, body};
use crate::graphql::operations::{self, ConditionalEdit};
use crate::sync::remote::Answer;

/// Answers in the order of `keys`, from the rows that were written.
fn in_order(
    keys: impl Iterator<Item = Key>,
    written: impl Iterator<Item = (Key, Answer)>,
) -> Vec<Answer> {
    let written: HashMap<Key, Answer> = written.collect();
    keys.map(|key| written.get(&key).copied().unwrap_or(Answer::NoRow))
        .collect()
}

const NOTHING: &str = "the mutation answered nothing";

/// Adds by key.
#[derive(Debug)]
pub(in crate::graphql) struct AddTodos<'a>(pub(in crate::graphql) &'a [(Key, String)]);

impl Call for AddTodos<'_> {
    type Data = operations::add_todos::ResponseData;
    type Answer = Vec<Answer>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        let objects = self
            .0
            .iter()
            .map(|(key, text)| operations::add_todos::todos_insert_input {
                client_id: Some(key.uuid()),
                text: Some(text.clone()),
            })
            .collect();
        body::<operations::AddTodos>(operations::add_todos::Variables { objects })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        let written = answer.insert_todos.ok_or(NOTHING)?.returning;
        Ok(in_order(
            self.0.iter().map(|(key, _)| *key),
            written.into_iter().map(|row| {
                let answer = Answer::Row {
                    id: row.id,
                    revision: row.revision.0,
                };
                (Key::new(row.client_id), answer)
            }),
        ))
    }
}

/// Edits, each only if its row still has the revision given.
#[derive(Debug)]
pub(in crate::graphql) struct EditTodos<'a>(pub(in crate::graphql) &'a [(Key, i64, String)]);

impl Call for EditTodos<'_> {
    type Data = operations::edit_todos::ResponseData;
    type Answer = Vec<Answer>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        let updates = self
            .0
            .iter()
            .map(|(key, revision, text)| ConditionalEdit::new(*key, *revision, text.clone()))
            .collect();
        body::<operations::EditTodos>(operations::edit_todos::Variables { updates })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        let written = answer.update_todos_many.ok_or(NOTHING)?;
        if written.len() != self.0.len() {
            let (sent, got) = (self.0.len(), written.len());
            return Err(format!("{got} answers to {sent} edits"));
        }
        written
            .into_iter()
            .map(|one| match one.ok_or(NOTHING)?.returning.as_slice() {
                [] => Ok(Answer::NoRow),
                [row] => Ok(Answer::Row {
                    id: row.id,
                    revision: row.revision.0,
                }),
                several => Err(format!("one edit changed {} rows", several.len())),
            })
            .collect()
    }
}

/// Removals by key.
#[derive(Debug)]
pub(in crate::graphql) struct RemoveTodos<'a>(pub(in crate::graphql) &'a [Key]);

impl Call for RemoveTodos<'_> {
    type Data = operations::remove_todos::ResponseData;
    type Answer = Vec<Answer>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        let keys = self.0.iter().map(|key| key.uuid()).collect();
        body::<operations::RemoveTodos>(operations::remove_todos::Variables { keys })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        let removed = answer.delete_todos.ok_or(NOTHING)?.returning;
        Ok(in_order(
            self.0.iter().copied(),
            removed.into_iter().map(|row| {
                let answer = Answer::Row {
                    id: row.id,
                    revision: row.revision.0,
                };
                (Key::new(row.client_id), answer)
            }),
        ))
    }
}

/// An add and its removal in one transaction.
#[derive(Debug)]
pub(in crate::graphql) struct AddAndRemove<'a> {
    /// The todo.
    pub(in crate::graphql) key: Key,
    /// The text of the add.
    pub(in crate::graphql) text: &'a str,
}

impl Call for AddAndRemove<'_> {
    type Data = operations::add_and_remove::ResponseData;
    type Answer = Vec<Answer>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        body::<operations::AddAndRemove>(operations::add_and_remove::Variables {
            key: self.key.uuid(),
            text: self.text.to_owned(),
        })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        answer.insert_todos.ok_or(NOTHING)?;
        let removed = answer.delete_todos.ok_or(NOTHING)?.returning;
        Ok(vec![removed.first().map_or(Answer::NoRow, |row| {
            Answer::Row {
                id: row.id,
                revision: row.revision.0,
            }
        })])
    }
}
