//! `tudone setup hasura`, against a double of the admin API over a real `PostgreSQL`.
#![cfg(feature = "sandbox")]

#[path = "postgres/database.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the migrations' own tests use the rest"
)]
mod database;
#[path = "support/hasura_double/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod hasura_double;
mod support;

#[path = "setup_hasura/failures.rs"]
mod failures;
#[path = "setup_hasura/foreign.rs"]
mod foreign;
#[path = "setup_hasura/plan.rs"]
mod plan;
#[path = "setup_hasura/recordings.rs"]
mod recordings;
#[path = "setup_hasura/tutorial.rs"]
mod tutorial;

use database::{Database, Fallible};
use hasura_double::{HasuraDouble, SECRET};
use serde_json::Value;
use support::{Machine, Ran};

/// A machine, a database and the Hasura over it.
pub(crate) struct Stage {
    pub(crate) machine: Machine,
    pub(crate) database: Database,
    pub(crate) hasura: HasuraDouble,
}

impl Stage {
    /// A fresh Hasura over an empty database; `None` without a server for tests.
    pub(crate) fn new() -> Fallible<Option<Self>> {
        let Some(database) = Database::empty()? else {
            return Ok(None);
        };
        let hasura = HasuraDouble::start(database.config())?;
        let machine = Machine::new().map_err(|error| error.to_string())?;
        Ok(Some(Self {
            machine,
            database,
            hasura,
        }))
    }

    /// Runs `setup hasura` with the right secret and `words`.
    pub(crate) fn setup(&self, words: &[&str]) -> Fallible<Ran> {
        self.setup_at(&self.hasura.address(), SECRET, words)
    }

    /// Runs `setup hasura` at an address with a secret.
    pub(crate) fn setup_at(&self, address: &str, secret: &str, words: &[&str]) -> Fallible<Ran> {
        let mut line = vec![
            "setup",
            "hasura",
            "--endpoint",
            address,
            "--admin-secret-stdin",
        ];
        line.extend(words);
        let ran = self.machine.feed(&line, format!("{secret}\n").as_bytes());
        Ok(ran.map_err(|error| error.to_string())?)
    }

    /// Applies everything and returns the answer.
    pub(crate) fn apply(&self) -> Fallible<Value> {
        answer(&self.setup(&["--yes", "--json"])?)
    }

    /// Fails unless another run would change nothing.
    pub(crate) fn assert_complete(&self) -> Fallible {
        let again = answer(&self.setup(&["--yes", "--json"])?)?;
        assert_eq!(again["changes"], 0, "{again:#}");
        assert_eq!(again["applied"], false);
        Ok(())
    }
}

/// The JSON of a command that succeeded.
pub(crate) fn answer(ran: &Ran) -> Fallible<Value> {
    if ran.code != Some(0) {
        return Err(format!("{ran:?}").into());
    }
    Ok(serde_json::from_str(&ran.stdout)?)
}

/// Names of the parts with a mark: `table users`.
pub(crate) fn marked(answer: &Value, mark: &str) -> Vec<String> {
    let parts = answer["plan"].as_array().into_iter().flatten();
    parts
        .filter(|part| part["op"] == mark)
        .map(|part| {
            let text = |name: &str| part[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("kind"), text("name"))
        })
        .collect()
}

/// Returns early from a test that has no server to run on.
macro_rules! stage_or_skip {
    () => {
        match crate::Stage::new()? {
            Some(stage) => stage,
            None => return Ok(()),
        }
    };
}
pub(crate) use stage_or_skip;
