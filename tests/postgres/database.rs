//! A database for one test, dropped with it.

use std::env;
use std::error::Error;
use std::io::{self, Write};

use postgres::{Client, Config, NoTls};
use uuid::Uuid;

/// The result of tests and their helpers.
pub(crate) type Fallible<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The migrations, as the Hasura CLI and `setup hasura` run them: each file in
/// one transaction.
pub(crate) mod migration {
    macro_rules! sql {
        ($file:literal) => {
            include_str!(concat!("../../assets/hasura/migrations/default/", $file))
        };
    }
    pub(crate) const BARE_UP: &str = sql!("1795478400000_bare/up.sql");
    pub(crate) const BARE_DOWN: &str = sql!("1795478400000_bare/down.sql");
    pub(crate) const FULL_UP: &str = sql!("1795478401000_full/up.sql");
    pub(crate) const FULL_DOWN: &str = sql!("1795478401000_full/down.sql");
}

/// A database for one test.
pub(crate) struct Database {
    server: Config,
    name: String,
}

impl Database {
    /// Creates an empty database; `None`, with a message on stderr, if there is no server
    /// for tests and none is required.
    pub(crate) fn empty() -> Fallible<Option<Self>> {
        let Some(server) = server()? else {
            return Ok(None);
        };
        let name = format!("tudone_test_{}", Uuid::now_v7().simple());
        server
            .connect(NoTls)?
            .batch_execute(&format!("create database {name}"))?;
        Ok(Some(Self { server, name }))
    }

    /// Creates a database with the full backend and no users.
    pub(crate) fn full() -> Fallible<Option<Self>> {
        let database = Self::empty()?;
        if let Some(database) = &database {
            database.migrate(migration::BARE_UP)?;
            database.migrate(migration::FULL_UP)?;
        }
        Ok(database)
    }

    /// Returns the connection parameters.
    pub(crate) fn config(&self) -> Config {
        let mut config = self.server.clone();
        config.dbname(&self.name);
        config
    }

    /// Opens a new connection.
    pub(crate) fn connect(&self) -> Fallible<Client> {
        Ok(self.config().connect(NoTls)?)
    }

    /// Runs a migration in one transaction.
    pub(crate) fn migrate(&self, migration: &str) -> Fallible {
        let mut client = self.connect()?;
        let mut transaction = client.transaction()?;
        transaction.batch_execute(migration)?;
        transaction.commit()?;
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        if let Ok(mut client) = self.server.connect(NoTls) {
            // A database left in a temporary server does no harm.
            let _ = client.batch_execute(&drop);
        }
    }
}

fn server() -> Fallible<Option<Config>> {
    match env::var("TUDONE_TEST_POSTGRES") {
        Ok(server) if !server.is_empty() => Ok(Some(server.parse()?)),
        _ if env::var("TUDONE_TEST_REQUIRE_REAL").is_ok_and(|value| value == "1") => {
            Err("TUDONE_TEST_POSTGRES is required here and not set".into())
        }
        _ => {
            writeln!(io::stderr(), "skipped: needs TUDONE_TEST_POSTGRES")?;
            Ok(None)
        }
    }
}

/// Returns early from a test that has no server to run on.
macro_rules! database_or_skip {
    ($database:expr) => {
        match $database? {
            Some(database) => database,
            None => return Ok(()),
        }
    };
}
pub(crate) use database_or_skip;
