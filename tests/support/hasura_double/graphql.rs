//! `/v1/graphql`: queries and mutations of a role, run as SQL under the
//! permissions of the metadata. Enough for this program's operations and the
//! tutorial's; no fragments, no subscriptions.

mod schema;
mod statement;

use async_graphql_parser::parse_query;
use async_graphql_parser::types::{
    DocumentOperations, Field, OperationType, Selection, SelectionSet,
};
use async_graphql_value::{ConstValue, Name};
use axum::http::HeaderMap;
use postgres::{Client, Transaction};
use serde_json::{Map, Value, json};

use super::jwt::{self, JwtMode};
use super::{Reply, Shared, sql, with};
use statement::Tables;

/// Who asks.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    pub(super) role: String,
    /// Session variables by lower-case name.
    pub(super) variables: Map<String, Value>,
}

/// An error: code, message, path.
pub(super) type Refusal = (String, String, String);

pub(super) fn refuse<T>(
    code: &str,
    message: impl Into<String>,
    path: impl Into<String>,
) -> Result<T, Refusal> {
    Err((code.to_owned(), message.into(), path.into()))
}

/// A field with its arguments made constant.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) arguments: Map<String, Value>,
    pub(super) fields: Vec<Self>,
}

/// Answers one operation, or a batch.
pub(super) fn answer(state: &Shared, headers: &HeaderMap, body: &Value) -> Reply {
    let session = match session(state, headers) {
        Ok(session) => session,
        Err(refusal) => return with(200, &errors(&refusal)),
    };
    let one = |request: &Value| match run(state, &session, request) {
        Ok(data) => json!({"data": data}),
        Err(refusal) => errors(&refusal),
    };
    match body.as_array() {
        Some(requests) => with(200, &requests.iter().map(one).collect()),
        None => with(200, &one(body)),
    }
}

fn errors((code, message, path): &Refusal) -> Value {
    json!({"errors": [{"message": message, "extensions": {"path": path, "code": code}}]})
}

/// An administrator in any role, or the bearer of a token.
pub(super) fn session(state: &Shared, headers: &HeaderMap) -> Result<Session, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let token = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if header("x-hasura-admin-secret").is_none() {
        match (&state.jwt, token) {
            (JwtMode::Unchecked, Some(token)) => return bearer(&jwt::claims(token)),
            (JwtMode::Secret(secret), Some(token)) => {
                return bearer(&jwt::verified(token, secret)?);
            }
            (JwtMode::Secret(_), None) => {
                let message =
                    "Missing 'Authorization' or 'Cookie' header in JWT authentication mode";
                return refuse("invalid-headers", message, "$");
            }
            (JwtMode::Unchecked, None) | (JwtMode::Off, _) => {}
        }
    }
    if let Some(refusal) = state.refuse_caller(headers) {
        let text = |name: &str| refusal[name].as_str().unwrap_or_default().to_owned();
        return Err((text("code"), text("error"), text("path")));
    }
    let named = headers.keys().map(axum::http::HeaderName::as_str);
    let variables = named
        .filter(|name| name.starts_with("x-hasura-") && *name != "x-hasura-admin-secret")
        .filter_map(|name| Some((name.to_owned(), Value::from(header(name)?))));
    Ok(Session {
        role: header("x-hasura-role").unwrap_or("admin").to_owned(),
        variables: variables.collect(),
    })
}

fn bearer(claims: &Value) -> Result<Session, Refusal> {
    let Some(ours) = claims["https://hasura.io/jwt/claims"].as_object() else {
        let message = "claims key: 'https://hasura.io/jwt/claims' not found";
        return refuse("jwt-invalid-claims", message, "$");
    };
    let role = ours.get("x-hasura-default-role").and_then(Value::as_str);
    let lower = |(name, value): (&String, &Value)| (name.to_lowercase(), value.clone());
    Ok(Session {
        role: role.unwrap_or_default().to_owned(),
        variables: ours.iter().map(lower).collect(),
    })
}

/// The first answer to a subscription.
pub(super) fn first_answer(state: &Shared, session: &Session, request: &Value) -> Value {
    let asked = operation(request).and_then(|(kind, fields)| match kind {
        OperationType::Subscription => run_fields(state, session, OperationType::Query, &fields),
        OperationType::Query | OperationType::Mutation => run_fields(state, session, kind, &fields),
    });
    match asked {
        Ok(data) => json!({"data": data}),
        Err(refusal) => errors(&refusal),
    }
}

fn run(state: &Shared, session: &Session, request: &Value) -> Result<Value, Refusal> {
    let (kind, fields) = operation(request)?;
    run_fields(state, session, kind, &fields)
}

fn run_fields(
    state: &Shared,
    session: &Session,
    kind: OperationType,
    fields: &[Asked],
) -> Result<Value, Refusal> {
    let metadata = state.value();
    let everything = statement::everything(&sql::columns(state).unwrap_or_default());
    let tables = Tables::new(&metadata, session, &everything);
    let broken = |_| {
        (
            "unexpected".to_owned(),
            "database query error".to_owned(),
            "$".to_owned(),
        )
    };
    let mut client: Client = sql::connect(state).map_err(|_| {
        (
            "postgres-error".to_owned(),
            "connection error".to_owned(),
            "$".to_owned(),
        )
    })?;
    let mut transaction = client.transaction().map_err(broken)?;
    let variables = Value::Object(session.variables.clone()).to_string();
    let set = "select set_config('hasura.user', $1, true)";
    transaction.execute(set, &[&variables]).map_err(broken)?;
    let mut data = Map::new();
    for field in fields {
        let value = root(state, &tables, kind, field, &mut transaction)?;
        data.insert(field.key.clone(), value);
    }
    transaction.commit().map_err(broken)?;
    Ok(Value::Object(data))
}

fn root(
    state: &Shared,
    tables: &Tables<'_>,
    kind: OperationType,
    field: &Asked,
    transaction: &mut Transaction<'_>,
) -> Result<Value, Refusal> {
    let root = match kind {
        OperationType::Query => "query_root",
        OperationType::Mutation => "mutation_root",
        OperationType::Subscription => {
            let message = "subscriptions are not supported over HTTP, use websockets instead";
            return refuse("unexpected-payload", message, "$");
        }
    };
    if field.name == "__typename" {
        return Ok(Value::from(root));
    }
    if matches!(field.name.as_str(), "__type" | "__schema") {
        let columns = sql::columns(state).unwrap_or_default();
        return Ok(schema::introspect(tables, &columns, field));
    }
    let built = match kind {
        OperationType::Mutation => tables.mutation(field)?,
        OperationType::Query | OperationType::Subscription => tables.query(field)?,
    };
    let Some(built) = built else {
        let message = format!("field '{}' not found in type: '{root}'", field.name);
        return refuse(
            "validation-failed",
            message,
            format!("$.selectionSet.{}", field.name),
        );
    };
    built.run(transaction)
}

/// The operation to run, with variables put in.
fn operation(request: &Value) -> Result<(OperationType, Vec<Asked>), Refusal> {
    let Some(text) = request["query"].as_str() else {
        return refuse("parse-failed", "key \"query\" not found", "$");
    };
    let Ok(document) = parse_query(text) else {
        return refuse("validation-failed", "not a valid graphql query", "$.query");
    };
    let operation = match &document.operations {
        DocumentOperations::Single(operation) => Some(operation),
        DocumentOperations::Multiple(operations) => {
            let named = request["operationName"]
                .as_str()
                .and_then(|name| operations.get(name));
            named.or_else(|| operations.values().next())
        }
    };
    let Some(operation) = operation else {
        return refuse("validation-failed", "no operation", "$");
    };
    let operation = &operation.node;
    let given = request["variables"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let fields = asked(&operation.selection_set.node, &given);
    Ok((operation.ty, fields))
}

fn asked(set: &SelectionSet, variables: &Map<String, Value>) -> Vec<Asked> {
    let fields = set.items.iter().filter_map(|item| match &item.node {
        Selection::Field(field) => Some(&field.node),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
    });
    fields.map(|field| one(field, variables)).collect()
}

fn one(field: &Field, variables: &Map<String, Value>) -> Asked {
    let name = field.name.node.to_string();
    let argument = |(name, value): &(
        async_graphql_parser::Positioned<Name>,
        async_graphql_parser::Positioned<async_graphql_value::Value>,
    )| {
        let constant = value.node.clone().into_const_with(|variable| {
            let found = variables
                .get(variable.as_str())
                .cloned()
                .unwrap_or_default();
            Ok::<_, ()>(ConstValue::from_json(found).unwrap_or_default())
        });
        let value = constant.ok().and_then(|value| value.into_json().ok());
        (name.node.to_string(), value.unwrap_or_default())
    };
    Asked {
        key: field
            .alias
            .as_ref()
            .map_or_else(|| name.clone(), |alias| alias.node.to_string()),
        name,
        arguments: field.arguments.iter().map(argument).collect(),
        fields: asked(&field.selection_set.node, variables),
    }
}
