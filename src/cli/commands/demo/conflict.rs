//! A conflict to solve: another device of the user changes a todo that is changed
//! here, too.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::commands::demo::device::DemoDevice;
use crate::cli::commands::demo::env::DemoEnv;
use crate::cli::error::CliError;
use crate::domain::change::{Act, Change};
use crate::domain::key::ChangeId;
use crate::domain::query::{Query, Term};
use crate::domain::todo::Todo;
use crate::os::{fresh_id, runtime};
use crate::profile::ActiveProfile;
use crate::store::Store;

/// The part of a sample todo that is changed, and what each device makes of it.
const BEFORE: &str = "oat milk";
const HERE: &str = "almond milk";
const ELSEWHERE: &str = "2 l oat milk";

/// How often it looks whether the user has logged in.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The time limit of a request.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// Waits until a user of `profile` has logged in for the first time and has the sample
/// todos, then changes one of them in both places. Ends when the sender of `stopped`
/// is dropped. Without the conflict, the demo is complete but for it.
pub(super) fn prepare(env: &DemoEnv, profile: &ActiveProfile, stopped: &Receiver<()>) {
    if profile.known_account().is_some() {
        return;
    }
    while stopped.recv_timeout(LOOK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        match has_todos(profile) {
            Ok(false) => {}
            Ok(true) => {
                let _ = make(env, profile);
                return;
            }
            Err(_) => return,
        }
    }
}

fn has_todos(profile: &ActiveProfile) -> Result<bool, CliError> {
    let Some(known) = profile.known_account() else {
        return Ok(false);
    };
    if !profile.database(&known.account).exists() {
        return Ok(false);
    }
    let store = open(profile)?;
    Ok(store.freshness()?.as_of.is_some())
}

fn open(profile: &ActiveProfile) -> Result<Store, CliError> {
    let known = profile.known_account().ok_or(CliError::LoggedOut)?;
    let database = profile.database(&known.account);
    Ok(Store::open(&database, &known.account.endpoint)?)
}

fn make(env: &DemoEnv, profile: &ActiveProfile) -> Result<(), CliError> {
    let known = profile.known_account().ok_or(CliError::LoggedOut)?;
    let email = known.identity.email.unwrap_or_default();
    let runtime = runtime::current_thread().map_err(CliError::io("start the network"))?;
    let phone = runtime.block_on(DemoDevice::log_in(env, &email, "phone"))?;
    let mut phone = phone.program(REQUEST_LIMIT)?;
    runtime.block_on(phone.round())?;
    let mut here = open(profile)?;
    let before = found(&here)?;
    phone.store.commit(&[edit(&before, ELSEWHERE)])?;
    runtime.block_on(phone.round())?;
    here.commit(&[edit(&before, HERE)])?;
    Ok(())
}

fn found(store: &Store) -> Result<Todo, CliError> {
    let mut found = None;
    let query = Query {
        terms: vec![Term::Word(BEFORE.to_owned())],
        ..Query::default()
    };
    store.each(&query, |todo| {
        found = Some(todo.clone());
        ControlFlow::Break(())
    })?;
    found.ok_or_else(|| CliError::demo("the sample todo is there"))
}

fn edit(todo: &Todo, words: &str) -> Change {
    let now = Timestamp::now();
    Change {
        id: ChangeId(fresh_id::fresh(now)),
        todo: todo.key,
        act: Act::Edit {
            before: todo.text.clone(),
            after: todo.text.replace(BEFORE, words),
        },
        at: now,
    }
}
