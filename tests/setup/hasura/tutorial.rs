//! The backend of somebody who followed the tutorial.

use postgres::Client;
use serde_json::{Value, json};

use crate::database::Fallible;
use crate::hasura::{Stage, marked, stage_or_skip};
use crate::hasura_double::SECRET;

/// The tutorial's tables as its readers have them, with rows, and its metadata:
/// a select permission and nothing else.
pub(crate) fn make(stage: &Stage) -> Fallible {
    let mut client = stage.database.connect()?;
    client.batch_execute(
        "create table public.users(id serial primary key, auth0_id text unique, email text,
           created_at timestamp default now(), updated_at timestamp default now());
         create table public.todos(id serial primary key, user_id integer, text text);
         insert into users (auth0_id, email) values ('auth0|a', 'a@example.test'), ('auth0|b', null);
         insert into todos (user_id, text) values
           (1, 'buy milk'), (1, null), (2, 'call mum'), (null, 'nobody''s'), (4711, 'long gone');",
    )?;
    stage.hasura.set_metadata(
        r#"{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"name":"todos","schema":"public"},"select_permissions":[{"role":"user","permission":{"columns":["id","user_id","text"],"filter":{"user_id":{"_eq":"X-Hasura-User-Id"}}}}]},{"table":{"name":"users","schema":"public"}}],"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}]}"#,
    )
}

/// Every row, as the tutorial sees it.
pub(crate) fn rows(stage: &Stage) -> Fallible<Vec<String>> {
    let mut client: Client = stage.database.connect()?;
    let rows = client.query(
        "select format('%s|%s|%s', id, user_id, text) from todos
         union all select format('%s|%s|%s|%s', id, auth0_id, email, created_at) from users
         order by 1",
        &[],
    )?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Asks the double as role `user`.
fn ask(stage: &Stage, user: &str, query: &str) -> Fallible<Value> {
    let request = async {
        let sent = tudone::http::client(&stage.hasura.address().parse()?)?
            .post(format!("{}/v1/graphql", stage.hasura.address()))
            .header("x-hasura-admin-secret", SECRET)
            .header("x-hasura-role", "user")
            .header("x-hasura-user-id", user)
            .json(&json!({"query": query}));
        Ok(sent.send().await?.json().await?)
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(request)
}

#[test]
fn the_tutorials_query_and_rows_go_on_working_on_the_full_backend() -> Fallible {
    const QUERY: &str = "{ todos { id, text } }";
    let stage = stage_or_skip!();
    make(&stage)?;
    let (before, answered) = (rows(&stage)?, ask(&stage, "1", QUERY)?);
    assert_eq!(
        answered,
        json!({"data": {"todos": [{"id": 1, "text": "buy milk"}, {"id": 2, "text": null}]}})
    );

    let applied = stage.apply()?;
    assert_eq!(rows(&stage)?, before);
    assert_eq!(ask(&stage, "1", QUERY)?, answered);
    assert_eq!(
        applied["notes"],
        json!(["2 todos have no known owner: they stay as they are and no user sees them"])
    );
    assert_eq!(marked(&applied, "~"), ["permission todos select user"]);
    assert!(marked(&applied, "=").iter().any(|it| it == "table todos"));
    stage.assert_complete()
}

#[test]
fn a_role_that_could_only_read_adds_edits_and_deletes_afterwards() -> Fallible {
    let stage = stage_or_skip!();
    make(&stage)?;
    let add = r#"mutation { insert_todos(objects: [{text: "new", client_id: "0190a1c8-0000-7000-8000-000000000001"}],
        on_conflict: {constraint: todos_user_id_client_id_key, update_columns: []}) { affected_rows returning { text user_id } } }"#;
    let refused = ask(&stage, "1", add)?;
    assert_eq!(refused["errors"][0]["message"], "no mutations exist");

    stage.apply()?;
    let added = ask(&stage, "1", add)?;
    assert_eq!(
        added["data"]["insert_todos"]["returning"],
        json!([{"text": "new", "user_id": 1}])
    );
    assert_eq!(
        ask(&stage, "1", add)?["data"]["insert_todos"]["affected_rows"],
        0
    );
    let gone = ask(
        &stage,
        "2",
        r#"mutation { delete_todos(where: {text: {_eq: "new"}}) { affected_rows } }"#,
    )?;
    assert_eq!(gone["data"]["delete_todos"]["affected_rows"], 0);
    let gone = ask(
        &stage,
        "1",
        r#"mutation { delete_todos(where: {text: {_eq: "new"}}) { affected_rows } }"#,
    )?;
    assert_eq!(gone["data"]["delete_todos"]["affected_rows"], 1);
    let news = ask(
        &stage,
        "1",
        "{ todo_changes(where: {deleted: {_eq: true}}) { deleted } }",
    )?;
    assert_eq!(news["data"]["todo_changes"], json!([{"deleted": true}]));
    Ok(())
}

#[test]
fn tables_that_cannot_be_upgraded_are_named_and_left_alone() -> Fallible {
    for (sql, problem) in [
        (
            "create table users(id serial primary key, auth0_id text, email text);
             create table todos(id uuid primary key, user_id int, text text)",
            "`todos.id` is uuid, not integer",
        ),
        (
            "create table todos(id serial primary key, title text)",
            "`todos.text` is missing",
        ),
        (
            "create view users as select 1 as id",
            "`users` is not a table",
        ),
        (
            "create table users(id serial primary key, auth0_id text, email text);
             create table todos(id serial primary key, user_id int, text text);
             insert into users (auth0_id) values ('auth0|a'), ('auth0|a')",
            "1 values of `users.auth0_id` belong to several users",
        ),
    ] {
        let stage = stage_or_skip!();
        stage.database.connect()?.batch_execute(sql)?;
        let ran = stage.setup(&["--yes", "--json"])?;
        assert_eq!(ran.code, Some(6), "{ran:?}");
        assert!(ran.stderr.contains(problem), "{ran:?}");
        assert!(!stage.hasura.has_replaced_metadata());
    }
    Ok(())
}

#[test]
fn a_users_table_without_the_unique_constraint_gets_it() -> Fallible {
    let stage = stage_or_skip!();
    stage.database.connect()?.batch_execute(
        "create table users(id serial primary key, auth0_id text, email text);
         create unique index users_auth0 on users (auth0_id);
         create table todos(id serial primary key, user_id int, text text, created_at timestamp,
           project text not null)",
    )?;
    let applied = stage.apply()?;
    assert!(
        marked(&applied, "+")
            .iter()
            .any(|it| it == "constraint users.users_auth0_id_key")
    );
    let notes = applied["notes"].to_string();
    assert!(
        notes.contains("`todos.project` is required and has no default"),
        "{notes}"
    );
    stage.assert_complete()
}
