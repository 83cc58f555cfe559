//! A database of the previous version, migrated under `kill -9`.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Row as SqlRow};
use tudone::domain::feed::FeedRow;
use tudone::domain::key::Key;
use tudone::domain::todo::Row;
use tudone::store::Store;
use uuid::Uuid;

use crate::support::{Checked, Machine, Sandbox};
use crate::watch::until;

const TODOS: i64 = 100_000;
const PAGE: i64 = 2000;

/// The stage of a migration at which it is killed.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// The copy of the old database is being written.
    Copying,
    /// The copy has its name.
    Copied,
    /// Rows of the new version are being written.
    Rebuilding,
}

impl Stage {
    fn is_reached(self, database: &Path) -> Checked<bool> {
        Ok(match self {
            Self::Copying => {
                let folder = database.parent().ok_or("no folder")?;
                let mut names = fs::read_dir(folder)?.filter_map(Result::ok);
                names.any(|entry| entry.file_name().to_string_lossy().contains(".v3"))
            }
            Self::Copied => backup(database).exists(),
            Self::Rebuilding => {
                let log = format!("{}-wal", database.display());
                fs::metadata(log).is_ok_and(|log| log.len() > 4_000_000)
            }
        })
    }
}

fn backup(database: &Path) -> PathBuf {
    PathBuf::from(format!("{}.v3", database.display()))
}

fn text(id: i64) -> String {
    let tag = ["+Work", "+work", "@Phone", "+Große", "+GROSSE", "plain"];
    let tag = tag[usize::try_from(id % 6).unwrap_or(0)];
    let day = 1 + id % 28;
    match id % 7 {
        0 => format!("x 2026-11-{day:02} todo {id} {tag}"),
        1 => format!("todo {id} {tag} due:2026-12-{day:02}"),
        2 => format!("(A) todo {id} {tag} t:2099-01-{day:02} due:2099-02-01"),
        3 => format!("todo {id} {tag} rec:1w t:2020-01-{day:02}"),
        _ => format!("todo {id} {tag}"),
    }
}

/// Fills the store as a first pull does.
fn fill(database: &Path, endpoint: &str) -> Checked {
    let mut store = Store::open(database, endpoint)?;
    let pull = store.begin_pull(Timestamp::now())?;
    for first in (1..=TODOS).step_by(usize::try_from(PAGE)?) {
        let page: Vec<FeedRow> = (first..first + PAGE)
            .map(|id| {
                FeedRow::Present(Row {
                    key: Key::new(Uuid::from_u128(u128::from(id.unsigned_abs()))),
                    id,
                    text: text(id),
                    revision: id,
                    created_at: None,
                    updated_at: Some(Timestamp::UNIX_EPOCH),
                })
            })
            .collect();
        store.apply(&page, first + PAGE)?;
    }
    store.complete_pull(&pull)?;
    Ok(())
}

/// Returns every row of `sql`, its columns as text.
fn rows(database: &Path, sql: &str) -> Checked<Vec<String>> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let row = |row: &SqlRow<'_>| {
        let value = |at| row.get::<_, rusqlite::types::Value>(at);
        let values: Result<Vec<_>, _> = (0..columns).map(value).collect();
        Ok(format!("{:?}", values?))
    };
    let rows = statement.query_map([], row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Returns the data that no migration may change.
fn kept(database: &Path) -> Checked<Vec<Vec<String>>> {
    [
        "SELECT key, revision, updated_at, state, local, text FROM shown ORDER BY key",
        "SELECT * FROM base ORDER BY id",
        "SELECT * FROM outbox ORDER BY seq",
        "SELECT act, at, verb, count, text, deeds FROM history ORDER BY act",
        "SELECT next_seq, next_local, pending, cursor, user_id, as_of FROM ledger",
    ]
    .into_iter()
    .map(|sql| rows(database, sql))
    .collect()
}

/// Returns the columns that the migration derives.
fn derived(database: &Path) -> Checked<Vec<Vec<String>>> {
    [
        "SELECT key, done, priority, due, completed_on, start, folded FROM shown ORDER BY key",
        "SELECT * FROM tag_counts ORDER BY tag, start",
        "SELECT * FROM due_counts ORDER BY due, start",
        "SELECT * FROM spellings ORDER BY tag, spelling",
        "SELECT open, done FROM ledger",
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL ORDER BY name",
    ]
    .into_iter()
    .map(|sql| rows(database, sql))
    .collect()
}

fn version(database: &Path) -> Checked<Vec<String>> {
    rows(database, "PRAGMA user_version")
}

#[test]
fn a_migration_of_100_000_todos_killed_halfway_loses_nothing() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["list", "--fresh"])?.ended(0)?;
    let database = machine.database()?;
    fill(&database, sandbox.address("endpoint"))?;
    let changes: [&[&str]; 3] = [
        &["add", "--offline", "not sent yet +Work due:2026-12-01"],
        &["done", "--offline", "1"],
        &["rm", "--offline", "--yes", "2"],
    ];
    for words in changes {
        machine.run(words)?.ended(0)?;
    }
    let fresh = derived(&database)?;
    Connection::open(&database)?.execute_batch(include_str!("third_version.sql"))?;
    rows(&database, "PRAGMA wal_checkpoint(TRUNCATE)")?;
    let before = kept(&database)?;
    let old = version(&database)?;

    for stage in [Stage::Copying, Stage::Copied, Stage::Rebuilding] {
        let mut migrating = machine.tudone(["list", "--offline", "--count"]).spawn()?;
        until(|| {
            assert!(migrating.try_wait()?.is_none(), "{stage:?}: it ended");
            stage.is_reached(&database)
        })?;
        migrating.kill()?;
        migrating.wait()?;
        assert_eq!(version(&database)?, old, "{stage:?}");
        assert!(kept(&database)? == before, "{stage:?}: something is lost");
    }

    let counted = machine.run(&["list", "--offline", "--count", "+WORK"])?;
    let counted = counted.ended(0)?.stdout;
    assert_ne!(version(&database)?, old);
    assert!(kept(&database)? == before, "something is lost");
    for (migrated, fresh) in derived(&database)?.into_iter().zip(fresh) {
        let differs = migrated
            .iter()
            .zip(&fresh)
            .find(|(one, other)| one != other);
        assert_eq!(differs, None);
        assert_eq!(migrated.len(), fresh.len());
    }
    let works = |text: &String| text.to_lowercase().contains("+work");
    let open = (1..=TODOS)
        .map(text)
        .filter(|text| works(text) && !text.starts_with("x ") && !text.contains("t:2099"));
    // One todo is completed, none is deleted, and one is unsent.
    let open = open.count() - usize::from(works(&text(1))) + 1;
    assert_eq!(counted, format!("{open}\n"));

    assert_eq!(version(&backup(&database))?, old);
    assert!(kept(&backup(&database))? == before, "the copy is not whole");
    let folder = fs::read_dir(database.parent().ok_or("no folder")?)?;
    let drafts: Vec<String> = folder
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.contains(".v3."))
        .collect();
    assert_eq!(drafts, [] as [&str; 0], "half a copy was left behind");
    Ok(())
}
