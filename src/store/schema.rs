//! The tables and their migrations.
//!
//! `user_version` is the number of migrations applied to the database.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::os::private_file;
use crate::store::error::StoreError;
use crate::store::rebuild;

/// The migrations, oldest first. A released one is never changed.
pub(super) const MIGRATIONS: &[&str] = &[FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH];

/// * `shown`: every todo as it is shown. A row that is not `overlaid` has no
///   outbox entry and is at the same time the todo's *base*, so nothing is kept
///   twice. `place` is the order: see `sort_key`.
/// * `base`: the server's last rows of the todos that have outbox entries.
/// * `outbox`: `row_id` and `took` are the id and revision of the answer.
/// * `numbers`: the todo of `n3`. `aliases`: old keys, resolved in one step.
/// * `ledger`: one row with counters, cursor and times.
const FIRST: &str = "
CREATE TABLE shown(
    place INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    done INTEGER NOT NULL,
    overlaid INTEGER NOT NULL,
    state INTEGER NOT NULL,
    local INTEGER,
    priority INTEGER,
    due INTEGER,
    completed_on INTEGER,
    revision INTEGER NOT NULL,
    created_at INTEGER,
    updated_at INTEGER,
    text TEXT NOT NULL,
    folded TEXT NOT NULL
) STRICT;
CREATE INDEX shown_waiting ON shown(state) WHERE state <> 0;
CREATE TABLE base(
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    created_at INTEGER,
    updated_at INTEGER,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE outbox(
    seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    change BLOB NOT NULL,
    at TEXT NOT NULL,
    act INTEGER NOT NULL,
    before TEXT,
    after TEXT,
    revision INTEGER,
    high_water INTEGER,
    progress INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    code TEXT,
    message TEXT,
    theirs TEXT,
    row_id INTEGER,
    took INTEGER
) STRICT;
CREATE INDEX outbox_key ON outbox(key, seq);
CREATE INDEX outbox_row ON outbox(row_id) WHERE row_id IS NOT NULL;
CREATE TABLE numbers(
    local INTEGER PRIMARY KEY,
    key BLOB NOT NULL
) STRICT;
CREATE INDEX numbers_key ON numbers(key);
CREATE TABLE aliases(
    old BLOB PRIMARY KEY,
    new BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_new ON aliases(new);
CREATE TABLE ledger(
    one INTEGER PRIMARY KEY CHECK (one = 1),
    next_seq INTEGER NOT NULL DEFAULT 1,
    next_local INTEGER NOT NULL DEFAULT 1,
    open INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    cursor INTEGER NOT NULL DEFAULT 0,
    purged INTEGER NOT NULL DEFAULT 0,
    user_id INTEGER,
    rekeying INTEGER NOT NULL DEFAULT 0,
    capabilities TEXT,
    as_of TEXT,
    failed_at TEXT
) STRICT;
INSERT INTO ledger(one) VALUES (1);
";

/// * `history`: the actions of commands, one row each. `deeds` is JSON: see `history`;
///   `start` was their offset among the items of all actions.
const SECOND: &str = "
CREATE TABLE history(
    act INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    verb TEXT NOT NULL,
    count INTEGER NOT NULL,
    text TEXT NOT NULL,
    start INTEGER NOT NULL,
    deeds BLOB NOT NULL
) STRICT;
";

/// * `rest_until`: the end of the pause that the server asked for.
const THIRD: &str = "ALTER TABLE ledger ADD COLUMN rest_until TEXT;";

/// * `staged`: the new base while it is pulled beside the old one (`staging`).
/// * `shown`: `start` is the day of `t:`, `waiting` means that it was in the future
///   on the ledger's `day`; see `sort_key` for its effect on `place`.
/// * `tag_counts`, `due_counts`: see `counts`; `spellings` counts each spelling of
///   a tag.
/// * `text_blocks`: see `text_blocks`.
/// * `reading`: the version of the derived columns.
/// * `history`: actions of one TUI have its `session`, those of the CLI none;
///   `undone` ones can be redone. `start` is unused.
const FOURTH: &str = "
ALTER TABLE history ADD COLUMN session BLOB;
ALTER TABLE history ADD COLUMN undone INTEGER NOT NULL DEFAULT 0;
CREATE INDEX history_session ON history(session, undone);
CREATE TABLE staged(
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    created_at INTEGER,
    updated_at INTEGER,
    text TEXT NOT NULL
) STRICT;
ALTER TABLE ledger ADD COLUMN staging INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN reading INTEGER NOT NULL DEFAULT 0;
ALTER TABLE shown ADD COLUMN start INTEGER;
ALTER TABLE shown ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
CREATE INDEX shown_start ON shown(waiting, start) WHERE start IS NOT NULL;
CREATE TABLE tag_counts(
    tag TEXT NOT NULL,
    start INTEGER NOT NULL,
    open INTEGER NOT NULL,
    done INTEGER NOT NULL,
    PRIMARY KEY (tag, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE due_counts(
    due INTEGER NOT NULL,
    start INTEGER NOT NULL,
    open INTEGER NOT NULL,
    done INTEGER NOT NULL,
    PRIMARY KEY (due, start)
) STRICT, WITHOUT ROWID;
CREATE TABLE spellings(
    tag TEXT NOT NULL,
    spelling TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (tag, spelling)
) STRICT, WITHOUT ROWID;
CREATE TABLE text_blocks(
    first INTEGER PRIMARY KEY,
    places BLOB,
    texts BLOB
) STRICT;
CREATE INDEX text_blocks_empty ON text_blocks(first) WHERE places IS NULL;
";

/// * `successors`: the todo that completing a repeating one added, see `successor`.
///   `edit` is the outbox entry that completes `todo`, and `text` the successor's
///   text as derived. Until it is `released` its add may not be sent. `reopened` is
///   the entry that reopens `todo` again; the successor's add was then `withdrawn`
///   or its deletion queued. `sent` is the revision that the edit was last sent on.
const FIFTH: &str = "
CREATE TABLE successors(
    key BLOB PRIMARY KEY,
    todo BLOB NOT NULL,
    edit INTEGER NOT NULL,
    text TEXT NOT NULL,
    released INTEGER NOT NULL,
    reopened INTEGER,
    withdrawn INTEGER NOT NULL,
    sent INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX successors_todo ON successors(todo, edit);
CREATE INDEX successors_edit ON successors(edit);
";

/// * `failure`: why the last attempt to sync failed, at `failed_at`.
const SIXTH: &str = "
ALTER TABLE ledger ADD COLUMN failure TEXT;
";

/// The sort indexes of lists. They exist whenever a pull is complete: to fill an
/// empty table they are dropped, since creating them afterwards costs less.
pub(super) const SORTED: &str = "
CREATE INDEX IF NOT EXISTS shown_due ON shown(done, waiting, due);
CREATE INDEX IF NOT EXISTS shown_priority ON shown(done, waiting, priority);
CREATE INDEX IF NOT EXISTS shown_created_at ON shown(done, waiting, created_at);
CREATE INDEX IF NOT EXISTS shown_folded ON shown(done, waiting, folded);
";

/// Drops the indexes of [`SORTED`].
pub(super) const UNSORTED: &str = "
DROP INDEX IF EXISTS shown_due;
DROP INDEX IF EXISTS shown_priority;
DROP INDEX IF EXISTS shown_created_at;
DROP INDEX IF EXISTS shown_folded;
";

/// The tables of the newest version.
const TABLES: [&str; 13] = [
    "shown",
    "base",
    "staged",
    "outbox",
    "numbers",
    "aliases",
    "ledger",
    "history",
    "tag_counts",
    "due_counts",
    "spellings",
    "text_blocks",
    "successors",
];

/// Returns whether every table exists.
pub(super) fn is_whole(connection: &Connection) -> bool {
    let found =
        connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
    found.is_ok_and(|mut found| {
        TABLES
            .iter()
            .all(|table| found.exists([table]).unwrap_or(false))
    })
}

/// Returns the number of migrations applied.
pub(super) fn version(connection: &Connection) -> Result<usize, StoreError> {
    let version: i64 = connection
        .prepare_cached("PRAGMA user_version")?
        .query_row([], |row| row.get(0))?;
    // This program never writes a negative version: it counts as newer.
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Rejects a version that this program does not support.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let (found, known) = (version(connection)?, MIGRATIONS.len());
    if found == known {
        Ok(())
    } else {
        Err(StoreError::Newer { found, known })
    }
}

/// Migrates a database to the newest version; several processes may try at once.
/// Copies a database that is not empty to `{path}.v{version}` first.
pub(super) fn migrate(
    connection: &mut Connection,
    path: Option<&Path>,
    migrations: &[&str],
) -> Result<(), StoreError> {
    let found = version(connection)?;
    if found == migrations.len() {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&tx)?;
    let Some(missing) = migrations.get(found..) else {
        return Err(StoreError::Newer {
            found,
            known: migrations.len(),
        });
    };
    if found > 0
        && !missing.is_empty()
        && let Some(path) = path
    {
        back_up(path, found)?;
    }
    for migration in missing {
        tx.execute_batch(migration)?;
    }
    // A test's migrations may end before today's tables exist.
    if migrations.len() >= MIGRATIONS.len() {
        rebuild::rebuild(&tx)?;
    }
    let newest = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    tx.pragma_update(None, "user_version", newest)?;
    tx.commit()?;
    Ok(())
}

/// Copies the database as it was before the caller's transaction, which keeps
/// others from copying it at the same time. The copy gets its name when it is
/// complete, and is made once.
fn back_up(path: &Path, version: usize) -> Result<(), StoreError> {
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".v{version}"));
    let copy = Path::new(&copy);
    if copy.exists() {
        return Ok(());
    }
    private_file::remove_drafts(copy).map_err(StoreError::file(copy))?;
    let draft = private_file::draft_path(copy);
    private_file::create(&draft).map_err(StoreError::file(copy))?;
    let written = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|old| old.execute("VACUUM INTO ?1", [draft.to_string_lossy().as_ref()]))
        .map_err(StoreError::from)
        .and_then(|_| fs::rename(&draft, copy).map_err(StoreError::file(copy)));
    if written.is_err() {
        // Leaves no partial copy on a full disk.
        let _ = fs::remove_file(&draft);
    }
    written
}
