//! Tests of the store, by topic.

mod counts;
mod damage;
mod exchange;
mod files;
mod folding;
mod history;
mod names;
mod redo;
mod repair;
mod replaced;
mod resets;
mod search;
mod sync;
mod windows;

use std::error::Error;
use std::ops::ControlFlow;

use jiff::Timestamp;
use uuid::Uuid;

use super::Store;
use crate::domain::change::{Act, Change, Progress, Rejection};
use crate::domain::feed::{Capabilities, FeedRow};
use crate::domain::key::{ChangeId, Key};
use crate::domain::push_outcome::PushOutcome;
use crate::domain::query::{Query, Scope};
use crate::domain::todo::{Row, SyncState, Todo};

type TestResult = Result<(), Box<dyn Error>>;

const ENDPOINT: &str = "https://hasura.example/v1/graphql";

fn store() -> Result<Store, Box<dyn Error>> {
    Ok(Store::in_memory(ENDPOINT)?)
}

fn key(number: u128) -> Key {
    Key::new(Uuid::from_u128(
        0x0190_0000_0000_7000_8000_0000_0000_0000 + number,
    ))
}

fn change(todo: Key, act: Act) -> Change {
    Change {
        id: ChangeId(Uuid::from_u128(9)),
        todo,
        act,
        at: Timestamp::UNIX_EPOCH,
    }
}

fn add(todo: Key, text: &str) -> Change {
    change(todo, Act::Add { text: text.into() })
}

fn edit(todo: Key, before: &str, after: &str) -> Change {
    let (before, after) = (before.into(), after.into());
    change(todo, Act::Edit { before, after })
}

fn remove(todo: Key, before: &str) -> Change {
    let before = before.into();
    change(todo, Act::Remove { before })
}

fn row(todo: Key, id: i64, text: &str) -> Row {
    Row {
        key: todo,
        id,
        text: text.into(),
        revision: id.saturating_mul(10),
        created_at: None,
        updated_at: None,
    }
}

fn bare_row(id: i64, text: &str) -> Row {
    Row {
        revision: 0,
        ..row(Key::of_row(ENDPOINT, id), id, text)
    }
}

fn present(rows: &[Row]) -> Vec<FeedRow> {
    rows.iter().cloned().map(FeedRow::Present).collect()
}

fn role(full: bool) -> Capabilities {
    Capabilities {
        full,
        insert: true,
        update: true,
        delete: true,
        single_operations: false,
    }
}

fn rejected(code: &str) -> PushOutcome {
    PushOutcome::Rejected(Rejection {
        code: code.into(),
        message: "no".into(),
        theirs: None,
    })
}

fn applied(id: Option<i64>, revision: Option<i64>) -> PushOutcome {
    PushOutcome::Applied { id, revision }
}

fn all() -> Query {
    Query {
        scope: Scope::All,
        ..Query::default()
    }
}

fn listed(store: &Store, query: &Query) -> Result<Vec<Todo>, Box<dyn Error>> {
    let mut todos = Vec::new();
    store.each(query, |todo| {
        todos.push(todo.clone());
        ControlFlow::Continue(())
    })?;
    Ok(todos)
}

fn texts(store: &Store, query: &Query) -> Result<Vec<String>, Box<dyn Error>> {
    Ok(listed(store, query)?
        .into_iter()
        .map(|todo| todo.text)
        .collect())
}

/// Returns the acts in the outbox with their progress.
fn outbox(store: &Store) -> Result<Vec<(Act, Progress)>, Box<dyn Error>> {
    let outbox = store.outbox()?;
    Ok(outbox
        .into_iter()
        .map(|queued| (queued.entry.change.act, queued.entry.progress))
        .collect())
}

fn seqs(store: &Store) -> Result<Vec<i64>, Box<dyn Error>> {
    let outbox = store.outbox()?;
    Ok(outbox.iter().map(|queued| queued.entry.seq).collect())
}

fn only(store: &Store) -> Result<i64, Box<dyn Error>> {
    match seqs(store)?.as_slice() {
        [seq] => Ok(*seq),
        other => Err(format!("{} entries, expected one", other.len()).into()),
    }
}

fn shown(store: &Store, todo: Key) -> Result<Option<(String, SyncState)>, Box<dyn Error>> {
    Ok(store.todo(todo)?.map(|todo| (todo.text, todo.state)))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "compared with what may be nothing"
)]
fn is(text: &str, state: SyncState) -> Option<(String, SyncState)> {
    Some((text.to_owned(), state))
}
