//! Unreadable values, damaged headers, lost files.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::StoreError;
use super::*;
use crate::domain::feed::Mark;
use crate::domain::history::Session;
use crate::domain::list::Totals;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const OPEN: &str = "water rec:1w due:2026-11-24";
const DONE: &str = "x 2026-11-24 water rec:1w due:2026-11-24";
const NEXT: &str = "water rec:1w due:2026-12-01";

/// Creates three adds, the second of which is unreadable.
fn with_bad_entry(path: &Path, spoil: &str) -> TestResult {
    Store::open(path, ENDPOINT)?.commit(&[
        add(key(1), "first"),
        add(key(2), "second"),
        add(key(3), "third"),
    ])?;
    Connection::open(path)?.execute_batch(spoil)?;
    Ok(())
}

fn isolated(error: Option<StoreError>) -> Result<PathBuf, Box<dyn Error>> {
    match error {
        Some(StoreError::Isolated {
            changes: 1,
            saved: Some(saved),
        }) => Ok(saved),
        other => Err(format!("{other:?}").into()),
    }
}

#[test]
fn a_queued_change_that_cannot_be_read_is_saved_and_the_others_go_on() -> TestResult {
    for spoil in [
        "UPDATE outbox SET act = 77 WHERE seq = 2",
        "UPDATE outbox SET key = x'0102' WHERE seq = 2",
        "UPDATE outbox SET after = CAST(x'7365636f6e64ff' AS TEXT) WHERE seq = 2",
        "UPDATE outbox SET at = 'yesterday' WHERE seq = 2",
        "UPDATE outbox SET progress = 1, tries = -1 WHERE seq = 2",
    ] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("todos.db");
        with_bad_entry(&path, spoil)?;
        let mut store = Store::open(&path, ENDPOINT)?;

        let saved = isolated(store.outbox().err())?;

        assert!(fs::read_to_string(saved)?.contains("second"), "{spoil}");
        assert_eq!(seqs(&store)?, [1, 3], "{spoil}");
        assert_eq!(texts(&store, &all())?, ["first", "third"], "{spoil}");
        let (shown, totals) = store.replayed()?;
        assert_eq!((shown.len(), totals), (2, store.totals()?), "{spoil}");
        store.mark_sent(&[1])?;
        assert!(store.drop_entry(3)?);
        store.commit(&[add(key(4), "fourth")])?;
    }
    Ok(())
}

#[test]
fn a_write_that_meets_a_change_it_cannot_read_isolates_it() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    with_bad_entry(&path, "UPDATE outbox SET act = 77 WHERE seq = 2")?;
    let mut store = Store::open(&path, ENDPOINT)?;

    let error = store.commit(&[edit(key(2), "second", "2nd")]).err();

    assert!(error.as_ref().is_some_and(StoreError::retryable));
    isolated(error)?;
    store.commit(&[edit(key(1), "first", "1st")])?;
    assert_eq!(texts(&store, &all())?, ["1st", "third"]);
    Ok(())
}

#[test]
fn a_row_that_cannot_be_read_is_pulled_again() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    let rows = [row(key(1), 1, "a"), row(key(2), 2, "b")];
    store.apply(&present(&rows), 20)?;
    Connection::open(&path)?.execute_batch("UPDATE shown SET key = x'01' WHERE place = 1")?;

    let error = texts(&store, &all()).err().ok_or("unreadable")?;

    assert!(error.to_string().contains("could not be read"), "{error}");
    assert_eq!(store.cursor()?, 0);
    store.apply(&present(&rows), 20)?;
    assert_eq!(texts(&store, &all())?, ["a", "b"]);
    assert_eq!(store.totals()?.open, 2);
    Ok(())
}

/// Returns the file of a store with a completed repeating todo and its successor, which
/// are not sent.
fn with_successor(path: &Path) -> Result<Key, Box<dyn Error>> {
    let mut store = Store::open(path, ENDPOINT)?;
    store.apply(&present(&[row(key(1), 1, OPEN)]), 20)?;
    store.commit(&[edit(key(1), OPEN, DONE)])?;
    Ok(store.successor(key(1))?.ok_or("no successor")?.key)
}

#[test]
fn a_link_to_a_successor_that_cannot_be_read_is_deleted_and_the_successor_stays() -> TestResult {
    for spoil in [
        "UPDATE successors SET key = x'01'",
        "UPDATE successors SET todo = x'01'",
        "UPDATE successors SET text = CAST(x'ff' AS TEXT)",
    ] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("todos.db");
        let next = with_successor(&path)?;
        Connection::open(&path)?.execute_batch(spoil)?;
        let mut store = Store::open(&path, ENDPOINT)?;

        let changed = format!("{NEXT} @home");
        let error = match store.outbox() {
            Ok(_) => store.commit(&[edit(next, NEXT, &changed)]).err(),
            Err(error) => Some(error),
        };

        let is_isolated = matches!(error, Some(StoreError::Isolated { changes: 0, .. }));
        assert!(is_isolated, "{spoil}: {error:?}");
        assert_eq!(store.cursor()?, 20, "nothing is pulled again");
        assert!(store.outbox()?.iter().all(|queued| !queued.waits));
        store.commit(&[edit(next, NEXT, &changed)])?;
        assert_eq!(texts(&store, &all())?, [DONE, &changed], "{spoil}");
    }
    Ok(())
}

#[test]
fn the_successor_of_a_completion_that_cannot_be_read_is_deleted() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    with_successor(&path)?;
    Connection::open(&path)?.execute_batch("UPDATE outbox SET act = 77 WHERE seq = 1")?;
    let store = Store::open(&path, ENDPOINT)?;

    isolated(store.outbox().err())?;

    assert_eq!(texts(&store, &all())?, [OPEN]);
    assert_eq!(seqs(&store)?, [0_i64; 0]);
    assert_eq!(store.totals()?.pending, 0);
    Ok(())
}

#[test]
fn a_damaged_header_does_not_cost_the_outbox() -> TestResult {
    for (at, bytes) in [
        (0, [0_u8].as_slice()),
        (5, &[0xff]),
        (16, &[0]),
        (17, &[7]),
        (18, &[9]),
        (19, &[9]),
        (0, &[0xa5; 100]),
    ] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("todos.db");
        Store::open(&path, ENDPOINT)?.commit(&[add(key(1), "precious")])?;
        Connection::open(&path)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        let mut file = fs::OpenOptions::new().write(true).open(&path)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        drop(file);
        let was = fs::read(&path)?;

        let error = Store::open(&path, ENDPOINT).err();

        let Some(StoreError::Corrupt { moved_to, outbox }) = error else {
            return Err(format!("byte {at}: {error:?}").into());
        };
        let saved = outbox.ok_or_else(|| format!("byte {at}: no outbox"))?;
        assert!(fs::read_to_string(saved)?.contains("precious"), "byte {at}");
        assert_eq!(fs::read(moved_to)?, was, "the file is unchanged");
        let hidden = fs::read_dir(folder.path())?.flatten();
        let hidden = hidden.filter(|it| it.file_name().to_string_lossy().starts_with('.'));
        assert_eq!(hidden.count(), 0, "the copy is deleted");
    }
    Ok(())
}

#[test]
fn a_dropped_table_is_damage() -> TestResult {
    for table in ["outbox", "aliases", "numbers", "history", "ledger", "shown"] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("todos.db");
        let mut open = Store::open(&path, ENDPOINT)?;
        open.commit(&[add(key(1), "precious")])?;
        Connection::open(&path)?.execute_batch(&format!("DROP TABLE {table}"))?;

        let error = open
            .commit_action(Session::Cli, "added", &[add(key(2), "b")])
            .err();

        let is_moved_aside = matches!(error, Some(StoreError::Corrupt { .. }));
        assert!(is_moved_aside, "{table}: {error:?}");
        assert!(Store::open(&path, ENDPOINT)?.outbox()?.is_empty());
    }
    Ok(())
}

#[test]
fn a_pull_from_the_start_recounts_wrong_counters() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    let rows = [row(key(1), 1, "a"), row(key(2), 2, "x b")];
    store.apply(&present(&rows), 20)?;
    store.commit(&[add(key(3), "c")])?;
    Connection::open(&path)?
        .execute_batch("UPDATE ledger SET open = 77, done = -3, pending = 0, next_seq = 1")?;

    store.forget_base()?;

    let expected = Totals {
        open: 2,
        done: 1,
        pending: 1,
        ..Totals::default()
    };
    assert_eq!(store.totals()?, expected);
    store.commit(&[add(key(4), "d")])?;
    assert_eq!(seqs(&store)?, [1, 2]);
    Ok(())
}

#[test]
fn known_rows_stay_until_the_pull_after_a_reset_is_complete() -> TestResult {
    let mut store = store()?;
    let rows = [
        row(key(1), 1, "a"),
        row(key(2), 2, "b"),
        row(key(3), 3, "c"),
    ];
    store.apply(&present(&rows), 30)?;
    let pull = store.begin_pull(NOW)?;
    store.complete_pull(&pull)?;
    let mark = Mark {
        user_id: 1,
        revision: 9,
        purged_revision: 0,
    };

    assert!(store.check_mark(mark)?);

    assert_eq!(store.cursor()?, 0);
    let freshness = store.freshness()?;
    assert!(freshness.stale && freshness.as_of == Some(NOW));
    store.apply(&present(&[row(key(2), 1, "b2")]), 5)?;
    assert_eq!(
        texts(&store, &all())?,
        ["a", "b", "c"],
        "until it is complete"
    );
    store.commit(&[edit(key(2), "b", "b +mine"), remove(key(3), "c")])?;
    assert_eq!(texts(&store, &all())?, ["a", "b +mine"]);
    let entries = store.outbox()?;
    assert!(entries.iter().all(|queued| queued.entry.revision.is_none()));
    let new: Vec<_> = entries
        .iter()
        .map(|queued| queued.base.as_ref().map(|row| &row.text))
        .collect();
    assert_eq!(
        new,
        [Some(&"b2".to_owned()), None],
        "the planner sees the new base"
    );
    store.apply(&present(&[row(key(4), 2, "d")]), 9)?;
    let pull = store.begin_pull(NOW)?;
    store.complete_pull(&pull)?;

    assert_eq!(texts(&store, &all())?, ["b2 +mine", "d"]);
    assert!(!store.freshness()?.stale);
    assert_eq!(store.cursor()?, 9);
    assert_eq!(store.replayed()?.1, store.totals()?);
    Ok(())
}

#[test]
fn a_pull_from_the_start_is_finished_by_another_process() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.apply(&present(&[row(key(1), 1, "a"), row(key(2), 2, "b")]), 20)?;
    store.forget_base()?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    drop(store);

    let mut store = Store::open(&path, ENDPOINT)?;
    assert_eq!(texts(&store, &all())?, ["a", "b"]);
    assert_eq!(store.cursor()?, 10);
    let pull = store.begin_pull(NOW)?;
    store.complete_pull(&pull)?;

    assert_eq!(texts(&store, &all())?, ["a"]);
    assert_eq!(store.totals()?.open, 1);
    Ok(())
}

#[test]
fn a_log_deleted_while_the_store_is_open_is_named_and_nothing_is_lost() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.commit(&[add(key(1), "in the log")])?;
    fs::remove_file(folder.path().join("todos.db-wal"))?;

    for _ in 0..2 {
        let error = store.commit(&[add(key(2), "b")]).err().ok_or("written")?;
        assert!(matches!(error, StoreError::LogDeleted), "{error:?}");
        assert!(error.help().contains("Quit every tudone"));
    }
    drop(store);

    assert_eq!(
        texts(&Store::open(&path, ENDPOINT)?, &all())?,
        ["in the log"]
    );
    Ok(())
}

#[test]
fn a_database_moved_away_is_missing_and_not_damaged() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.commit(&[add(key(1), "a")])?;
    // Earlier damage.
    fs::write(folder.path().join("todos.db.damaged-1"), "old")?;
    fs::rename(&path, folder.path().join("elsewhere.db"))?;

    let error = store.commit(&[add(key(2), "b")]).err();
    assert!(matches!(error, Some(StoreError::Removed)), "{error:?}");
    let error = Store::open(&path, ENDPOINT).err().ok_or("it opened")?;

    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    assert!(error.to_string().contains("is missing"), "{error}");
    assert!(folder.path().join("todos.db.damaged-2-wal").exists());
    Store::open(&path, ENDPOINT)?;
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_written_opens_for_reading_and_says_why() -> TestResult {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    // Modes do not restrict root, but a directory in place of the file does.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.commit(&[add(key(1), "a")])?;
    assert!(Store::open_or_read(&path, ENDPOINT)?.unwritable().is_none());
    drop(store);
    Connection::open(&path)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    for part in ["-wal", "-shm"] {
        // A name that can neither be opened nor created.
        let part = folder.path().join(format!("todos.db{part}"));
        let _ = fs::remove_file(&part);
        symlink(folder.path().join("none").join("none"), part)?;
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400))?;

    assert!(Store::open(&path, ENDPOINT).is_err());
    let mut store = Store::open_or_read(&path, ENDPOINT)?;

    assert_eq!(texts(&store, &all())?, ["a"]);
    let reason = store.unwritable().ok_or("it is writable")?;
    assert_eq!(reason.to_string(), "the local store cannot be written");
    let error = store.commit(&[add(key(2), "b")]).err().ok_or("written")?;
    assert_eq!(error.to_string(), reason.to_string());
    Ok(())
}
