//! Requests to a bare backend: the tutorial's two tables.

use crate::graphql::convert::{Call, body, int, page_limit};
use crate::graphql::operations;
use crate::sync::remote::{Answer, BareRow};

const NOTHING: &str = "the mutation answered nothing";

/// What a conditional write of row `id` came to.
fn of_rows(id: i64, affected: i64) -> Result<Vec<Answer>, String> {
    match affected {
        0 => Ok(vec![Answer::NoRow]),
        1 => Ok(vec![Answer::Row { id, revision: 0 }]),
        several => Err(format!("one change wrote {several} rows")),
    }
}

/// One page of the whole list.
#[derive(Debug)]
pub(in crate::graphql) struct Snapshot {
    /// Rows with a greater id.
    pub(in crate::graphql) after: i64,
    /// At most so many.
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

/// One add, or with `None` the request without a row that asks whether adding
/// is allowed.
#[derive(Debug)]
pub(in crate::graphql) struct BareAdd<'a>(pub(in crate::graphql) Option<&'a str>);

impl Call for BareAdd<'_> {
    type Data = operations::bare_add::ResponseData;
    type Answer = Vec<Answer>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        let objects = self
            .0
            .iter()
            .map(|text| operations::bare_add::todos_insert_input {
                client_id: None,
                text: Some((*text).to_owned()),
            })
            .collect();
        body::<operations::BareAdd>(operations::bare_add::Variables { objects })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        let written = answer.insert_todos.ok_or(NOTHING)?.returning;
        let sent = usize::from(self.0.is_some());
        if written.len() != sent {
            return Err(format!("{} rows for {sent} adds", written.len()));
        }
        Ok(written
            .into_iter()
            .map(|row| Answer::Row {
                id: row.id,
                revision: 0,
            })
            .collect())
    }
}

/// One edit, only if the text is still the one seen.
#[derive(Debug)]
pub(in crate::graphql) struct BareEdit<'a> {
    /// The row.
    pub(in crate::graphql) id: i64,
    /// The text seen.
    pub(in crate::graphql) before: &'a str,
    /// The text wanted.
    pub(in crate::graphql) after: &'a str,
}

impl Call for BareEdit<'_> {
    type Data = operations::bare_edit::ResponseData;
    type Answer = Vec<Answer>;

    /// A row seen without text may hold an empty one or a null, which no
    /// comparison with a text finds.
    fn body(&self) -> serde_json::Result<Vec<u8>> {
        let (id, after) = (self.id, self.after.to_owned());
        if self.before.is_empty() {
            return body::<operations::BareEditBlank>(operations::bare_edit_blank::Variables {
                id,
                after,
            });
        }
        body::<operations::BareEdit>(operations::bare_edit::Variables {
            id,
            before: self.before.to_owned(),
            after,
        })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        of_rows(self.id, answer.update_todos.ok_or(NOTHING)?.affected_rows)
    }
}

/// One removal, only if the text is still the one seen.
#[derive(Debug)]
pub(in crate::graphql) struct BareRemove<'a> {
    /// The row.
    pub(in crate::graphql) id: i64,
    /// The text seen.
    pub(in crate::graphql) before: &'a str,
}

impl Call for BareRemove<'_> {
    type Data = operations::bare_remove::ResponseData;
    type Answer = Vec<Answer>;

    /// See [`BareEdit`] about rows without text.
    fn body(&self) -> serde_json::Result<Vec<u8>> {
        let id = self.id;
        if self.before.is_empty() {
            return body::<operations::BareRemoveBlank>(operations::bare_remove_blank::Variables {
                id,
            });
        }
        body::<operations::BareRemove>(operations::bare_remove::Variables {
            id,
            before: self.before.to_owned(),
        })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        of_rows(self.id, answer.delete_todos.ok_or(NOTHING)?.affected_rows)
    }
}
