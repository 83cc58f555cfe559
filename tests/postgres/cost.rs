//! The cost grows linearly with the changed rows, not with all rows.

use std::time::{Duration, Instant};

use postgres::Client;
use uuid::Uuid;

use crate::database::{Database, Fallible, database_or_skip};
use crate::feed::revisions;
use crate::requests::{add, key, mutation, remove, revision_of, upsert_user};

const FEW: u64 = 500;
const MANY: u64 = 20_000;
/// The allowed factor of time for 40 times the rows. Quadratic cost would be 1,600.
const FACTOR: u32 = 50;
/// The number of measured requests of a few rows, to average out other load.
const ROUNDS: u32 = 8;
/// The number of tries, each in its own database, before the machine counts as too busy.
const ATTEMPTS: u32 = 4;

/// Adds, edits, deletes and adds again all `keys`, in one request each.
fn measure(client: &mut Client, user: i32, keys: &[Uuid]) -> Fallible<[Duration; 4]> {
    let todos: Vec<(Uuid, &str)> = keys.iter().map(|key| (*key, "a")).collect();
    let count = i64::try_from(keys.len())?;
    let mut times = [Duration::ZERO; 4];
    for (step, time) in times.iter_mut().enumerate() {
        let started = Instant::now();
        let mut request = mutation(client, user)?;
        let (changed, expected) = match step {
            0 => (add(&mut request, user, &todos)?, count),
            1 => {
                let sql = "update todos set text = 'b' where client_id = any($1)";
                (i64::try_from(request.execute(sql, &[&keys])?)?, count)
            }
            2 => (remove(&mut request, user, keys)?, count),
            _ => (add(&mut request, user, &todos)?, 0),
        };
        request.commit()?;
        assert_eq!(changed, expected);
        *time = started.elapsed();
    }
    Ok(times)
}

/// Returns the times of requests of a few rows (on average) and of many, in a session
/// with plans made while the tables were small.
fn few_and_many(database: &Database) -> Fallible<[[Duration; 4]; 2]> {
    let mut client = database.connect()?;
    let user = upsert_user(&mut client, "auth0|aaa", "peter@example.test")?;
    for table in ["users", "todos", "todo_tombstones"] {
        client.batch_execute(&format!(
            "alter table {table} set (autovacuum_enabled = off)"
        ))?;
    }
    measure(&mut client, user, &[key(0)])?;
    client.batch_execute("vacuum analyze users, todos, todo_tombstones")?;
    for number in 1..20 {
        measure(&mut client, user, &[key(number)])?;
    }

    let mut few = [Duration::ZERO; 4];
    for round in 1..=ROUNDS {
        let first = u64::from(round) * 10_000;
        let keys: Vec<Uuid> = (first..first + FEW).map(key).collect();
        for (sum, time) in few.iter_mut().zip(measure(&mut client, user, &keys)?) {
            *sum += time / ROUNDS;
        }
    }
    let keys: Vec<Uuid> = (1_000_000..1_000_000 + MANY).map(key).collect();
    Ok([few, measure(&mut client, user, &keys)?])
}

#[test]
fn forty_times_the_rows_take_at_most_fifty_times_as_long() -> Fallible {
    let mut measured = Vec::new();
    for _ in 0..ATTEMPTS {
        let database = database_or_skip!(Database::full());
        let [few, many] = few_and_many(&database)?;
        if few
            .iter()
            .zip(&many)
            .all(|(few, many)| *many <= *few * FACTOR)
        {
            return Ok(());
        }
        measured.push([few, many]);
    }
    Err(format!("{FEW} rows, then {MANY}, of add, edit, remove, add again: {measured:?}").into())
}

#[test]
fn a_pull_reads_what_changed_not_what_exists() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    let user = upsert_user(&mut client, "auth0|aaa", "peter@example.test")?;
    let texts: Vec<(Uuid, &str)> = (0..MANY).map(|number| (key(number), "a")).collect();
    add(&mut client, user, &texts)?;
    let removed: Vec<Uuid> = (0..MANY / 2).map(key).collect();
    remove(&mut client, user, &removed)?;
    client.batch_execute("analyze")?;

    let (newest, _) = revisions(&mut client, user)?;
    let oldest = revision_of(&mut client, user, key(MANY / 2))?.ok_or("nothing left")?;
    for since in [newest - 10, oldest] {
        let plan = client.query(
            &format!(
                "explain select id, client_id, text, revision, deleted from todo_changes
                 where user_id = {user} and revision > {since} order by revision, id limit 10"
            ),
            &[],
        )?;
        let plan: Vec<&str> = plan
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?;
        assert!(
            !plan.iter().any(|line| line.contains("Seq Scan")),
            "{plan:#?}"
        );
        assert!(
            plan.iter()
                .any(|line| line.contains("user_id_revision_idx")),
            "{plan:#?}"
        );
    }
    Ok(())
}
