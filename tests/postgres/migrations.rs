//! Migrations up, down, and with existing rows.

use std::time::{Duration, Instant};

use postgres::Client;

use crate::database::{Database, Fallible, database_or_skip, migration};
use crate::feed::{Reader, page, revisions};
use crate::requests::upsert_user;

/// Returns everything in the schema that a migration could leave.
fn catalog(client: &mut Client) -> Fallible<Vec<String>> {
    let rows = client.query(
        "select format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
           from information_schema.columns where table_schema = 'public'
         union all
         select format('relation %s %s', relkind, relname) from pg_class
           where relnamespace = 'public'::regnamespace
         union all
         select format('function %s', proname) from pg_proc
           where pronamespace = 'public'::regnamespace
         union all
         select format('constraint %s %s', conname, pg_get_constraintdef(oid)) from pg_constraint
           where connamespace = 'public'::regnamespace
         union all
         select format('trigger %s', tgname) from pg_trigger where not tgisinternal
         order by 1",
        &[],
    )?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

type Todo = (i32, Option<i32>, Option<String>);

fn todos(client: &mut Client) -> Fallible<Vec<Todo>> {
    let rows = client.query("select id, user_id, text from todos order by id", &[])?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
        .collect()
}

/// Creates two users with todos; also todos without an owner and of a deleted user, and
/// null texts.
fn fill(client: &mut Client, count: i32) -> Fallible<(i32, i32)> {
    let peter = upsert_user(client, "auth0|aaa", "peter@example.test")?;
    let mary = upsert_user(client, "auth0|bbb", "mary@example.test")?;
    client.execute(
        "insert into todos (user_id, text)
         select case n % 10 when 0 then null when 1 then 4711 when 2 then $2 else $1 end,
                case when n % 7 = 0 then null else format(E'todo %s\n\u{1b}[31m', n) end
         from generate_series(1, $3) n",
        &[&peter, &mary, &count],
    )?;
    Ok((peter, mary))
}

#[test]
fn migrations_go_up_down_and_up_again() -> Fallible {
    let database = database_or_skip!(Database::empty());
    let mut client = database.connect()?;
    let empty = catalog(&mut client)?;
    database.migrate(migration::BARE_UP)?;
    let bare = catalog(&mut client)?;
    database.migrate(migration::FULL_UP)?;
    let full = catalog(&mut client)?;
    assert_ne!(bare, full);

    database.migrate(migration::FULL_DOWN)?;
    assert_eq!(catalog(&mut client)?, bare);
    database.migrate(migration::FULL_UP)?;
    assert_eq!(catalog(&mut client)?, full);
    database.migrate(migration::FULL_DOWN)?;
    database.migrate(migration::BARE_DOWN)?;
    assert_eq!(catalog(&mut client)?, empty);
    database.migrate(migration::BARE_UP)?;
    assert_eq!(catalog(&mut client)?, bare);
    Ok(())
}

#[test]
fn every_up_may_run_twice_and_changes_nothing_the_second_time() -> Fallible {
    let database = database_or_skip!(Database::empty());
    let mut client = database.connect()?;
    database.migrate(migration::BARE_UP)?;
    fill(&mut client, 100)?;
    let (schema, rows) = (catalog(&mut client)?, todos(&mut client)?);
    database.migrate(migration::BARE_UP)?;
    assert_eq!(catalog(&mut client)?, schema);
    assert_eq!(todos(&mut client)?, rows);

    let everything = "select jsonb_agg(to_jsonb(t) order by id)::text from todos t";
    database.migrate(migration::FULL_UP)?;
    let schema = catalog(&mut client)?;
    let before: String = client.query_one(everything, &[])?.try_get(0)?;
    database.migrate(migration::FULL_UP)?;
    assert_eq!(catalog(&mut client)?, schema);
    let after: String = client.query_one(everything, &[])?.try_get(0)?;
    assert_eq!(after, before);
    Ok(())
}

#[test]
fn an_upgrade_of_12_000_todos_keeps_every_row_as_it_is() -> Fallible {
    let database = database_or_skip!(Database::empty());
    let mut client = database.connect()?;
    database.migrate(migration::BARE_UP)?;
    let (peter, mary) = fill(&mut client, 12_000)?;
    let before = todos(&mut client)?;
    assert_eq!(before.len(), 12_000);

    let started = Instant::now();
    database.migrate(migration::FULL_UP)?;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(20), "the upgrade took {took:?}");
    assert_eq!(todos(&mut client)?, before);

    for user in [peter, mary] {
        let mut reader = Reader::new(user, 1_000);
        reader.catch_up(&mut client)?;
        let mut seen: Vec<Todo> = reader
            .replica
            .todos
            .into_values()
            .map(|(id, text, _)| (id, Some(user), text))
            .collect();
        seen.sort_unstable();
        let own: Vec<Todo> = before
            .iter()
            .filter(|(_, owner, _)| *owner == Some(user))
            .cloned()
            .collect();
        assert_eq!(seen, own);
        assert_eq!(revisions(&mut client, user)?, (reader.cursor, 0));
    }

    database.migrate(migration::FULL_DOWN)?;
    assert_eq!(todos(&mut client)?, before);
    Ok(())
}

#[test]
fn rows_without_a_known_owner_are_reported_and_can_be_given_one() -> Fallible {
    let database = database_or_skip!(Database::empty());
    let mut client = database.connect()?;
    database.migrate(migration::BARE_UP)?;
    let (peter, _) = fill(&mut client, 40)?;
    database.migrate(migration::FULL_UP)?;

    let reported = client.query(
        "select t.id, t.user_id, t.text
         from public.todos t left join public.users u on u.id = t.user_id
         where u.id is null order by t.id",
        &[],
    )?;
    assert_eq!(reported.len(), 8);
    let lost: i32 = reported.first().ok_or("nothing reported")?.try_get(0)?;
    let revision = client.query_one("select revision from todos where id = $1", &[&lost])?;
    assert_eq!(revision.try_get::<_, i64>(0)?, 0);
    client.execute(
        "update todos set text = 'still nobody''s' where user_id = 4711",
        &[],
    )?;

    let (seen, _) = revisions(&mut client, peter)?;
    client.execute(
        "update todos set user_id = $1 where id = $2",
        &[&peter, &lost],
    )?;
    let found = page(&mut client, peter, seen, 10)?;
    assert_eq!(
        found.iter().map(|change| change.id).collect::<Vec<_>>(),
        [lost]
    );
    Ok(())
}

#[test]
fn a_new_todo_needs_a_known_owner_and_goes_with_it() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    let user = upsert_user(&mut client, "auth0|aaa", "peter@example.test")?;
    let refused = client.execute("insert into todos (user_id, text) values (4711, 'x')", &[]);
    let code = refused.err().and_then(|error| error.code().cloned());
    assert_eq!(code, Some(postgres::error::SqlState::FOREIGN_KEY_VIOLATION));

    client.execute(
        "insert into todos (user_id, text) values ($1, 'a'), ($1, 'b')",
        &[&user],
    )?;
    client.execute("delete from todos where text = 'a'", &[])?;
    client.execute("delete from users where id = $1", &[&user])?;
    let left = client.query_one("select count(*) from todo_changes", &[])?;
    assert_eq!(left.try_get::<_, i64>(0)?, 0);
    Ok(())
}

#[test]
fn a_key_to_users_that_was_there_before_is_not_doubled() -> Fallible {
    let database = database_or_skip!(Database::empty());
    let mut client = database.connect()?;
    database.migrate(migration::BARE_UP)?;
    client.batch_execute(
        "alter table todos add constraint todos_owner foreign key (user_id) references users (id)",
    )?;
    database.migrate(migration::FULL_UP)?;
    let keys = client.query_one(
        "select count(*) from pg_constraint where contype = 'f' and conrelid = 'todos'::regclass",
        &[],
    )?;
    assert_eq!(keys.try_get::<_, i64>(0)?, 1);
    Ok(())
}

#[test]
fn tables_with_rows_are_not_dropped() -> Fallible {
    let database = database_or_skip!(Database::empty());
    let mut client = database.connect()?;
    database.migrate(migration::BARE_UP)?;
    fill(&mut client, 3)?;
    assert!(database.migrate(migration::BARE_DOWN).is_err());
    assert_eq!(todos(&mut client)?.len(), 3);
    Ok(())
}
