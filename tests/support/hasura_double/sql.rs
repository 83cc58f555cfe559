//! `run_sql`, on a real server.

use postgres::{Client, NoTls, SimpleQueryMessage};
use serde_json::{Value, json};

use super::{Fallible, Fault, Reply, Shared, with};

/// Runs `args.sql` in one transaction.
pub(super) fn run(state: &Shared, args: &Value) -> Reply {
    let sql = args.get("sql").and_then(Value::as_str).unwrap_or_default();
    let read_only = args.get("read_only") == Some(&Value::Bool(true));
    if !read_only && state.faults.contains(&Fault::SqlFails) {
        let error = json!({
            "message": "connection to server failed: postgres://hasura:hunter2@db/todos",
            "status_code": "08006", "exec_status": "FatalError", "description": null, "hint": null,
        });
        return failed(sql, &error);
    }
    let done = connect(state).and_then(|mut client| transaction(&mut client, sql, read_only));
    match done {
        Ok(result) => with(200, &result),
        Err(error) => match error
            .downcast_ref::<postgres::Error>()
            .and_then(postgres::Error::as_db_error)
        {
            Some(error) => failed(
                sql,
                &json!({
                    "message": error.message(), "status_code": error.code().code(),
                    "exec_status": "FatalError", "description": error.detail(), "hint": error.hint(),
                }),
            ),
            None => with(500, &super::refusal("unexpected", "no database", "$")),
        },
    }
}

fn failed(sql: &str, error: &Value) -> Reply {
    let internal = json!({"arguments": [], "error": error, "prepared": false, "statement": sql});
    let mut body = super::refusal("postgres-error", "query execution failed", "$");
    if let Some(members) = body.as_object_mut() {
        members.insert("internal".to_owned(), internal);
    }
    with(400, &body)
}

pub(super) fn connect(state: &Shared) -> Fallible<Client> {
    Ok(state.config.connect(NoTls)?)
}

fn transaction(client: &mut Client, sql: &str, read_only: bool) -> Fallible<Value> {
    let mut transaction = client.build_transaction().read_only(read_only).start()?;
    let messages = transaction.simple_query(sql)?;
    transaction.commit()?;
    let mut rows: Option<Vec<Vec<String>>> = None;
    let mut ended = false;
    for message in messages {
        if let SimpleQueryMessage::RowDescription(columns) = &message {
            rows = Some(vec![
                columns.iter().map(|it| it.name().to_owned()).collect(),
            ]);
            ended = false;
        } else if let SimpleQueryMessage::Row(row) = &message {
            let cells = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL").to_owned());
            if let Some(rows) = &mut rows {
                rows.push(cells.collect());
            }
        } else {
            // The end of a statement; the second in a row had no rows.
            if ended {
                rows = None;
            }
            ended = true;
        }
    }
    Ok(match rows {
        Some(rows) => json!({"result_type": "TuplesOk", "result": rows}),
        None => json!({"result_type": "CommandOk", "result": null}),
    })
}

/// Names of the columns of each table in `public`.
pub(super) fn columns(state: &Shared) -> Fallible<Vec<(String, String)>> {
    let rows = connect(state)?.query(
        "select table_name::text, column_name::text from information_schema.columns
         where table_schema = 'public'",
        &[],
    )?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}
