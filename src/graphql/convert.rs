//! Conversion between the types of sync and the generated GraphQL types, which
//! only this module knows.
//!
//! A [`Call`] is one operation with its variables: it writes the request, and
//! parses and checks the answer.

use graphql_client::GraphQLQuery;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::feed::{FeedRow, Mark};
use crate::domain::key::Key;
use crate::domain::todo::Row;
use crate::graphql::operations::{self, Big};

mod bare;
mod push;

pub(super) use crate::graphql::operations::CAPABILITIES;
pub(super) use bare::Snapshot;

/// The default size limit of an answer, in bytes.
const ANSWER_LIMIT: usize = 16 << 20;
/// The size limit of a page of several rows, in bytes.
const PAGE_LIMIT: usize = 8 << 20;
/// The size limit of a page of one row, in bytes.
const ROW_LIMIT: usize = 64 << 20;

/// Builds the subscription that reports each change of the user's todos.
pub(super) fn doorbell() -> graphql_client::QueryBody<impl serde::Serialize> {
    operations::Doorbell::build_query(operations::doorbell::Variables)
}

/// One operation with its variables.
pub(super) trait Call {
    /// The shape of `data` in the answer.
    type Data: DeserializeOwned;
    /// The parsed answer.
    type Answer;

    /// Writes the body of the request.
    fn body(&self) -> serde_json::Result<Vec<u8>>;

    /// Parses the answer. The error describes what is invalid.
    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String>;

    /// The size limit of the answer, in bytes.
    fn limit(&self) -> usize {
        ANSWER_LIMIT
    }
}

/// The size limit of a page of `rows` rows, in bytes.
fn page_limit(rows: usize) -> usize {
    if rows > 1 { PAGE_LIMIT } else { ROW_LIMIT }
}

/// Converts a count to a GraphQL `Int`.
fn int(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Parses an instant; `None` for one outside the calendar.
fn instant(text: Option<&String>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestBody<V> {
    query: String,
    operation_name: &'static str,
    variables: V,
}

fn body<Q: GraphQLQuery>(variables: Q::Variables) -> serde_json::Result<Vec<u8>> {
    let built = Q::build_query(variables);
    serde_json::to_vec(&RequestBody {
        query: compact(built.query),
        operation_name: built.operation_name,
        variables: built.variables,
    })
}

/// Removes comments, line breaks and indentation, which would be half of a small
/// request. Our documents have no string literals that could contain them.
fn compact(document: &str) -> String {
    document
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One page of the change feed, and the user's mark if the server has a row for the
/// user.
#[derive(Debug)]
pub(super) struct PullQuery {
    /// The last revision received.
    pub(super) since: i64,
    /// The maximum number of rows.
    pub(super) limit: usize,
}

impl Call for PullQuery {
    type Data = operations::pull::ResponseData;
    type Answer = (Vec<FeedRow>, Option<Mark>);

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        body::<operations::Pull>(operations::pull::Variables {
            since: Big(self.since),
            limit: int(self.limit),
        })
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        let mut seen = self.since;
        let changes: Result<_, String> = answer
            .todo_changes
            .into_iter()
            .map(|row| {
                let (revision, row) = feed_row(row)?;
                if revision <= seen {
                    return Err(format!("revision {revision} came after {seen}"));
                }
                seen = revision;
                Ok(row)
            })
            .collect();
        let mark = only(answer.users)?.map(|user| Mark {
            user_id: user.id,
            revision: user.revision.0,
            purged_revision: user.purged_revision.0,
        });
        Ok((changes?, mark))
    }

    fn limit(&self) -> usize {
        page_limit(self.limit)
    }
}

/// The query of the user's mark; the answer is `None` if the server has no row for the
/// user.
#[derive(Debug)]
pub(super) struct ReadMark;

impl Call for ReadMark {
    type Data = operations::mark::ResponseData;
    type Answer = Option<Mark>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        body::<operations::Mark>(operations::mark::Variables)
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        Ok(only(answer.users)?.map(|user| Mark {
            user_id: user.id,
            revision: user.revision.0,
            purged_revision: user.purged_revision.0,
        }))
    }
}

/// Returns the user's row: the role may not read any other.
fn only<U>(mut users: Vec<U>) -> Result<Option<U>, String> {
    let user = users.pop();
    if users.is_empty() {
        return Ok(user);
    }
    Err(format!(
        "the role reads {} rows of `users` instead of its own only",
        users.len() + 1
    ))
}

fn feed_row(row: operations::pull::PullTodoChanges) -> Result<(i64, FeedRow), String> {
    let Some(Big(revision)) = row.revision else {
        return Err("a change has no revision".to_owned());
    };
    let Some(key) = row.client_id.map(Key::new) else {
        return Err(format!("change {revision} has no key"));
    };
    if row.deleted.unwrap_or(false) {
        return Ok((revision, FeedRow::Removed { key, revision }));
    }
    let Some(id) = row.id else {
        return Err(format!("change {revision} has no id"));
    };
    let row = Row {
        key,
        id,
        text: row.text.unwrap_or_default(),
        revision,
        created_at: instant(row.created_at.as_ref()),
        updated_at: instant(row.updated_at.as_ref()),
    };
    Ok((revision, FeedRow::Present(row)))
}

/// The smallest query that a working login can send to either backend.
#[derive(Debug)]
pub(super) struct Verify;

impl Call for Verify {
    type Data = operations::verify::ResponseData;
    type Answer = ();

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        body::<operations::Verify>(operations::verify::Variables)
    }

    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String> {
        let _ = answer.todos;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
