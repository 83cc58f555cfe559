//! Reading rows: lists, single rows, and the order of both.

use rusqlite::{Connection, Row, params_from_iter, types::Value as Sql};
use serde_json::{Map, Value};

use super::{
    answer::{ErrorCode, RequestError},
    filter::{self, SqlCondition},
    jwt::RequestSession,
    role::TablePermissions,
    selection::Selected,
    store::broken,
    table::{Column, Table},
};

/// The rows of a list field.
pub(super) fn rows(
    connection: &Connection,
    grant: &TablePermissions,
    session: &RequestSession,
    field: &Selected,
) -> Result<Value, RequestError> {
    let mut parts = vec![filter::reachable(grant, session)?];
    if let Some(Value::Object(wanted)) = field.arguments.get("where") {
        parts.push(filter::filter(grant.table, wanted)?);
    }
    let condition = SqlCondition::all(parts);
    let distinct = distinct(grant.table, field.arguments.get("distinct_on"));
    let order = order(grant.table, field.arguments.get("order_by"), &distinct);
    let limit = limit(grant, field.arguments.get("limit"));
    let offset = field.arguments.get("offset").and_then(Value::as_i64);
    if offset.is_some_and(|offset| offset < 0) {
        return Err(RequestError::new(
            ErrorCode::DataException,
            "OFFSET must not be negative",
        ));
    }
    let columns = columns(grant.table, &field.fields);
    let sql = statement(
        grant.table,
        &columns,
        &condition.sql,
        &distinct.join(", "),
        &order,
    );
    let sql = format!("{sql} LIMIT {limit} OFFSET {}", offset.unwrap_or(0));
    read(connection, &sql, condition.values, &columns, &field.fields).map(Value::Array)
}

/// The row of a `…_by_pk` field, or null.
pub(super) fn row_by_key(
    connection: &Connection,
    grant: &TablePermissions,
    session: &RequestSession,
    field: &Selected,
) -> Result<Value, RequestError> {
    let condition = SqlCondition::all(vec![
        filter::reachable(grant, session)?,
        key_condition(grant.table, &field.arguments)?,
    ]);
    let columns = columns(grant.table, &field.fields);
    let sql = statement(grant.table, &columns, &condition.sql, "", "");
    let rows = read(connection, &sql, condition.values, &columns, &field.fields)?;
    Ok(rows.into_iter().next().unwrap_or(Value::Null))
}

/// `id = …` from the arguments of a `…_by_pk` field.
pub(super) fn key_condition(
    table: &Table,
    arguments: &Map<String, Value>,
) -> Result<SqlCondition, RequestError> {
    let wanted = arguments
        .iter()
        .map(|(name, value)| {
            let operators = Map::from_iter([("_eq".to_owned(), value.clone())]);
            (name.clone(), Value::Object(operators))
        })
        .collect();
    filter::filter(table, &wanted)
}

/// One row by its id, as a mutation's `returning` shows it.
pub(super) fn returned(
    connection: &Connection,
    table: &Table,
    id: i64,
    fields: &[Selected],
) -> Result<Option<Value>, RequestError> {
    let columns = columns(table, fields);
    let sql = statement(table, &columns, "id = ?", "", "");
    let rows = read(connection, &sql, vec![Sql::Integer(id)], &columns, fields)?;
    Ok(rows.into_iter().next())
}

/// The columns that a selection names, each once.
fn columns(table: &Table, fields: &[Selected]) -> Vec<&'static Column> {
    let mut columns: Vec<&'static Column> = Vec::new();
    for field in fields {
        if let Some(column) = table.column(&field.name)
            && !columns.iter().any(|known| known.name == column.name)
        {
            columns.push(column);
        }
    }
    columns
}

fn statement(
    table: &Table,
    columns: &[&'static Column],
    condition: &str,
    distinct: &str,
    order: &str,
) -> String {
    let mut list: Vec<_> = columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    // A selection of `__typename` alone still needs one value a row.
    list.push("1".to_owned());
    let list = list.join(", ");
    let name = table.name;
    if distinct.is_empty() {
        return format!("SELECT {list} FROM {name} WHERE {condition}{order}");
    }
    format!(
        "SELECT {list} FROM (SELECT *, row_number() OVER (PARTITION BY {distinct}{order}) AS \
         nth FROM {name} WHERE {condition}) WHERE nth = 1{order}"
    )
}

fn distinct(table: &Table, argument: Option<&Value>) -> Vec<String> {
    let names = argument.and_then(Value::as_array).into_iter().flatten();
    names
        .filter_map(|name| table.column(name.as_str()?))
        .map(|column| format!("\"{}\"", column.name))
        .collect()
}

/// The order asked for, then that of distinct columns, which `PostgreSQL`
/// sorts by. Rows that nothing orders come as they lie in the heap.
fn order(table: &Table, argument: Option<&Value>, distinct: &[String]) -> String {
    let wanted = argument.and_then(Value::as_array).into_iter().flatten();
    let mut keys: Vec<_> = wanted
        .filter_map(Value::as_object)
        .flatten()
        .filter_map(|(name, direction)| {
            let column = table.column(name)?.name;
            let direction = match direction.as_str()? {
                "asc" | "asc_nulls_last" => "ASC NULLS LAST",
                "asc_nulls_first" => "ASC NULLS FIRST",
                "desc" | "desc_nulls_first" => "DESC NULLS FIRST",
                _ => "DESC NULLS LAST",
            };
            Some(format!("\"{column}\" {direction}"))
        })
        .collect();
    let unordered = keys.is_empty();
    let sorted = distinct.iter();
    keys.extend(sorted.map(|column| format!("{column} ASC NULLS LAST")));
    if unordered {
        keys.push(table.heap.to_owned());
    }
    format!(" ORDER BY {}", keys.join(", "))
}

/// The smaller of the asked limit and the permission's; -1 is none.
fn limit(grant: &TablePermissions, asked: Option<&Value>) -> i64 {
    let asked = asked.and_then(Value::as_i64);
    let allowed = grant.row_limit.map(i64::from);
    asked.into_iter().chain(allowed).min().unwrap_or(-1)
}

/// Runs a statement and shapes its rows after the selection.
fn read(
    connection: &Connection,
    sql: &str,
    values: Vec<Sql>,
    columns: &[&'static Column],
    fields: &[Selected],
) -> Result<Vec<Value>, RequestError> {
    let mut statement = connection
        .prepare_cached(sql)
        .map_err(|error| broken(&error))?;
    let rows = statement
        .query_map(params_from_iter(values), |row| shaped(row, columns, fields))
        .map_err(|error| broken(&error))?;
    rows.collect::<Result<_, _>>()
        .map_err(|error| broken(&error))
}

fn shaped(
    row: &Row<'_>,
    columns: &[&'static Column],
    fields: &[Selected],
) -> rusqlite::Result<Value> {
    let mut shown = Map::new();
    for field in fields {
        let position = columns.iter().position(|column| column.name == field.name);
        let value = match position.and_then(|at| columns.get(at).map(|column| (at, column))) {
            Some((at, column)) => column.kind.to_json(row.get_ref(at)?),
            None if field.is_typename() => Value::String(field.parent.clone()),
            None => Value::Null,
        };
        shown.insert(field.key.clone(), value);
    }
    Ok(Value::Object(shown))
}

/// The next batch of a stream: rows past the cursor in its order, with all
/// that tie with the last one. Returns the rows and the cursor after them.
pub(super) fn batch(
    connection: &Connection,
    grant: &TablePermissions,
    session: &RequestSession,
    field: &Selected,
    cursor: &Cursor,
) -> Result<(Vec<Value>, Cursor), RequestError> {
    let column = cursor.column;
    let (sign, direction, furthest) = if cursor.ascending {
        (">", "ASC", "max")
    } else {
        ("<", "DESC", "min")
    };
    let name = column.name;
    let mut parts = vec![filter::reachable(grant, session)?];
    if let Some(Value::Object(wanted)) = field.arguments.get("where") {
        parts.push(filter::filter(grant.table, wanted)?);
    }
    let mut condition = SqlCondition::all(parts);
    let size = field.arguments.get("batch_size").and_then(Value::as_i64);
    let table = grant.table.name;
    condition.sql = format!("{} AND \"{name}\" {sign} ?", condition.sql);
    condition.values.push(cursor.past.clone());
    let last = format!(
        "SELECT {furthest}(\"{name}\") FROM (SELECT \"{name}\" FROM {table} WHERE {} ORDER BY \
         \"{name}\" {direction} LIMIT {})",
        condition.sql,
        size.unwrap_or(0)
    );
    let last: Sql = connection
        .query_row(&last, params_from_iter(condition.values.clone()), |row| {
            row.get(0)
        })
        .map_err(|error| broken(&error))?;
    if last == Sql::Null {
        return Ok((Vec::new(), cursor.clone()));
    }
    let end = if cursor.ascending { "<=" } else { ">=" };
    condition.sql = format!("{} AND \"{name}\" {end} ?", condition.sql);
    condition.values.push(last.clone());
    let columns = columns(grant.table, &field.fields);
    let order = format!(" ORDER BY \"{name}\" {direction}");
    let sql = statement(grant.table, &columns, &condition.sql, "", &order);
    let rows = read(connection, &sql, condition.values, &columns, &field.fields)?;
    let past = Cursor {
        past: last,
        ..cursor.clone()
    };
    Ok((rows, past))
}

/// The cursor of a stream.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    column: &'static Column,
    ascending: bool,
    past: Sql,
}

impl Cursor {
    /// The cursor that a `…_stream` field starts from: the first column it
    /// names, which validation makes the only one.
    pub(super) fn start(table: &Table, field: &Selected) -> Result<Self, RequestError> {
        let cursors = field.arguments.get("cursor").and_then(Value::as_array);
        let mut columns = cursors.into_iter().flatten().flat_map(|cursor| {
            let ascending = cursor.get("ordering") != Some(&Value::from("DESC"));
            let initial = cursor.get("initial_value").and_then(Value::as_object);
            let initial = initial.into_iter().flatten();
            initial.filter_map(move |(name, value)| Some((table.column(name)?, value, ascending)))
        });
        let Some((column, value, ascending)) = columns.next() else {
            let message = "one streaming column field is expected";
            return Err(RequestError::new(ErrorCode::ValidationFailed, message));
        };
        Ok(Self {
            column,
            ascending,
            past: column.kind.to_sql(value)?,
        })
    }
}
