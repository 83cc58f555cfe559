//! Batches as requests, and their answers. On a full backend a repeated batch does
//! not change anything that the first one changed.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::key::Key;
use crate::graphql::convert::{Call, bare, body};
use crate::graphql::operations::{self, ConditionalEdit};
use crate::sync::remote::{Batch, KeyedEdit, PushAnswer};

pub(super) const NOTHING: &str = "the mutation returned nothing";

impl Call for Batch {
    type Data = Box<RawValue>;
    type Answer = Vec<PushAnswer>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Add(adds) => body::<operations::AddTodos>(operations::add_todos::Variables {
                objects: adds.iter().map(added).collect(),
            }),
            Self::Edit(edits) => body::<operations::EditTodos>(operations::edit_todos::Variables {
                updates: edits.iter().map(ConditionalEdit::new).collect(),
            }),
            Self::Remove(keys) => {
                body::<operations::RemoveTodos>(operations::remove_todos::Variables {
                    keys: keys.iter().map(|key| key.uuid()).collect(),
                })
            }
            Self::AddAndRemove(key, text) => {
                body::<operations::AddAndRemove>(operations::add_and_remove::Variables {
                    key: key.uuid(),
                    text: text.clone(),
                })
            }
            Self::BareAdd(texts) => bare::add(texts),
            Self::BareEdit { id, before, after } => bare::edit(*id, before, after),
            Self::BareRemove { id, before } => bare::remove(*id, before),
        }
    }

    fn read(&self, data: Self::Data) -> Result<Self::Answer, String> {
        match self {
            Self::Add(adds) => {
                let data: operations::add_todos::ResponseData = parsed(&data)?;
                let written = data.insert_todos.ok_or(NOTHING)?.returning;
                let written = written
                    .into_iter()
                    .map(|row| (Key::new(row.client_id), answer(row.id, row.revision.0)));
                Ok(in_order(adds.iter().map(|(key, _)| *key), written))
            }
            Self::Edit(edits) => {
                let data: operations::edit_todos::ResponseData = parsed(&data)?;
                edited(edits, data.update_todos_many.ok_or(NOTHING)?)
            }
            Self::Remove(keys) => {
                let data: operations::remove_todos::ResponseData = parsed(&data)?;
                let removed = data.delete_todos.ok_or(NOTHING)?.returning;
                let removed = removed
                    .into_iter()
                    .map(|row| (Key::new(row.client_id), answer(row.id, row.revision.0)));
                Ok(in_order(keys.iter().copied(), removed))
            }
            Self::AddAndRemove(..) => {
                let data: operations::add_and_remove::ResponseData = parsed(&data)?;
                data.insert_todos.ok_or(NOTHING)?;
                let removed = data.delete_todos.ok_or(NOTHING)?.returning;
                let removed = removed.first();
                Ok(vec![removed.map_or(PushAnswer::NoRow, |row| {
                    answer(row.id, row.revision.0)
                })])
            }
            Self::BareAdd(texts) => bare::added(texts, parsed(&data)?),
            Self::BareEdit { id, .. } => {
                let data: operations::bare_edit::ResponseData = parsed(&data)?;
                bare::of_rows(*id, data.update_todos.ok_or(NOTHING)?.affected_rows)
            }
            Self::BareRemove { id, .. } => {
                let data: operations::bare_remove::ResponseData = parsed(&data)?;
                bare::of_rows(*id, data.delete_todos.ok_or(NOTHING)?.affected_rows)
            }
        }
    }
}

fn parsed<'a, T: Deserialize<'a>>(data: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(data.get()).map_err(|error| error.to_string())
}

fn added((key, text): &(Key, String)) -> operations::add_todos::todos_insert_input {
    operations::add_todos::todos_insert_input {
        client_id: Some(key.uuid()),
        text: Some(text.clone()),
    }
}

const fn answer(id: i64, revision: i64) -> PushAnswer {
    PushAnswer::Row { id, revision }
}

/// Orders the written rows by `keys`.
fn in_order(
    keys: impl Iterator<Item = Key>,
    written: impl Iterator<Item = (Key, PushAnswer)>,
) -> Vec<PushAnswer> {
    let written: HashMap<Key, PushAnswer> = written.collect();
    keys.map(|key| written.get(&key).copied().unwrap_or(PushAnswer::NoRow))
        .collect()
}

fn edited(
    edits: &[KeyedEdit],
    written: Vec<Option<operations::edit_todos::EditTodosUpdateTodosMany>>,
) -> Result<Vec<PushAnswer>, String> {
    if written.len() != edits.len() {
        let (sent, got) = (edits.len(), written.len());
        return Err(format!("{got} answers for {sent} edits"));
    }
    written
        .into_iter()
        .map(|one| match one.ok_or(NOTHING)?.returning.as_slice() {
            [] => Ok(PushAnswer::NoRow),
            [row] => Ok(answer(row.id, row.revision.0)),
            several => Err(format!("one edit changed {} rows", several.len())),
        })
        .collect()
}
