//! Requests that Hasura refuses, with the code and the path it names.

use serde_json::json;
use tudone::sandbox::backend::Shape;

use crate::hasura::{
    rules::{ask, backend, refusal},
    tokens::Outcome,
};

/// Query, code, path.
const REFUSED: [(&str, &str, &str); 30] = [
    (
        "{ todos(limit: \"1\") { id } }",
        "validation-failed",
        "$.selectionSet.todos.args.limit",
    ),
    (
        "{ todos(limit: -1) { id } }",
        "validation-failed",
        "$.selectionSet.todos.args.limit",
    ),
    (
        "{ todos(offset: \"x\") { id } }",
        "validation-failed",
        "$.selectionSet.todos.args.offset",
    ),
    ("{ todos(offset: -1) { id } }", "data-exception", "$"),
    (
        "{ todos(nope: 1) { id } }",
        "validation-failed",
        "$.selectionSet.todos",
    ),
    (
        "{ todos { id { x } } }",
        "validation-failed",
        "$.selectionSet.todos.selectionSet.id",
    ),
    (
        "{ todos }",
        "validation-failed",
        "$.selectionSet.todos.selectionSet",
    ),
    (
        "{ todos(order_by: {id: up}) { id } }",
        "validation-failed",
        "$.selectionSet.todos.args.order_by[0].id",
    ),
    (
        "{ todos(order_by: [{id: asc}, {x: asc}]) { id } }",
        "validation-failed",
        "$.selectionSet.todos.args.order_by[1].x",
    ),
    (
        "{ todos(distinct_on: text, order_by: {id: asc}) { id } }",
        "validation-failed",
        "$.selectionSet.todos.args",
    ),
    (
        "{ todos(where: {id: {_eq: null}}) { id } }",
        "validation-failed",
        "$.selectionSet.todos.args.where.id._eq",
    ),
    (
        "{ todos(where: {id: {_in: [1, null]}}) { id } }",
        "validation-failed",
        "$.selectionSet.todos.args.where.id._in[1]",
    ),
    (
        "{ todos(where: {id: null}) { id } }",
        "validation-failed",
        "$.selectionSet.todos.args.where.id",
    ),
    (
        "{ todos(where: {id: {_eq: 2.5}}) { id } }",
        "parse-failed",
        "$.selectionSet.todos.args.where.id._eq",
    ),
    (
        "{ todos(where: {id: {_eq: 2147483648}}) { id } }",
        "parse-failed",
        "$.selectionSet.todos.args.where.id._eq",
    ),
    (
        "{ todos(where: {text: {_eq: 1}}) { id } }",
        "parse-failed",
        "$.selectionSet.todos.args.where.text._eq",
    ),
    (
        "{ todos(where: {id: {_eq: \"x\"}}) { id } }",
        "data-exception",
        "$",
    ),
    (
        "{ todos(where: {client_id: {_eq: \"x\"}}) { id } }",
        "data-exception",
        "$",
    ),
    (
        "{ todos(where: {revision: {_eq: \"99999999999999999999\"}}) { id } }",
        "data-exception",
        "$",
    ),
    (
        "{ todos(where: {created_at: {_eq: \"soon\"}}) { id } }",
        "data-exception",
        "$",
    ),
    (
        "{ todos { ...F } }",
        "validation-failed",
        "$.selectionSet.todos.selectionSet",
    ),
    ("{ todos(limit: $x) { id } }", "validation-failed", "$"),
    (
        "{ todos { id: text id } }",
        "validation-failed",
        "$.selectionSet.todos.selectionSet",
    ),
    (
        "{ todos { id @nope } }",
        "validation-failed",
        "$.selectionSet.todos.selectionSet",
    ),
    (
        "{ todos_by_pk { id } }",
        "validation-failed",
        "$.selectionSet.todos_by_pk.args.id",
    ),
    (
        "mutation { delete_todos { affected_rows } }",
        "validation-failed",
        "$.selectionSet.delete_todos.args.where",
    ),
    (
        "mutation { insert_todos(objects: [{text: \"a\"}, {text: 1}]) { affected_rows } }",
        "parse-failed",
        "$.selectionSet.insert_todos.args.objects[1].text",
    ),
    (
        "mutation { insert_todos_one(object: {client_id: null}) { id } }",
        "validation-failed",
        "$.selectionSet.insert_todos_one.args.object.client_id",
    ),
    (
        "mutation { x: insert_todos_one(object: {client_id: \"00000000-0000-7000-8000-000000000001\"}) { id } }",
        "constraint-violation",
        "$.selectionSet.insert_todos_one.args.object",
    ),
    (
        "mutation { insert_todos(objects: [], on_conflict: {constraint: no}) { affected_rows } }",
        "validation-failed",
        "$.selectionSet.insert_todos.args.on_conflict.constraint",
    ),
];

#[test]
fn what_hasura_refuses_is_refused_with_its_code_and_path() -> Outcome {
    let backend = backend(Shape::Full)?;
    for (query, code, path) in REFUSED {
        let answer = ask(&backend, query, &json!({}))?;
        assert_eq!(refusal(&answer), (code, path), "{query}: {answer}");
        assert!(answer.get("data").is_none());
    }
    Ok(())
}
