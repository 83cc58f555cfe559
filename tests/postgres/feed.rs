//! A reader of the change feed, and the expected result.

use std::collections::BTreeMap;

use postgres::{Client, GenericClient};
use uuid::Uuid;

use crate::database::Fallible;

/// One row of `todo_changes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) id: i32,
    pub(crate) key: Uuid,
    pub(crate) text: Option<String>,
    pub(crate) revision: i64,
    pub(crate) deleted: bool,
}

/// Reads one page as a client does.
pub(crate) fn page(
    client: &mut impl GenericClient,
    user: i32,
    since: i64,
    limit: i64,
) -> Fallible<Vec<Change>> {
    let rows = client.query(
        "select id, client_id, text, revision, deleted from todo_changes
         where user_id = $1 and revision > $2 order by revision, id limit $3",
        &[&user, &since, &limit],
    )?;
    let mut page = Vec::with_capacity(rows.len());
    for row in rows {
        page.push(Change {
            id: row.try_get("id")?,
            key: row.try_get("client_id")?,
            text: row.try_get("text")?,
            revision: row.try_get("revision")?,
            deleted: row.try_get("deleted")?,
        });
    }
    Ok(page)
}

/// Returns the columns of `users` that a client reads.
pub(crate) fn revisions(client: &mut impl GenericClient, user: i32) -> Fallible<(i64, i64)> {
    let row = client.query_one(
        "select revision, purged_revision from users where id = $1",
        &[&user],
    )?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// One user's todos by key, and the keys that are deleted for good.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) todos: BTreeMap<Uuid, (i32, Option<String>, i64)>,
    pub(crate) removed: BTreeMap<Uuid, i64>,
}

impl Replica {
    /// Reads the tables.
    pub(crate) fn of_tables(client: &mut Client, user: i32) -> Fallible<Self> {
        let mut replica = Self::default();
        for row in client.query(
            "select client_id, id, text, revision from todos where user_id = $1",
            &[&user],
        )? {
            let todo = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            replica.todos.insert(row.try_get(0)?, todo);
        }
        for row in client.query(
            "select client_id, revision from todo_tombstones where user_id = $1",
            &[&user],
        )? {
            replica.removed.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(replica)
    }
}

/// Reads one user's feed by its cursor.
pub(crate) struct Reader {
    user: i32,
    limit: i64,
    pub(crate) cursor: i64,
    pub(crate) replica: Replica,
}

impl Reader {
    pub(crate) fn new(user: i32, limit: i64) -> Self {
        Self {
            user,
            limit,
            cursor: 0,
            replica: Replica::default(),
        }
    }

    /// Applies the next page; returns whether it had rows.
    pub(crate) fn pull(&mut self, client: &mut Client) -> Fallible<bool> {
        let page = page(client, self.user, self.cursor, self.limit)?;
        for change in &page {
            if change.revision <= self.cursor {
                return Err(format!("two changes share a revision: {change:?}").into());
            }
            self.cursor = change.revision;
            if change.deleted {
                self.replica.todos.remove(&change.key);
                self.replica.removed.insert(change.key, change.revision);
            } else {
                let todo = (change.id, change.text.clone(), change.revision);
                self.replica.todos.insert(change.key, todo);
            }
        }
        Ok(!page.is_empty())
    }

    /// Pulls until an empty page.
    pub(crate) fn catch_up(&mut self, client: &mut Client) -> Fallible {
        while self.pull(client)? {}
        Ok(())
    }
}
