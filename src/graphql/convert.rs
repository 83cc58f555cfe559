//! Between the words of sync and the generated GraphQL types, which only this
//! module knows.
//!
//! A [`Call`] is one operation with its variables: it writes the request and
//! reads the answer, and trusts nothing in it.

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

/// The largest answer that is read, in bytes, where an operation does not say
/// otherwise.
const ANSWER_LIMIT: usize = 16 << 20;
/// The largest page that is read, in bytes, while it could be made smaller.
const PAGE_LIMIT: usize = 8 << 20;
/// The largest page of one row that is read, in bytes.
const ROW_LIMIT: usize = 64 << 20;

/// The subscription that rings when something of the user's has changed.
pub(super) fn doorbell() -> graphql_client::QueryBody<impl serde::Serialize> {
    operations::Doorbell::build_query(operations::doorbell::Variables)
}

/// One operation with its variables.
pub(super) trait Call {
    /// The shape of `data` in the answer.
    type Data: DeserializeOwned;
    /// What the answer says, in the words of sync.
    type Answer;

    /// The request's body.
    fn body(&self) -> serde_json::Result<Vec<u8>>;

    /// Reads the answer. The error says what is wrong with it.
    fn read(&self, answer: Self::Data) -> Result<Self::Answer, String>;

    /// The largest answer that is read, in bytes.
    fn limit(&self) -> usize {
        ANSWER_LIMIT
    }
}

/// How large a page of `rows` rows may be, in bytes.
fn page_limit(rows: usize) -> usize {
    if rows > 1 { PAGE_LIMIT } else { ROW_LIMIT }
}

/// A count as a GraphQL `Int`.
fn int(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An instant, where the server's text is one.
fn instant(text: Option<&String>) -> Option<Timestamp> {
    text.and_then(|text| text.parse().ok())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<V> {
    query: String,
    operation_name: &'static str,
    variables: V,
}

fn body<Q: GraphQLQuery>(variables: Q::Variables) -> serde_json::Result<Vec<u8>> {
    let built = Q::build_query(variables);
    serde_json::to_vec(&Request {
        query: compact(built.query),
        operation_name: built.operation_name,
        variables: built.variables,
    })
}

/// A document without comments, line breaks and indentation, which would be half
/// of a small request. Our documents hold no texts that could hold such.
fn compact(document: &str) -> String {
    document
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One page of the change feed, and the user's mark where the server has a row
/// for the user.
#[derive(Debug)]
pub(super) struct Pull {
    /// The greatest revision seen.
    pub(super) since: i64,
    /// At most so many rows.
    pub(super) limit: usize,
}

impl Call for Pull {
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

/// The user's mark; nothing where the server has no row for the user.
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

/// The row of the user, who may see no other one.
fn only<U>(mut users: Vec<U>) -> Result<Option<U>, String> {
    let user = users.pop();
    if users.is_empty() {
        return Ok(user);
    }
    Err(format!(
        "it shows {} users where only the own one should be seen",
        users.len() + 1
    ))
}

fn feed_row(row: operations::pull::PullTodoChanges) -> Result<(i64, FeedRow), String> {
    let Some(Big(revision)) = row.revision else {
        return Err("a change without revision".to_owned());
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

/// The least that a working login can read.
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
