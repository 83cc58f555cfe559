//! `tudone setup hasura`, against a double of the admin API over a real `PostgreSQL`.

mod failures;
mod foreign;
mod killed;
mod plan;
mod recordings;
mod tutorial;

use crate::database::{Database, Fallible};
use crate::hasura_double::{DATABASE_PASSWORD, HasuraDouble, SECRET};
use crate::support::{Machine, Ran};
use serde_json::Value;
use std::process::Child;

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
        let mut machine = Machine::new().map_err(|error| error.to_string())?;
        machine.keep_secret(SECRET);
        machine.keep_secret(DATABASE_PASSWORD);
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
        let line = command(address, words);
        let ran = self.machine.feed(&line, format!("{secret}\n").as_bytes());
        Ok(ran.map_err(|error| error.to_string())?)
    }

    /// Starts `setup hasura --yes`, to be killed.
    pub(crate) fn start(&self) -> Fallible<Child> {
        let address = self.hasura.address();
        let line = command(&address, &["--yes"]);
        let child = self.machine.start(&line, format!("{SECRET}\n").as_bytes());
        Ok(child.map_err(|error| error.to_string())?)
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

fn command<'a>(address: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    let usual = [
        "setup",
        "hasura",
        "--endpoint",
        address,
        "--admin-secret-stdin",
    ];
    [&usual, words].concat()
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
        match crate::hasura::Stage::new()? {
            Some(stage) => stage,
            None => return Ok(()),
        }
    };
}
pub(crate) use stage_or_skip;
