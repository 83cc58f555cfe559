//! The SQL that Hasura runs for the role `user`: one transaction per request, the session
//! in `hasura.user`, filters and presets of the permissions in the statements.

use postgres::{Client, GenericClient, Transaction};
use uuid::Uuid;

use crate::database::Fallible;

/// Opens the transaction of one mutation of that user.
pub(crate) fn mutation(client: &mut Client, user: i32) -> Fallible<Transaction<'_>> {
    let mut transaction = client.transaction()?;
    transaction.batch_execute(&format!(
        r#"set local "hasura.user" = '{{"x-hasura-role":"user","x-hasura-user-id":"{user}"}}'"#
    ))?;
    Ok(transaction)
}

/// Creates a user as a login does; returns the id.
pub(crate) fn upsert_user(
    client: &mut impl GenericClient,
    auth0_id: &str,
    email: &str,
) -> Fallible<i32> {
    let row = client.query_one(
        "insert into users (auth0_id, email) values ($1, $2)
         on conflict on constraint users_auth0_id_key do update set email = excluded.email
         returning id",
        &[&auth0_id, &email],
    )?;
    Ok(row.try_get(0)?)
}

/// `insert_todos` with `on_conflict: {…, update_columns: []}`; returns the number of
/// added rows.
pub(crate) fn add(
    client: &mut impl GenericClient,
    user: i32,
    todos: &[(Uuid, &str)],
) -> Fallible<i64> {
    let (keys, texts): (Vec<Uuid>, Vec<&str>) = todos.iter().copied().unzip();
    let row = client.query_one(
        r#"with added as (
             insert into public.todos (text, client_id, user_id)
             select text, key, $3 from unnest($1::uuid[], $2::text[]) as object (key, text)
             on conflict on constraint todos_user_id_client_id_key do nothing
             returning *, (user_id = $3) as "check__constraint"
           )
           select count(*) from added"#,
        &[&keys, &texts, &user],
    )?;
    Ok(row.try_get(0)?)
}

/// `delete_todos(where: {client_id: {_in: $keys}})`; returns `affected_rows`.
pub(crate) fn remove(client: &mut impl GenericClient, user: i32, keys: &[Uuid]) -> Fallible<i64> {
    let row = client.query_one(
        "with removed as (
           delete from public.todos where user_id = $2 and client_id = any($1) returning *
         )
         select count(*) from removed",
        &[&keys, &user],
    )?;
    Ok(row.try_get(0)?)
}

/// One entry of `update_todos_many`: an edit of a known revision; returns
/// `affected_rows`.
pub(crate) fn edit(
    client: &mut impl GenericClient,
    user: i32,
    (key, revision): (Uuid, i64),
    text: &str,
) -> Fallible<i64> {
    let row = client.query_one(
        "with changed as (
           update public.todos set text = $4
           where user_id = $1 and client_id = $2 and revision = $3
           returning *, (user_id = $1) as check__constraint
         )
         select count(*) from changed",
        &[&user, &key, &revision, &text],
    )?;
    Ok(row.try_get(0)?)
}

/// Returns the revision of a todo.
pub(crate) fn revision_of(
    client: &mut impl GenericClient,
    user: i32,
    key: Uuid,
) -> Fallible<Option<i64>> {
    let row = client.query_opt(
        "select revision from todos where user_id = $1 and client_id = $2",
        &[&user, &key],
    )?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Returns a key that is ordered like the number.
pub(crate) fn key(number: u64) -> Uuid {
    Uuid::from_u128(0x7000_8000_0000_0000_0000 | u128::from(number))
}
