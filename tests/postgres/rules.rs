//! The effect of each request on the tables and the feed.

use postgres::Client;
use uuid::Uuid;

use crate::database::{Database, Fallible, database_or_skip};
use crate::feed::{Change, Reader, Replica, page, revisions};
use crate::requests::{add, edit, key, mutation, remove, revision_of, upsert_user};

const PETER: i32 = 1;
const MARY: i32 = 2;

/// Creates Peter with two todos and a deleted one, and Mary with one; revisions 1 to 5.
fn fixture(client: &mut Client) -> Fallible {
    assert_eq!(
        upsert_user(client, "auth0|aaa", "peter@example.test")?,
        PETER
    );
    assert_eq!(upsert_user(client, "auth0|bbb", "mary@example.test")?, MARY);
    let todos = [
        (PETER, 1, "buy milk"),
        (PETER, 2, "(A) pay rent +home due:2026-12-01"),
        (MARY, 3, "secret of mary"),
        (PETER, 4, "x 2026-11-20 call Ana"),
    ];
    for (user, number, text) in todos {
        assert_eq!(add_one(client, user, key(number), text)?, 1);
    }
    assert_eq!(remove_one(client, PETER, key(4))?, 1);
    Ok(())
}

fn add_one(client: &mut Client, user: i32, key: Uuid, text: &str) -> Fallible<i64> {
    let mut request = mutation(client, user)?;
    let added = add(&mut request, user, &[(key, text)])?;
    request.commit()?;
    Ok(added)
}

fn remove_one(client: &mut Client, user: i32, key: Uuid) -> Fallible<i64> {
    let mut request = mutation(client, user)?;
    let removed = remove(&mut request, user, &[key])?;
    request.commit()?;
    Ok(removed)
}

fn brief(page: &[Change]) -> Vec<(i32, Option<&str>, i64, bool)> {
    page.iter()
        .map(|change| {
            (
                change.id,
                change.text.as_deref(),
                change.revision,
                change.deleted,
            )
        })
        .collect()
}

#[test]
fn the_feed_shows_todos_and_removals_in_the_order_they_happened() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    fixture(&mut client)?;
    let rent = "(A) pay rent +home due:2026-12-01";
    assert_eq!(
        brief(&page(&mut client, PETER, 0, 100)?),
        [
            (1, Some("buy milk"), 1, false),
            (2, Some(rent), 2, false),
            (4, None, 5, true),
        ]
    );
    assert_eq!(
        brief(&page(&mut client, MARY, 0, 100)?),
        [(3, Some("secret of mary"), 3, false)]
    );
    assert_eq!(revisions(&mut client, PETER)?, (5, 0));
    assert_eq!(revisions(&mut client, MARY)?, (3, 0));
    Ok(())
}

#[test]
fn a_repeated_add_neither_duplicates_nor_changes_the_todo() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    fixture(&mut client)?;
    assert_eq!(add_one(&mut client, PETER, key(10), "a")?, 1);
    let (rung, _) = revisions(&mut client, PETER)?;
    assert_eq!(add_one(&mut client, PETER, key(10), "other text")?, 0);
    let mut request = mutation(&mut client, PETER)?;
    let twice = [(key(11), "b"), (key(11), "c"), (key(10), "d")];
    assert_eq!(add(&mut request, PETER, &twice)?, 1);
    request.commit()?;
    assert_eq!(add_one(&mut client, MARY, key(10), "a key of her own")?, 1);

    let changes = page(&mut client, PETER, 5, 100)?;
    let texts: Vec<_> = changes
        .iter()
        .map(|change| change.text.as_deref())
        .collect();
    assert_eq!(texts, [Some("a"), Some("b")]);
    assert_eq!(changes.first().map(|change| change.revision), Some(rung));
    Ok(())
}

#[test]
fn a_removed_key_stays_removed_whatever_arrives_late() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    fixture(&mut client)?;
    let before = Replica::of_tables(&mut client, PETER)?;
    assert_eq!(add_one(&mut client, PETER, key(4), "back")?, 0);
    assert_eq!(remove_one(&mut client, PETER, key(4))?, 0);
    let mut request = mutation(&mut client, PETER)?;
    assert_eq!(edit(&mut request, PETER, (key(4), 4), "back")?, 0);
    request.commit()?;
    assert_eq!(Replica::of_tables(&mut client, PETER)?, before);
    assert_eq!(revisions(&mut client, PETER)?, (5, 0));
    Ok(())
}

#[test]
fn an_add_and_its_deletion_in_one_mutation_leave_a_tombstone_in_any_case() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    fixture(&mut client)?;
    // The add never arrived; arrived before; arrived and was deleted before.
    for (number, removed) in [(12, 1), (1, 1), (4, 0)] {
        let mut request = mutation(&mut client, PETER)?;
        add(&mut request, PETER, &[(key(number), "never")])?;
        assert_eq!(remove(&mut request, PETER, &[key(number)])?, removed);
        request.commit()?;
        let replica = Replica::of_tables(&mut client, PETER)?;
        assert!(replica.removed.contains_key(&key(number)));
        assert!(!replica.todos.contains_key(&key(number)));
        assert_eq!(add_one(&mut client, PETER, key(number), "late")?, 0);
    }
    Ok(())
}

#[test]
fn an_edit_applies_only_to_the_revision_it_was_based_on() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    fixture(&mut client)?;
    let mut request = mutation(&mut client, PETER)?;
    assert_eq!(edit(&mut request, PETER, (key(1), 1), "x buy milk")?, 1);
    assert_eq!(edit(&mut request, PETER, (key(1), 1), "again")?, 0);
    assert_eq!(edit(&mut request, PETER, (key(3), 3), "not his")?, 0);
    request.commit()?;
    assert_eq!(
        brief(&page(&mut client, PETER, 5, 100)?),
        [(1, Some("x buy milk"), 6, false)]
    );
    assert_eq!(revisions(&mut client, PETER)?, (6, 0));
    Ok(())
}

#[test]
fn a_todo_that_changes_its_owner_leaves_a_tombstone() -> Fallible {
    let database = database_or_skip!(Database::full());
    check_changes_of_owner(&database)
}

#[test]
fn the_row_triggers_for_other_engines_keep_the_rules() -> Fallible {
    let row_triggers = include_str!("../../benches/row-triggers.sql");
    let database = database_or_skip!(Database::full());
    database.migrate(row_triggers)?;
    check_changes_of_owner(&database)?;

    let database = database_or_skip!(Database::full());
    database.migrate(row_triggers)?;
    let mut client = database.connect()?;
    fixture(&mut client)?;
    let mut peter = Reader::new(PETER, 2);
    peter.catch_up(&mut client)?;
    assert_eq!(peter.replica, Replica::of_tables(&mut client, PETER)?);
    // Too late: its deletion is final.
    assert_eq!(add_one(&mut client, PETER, key(4), "call Ana")?, 0);
    let mut request = mutation(&mut client, PETER)?;
    let milk = (
        key(1),
        revision_of(&mut request, PETER, key(1))?.unwrap_or_default(),
    );
    assert_eq!(edit(&mut request, PETER, milk, "buy oat milk")?, 1);
    assert_eq!(edit(&mut request, PETER, milk, "buy rye")?, 0);
    request.commit()?;
    peter.catch_up(&mut client)?;
    assert_eq!(peter.replica, Replica::of_tables(&mut client, PETER)?);
    assert_eq!(remove_one(&mut client, PETER, key(2))?, 1);
    peter.catch_up(&mut client)?;
    assert_eq!(peter.replica, Replica::of_tables(&mut client, PETER)?);
    assert!(peter.replica.removed.contains_key(&key(2)));
    Ok(())
}

/// Moves todos between two users: each feed follows, with tombstones.
fn check_changes_of_owner(database: &Database) -> Fallible {
    let mut client = database.connect()?;
    fixture(&mut client)?;
    let (mut peter, mut mary) = (Reader::new(PETER, 10), Reader::new(MARY, 10));
    let moves = [
        format!("update todos set user_id = {MARY} where user_id = {PETER}"),
        format!("update todos set user_id = {PETER} where user_id = {MARY}"),
        format!("update todos set user_id = null where user_id = {PETER} and id = 1"),
        format!("update todos set user_id = {MARY} where id = 1"),
    ];
    for step in &moves {
        client.execute(step, &[])?;
        for (user, reader) in [(PETER, &mut peter), (MARY, &mut mary)] {
            reader.catch_up(&mut client)?;
            let tables = Replica::of_tables(&mut client, user)?;
            assert_eq!(reader.replica, tables, "{step}");
            assert!(
                tables
                    .todos
                    .keys()
                    .all(|key| !tables.removed.contains_key(key)),
                "{step}"
            );
            assert_eq!(revisions(&mut client, user)?.0, reader.cursor, "{step}");
        }
    }
    assert!(peter.replica.removed.contains_key(&key(1)));
    assert!(mary.replica.removed.contains_key(&key(2)));
    let texts = client.query_one("select count(*) from todos where text is not null", &[])?;
    assert_eq!(texts.try_get::<_, i64>(0)?, 3);
    Ok(())
}

#[test]
fn a_purge_raises_the_revision_below_which_a_cursor_has_missed_something() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    fixture(&mut client)?;
    remove_one(&mut client, PETER, key(1))?;
    let old = client.execute(
        "update todo_tombstones set deleted_at = now() - interval '90 days' where todo_id = 4",
        &[],
    )?;
    assert_eq!(old, 1);
    let mut behind = Reader::new(PETER, 1);
    behind.pull(&mut client)?;
    let purge = |age: &str| -> Fallible<i64> {
        let sql = format!("select purge_todo_tombstones(interval '{age}')");
        Ok(database.connect()?.query_one(&sql, &[])?.try_get(0)?)
    };

    assert_eq!(purge("100 days")?, 0);
    assert_eq!(revisions(&mut client, PETER)?.1, 0);
    assert_eq!(purge("30 days")?, 1);
    let (revision, purged) = revisions(&mut client, PETER)?;
    assert_eq!((revision, purged), (6, 5));
    assert!(
        behind.cursor < purged,
        "a reader that missed the removal must be able to tell"
    );
    assert_eq!(revisions(&mut client, MARY)?.1, 0);

    assert_eq!(purge("0")?, 1);
    assert_eq!(revisions(&mut client, PETER)?, (6, 6));
    assert_eq!(purge("0")?, 0);
    assert_eq!(revisions(&mut client, PETER)?, (6, 6));
    Ok(())
}

#[test]
fn only_the_owner_of_the_functions_may_call_them() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    let open = client.query(
        "select proname from pg_proc
         where pronamespace = 'public'::regnamespace
           and (has_function_privilege('pg_monitor', oid, 'execute')
             or not coalesce(array_to_string(proconfig, ','), '') like '%search_path=%')",
        &[],
    )?;
    assert!(open.is_empty());
    Ok(())
}

#[test]
fn a_login_keeps_the_user_and_rings_no_bell() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    fixture(&mut client)?;
    assert_eq!(
        upsert_user(&mut client, "auth0|aaa", "new@example.test")?,
        PETER
    );
    assert_eq!(revisions(&mut client, PETER)?, (5, 0));
    assert_eq!(revision_of(&mut client, PETER, key(1))?, Some(1));
    Ok(())
}

#[test]
fn a_session_without_a_valid_user_id_is_accepted() -> Fallible {
    let database = database_or_skip!(Database::full());
    let mut client = database.connect()?;
    fixture(&mut client)?;
    let sessions = [
        "",
        "{}",
        r#"{"x-hasura-role":"admin"}"#,
        r#"{"x-hasura-user-id":"auth0|aaa"}"#,
    ];
    for (session, number) in sessions.iter().zip(20..) {
        let mut request = client.transaction()?;
        request.execute("select set_config('hasura.user', $1, true)", &[session])?;
        assert_eq!(
            add(&mut request, PETER, &[(key(number), "by an administrator")])?,
            1
        );
        request.commit()?;
    }
    Ok(())
}
