//! A server on PostgreSQL with the migrations of `assets/hasura`: each request runs as
//! the SQL that Hasura generates for the role `user`, in one transaction, with the
//! session in `hasura.user`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use postgres::types::ToSql;
use postgres::{Client, Transaction};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Checked;
use crate::database::Database;
use crate::server::{SHORT_PAGE, Server, ServerRow};

/// A connection to a database of its own.
pub(crate) struct Postgres {
    _database: Database,
    client: Rc<RefCell<Client>>,
}

/// The database behind Hasura's API.
struct Hasura {
    client: Rc<RefCell<Client>>,
    row_limit: i64,
}

impl Postgres {
    /// Creates the full backend; `None` without a PostgreSQL server for tests.
    pub(crate) fn full() -> Checked<Option<Self>> {
        let Some(database) = Database::full()? else {
            return Ok(None);
        };
        let client = Rc::new(RefCell::new(database.connect()?));
        Ok(Some(Self {
            _database: database,
            client,
        }))
    }

    pub(crate) fn serving(&self, short_pages: bool) -> Box<dyn Server> {
        Box::new(Hasura {
            client: Rc::clone(&self.client),
            row_limit: if short_pages {
                SHORT_PAGE.into()
            } else {
                i64::MAX
            },
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    operation_name: String,
    variables: Option<Variables>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Variables {
    objects: Vec<Object>,
    updates: Vec<Update>,
    keys: Vec<Uuid>,
    key: Uuid,
    text: String,
    since: i64,
    limit: i64,
}

#[derive(Deserialize)]
struct Object {
    client_id: Uuid,
    text: String,
}

#[derive(Deserialize)]
struct Update {
    r#where: Seen,
    #[serde(rename = "_set")]
    set: Set,
}

#[derive(Deserialize)]
struct Seen {
    client_id: Equals<Uuid>,
    revision: Equals<i64>,
    text: Option<Equals<String>>,
}

#[derive(Deserialize)]
struct Equals<T> {
    #[serde(rename = "_eq")]
    eq: T,
}

#[derive(Deserialize)]
struct Set {
    text: String,
}

/// Returns one statement's rows as JSON.
const ADD: &str = r#"
    with added as (
      insert into public.todos (text, client_id, user_id)
      select text, key, $3 from unnest($1::uuid[], $2::text[]) as object (key, text)
      on conflict on constraint todos_user_id_client_id_key do nothing
      returning *, (user_id = $3) as "check__constraint"
    )
    select coalesce(json_agg(json_build_object(
      'id', id, 'client_id', client_id, 'revision', revision)), '[]')
    from added"#;
const EDIT: &str = r#"
    with changed as (
      update public.todos set text = $4
      where user_id = $1 and client_id = $2 and revision = $3 and ($5::text is null or text = $5)
      returning *, (user_id = $1) as "check__constraint"
    )
    select coalesce(json_agg(json_build_object('id', id, 'revision', revision)), '[]')
    from changed"#;
const REMOVE: &str = "
    with removed as (
      delete from public.todos where user_id = $2 and client_id = any($1) returning *
    )
    select coalesce(json_agg(json_build_object(
      'id', id, 'client_id', client_id, 'revision', revision)), '[]')
    from removed";
const MARK: &str = "
    select coalesce(json_agg(json_build_object(
      'id', id, 'revision', revision, 'purged_revision', purged_revision)), '[]')
    from users where id = $1";
const CHANGES: &str = "
    select coalesce(json_agg(page), '[]') from (
      select id, client_id, text, revision, deleted, created_at, updated_at
      from todo_changes where user_id = $1 and revision > $2
      order by revision, id limit $3
    ) page";
const EMPTY: &str = "
    truncate public.todo_tombstones, public.todos, public.users;
    alter sequence public.todos_id_seq restart;
    alter sequence public.todo_revision restart";

/// One todo's key and text.
type Added<'a> = (Uuid, &'a str);

fn add(transaction: &mut Transaction<'_>, user: i32, todos: &[Added<'_>]) -> Checked<Value> {
    let (keys, texts): (Vec<Uuid>, Vec<&str>) = todos.iter().copied().unzip();
    let row = transaction.query_one(ADD, &[&keys, &texts, &user])?;
    Ok(row.try_get(0)?)
}

fn remove(transaction: &mut Transaction<'_>, user: i32, keys: &[Uuid]) -> Checked<Value> {
    let row = transaction.query_one(REMOVE, &[&keys, &user])?;
    Ok(row.try_get(0)?)
}

/// Returns the answer to the role's introspection query.
fn capabilities() -> Value {
    let named =
        |names: &[&str]| -> Value { names.iter().map(|name| json!({"name": name})).collect() };
    json!({
        "mutations": {"fields": named(&["delete_todos", "insert_todos", "update_todos_many"])},
        "todos": {"fields": named(&["client_id", "id", "revision", "text"])},
        "changes": {"fields": named(&["client_id", "deleted", "id", "revision", "text"])},
        "users": {"fields": named(&["id", "purged_revision", "revision"])},
        "insert": {"inputFields": named(&["client_id", "text"])},
        "constraints": {"enumValues": named(&["todos_user_id_client_id_key"])},
    })
}

impl Hasura {
    fn run(&self, user: i32, request: Request) -> Checked<Value> {
        let mut client = self.client.borrow_mut();
        let mut transaction = client.transaction()?;
        transaction.batch_execute(&format!(
            r#"set local "hasura.user" = '{{"x-hasura-role":"user","x-hasura-user-id":"{user}"}}'"#
        ))?;
        let data = self.operation(&mut transaction, user, request)?;
        transaction.commit()?;
        Ok(data)
    }

    fn operation(
        &self,
        transaction: &mut Transaction<'_>,
        user: i32,
        request: Request,
    ) -> Checked<Value> {
        let given = request.variables.unwrap_or_default();
        Ok(match request.operation_name.as_str() {
            "Capabilities" => capabilities(),
            "Mark" => {
                let row = transaction.query_one(MARK, &[&user])?;
                json!({"users": row.try_get::<_, Value>(0)?})
            }
            "Pull" => {
                let limit = given.limit.min(self.row_limit);
                let row = transaction.query_one(CHANGES, &[&user, &given.since, &limit])?;
                let changes: Value = row.try_get(0)?;
                let row = transaction.query_one(MARK, &[&user])?;
                json!({"todo_changes": changes, "users": row.try_get::<_, Value>(0)?})
            }
            "AddTodos" => {
                let todos = given.objects.iter();
                let todos: Vec<Added<'_>> = todos
                    .map(|todo| (todo.client_id, todo.text.as_str()))
                    .collect();
                json!({"insert_todos": {"returning": add(transaction, user, &todos)?}})
            }
            "RemoveTodos" => {
                let removed = remove(transaction, user, &given.keys)?;
                json!({"delete_todos": {"returning": removed}})
            }
            "AddAndRemove" => {
                let added = add(transaction, user, &[(given.key, &given.text)])?;
                let affected = added.as_array().map_or(0, Vec::len);
                let removed = remove(transaction, user, &[given.key])?;
                json!({
                    "insert_todos": {"affected_rows": affected},
                    "delete_todos": {"returning": removed},
                })
            }
            "EditTodos" => {
                let mut edited = Vec::new();
                for Update { r#where, set } in &given.updates {
                    let (key, revision) = (r#where.client_id.eq, r#where.revision.eq);
                    let before = r#where.text.as_ref().map(|text| &text.eq);
                    let edit = [
                        &user as &(dyn ToSql + Sync),
                        &key,
                        &revision,
                        &set.text,
                        &before,
                    ];
                    let row = transaction.query_one(EDIT, &edit)?;
                    edited.push(json!({"returning": row.try_get::<_, Value>(0)?}));
                }
                json!({"update_todos_many": edited})
            }
            other => return Err(format!("a request of another kind: {other}").into()),
        })
    }
}

impl Server for Hasura {
    fn answer(&mut self, user: i64, body: &[u8]) -> Checked<Vec<u8>> {
        let request: Request = serde_json::from_slice(body)?;
        let data = self.run(i32::try_from(user)?, request)?;
        Ok(serde_json::to_vec(&json!({ "data": data }))?)
    }

    fn purge(&mut self) -> Checked {
        // Including newer tombstones.
        let purge = "select purge_todo_tombstones('-1 hour')";
        self.client.borrow_mut().batch_execute(purge)?;
        Ok(())
    }

    fn reset(&mut self, user: i64) -> Checked {
        let user = i32::try_from(user)?;
        let mut client = self.client.borrow_mut();
        client.batch_execute(EMPTY)?;
        let sql = "insert into public.users (id, auth0_id) values ($1, 'auth0|ada')";
        client.execute(sql, &[&user])?;
        Ok(())
    }

    fn upgrade(&mut self) -> Checked {
        Ok(())
    }

    fn rows(&mut self) -> Checked<Vec<ServerRow>> {
        let sql = "select id, client_id, text from public.todos order by id";
        let rows = self.client.borrow_mut().query(sql, &[])?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            found.push(ServerRow {
                id: row.try_get::<_, i32>(0)?.into(),
                key: row.try_get::<_, Uuid>(1)?.to_string(),
                text: row.try_get(2)?,
            });
        }
        Ok(found)
    }

    fn revisions(&mut self) -> Checked<BTreeMap<i64, i64>> {
        let sql = "select id, revision from public.todos";
        let rows = self.client.borrow_mut().query(sql, &[])?;
        rows.into_iter()
            .map(|row| Ok((row.try_get::<_, i32>(0)?.into(), row.try_get(1)?)))
            .collect()
    }
}
