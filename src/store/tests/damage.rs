//! Databases that are damaged, lost or replaced.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::StoreError;
use super::*;

const PAGE: usize = 4096;

/// Creates a database with this many unsent adds, checkpointed into its file.
fn written_back(path: &Path, adds: u128) -> TestResult {
    let mut store = Store::open(path, ENDPOINT)?;
    for number in 1..=adds {
        store.commit(&[add(key(number), &format!("precious {number:04}"))])?;
    }
    drop(store);
    let connection = Connection::open(path)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Overwrites a page, counted from 1.
fn spoil(path: &Path, page: usize) -> TestResult {
    let mut bytes = fs::read(path)?;
    let page = bytes.chunks_mut(PAGE).nth(page - 1).ok_or("no such page")?;
    page.fill(0xff);
    Ok(fs::write(path, bytes)?)
}

/// The pages of a table, in order.
fn pages(path: &Path, table: &str) -> Result<Vec<usize>, Box<dyn Error>> {
    let connection = Connection::open(path)?;
    let root: i64 = connection.query_row(
        "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
        [table],
        |row| row.get(0),
    )?;
    let root = usize::try_from(root)?;
    let bytes = fs::read(path)?;
    let page = bytes.chunks(PAGE).nth(root - 1).ok_or("no root")?;
    let number = |at: usize| -> Option<usize> {
        let four: [u8; 4] = page.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(four)).ok()
    };
    if page.first() != Some(&5) {
        return Ok(vec![root]);
    }
    // An inner page of a table: its cells begin with the number of a child.
    let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
    let child = |cell: usize| {
        let at = 12 + 2 * cell;
        number(usize::from(u16::from_be_bytes([page[at], page[at + 1]])))
    };
    let mut children: Vec<usize> = (0..cells).filter_map(child).collect();
    children.extend(number(8));
    Ok(children)
}

/// Returns the new path of the database and the path of its saved outbox.
fn aside(error: StoreError) -> Result<(PathBuf, Option<PathBuf>), Box<dyn Error>> {
    let said = format!("{error:?}");
    if let StoreError::Corrupt { moved_to, outbox } = error {
        return Ok((moved_to, outbox));
    }
    Err(said.into())
}

fn opened_in_vain(path: &Path) -> Result<(PathBuf, Option<PathBuf>), Box<dyn Error>> {
    aside(Store::open(path, ENDPOINT).err().ok_or("it opened")?)
}

#[test]
fn a_damaged_database_is_moved_aside_with_the_unsent_changes() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    written_back(&path, 1)?;
    spoil(&path, pages(&path, "ledger")?[0])?;

    let error = Store::open(&path, ENDPOINT).err().ok_or("damaged")?;
    let help = error.help();
    let (moved_to, outbox) = aside(error)?;

    let outbox = outbox.ok_or("no outbox")?;
    assert!(moved_to.exists() && fs::read_to_string(&outbox)?.contains("precious"));
    assert!(help.contains(&outbox.display().to_string()), "{help}");
    assert!(texts(&Store::open(&path, ENDPOINT)?, &all())?.is_empty());
    Ok(())
}

#[test]
fn a_file_that_is_no_database_is_moved_aside_and_never_replaces_another() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    for round in 1..4 {
        fs::write(&path, format!("{round}, and no database").repeat(1000))?;
        let error = Store::open_to_read(&path, ENDPOINT).err();
        let (moved_to, outbox) = aside(error.ok_or("damaged")?)?;
        assert_eq!(
            moved_to,
            folder.path().join(format!("todos.db.damaged-{round}"))
        );
        assert_eq!(outbox, None);
    }
    let first = fs::read_to_string(folder.path().join("todos.db.damaged-1"))?;
    assert!(first.starts_with("1, "), "{first}");
    Ok(())
}

#[test]
fn a_directory_and_a_truncated_file_are_moved_aside() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    fs::create_dir_all(path.join("inside"))?;
    let (moved_to, _) = opened_in_vain(&path)?;
    assert!(moved_to.join("inside").exists());

    written_back(&path, 100)?;
    let half = fs::metadata(&path)?.len() / 2;
    fs::OpenOptions::new()
        .write(true)
        .open(&path)?
        .set_len(half)?;
    let (moved_to, _) = opened_in_vain(&path)?;
    assert_eq!(fs::metadata(moved_to)?.len(), half);
    Store::open(&path, ENDPOINT)?;
    Ok(())
}

#[test]
fn an_empty_file_is_a_new_database_but_not_beside_a_log() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    fs::write(&path, "")?;
    assert!(Store::open_to_read(&path, ENDPOINT)?.is_none());
    Store::open(&path, ENDPOINT)?.commit(&[add(key(1), "only in the log")])?;
    let log = folder.path().join("todos.db-wal");
    let was = fs::read(&log)?;

    for lose in [
        |path: &Path| fs::write(path, ""),
        |path: &Path| fs::remove_file(path),
    ] {
        lose(&path)?;
        let moved = match Store::open(&path, ENDPOINT).err() {
            Some(StoreError::Missing { log }) => log,
            Some(error) => PathBuf::from(format!("{}-wal", aside(error)?.0.display())),
            None => return Err("it opened".into()),
        };
        assert_eq!(fs::read(moved)?, was, "the log was not kept");
        Store::open(&path, ENDPOINT)?;
        fs::write(&log, &was)?;
    }
    Ok(())
}

#[test]
fn an_outbox_is_read_from_both_ends_up_to_the_damage() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    written_back(&path, 200)?;
    let outbox = pages(&path, "outbox")?;
    assert!(outbox.len() > 4, "{outbox:?}");
    spoil(&path, outbox[outbox.len() / 2])?;
    spoil(&path, pages(&path, "ledger")?[0])?;

    let (_, outbox) = opened_in_vain(&path)?;

    let saved: serde_json::Value = serde_json::from_slice(&fs::read(outbox.ok_or("no outbox")?)?)?;
    let saved: Vec<&str> = saved
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["after"].as_str())
        .collect();
    assert!(saved.is_sorted(), "{saved:?}");
    assert_eq!(saved.first(), Some(&"precious 0001"));
    assert_eq!(saved.last(), Some(&"precious 0200"));
    assert!((100..200).contains(&saved.len()), "{}", saved.len());
    Ok(())
}

#[test]
fn a_database_is_moved_aside_only_when_damage_is_certain() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    written_back(&path, 200)?;
    spoil(&path, pages(&path, "shown")?[2])?;
    let store = Store::open(&path, ENDPOINT)?;
    let error = store.each(&all(), |_| ControlFlow::Continue(())).err();

    let (_, outbox) = aside(error.ok_or("damaged")?)?;
    let saved = fs::read_to_string(outbox.ok_or("no outbox")?)?;
    assert!(saved.contains("precious 0001") && saved.contains("precious 0200"));
    let sound = Store::open(&path, ENDPOINT)?;
    let unfounded = sound.recognise(StoreError::Damaged);
    assert!(matches!(unfounded, StoreError::Damaged), "{unfounded:?}");
    assert!(path.exists(), "a sound database was moved");
    Ok(())
}

#[test]
fn nothing_is_written_to_a_database_that_was_moved_aside() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    written_back(&path, 1)?;
    let mut open = Store::open(&path, ENDPOINT)?;
    open.check()?;
    spoil(&path, 1)?;
    let (first, _) = opened_in_vain(&path)?;
    Store::open(&path, ENDPOINT)?.commit(&[add(key(7), "by another")])?;

    for error in [open.check().err(), open.commit(&[add(key(8), "b")]).err()] {
        assert_eq!(aside(error.ok_or("it was moved")?)?.0, first);
    }
    open.reopen()?;
    open.commit(&[add(key(8), "b")])?;
    assert_eq!(texts(&open, &all())?, ["by another", "b"]);

    fs::remove_dir_all(folder.path())?;
    let error = open.commit(&[add(key(9), "c")]).err().ok_or("gone")?;
    assert!(matches!(error, StoreError::Removed), "{error:?}");
    Ok(())
}

#[test]
fn of_many_processes_that_find_damage_one_moves_the_file_and_none_moves_the_new_one() -> TestResult
{
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    written_back(&path, 1)?;
    spoil(&path, 1)?;
    let work = |number: u128| -> Result<usize, String> {
        let mut found = 0;
        for _ in 0..3 {
            match Store::open(&path, ENDPOINT) {
                Ok(mut store) => {
                    store
                        .commit(&[add(key(number), "a")])
                        .map_err(|e| e.to_string())?;
                    return Ok(found);
                }
                Err(StoreError::Corrupt { .. }) => found += 1,
                Err(error) => return Err(error.to_string()),
            }
        }
        Err("always damaged".to_owned())
    };
    let found = std::thread::scope(|scope| -> Result<usize, Box<dyn Error>> {
        let workers: Vec<_> = (10..18).map(|n| scope.spawn(move || work(n))).collect();
        let mut found = 0;
        for worker in workers {
            found += worker.join().map_err(|_| "it panicked")??;
        }
        Ok(found)
    })?;
    assert_eq!(found, 1);
    assert_eq!(Store::open(&path, ENDPOINT)?.totals()?.open, 8);
    assert!(!folder.path().join("todos.db.damaged-2").exists());
    Ok(())
}
