//! Finds the permissions of the role: from its schema or, if introspection is disabled,
//! by requests that change nothing.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::domain::feed::Capabilities;
use crate::domain::key::Key;
use crate::graphql::client::HasuraClient;
use crate::graphql::convert::{CAPABILITIES, Call, PullQuery, Verify};
use crate::graphql::transport::Transport;
use crate::sync::remote::{Batch, KeyedEdit, RemoteError};

/// Finds the permissions of the role.
///
/// # Errors
///
/// See [`RemoteError`]; disabled introspection is not an error.
pub(super) async fn of_role<T: Transport>(
    client: &HasuraClient<T>,
) -> Result<Capabilities, RemoteError> {
    match client.call(&IntrospectionQuery).await {
        Ok(Some(capabilities)) => Ok(capabilities),
        Ok(None) | Err(RemoteError::Rejected { .. }) => by_probing(client).await,
        Err(error) => Err(error),
    }
}

/// The introspection query. Its answer is `None` when the schema has no todos:
/// introspection is restricted, or the role may not read them.
struct IntrospectionQuery;

#[derive(Debug, Deserialize)]
struct Schema {
    mutations: Option<Type>,
    todos: Option<Type>,
    changes: Option<Type>,
    users: Option<Type>,
    insert: Option<Type>,
    constraints: Option<Type>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Type {
    #[serde(alias = "inputFields", alias = "enumValues")]
    fields: Option<Vec<FieldName>>,
}

#[derive(Debug, Deserialize)]
struct FieldName {
    name: String,
}

/// Returns whether `of` exists and has all fields `names`.
fn has(of: Option<&Type>, names: &[&str]) -> bool {
    let Some(fields) = of.and_then(|of| of.fields.as_ref()) else {
        return false;
    };
    names
        .iter()
        .all(|name| fields.iter().any(|field| field.name == *name))
}

impl Call for IntrospectionQuery {
    type Data = Schema;
    type Answer = Option<Capabilities>;

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&json!({
            "query": CAPABILITIES,
            "operationName": "Capabilities",
        }))
    }

    fn read(&self, schema: Schema) -> Result<Self::Answer, String> {
        if !has(schema.todos.as_ref(), &["id", "text"]) {
            return Ok(None);
        }
        let full = has(schema.todos.as_ref(), &["client_id", "revision"])
            && has(
                schema.changes.as_ref(),
                &["client_id", "id", "text", "revision", "deleted"],
            )
            && has(
                schema.users.as_ref(),
                &["id", "revision", "purged_revision"],
            );
        let mutation = |name| has(schema.mutations.as_ref(), &[name]);
        let keyed = has(schema.insert.as_ref(), &["client_id", "text"])
            && has(
                schema.constraints.as_ref(),
                &["todos_user_id_client_id_key"],
            );
        Ok(Some(Capabilities {
            full,
            insert: mutation("insert_todos")
                && if full {
                    keyed
                } else {
                    has(schema.insert.as_ref(), &["text"])
                },
            update: mutation(if full {
                "update_todos_many"
            } else {
                "update_todos"
            }),
            delete: mutation("delete_todos"),
            single_operations: false,
        }))
    }
}

/// Tests every operation in a form that matches no row.
async fn by_probing<T: Transport>(client: &HasuraClient<T>) -> Result<Capabilities, RemoteError> {
    let feed = PullQuery {
        since: i64::MAX,
        limit: 1,
    };
    if allowed(client, &feed).await? {
        let nothing = KeyedEdit {
            key: Key::new(Uuid::nil()),
            revision: -1,
            before: String::new(),
            after: String::new(),
        };
        return Ok(Capabilities {
            full: true,
            insert: allowed(client, &Batch::Add(Vec::new())).await?,
            update: allowed(client, &Batch::Edit(vec![nothing])).await?,
            delete: allowed(client, &Batch::Remove(Vec::new())).await?,
            single_operations: false,
        });
    }
    // Fails unless todos are readable: only then is this a bare backend.
    client.call(&Verify).await?;
    let (id, before) = (-1, "no row has this id".to_owned());
    let edit = Batch::BareEdit {
        id,
        before: before.clone(),
        after: before.clone(),
    };
    Ok(Capabilities {
        full: false,
        insert: allowed(client, &Batch::BareAdd(Vec::new())).await?,
        update: allowed(client, &edit).await?,
        delete: allowed(client, &Batch::BareRemove { id, before }).await?,
        single_operations: false,
    })
}

/// Returns whether the role is permitted to send `call`.
async fn allowed<T: Transport, C: Call>(
    client: &HasuraClient<T>,
    call: &C,
) -> Result<bool, RemoteError> {
    match client.call(call).await {
        Ok(_) => Ok(true),
        Err(RemoteError::Rejected { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
