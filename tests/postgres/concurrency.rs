//! Many concurrent requests of one user.

use std::env;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use fastrand::Rng;
use postgres::Client;
use postgres::error::SqlState;
use uuid::Uuid;

use crate::database::{Database, Fallible, database_or_skip};
use crate::feed::{Reader, Replica, page, revisions};
use crate::requests::{add, edit, key, mutation, remove, revision_of, upsert_user};

const WRITERS: u64 = 8;
/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// The keys that the writers share: a moving window, so that they keep changing each
/// other's new, existing and deleted todos.
#[derive(Default)]
struct Keys {
    made: AtomicU64,
}

impl Keys {
    fn some(&self, rng: &mut Rng, count: usize) -> Vec<Uuid> {
        let newest = self.made.fetch_add(2, Ordering::Relaxed) + 8;
        (0..count)
            .map(|_| key(rng.u64(newest.saturating_sub(48)..newest)))
            .collect()
    }
}

/// The numbers of rows that each kind of request added, deleted or edited.
#[derive(Debug, Default)]
struct Effects {
    added: i64,
    removed: i64,
    edited: i64,
    requests: u64,
}

impl Effects {
    fn and(self, more: &Self) -> Self {
        Self {
            added: self.added + more.added,
            removed: self.removed + more.removed,
            edited: self.edited + more.edited,
            requests: self.requests + more.requests,
        }
    }
}

/// Sends one random request of a client.
fn write(client: &mut Client, user: i32, keys: &Keys, rng: &mut Rng) -> Fallible<Effects> {
    let chosen = keys.some(rng, 6);
    let todos: Vec<(Uuid, &str)> = chosen.iter().map(|key| (*key, "a")).collect();
    let mut effects = Effects::default();
    let mut request = mutation(client, user)?;
    match rng.u8(0..6) {
        // A batch of adds, some of them repeated.
        0 | 1 => effects.added += add(&mut request, user, &todos)?,
        2 => effects.removed += remove(&mut request, user, &chosen)?,
        // `update_todos_many`
        3 => {
            for key in &chosen {
                if let Some(seen) = revision_of(&mut request, user, *key)? {
                    effects.edited += edit(&mut request, user, (*key, seen), "x a")?;
                }
            }
        }
        4 => {
            effects.added += add(&mut request, user, &todos)?;
            effects.removed += remove(&mut request, user, &chosen)?;
        }
        // A single edit.
        _ => {
            if let Some(key) = chosen.first()
                && let Some(seen) = revision_of(&mut request, user, *key)?
            {
                effects.edited += edit(&mut request, user, (*key, seen), "b")?;
            }
        }
    }
    request.commit()?;
    effects.requests = 1;
    Ok(effects)
}

/// Writes until the time is up or an error occurs.
fn write_for(
    duration: Duration,
    database: &Database,
    user: i32,
    keys: &Keys,
    seed: u64,
) -> Fallible<Effects> {
    let (mut client, mut rng) = (database.connect()?, Rng::with_seed(seed));
    let (mut total, started) = (Effects::default(), Instant::now());
    while started.elapsed() < duration {
        total = total.and(&write(&mut client, user, keys, &mut rng)?);
    }
    Ok(total)
}

fn duration() -> Fallible<Duration> {
    let seconds = match env::var("TUDONE_TEST_WRITERS_SECONDS") {
        Ok(seconds) => seconds.parse()?,
        Err(_) => 10,
    };
    Ok(Duration::from_secs(seconds))
}

#[test]
fn eight_writers_of_one_user_meet_no_error_and_a_reader_by_cursor_misses_nothing() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    let user = upsert_user(&mut client, "auth0|aaa", "peter@example.test")?;
    let (keys, writing, duration) = (Keys::default(), AtomicBool::new(true), duration()?);

    let mut reader = Reader::new(user, 7);
    let total = thread::scope(|scope| -> Fallible<Effects> {
        let (keys, database) = (&keys, &database);
        let writers: Vec<_> = (0..WRITERS)
            .map(|seed| scope.spawn(move || write_for(duration, database, user, keys, seed)))
            .collect();
        let reading = scope.spawn(|| -> Fallible {
            let mut client = database.connect()?;
            while writing.load(Ordering::Acquire) {
                reader.pull(&mut client)?;
            }
            reader.catch_up(&mut client)
        });
        let written: Vec<_> = writers.into_iter().map(ScopedJoinHandle::join).collect();
        writing.store(false, Ordering::Release);
        let mut total = Effects::default();
        for one in written {
            total = total.and(&one.map_err(|_| "a writer panicked")??);
        }
        reading.join().map_err(|_| "the reader panicked")??;
        Ok(total)
    })?;

    let tables = Replica::of_tables(&mut client, user)?;
    assert_eq!(reader.replica, tables);
    assert_eq!(revisions(&mut client, user)?, (reader.cursor, 0));
    let both = |key| tables.todos.contains_key(key);
    assert!(!tables.removed.keys().any(both));
    // Each row was added once and each deletion was of a row: nothing was restored.
    assert_eq!(i64::try_from(tables.removed.len())?, total.removed);
    let left = total.added - total.removed;
    assert_eq!(i64::try_from(tables.todos.len())?, left);
    assert!(total.edited > 0 && total.removed > 0, "{total:?}");
    assert!(total.requests > 100, "{total:?}");
    Ok(())
}

/// Waits until the server process waits for a lock.
fn wait_until_blocked(database: &Database, process: i32) -> Fallible {
    let mut client = database.connect()?;
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let row = client.query_one("select cardinality(pg_blocking_pids($1))", &[&process])?;
        if row.try_get::<_, i32>(0)? > 0 {
            return Ok(());
        }
    }
    Err("the second request never had to wait".into())
}

fn process(client: &mut Client) -> Fallible<i32> {
    Ok(client
        .query_one("select pg_backend_pid()", &[])?
        .try_get(0)?)
}

/// Edits two todos and deletes the same two in the opposite order, during the edit.
fn edit_and_remove_in_opposite_orders(database: &Database) -> Fallible {
    let mut client = database.connect()?;
    let user = upsert_user(&mut client, "auth0|aaa", "peter@example.test")?;
    let (low, high) = (key(1), key(2));
    add(&mut client, user, &[(low, "a"), (high, "b")])?;
    let seen = [low, high].map(|key| revision_of(&mut client, user, key));
    let [Ok(Some(low_seen)), Ok(Some(high_seen))] = seen else {
        return Err("the todos are not there".into());
    };
    let mut other = database.connect()?;
    let removing = process(&mut other)?;

    let mut editing = mutation(&mut client, user)?;
    edit(&mut editing, user, (high, high_seen), "x b")?;
    thread::scope(|scope| -> Fallible {
        let removal = scope.spawn(|| -> Fallible {
            let mut request = mutation(&mut other, user)?;
            remove(&mut request, user, &[low, high])?;
            Ok(request.commit()?)
        });
        wait_until_blocked(database, removing)?;
        let edited = edit(&mut editing, user, (low, low_seen), "x a");
        let edited = match edited {
            Ok(_) => editing.commit().map_err(Into::into),
            Err(error) => editing.rollback().map_err(Into::into).and(Err(error)),
        };
        let removed = removal.join().map_err(|_| "the removal panicked")?;
        edited.and(removed)
    })
}

#[test]
fn without_the_lock_of_the_statement_the_same_requests_deadlock() -> Fallible {
    let database = database_or_skip!(Database::full());
    edit_and_remove_in_opposite_orders(&database)?;

    let database = database_or_skip!(Database::full());
    database
        .connect()?
        .batch_execute("drop trigger todos_lock_caller on todos")?;
    let refused = edit_and_remove_in_opposite_orders(&database);
    let code = refused
        .as_ref()
        .err()
        .and_then(|error| error.downcast_ref::<postgres::Error>()?.code().cloned());
    assert_eq!(code, Some(SqlState::T_R_DEADLOCK_DETECTED), "{refused:?}");
    Ok(())
}

/// Runs a change that must wait for an open request of the same user, lets the open one
/// take its last revision only then, and returns that revision and the user's revision
/// at the end.
fn revisions_of_open_and_waiting(
    database: &Database,
    waiting: impl FnOnce(&mut Client, i32) -> Fallible + Send,
) -> Fallible<(i64, i64)> {
    let mut client = database.connect()?;
    let user = upsert_user(&mut client, "auth0|aaa", "peter@example.test")?;
    add(&mut client, user, &[(key(1), "there before")])?;
    let mut other = database.connect()?;
    let second = process(&mut other)?;

    let mut open = mutation(&mut client, user)?;
    add(&mut open, user, &[(key(2), "first")])?;
    let first = revision_of(&mut open, user, key(2))?.ok_or("the first add made nothing")?;
    let mut last = first;
    thread::scope(|scope| -> Fallible {
        let waiting = scope.spawn(move || waiting(&mut other, user));
        wait_until_blocked(database, second)?;
        // Neither is visible yet, so no cursor can pass the first.
        assert_eq!(page(&mut database.connect()?, user, first - 1, 10)?, []);
        add(&mut open, user, &[(key(4), "last")])?;
        last = revision_of(&mut open, user, key(4))?.ok_or("the last add made nothing")?;
        open.commit()?;
        waiting.join().map_err(|_| "the waiting change panicked")?
    })?;
    Ok((last, revisions(&mut client, user)?.0))
}

#[test]
fn the_revisions_of_a_user_are_in_the_order_of_their_commits() -> Fallible {
    let database = database_or_skip!(Database::full());
    let (open, waited) = revisions_of_open_and_waiting(&database, |client, user| {
        let mut request = mutation(client, user)?;
        add(&mut request, user, &[(key(3), "second")])?;
        Ok(request.commit()?)
    })?;
    assert!(open < waited);
    Ok(())
}

#[test]
fn an_administrators_change_waits_for_its_number_too() -> Fallible {
    let changes = [
        "insert into todos (user_id, text) select user_id, 'new' from todos where client_id = $1",
        "delete from todos where client_id = $1",
        "update todos set text = 'theirs' where client_id = $1",
        "update todos set user_id = null where client_id = $1",
    ];
    for change in changes {
        let database = database_or_skip!(Database::full());
        let (open, waited) = revisions_of_open_and_waiting(&database, |client, _| {
            client.execute(change, &[&key(1)])?;
            Ok(())
        })?;
        assert!(open < waited, "{change}");
    }
    Ok(())
}

#[test]
fn users_do_not_wait_for_each_other() -> Fallible {
    let database = database_or_skip!(Database::full());
    let (mut first, mut second) = (database.connect()?, database.connect()?);
    let peter = upsert_user(&mut first, "auth0|aaa", "peter@example.test")?;
    let mary = upsert_user(&mut first, "auth0|bbb", "mary@example.test")?;
    let mut open = mutation(&mut first, peter)?;
    add(&mut open, peter, &[(key(1), "a")])?;

    second.batch_execute("set lock_timeout = '10s'")?;
    let mut request = mutation(&mut second, mary)?;
    assert_eq!(add(&mut request, mary, &[(key(1), "b")])?, 1);
    assert_eq!(remove(&mut request, mary, &[key(1)])?, 1);
    request.commit()?;
    open.commit()?;
    Ok(())
}
