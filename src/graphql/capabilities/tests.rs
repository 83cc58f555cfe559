use std::error::Error;

use serde_json::{Value, json};

use super::*;

fn names(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"name": name})).collect()
}

fn read(schema: Value) -> Result<Option<Capabilities>, Box<dyn Error>> {
    Ok(IntrospectionQuery.read(serde_json::from_value(schema)?)?)
}

/// As a real Hasura answers on the full backend.
fn full() -> Value {
    json!({
        "mutations": {"fields": names(&[
            "delete_todos", "delete_todos_by_pk", "insert_todos", "insert_todos_one",
            "update_todos", "update_todos_by_pk", "update_todos_many",
        ])},
        "todos": {"fields": names(&[
            "client_id", "created_at", "id", "revision", "text", "updated_at", "user_id",
        ])},
        "changes": {"fields": names(&[
            "client_id", "created_at", "deleted", "id", "revision", "text", "updated_at",
        ])},
        "users": {"fields": names(&["email", "id", "purged_revision", "revision"])},
        "insert": {"inputFields": names(&["client_id", "text"])},
        "constraints": {"enumValues": names(&["todos_pkey", "todos_user_id_client_id_key"])},
    })
}

#[test]
fn a_full_backend_is_recognised_by_its_schema() -> Result<(), Box<dyn Error>> {
    assert_eq!(
        read(full())?,
        Some(Capabilities {
            full: true,
            insert: true,
            update: true,
            delete: true,
            single_operations: false,
        }),
    );
    Ok(())
}

#[test]
fn the_tutorials_tables_may_be_read_only() -> Result<(), Box<dyn Error>> {
    let schema = json!({
        "mutations": null,
        "todos": {"fields": names(&["id", "text", "user_id"])},
        "changes": null,
        "users": null,
        "insert": null,
        "constraints": null,
    });
    assert_eq!(
        read(schema)?,
        Some(Capabilities {
            full: false,
            insert: false,
            update: false,
            delete: false,
            single_operations: false,
        }),
    );
    Ok(())
}

#[test]
fn adding_by_key_needs_the_key_to_be_insertable() -> Result<(), Box<dyn Error>> {
    let mut schema = full();
    schema["insert"] = json!({"inputFields": names(&["text"])});
    let found = read(schema)?.ok_or("todos are there")?;
    assert!(found.full && !found.insert && found.update && found.delete);
    Ok(())
}

#[test]
fn a_feed_without_revisions_makes_no_full_backend() -> Result<(), Box<dyn Error>> {
    let mut schema = full();
    schema["users"] = json!({"fields": names(&["id", "email"])});
    let found = read(schema)?.ok_or("todos are there")?;
    assert!(!found.full && found.insert, "adds go on, the bare way");
    Ok(())
}

#[test]
fn a_hidden_schema_gives_no_capabilities() -> Result<(), Box<dyn Error>> {
    let schema = json!({
        "mutations": null, "todos": null, "changes": null,
        "users": null, "insert": null, "constraints": null,
    });
    assert_eq!(read(schema)?, None);
    Ok(())
}
