//! Boolean expressions as SQL conditions.

use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use super::{
    answer::{ErrorCode, RequestError},
    jwt::RequestSession,
    pattern,
    role::TablePermissions,
    table::{Column, Table},
    value,
};

/// SQL text and the values of its `?` marks, in order.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct SqlCondition {
    pub(super) sql: String,
    pub(super) values: Vec<Sql>,
}

impl SqlCondition {
    fn constant(sql: &str) -> Self {
        Self {
            sql: sql.to_owned(),
            values: Vec::new(),
        }
    }

    fn with(sql: String, value: Sql) -> Self {
        Self {
            sql,
            values: vec![value],
        }
    }

    fn negated(mut self) -> Self {
        self.sql = format!("(NOT {})", self.sql);
        self
    }

    /// All of them; an empty list holds.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        Self::join(parts, "AND", "TRUE")
    }

    /// One of them; an empty list fails.
    fn any(parts: Vec<Self>) -> Self {
        Self::join(parts, "OR", "FALSE")
    }

    /// Joins as a balanced tree: `SQLite` refuses expressions deeper than 1000.
    fn join(mut parts: Vec<Self>, word: &str, empty: &str) -> Self {
        if parts.len() > 1 {
            let right = Self::join(parts.split_off(parts.len() / 2), word, empty);
            let left = Self::join(parts, word, empty);
            let mut values = left.values;
            values.extend(right.values);
            return Self {
                sql: format!("({} {word} {})", left.sql, right.sql),
                values,
            };
        }
        parts.pop().unwrap_or_else(|| Self::constant(empty))
    }
}

/// The rows a role may reach: its own, or every row.
pub(super) fn reachable(
    grant: &TablePermissions,
    session: &RequestSession,
) -> Result<SqlCondition, RequestError> {
    if !grant.own_rows {
        return Ok(SqlCondition::constant("TRUE"));
    }
    let owner = owner(session)?;
    let sql = format!("\"{}\" = ?", grant.table.owner);
    Ok(SqlCondition::with(sql, Sql::Integer(owner)))
}

/// The session's `x-hasura-user-id` as the integer it must be.
pub(super) fn owner(session: &RequestSession) -> Result<i64, RequestError> {
    const NAME: &str = "x-hasura-user-id";
    let text = session.variables.get(NAME).ok_or_else(|| {
        RequestError::new(
            ErrorCode::NotFound,
            format!("missing session variable: \"{NAME}\""),
        )
    })?;
    value::integer(text)
}

/// A coerced `…_bool_exp`.
pub(super) fn filter(
    table: &Table,
    filter: &Map<String, Value>,
) -> Result<SqlCondition, RequestError> {
    let mut parts = Vec::new();
    for (key, value) in filter {
        parts.push(match (key.as_str(), value) {
            ("_and", Value::Array(members)) => SqlCondition::all(each(table, members)?),
            ("_or", Value::Array(members)) => SqlCondition::any(each(table, members)?),
            ("_not", Value::Object(inner)) => self::filter(table, inner)?.negated(),
            (name, Value::Object(operators)) => match table.column(name) {
                Some(column) => comparisons(column, operators)?,
                None => return Err(unknown(name)),
            },
            (name, _) => return Err(unknown(name)),
        });
    }
    Ok(SqlCondition::all(parts))
}

/// Coercion lets only known names through, so this names a gap in it.
fn unknown(name: &str) -> RequestError {
    RequestError::new(
        ErrorCode::Unexpected,
        format!("no condition can be made of '{name}'"),
    )
}

fn each(table: &Table, members: &[Value]) -> Result<Vec<SqlCondition>, RequestError> {
    members
        .iter()
        .filter_map(Value::as_object)
        .map(|member| filter(table, member))
        .collect()
}

fn comparisons(
    column: &Column,
    operators: &Map<String, Value>,
) -> Result<SqlCondition, RequestError> {
    let parts = operators
        .iter()
        .map(|(operator, value)| comparison(column, operator, value))
        .collect::<Result<_, _>>()?;
    Ok(SqlCondition::all(parts))
}

fn comparison(
    column: &Column,
    operator: &str,
    value: &Value,
) -> Result<SqlCondition, RequestError> {
    let name = column.name;
    let compare = |sign: &str| -> Result<SqlCondition, RequestError> {
        let value = column.kind.to_sql(value)?;
        Ok(SqlCondition::with(format!("\"{name}\" {sign} ?"), value))
    };
    match (operator, value) {
        ("_eq", _) => compare("="),
        ("_neq", _) => compare("<>"),
        ("_gt", _) => compare(">"),
        ("_gte", _) => compare(">="),
        ("_lt", _) => compare("<"),
        ("_lte", _) => compare("<="),
        ("_is_null", Value::Bool(true)) => {
            Ok(SqlCondition::constant(&format!("\"{name}\" IS NULL")))
        }
        ("_is_null", _) => Ok(SqlCondition::constant(&format!("\"{name}\" IS NOT NULL"))),
        ("_in" | "_nin", Value::Array(members)) => {
            let listed = members
                .iter()
                .map(|member| column.kind.to_listed(member))
                .collect::<Result<Vec<_>, _>>()?;
            let word = if operator == "_in" { "IN" } else { "NOT IN" };
            let sql = format!("\"{name}\" {word} (SELECT value FROM json_each(?))");
            Ok(SqlCondition::with(
                sql,
                Sql::Text(Value::Array(listed).to_string()),
            ))
        }
        (_, Value::String(text)) => {
            let Some((language, case_matters, negated)) = pattern::operator(operator) else {
                return Err(unknown(operator));
            };
            let search = pattern::search(language, case_matters, text)?;
            let sql = format!("{}(\"{name}\", ?)", search.function);
            let condition = SqlCondition::with(sql, Sql::Text(search.expression));
            Ok(if negated {
                condition.negated()
            } else {
                condition
            })
        }
        (_, _) => Err(unknown(operator)),
    }
}
