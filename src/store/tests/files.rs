//! The database as a file that several processes share.

use std::fs;

use super::super::StoreError;
use super::*;
use crate::domain::history::Session;
use crate::domain::list::Totals;

#[test]
fn a_missing_database_is_not_created_for_reading() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("none").join("todos.db");
    assert!(Store::open_to_read(&path, ENDPOINT)?.is_none());
    assert!(!folder.path().join("none").exists());
    Ok(())
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_database_and_its_logs() -> TestResult {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir()?;
    let directory = folder.path().join("data").join("account");
    let path = directory.join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.commit(&[add(key(1), "a")])?;
    let mode = |path: &std::path::Path| -> Result<u32, std::io::Error> {
        Ok(fs::metadata(path)?.permissions().mode() & 0o777)
    };
    assert_eq!(mode(&directory)?, 0o700);
    for file in fs::read_dir(&directory)? {
        assert_eq!(mode(&file?.path())?, 0o600);
    }
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
    drop(Store::open(&path, ENDPOINT)?);
    assert_eq!(mode(&path)?, 0o600);
    Ok(())
}

#[test]
fn two_stores_on_one_file_see_each_other() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut one = Store::open(&path, ENDPOINT)?;
    let mut two = Store::open(&path, ENDPOINT)?;
    let reader = Store::open_to_read(&path, ENDPOINT)?.ok_or("there is one")?;
    let version = reader.version()?;
    one.commit(&[add(key(1), "a")])?;
    two.commit(&[edit(key(1), "a", "b"), add(key(2), "c")])?;
    one.commit(&[remove(key(1), "b")])?;
    for store in [&one, &two, &reader] {
        assert_eq!(texts(store, &all())?, ["c"]);
    }
    assert_ne!(reader.version()?, version);
    let numbers: Vec<_> = listed(&two, &all())?
        .iter()
        .map(|todo| todo.local)
        .collect();
    assert_eq!(numbers, [Some(2)]);
    Ok(())
}

#[test]
fn many_writers_at_once_lose_nothing() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let write = |writer: u128| -> Result<(), StoreError> {
        let mut store = Store::open(&path, ENDPOINT)?;
        for number in 0..10 {
            store.commit(&[add(key(writer * 100 + number), "a")])?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| scope.spawn(move || write(writer)))
            .collect();
        for writer in writers {
            writer.join().map_err(|_| "a writer panicked")??;
        }
        Ok::<_, Box<dyn Error>>(())
    })?;
    let mut store = Store::open(&path, ENDPOINT)?;
    assert_eq!(
        store.totals()?,
        Totals {
            open: 40,
            pending: 40,
            ..Totals::default()
        }
    );
    assert_eq!(store.replayed()?.1, store.totals()?);
    Ok(())
}

#[test]
fn a_store_opened_for_reading_does_not_write() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    Store::open(&path, ENDPOINT)?.commit(&[add(key(1), "a")])?;
    let mut reader = Store::open_to_read(&path, ENDPOINT)?.ok_or("there is one")?;
    let error = reader.commit(&[add(key(2), "b")]).err().ok_or("refused")?;
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
    for sort in [
        crate::domain::query::Sort::Text,
        crate::domain::query::Sort::Due,
    ] {
        assert_eq!(texts(&reader, &Query { sort, ..all() })?, ["a"]);
    }
    Ok(())
}

#[test]
fn a_database_of_a_newer_version_is_rejected_unchanged() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut open = Store::open(&path, ENDPOINT)?;
    let newer = super::super::schema::MIGRATIONS.len() + 1;
    rusqlite::Connection::open(&path)?.execute_batch(&format!("PRAGMA user_version = {newer}"))?;
    for error in [
        Store::open(&path, ENDPOINT).err(),
        Store::open_to_read(&path, ENDPOINT).err(),
        open.commit(&[add(key(1), "a")]).err(),
    ] {
        let error = error.ok_or("refused")?;
        assert!(matches!(error, StoreError::Newer { .. }), "{error}");
        assert!(error.help().contains("Restart"));
    }
    assert_eq!(
        texts(&open, &all())?,
        [] as [&str; 0],
        "reading still works"
    );
    Ok(())
}

#[test]
fn an_older_database_is_copied_before_it_is_migrated() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    Store::open(&path, ENDPOINT)?.commit(&[add(key(1), "a")])?;
    let mut connection = rusqlite::Connection::open(&path)?;
    let known = super::super::schema::MIGRATIONS;
    let next = [known, &["CREATE TABLE later(a)"]].concat();
    super::super::schema::migrate(&mut connection, Some(&path), &next)?;
    assert_eq!(super::super::schema::version(&connection)?, known.len() + 1);

    let copy = folder.path().join(format!("todos.db.v{}", known.len()));
    let copied = Store::open_to_read(&copy, ENDPOINT)?.ok_or("a copy")?;
    assert_eq!(texts(&copied, &all())?, ["a"]);
    let drafts = fs::read_dir(folder.path())?.flatten();
    let hidden = drafts.filter(|file| file.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(hidden.count(), 0);
    Ok(())
}

#[test]
fn a_copy_that_cannot_be_made_whole_leaves_nothing_behind() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    Store::open(&path, ENDPOINT)?.commit(&[add(key(1), "a")])?;
    let names = || -> Result<std::collections::BTreeSet<_>, std::io::Error> {
        fs::read_dir(&folder)?
            .map(|file| Ok(file?.file_name()))
            .collect()
    };
    let before = names()?;
    let known = super::super::schema::MIGRATIONS;
    let next = [known, &["CREATE TABLE later(a)"]].concat();
    let mut connection = rusqlite::Connection::open(&path)?;
    connection.execute_batch("BEGIN")?;

    let migrated = super::super::schema::migrate(&mut connection, Some(&path), &next);

    assert!(migrated.is_err());
    assert_eq!(names()?, before);
    assert_eq!(super::super::schema::version(&connection)?, known.len());
    Ok(())
}

#[test]
fn a_database_of_the_first_version_keeps_its_outbox_and_gets_a_history() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.commit(&[edit(key(1), "a", "b"), add(key(2), "c")])?;
    let before = store.outbox()?;
    drop(store);
    rusqlite::Connection::open(&path)?.execute_batch(
        "DROP TABLE history;
             DROP TABLE staged; DROP TABLE successors; DROP TABLE tag_counts; DROP TABLE due_counts; DROP TABLE spellings; DROP TABLE text_blocks;
             DROP INDEX shown_start; DROP INDEX shown_due; DROP INDEX shown_priority;
             DROP INDEX shown_created_at; DROP INDEX shown_folded;
             ALTER TABLE shown DROP COLUMN start; ALTER TABLE shown DROP COLUMN waiting;
             ALTER TABLE ledger DROP COLUMN day; ALTER TABLE ledger DROP COLUMN reading;
             ALTER TABLE ledger DROP COLUMN staging;
             ALTER TABLE ledger DROP COLUMN rest_until; ALTER TABLE ledger DROP COLUMN failure;
             PRAGMA user_version = 1;",
    )?;

    let mut store = Store::open(&path, ENDPOINT)?;

    assert_eq!(store.outbox()?, before);
    assert_eq!(texts(&store, &all())?, ["b", "c"]);
    assert_eq!(store.history(Session::Cli)?, []);
    store.commit_action(Session::Cli, "added", &[add(key(3), "d")])?;
    assert_eq!(store.history(Session::Cli)?.len(), 1);
    let mut kept: Vec<_> = fs::read_dir(&folder)?
        .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, std::io::Error>>()?;
    kept.retain(|name| name.contains(".v"));
    assert_eq!(kept, ["todos.db.v1"], "one copy, whole");
    let copy = rusqlite::Connection::open(folder.path().join("todos.db.v1"))?;
    let rows: (i64, i64) = copy.query_row(
        "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM shown)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    assert_eq!(rows, (2, 2));
    Ok(())
}

#[test]
fn an_aborted_transaction_leaves_no_trace() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.commit(&[add(key(1), "a")])?;
    let page = [
        FeedRow::Present(row(key(2), 2, "b")),
        FeedRow::Present(row(key(3), i64::MAX, "c")),
    ];
    assert!(store.apply(&page, 9).is_err());
    assert_eq!(texts(&store, &all())?, ["a"]);
    assert_eq!(store.cursor()?, 0);
    assert_eq!(store.replayed()?.1, store.totals()?);
    Ok(())
}

#[test]
fn a_large_write_leaves_a_small_log() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    let many: Vec<_> = (1..6000)
        .map(|number| add(key(number), "a text of some length"))
        .collect();
    store.commit(&many)?;
    let log = fs::metadata(folder.path().join("todos.db-wal"))?.len();
    assert!(log <= 1 << 20, "{log} bytes");
    assert_eq!(Store::open(&path, ENDPOINT)?.totals()?.open, 5999);
    Ok(())
}

#[test]
fn a_write_of_many_rows_writes_each_page_once_and_frees_its_cache() -> TestResult {
    const TODOS: u32 = 8000;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    let random = |number: u32| {
        let name = number.to_le_bytes();
        Key::new(Uuid::new_v5(&Uuid::NAMESPACE_URL, &name))
    };
    let adds: Vec<_> = (0..TODOS)
        .map(|number| add(random(number), &format!("todo {number}")))
        .collect();
    let log_length = || fs::metadata(folder.path().join("todos.db-wal")).map_or(0, |log| log.len());
    let before = log_length();
    let mut longest = before;
    store.commit_each(Session::Cli, "added", &adds, adds.len(), |_| {
        longest = longest.max(log_length());
    })?;
    assert_eq!(longest, before, "a page was written before the commit");
    let kept: i64 = store
        .connection
        .pragma_query_value(None, "cache_size", |row| row.get(0))?;
    assert_eq!(kept, -2000);
    Ok(())
}
