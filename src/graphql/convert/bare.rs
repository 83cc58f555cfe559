//! Requests to a bare backend, which has the tutorial's two tables.

use std::collections::{HashMap, VecDeque};

use crate::graphql::convert::push::NOTHING;
use crate::graphql::convert::{Call, body, int, page_limit};
use crate::graphql::operations;
use crate::sync::remote::{BareRow, PushAnswer};

/// Returns the answer to a conditional write of row `id`.
pub(super) fn of_rows(id: i64, affected: i64) -> Result<Vec<PushAnswer>, String> {
    match affected {
        0 => Ok(vec![PushAnswer::NoRow]),
        1 => Ok(vec![PushAnswer::Row { id, revision: 0 }]),
        several => Err(format!("one change wrote {several} rows")),
    }
}

/// One page of the complete list.
#[derive(Debug)]
pub(in crate::graphql) struct Snapshot {
    /// The last id received.
    pub(in crate::graphql) after: i64,
    /// The maximum number of rows.
    pub(in crate::graphql) limit: usize,
}

impl Call for Snapshot {
    type Data = operations::snapshot::ResponseData;
    type Answer = Vec<BareRow>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        body::<operations::Snapshot>(operations::snapshot::Variables {
            after: self.after,
            limit: int(self.limit),
        })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        let mut seen = self.after;
        answer
            .todos
            .into_iter()
            .map(|row| {
                if row.id <= seen {
                    return Err(format!("row {} came after row {seen}", row.id));
                }
                seen = row.id;
                Ok(BareRow {
                    id: row.id,
                    text: row.text.unwrap_or_default(),
                })
            })
            .collect()
    }

    fn limit(&self) -> usize {
        page_limit(self.limit)
    }
}

/// Builds a request that adds `texts`; without texts it only probes the permission.
pub(super) fn add(texts: &[String]) -> serde_json::Result<Vec<u8>> {
    let objects = texts
        .iter()
        .map(|text| operations::bare_add::todos_insert_input {
            client_id: None,
            text: Some(text.clone()),
        })
        .collect();
    body::<operations::BareAdd>(operations::bare_add::Variables { objects })
}

/// Assigns the written rows to `texts` by their texts; rows whose text the server
/// changed go to the remaining ones, in id order.
pub(super) fn added(
    texts: &[String],
    data: operations::bare_add::ResponseData,
) -> Result<Vec<PushAnswer>, String> {
    let mut written = data.insert_todos.ok_or(NOTHING)?.returning;
    if written.len() != texts.len() {
        return Err(format!("{} rows for {} adds", written.len(), texts.len()));
    }
    written.sort_by_key(|row| row.id);
    let mut by_text: HashMap<&str, VecDeque<i64>> = HashMap::new();
    for row in &written {
        let text = row.text.as_deref().unwrap_or_default();
        by_text.entry(text).or_default().push_back(row.id);
    }
    let mut ids: Vec<Option<i64>> = texts
        .iter()
        .map(|text| by_text.get_mut(text.as_str())?.pop_front())
        .collect();
    let mut left: Vec<i64> = by_text.into_values().flatten().collect();
    left.sort_unstable_by(|one, other| other.cmp(one));
    for id in ids.iter_mut().filter(|id| id.is_none()) {
        *id = left.pop();
    }
    ids.into_iter()
        .map(|id| {
            let id = id.ok_or("a row without its add")?;
            Ok(PushAnswer::Row { id, revision: 0 })
        })
        .collect()
}

/// Builds a request that edits a row with the text `before`. An empty `before` also
/// means null, which no comparison with a text matches.
pub(super) fn edit(id: i64, before: &str, after: &str) -> serde_json::Result<Vec<u8>> {
    let after = after.to_owned();
    if before.is_empty() {
        return body::<operations::BareEditBlank>(operations::bare_edit_blank::Variables {
            id,
            after,
        });
    }
    body::<operations::BareEdit>(operations::bare_edit::Variables {
        id,
        before: before.to_owned(),
        after,
    })
}

/// Builds a request that deletes a row; see [`edit`] for an empty `before`.
pub(super) fn remove(id: i64, before: &str) -> serde_json::Result<Vec<u8>> {
    if before.is_empty() {
        return body::<operations::BareRemoveBlank>(operations::bare_remove_blank::Variables {
            id,
        });
    }
    body::<operations::BareRemove>(operations::bare_remove::Variables {
        id,
        before: before.to_owned(),
    })
}
