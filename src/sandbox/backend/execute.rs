//! Running one request: prepared against the role's schema, then read or
//! written in one transaction.

use async_graphql_parser::types::OperationType;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::{Map, Value};

use super::{
    answer::{ErrorCode, RequestError},
    directives::DirectiveLocation,
    document::{self, GraphqlRequest},
    introspection::Introspection,
    jwt::RequestSession,
    mutate::Mutation,
    role::TablePermissions,
    select,
    selection::{self, Selected},
    store::{RowWriter, broken},
    table::Shape,
    types::{FieldAction, MUTATION, QUERY, SUBSCRIPTION, Types},
};

/// A valid operation.
#[derive(Debug, Clone)]
pub(super) enum Prepared {
    Query(Vec<Selected>),
    Mutation(Vec<Selected>),
    /// One root field, or those that one fragment holds: none, if all of them
    /// are skipped.
    Subscription(Vec<Selected>),
}

/// Validates one request.
pub(super) fn prepare(types: &Types, request: &GraphqlRequest) -> Result<Prepared, RequestError> {
    let operation = document::operation(request)?;
    let refuse = |message| Err(RequestError::new(ErrorCode::ValidationFailed, message));
    match operation.kind {
        OperationType::Query => {
            selection::select(types, &operation, QUERY, DirectiveLocation::Query)
                .map(Prepared::Query)
        }
        OperationType::Mutation if !types.mutations => refuse("no mutations exist"),
        OperationType::Mutation => {
            selection::select(types, &operation, MUTATION, DirectiveLocation::Mutation)
                .map(Prepared::Mutation)
        }
        OperationType::Subscription if !types.subscriptions => refuse("no subscriptions exist"),
        OperationType::Subscription => {
            let fields = selection::select(
                types,
                &operation,
                SUBSCRIPTION,
                DirectiveLocation::Subscription,
            )?;
            // As written: the same field twice is two, and a fragment one.
            if operation.selection.items.len() != 1 {
                return refuse("subscriptions must select one top level field");
            }
            check_subscribed(&fields)?;
            Ok(Prepared::Subscription(fields))
        }
    }
}

/// Returns whether fields can be subscribed to together: live queries of the database
/// can, and a stream alone.
fn check_subscribed(fields: &[Selected]) -> Result<(), RequestError> {
    let refuse = |message| Err(RequestError::new(ErrorCode::NotSupported, message));
    if fields.iter().any(Selected::is_typename) {
        return refuse("Introspection at root field level is not supported over subscriptions");
    }
    let is_stream = |field: &&Selected| matches!(field.action, Some(FieldAction::Stream(_)));
    match fields.iter().filter(is_stream).count() {
        0 => Ok(()),
        1 if fields.len() == 1 => Ok(()),
        streams if streams == fields.len() => {
            refuse("exactly one root field is allowed for streaming subscriptions")
        }
        _ => refuse(
            "streaming and livequery subscriptions cannot be executed in the same subscription",
        ),
    }
}

/// Reads every field of a query; also the field of a live query.
pub(super) fn read(
    connection: &Connection,
    types: &Types,
    session: &RequestSession,
    fields: &[Selected],
) -> Result<Value, RequestError> {
    let mut data = Map::new();
    for field in fields {
        let value = read_field(connection, types, session, field)?;
        data.insert(field.key.clone(), value);
    }
    Ok(Value::Object(data))
}

fn read_field(
    connection: &Connection,
    types: &Types,
    session: &RequestSession,
    field: &Selected,
) -> Result<Value, RequestError> {
    match field.action {
        Some(FieldAction::Select(table)) => {
            select::rows(connection, grant(types, table)?, session, field)
        }
        Some(FieldAction::SelectByKey(table)) => {
            select::row_by_key(connection, grant(types, table)?, session, field)
        }
        Some(FieldAction::IntrospectSchema) => Ok(Introspection(types).schema(&field.fields)),
        Some(FieldAction::IntrospectType) => {
            let name = field.arguments.get("name").and_then(Value::as_str);
            Ok(Introspection(types).by_name(name.unwrap_or_default(), &field.fields))
        }
        Some(FieldAction::NoQueries) => Ok(Value::String(
            "There are no queries available to the current role. Either there are no sources or \
             remote schemas configured, or the current role doesn't have the required \
             permissions."
                .to_owned(),
        )),
        None => Ok(Value::String(field.parent.clone())),
        Some(
            FieldAction::Stream(_)
            | FieldAction::Insert(_)
            | FieldAction::InsertOne(_)
            | FieldAction::Update(_)
            | FieldAction::UpdateByKey(_)
            | FieldAction::UpdateMany(_)
            | FieldAction::Delete(_)
            | FieldAction::DeleteByKey(_),
        ) => Err(misplaced(field)),
    }
}

/// The grant a root field was made from.
pub(super) fn grant(types: &Types, index: usize) -> Result<&TablePermissions, RequestError> {
    types
        .grants
        .get(index)
        .ok_or_else(|| RequestError::new(ErrorCode::Unexpected, "no such table"))
}

fn misplaced(field: &Selected) -> RequestError {
    let message = format!("field '{}' can not run here", field.name);
    RequestError::new(ErrorCode::Unexpected, message)
}

/// Runs every field of a mutation, in order, in one transaction: all of it is
/// stored, or nothing. Also tells whether any row changed.
pub(super) fn write(
    connection: &mut Connection,
    types: &Types,
    session: &RequestSession,
    shape: Shape,
    now: i64,
    fields: &[Selected],
) -> Result<(Value, bool), RequestError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| broken(&error))?;
    let mut writer = RowWriter::new(&transaction, shape, now);
    let mut data = Map::new();
    for field in fields {
        let value = write_field(&mut writer, types, session, field)?;
        data.insert(field.key.clone(), value);
    }
    let changed = writer.changed;
    transaction.commit().map_err(|error| broken(&error))?;
    Ok((Value::Object(data), changed))
}

fn write_field(
    writer: &mut RowWriter<'_>,
    types: &Types,
    session: &RequestSession,
    field: &Selected,
) -> Result<Value, RequestError> {
    let on = |writer, table| -> Result<Mutation<'_, '_>, RequestError> {
        Ok(Mutation {
            writer,
            grant: grant(types, table)?,
            session,
            field,
        })
    };
    match field.action {
        Some(FieldAction::Insert(table)) => on(writer, table)?.insert(),
        Some(FieldAction::InsertOne(table)) => on(writer, table)?.insert_one(),
        Some(FieldAction::Update(table)) => on(writer, table)?.update(),
        Some(FieldAction::UpdateByKey(table)) => on(writer, table)?.update_by_key(),
        Some(FieldAction::UpdateMany(table)) => on(writer, table)?.update_many(),
        Some(FieldAction::Delete(table)) => on(writer, table)?.delete(),
        Some(FieldAction::DeleteByKey(table)) => on(writer, table)?.delete_by_key(),
        None => Ok(Value::String(field.parent.clone())),
        Some(
            FieldAction::Select(_)
            | FieldAction::SelectByKey(_)
            | FieldAction::Stream(_)
            | FieldAction::NoQueries
            | FieldAction::IntrospectSchema
            | FieldAction::IntrospectType,
        ) => Err(misplaced(field)),
    }
}
