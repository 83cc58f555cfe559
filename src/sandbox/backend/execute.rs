//! Running one request: prepared against the role's schema, then read or
//! written in one transaction.

use async_graphql_parser::types::OperationType;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::{Map, Value};

use super::{
    answer::{Code, Fault},
    directives::Place,
    document::{self, Request},
    introspection::Introspection,
    jwt::Session,
    mutate::Mutation,
    role::Grant,
    select,
    selection::{self, Selected},
    store::{Writer, broken},
    table::Shape,
    types::{Action, MUTATION, QUERY, SUBSCRIPTION, Types},
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
pub(super) fn prepare(types: &Types, request: &Request) -> Result<Prepared, Fault> {
    let operation = document::operation(request)?;
    let refuse = |message| Err(Fault::new(Code::ValidationFailed, message));
    match operation.kind {
        OperationType::Query => {
            selection::select(types, &operation, QUERY, Place::Query).map(Prepared::Query)
        }
        OperationType::Mutation if !types.mutations => refuse("no mutations exist"),
        OperationType::Mutation => {
            selection::select(types, &operation, MUTATION, Place::Mutation).map(Prepared::Mutation)
        }
        OperationType::Subscription if !types.subscriptions => refuse("no subscriptions exist"),
        OperationType::Subscription => {
            let fields = selection::select(types, &operation, SUBSCRIPTION, Place::Subscription)?;
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
fn check_subscribed(fields: &[Selected]) -> Result<(), Fault> {
    let refuse = |message| Err(Fault::new(Code::NotSupported, message));
    if fields.iter().any(Selected::is_typename) {
        return refuse("Introspection at root field level is not supported over subscriptions");
    }
    let is_stream = |field: &&Selected| matches!(field.action, Some(Action::Stream(_)));
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
    session: &Session,
    fields: &[Selected],
) -> Result<Value, Fault> {
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
    session: &Session,
    field: &Selected,
) -> Result<Value, Fault> {
    match field.action {
        Some(Action::Select(table)) => {
            select::rows(connection, grant(types, table)?, session, field)
        }
        Some(Action::SelectByKey(table)) => {
            select::row_by_key(connection, grant(types, table)?, session, field)
        }
        Some(Action::IntrospectSchema) => Ok(Introspection(types).schema(&field.fields)),
        Some(Action::IntrospectType) => {
            let name = field.arguments.get("name").and_then(Value::as_str);
            Ok(Introspection(types).by_name(name.unwrap_or_default(), &field.fields))
        }
        Some(Action::NoQueries) => Ok(Value::String(
            "There are no queries available to the current role. Either there are no sources or \
             remote schemas configured, or the current role doesn't have the required \
             permissions."
                .to_owned(),
        )),
        None => Ok(Value::String(field.parent.clone())),
        Some(
            Action::Stream(_)
            | Action::Insert(_)
            | Action::InsertOne(_)
            | Action::Update(_)
            | Action::UpdateByKey(_)
            | Action::UpdateMany(_)
            | Action::Delete(_)
            | Action::DeleteByKey(_),
        ) => Err(misplaced(field)),
    }
}

/// The grant a root field was made from.
pub(super) fn grant(types: &Types, index: usize) -> Result<&Grant, Fault> {
    types
        .grants
        .get(index)
        .ok_or_else(|| Fault::new(Code::Unexpected, "no such table"))
}

fn misplaced(field: &Selected) -> Fault {
    let message = format!("field '{}' can not run here", field.name);
    Fault::new(Code::Unexpected, message)
}

/// Runs every field of a mutation, in order, in one transaction: all of it is
/// stored, or nothing. Also tells whether any row changed.
pub(super) fn write(
    connection: &mut Connection,
    types: &Types,
    session: &Session,
    shape: Shape,
    now: i64,
    fields: &[Selected],
) -> Result<(Value, bool), Fault> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| broken(&error))?;
    let mut writer = Writer::new(&transaction, shape, now);
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
    writer: &mut Writer<'_>,
    types: &Types,
    session: &Session,
    field: &Selected,
) -> Result<Value, Fault> {
    let on = |writer, table| -> Result<Mutation<'_, '_>, Fault> {
        Ok(Mutation {
            writer,
            grant: grant(types, table)?,
            session,
            field,
        })
    };
    match field.action {
        Some(Action::Insert(table)) => on(writer, table)?.insert(),
        Some(Action::InsertOne(table)) => on(writer, table)?.insert_one(),
        Some(Action::Update(table)) => on(writer, table)?.update(),
        Some(Action::UpdateByKey(table)) => on(writer, table)?.update_by_key(),
        Some(Action::UpdateMany(table)) => on(writer, table)?.update_many(),
        Some(Action::Delete(table)) => on(writer, table)?.delete(),
        Some(Action::DeleteByKey(table)) => on(writer, table)?.delete_by_key(),
        None => Ok(Value::String(field.parent.clone())),
        Some(
            Action::Select(_)
            | Action::SelectByKey(_)
            | Action::Stream(_)
            | Action::NoQueries
            | Action::IntrospectSchema
            | Action::IntrospectType,
        ) => Err(misplaced(field)),
    }
}
