//! What may be null, what a list may hold, and what reads only part of what
//! `PostgreSQL` reads: rules of Hasura's input parsers that no recording has.

use serde_json::json;
use tudone::sandbox::backend::Shape;

use crate::hasura::{
    rules::{ask, backend, ids, key, refusal},
    tokens::Outcome,
};

#[test]
fn null_is_refused_where_only_leaving_out_is_meant() -> Outcome {
    let backend = backend(Shape::Full)?;
    let insert = "$.selectionSet.insert_todos.args";
    for (query, path) in [
        (
            "update_todos(where: {}, _set: null) { affected_rows }",
            "$.selectionSet.update_todos.args._set",
        ),
        (
            "update_todos_by_pk(pk_columns: {id: 1}, _set: null) { id }",
            "$.selectionSet.update_todos_by_pk.args._set",
        ),
        (
            "update_todos_many(updates: {where: {}, _set: null}) { affected_rows }",
            "$.selectionSet.update_todos_many.args.updates[0]._set",
        ),
        (
            "insert_todos(objects: {}, on_conflict: null) { affected_rows }",
            &*format!("{insert}.on_conflict"),
        ),
        (
            "insert_todos(objects: {}, on_conflict: {constraint: todos_pkey, where: null}) { \
             affected_rows }",
            &*format!("{insert}.on_conflict.where"),
        ),
        (
            "insert_todos(objects: [{}, {client_id: null}]) { affected_rows }",
            &*format!("{insert}.objects[1].client_id"),
        ),
    ] {
        let answer = ask(&backend, &format!("mutation {{ {query} }}"), &json!({}))?;
        assert_eq!(
            refusal(&answer),
            ("validation-failed", path),
            "{query}: {answer}"
        );
    }
    let nullable = "mutation { insert_todos(objects: {text: null}) { affected_rows } }";
    let answer = ask(&backend, nullable, &json!({}))?;
    assert_eq!(answer["data"]["insert_todos"]["affected_rows"], 1);
    Ok(())
}

#[test]
fn what_the_members_of_a_list_variable_may_be_is_read_from_its_values() -> Outcome {
    let backend = backend(Shape::Full)?;
    let query = "query($ids: [Int]) { todos(where: {id: {_in: $ids}}) { id } }";
    let answer = ask(&backend, query, &json!({"ids": [4]}))?;
    assert_eq!(answer["data"]["todos"], json!([{"id": 4}]), "{answer}");
    let answer = ask(&backend, query, &json!({"ids": [4, null]}))?;
    let path = "$.selectionSet.todos.args.where.id._in[1]";
    assert_eq!(refusal(&answer), ("validation-failed", path), "{answer}");
    let add = "mutation($o: [todos_insert_input]!) { insert_todos(objects: $o) { affected_rows } }";
    let answer = ask(&backend, add, &json!({"o": [{"text": "a"}]}))?;
    assert_eq!(answer["data"]["insert_todos"]["affected_rows"], 1);
    let one = "query($id: Int) { todos_by_pk(id: $id) { id } }";
    let answer = ask(&backend, one, &json!({"id": 1}))?;
    let path = "$.selectionSet.todos_by_pk.args.id";
    assert_eq!(refusal(&answer), ("validation-failed", path), "{answer}");
    Ok(())
}

#[test]
fn a_key_that_is_no_name_is_refused_with_the_object_it_is_in() -> Outcome {
    let backend = backend(Shape::Full)?;
    let query = "query($w: todos_bool_exp) { todos(where: $w) { id } }";
    for (filter, path) in [
        (json!({"a-b": 1}), "$.selectionSet.todos.args.where"),
        (
            json!({"id": {"=": 1}}),
            "$.selectionSet.todos.args.where.id",
        ),
    ] {
        let answer = ask(&backend, query, &json!({"w": filter}))?;
        assert_eq!(refusal(&answer), ("validation-failed", path), "{answer}");
    }
    Ok(())
}

#[test]
fn a_pattern_that_ends_in_its_escape_is_a_bad_request() -> Outcome {
    let backend = backend(Shape::Full)?;
    let query = r#"{ todos(where: {text: {_like: "%\\"}}) { id } }"#;
    let answer = ask(&backend, query, &json!({}))?;
    assert_eq!(refusal(&answer), ("bad-request", "$"), "{answer}");
    Ok(())
}

#[test]
fn a_pattern_that_ends_in_its_escape_is_no_error_where_no_text_comes_to_that() -> Outcome {
    let backend = backend(Shape::Full)?;
    for (filter, wanted) in [
        (r#"{_like: "z\\"}"#, json!([])),
        (r#"{_like: "Call Ana\\"}"#, json!([])),
        (r#"{_nilike: "z\\"}"#, json!([1, 4, 5])),
        (r#"{_similar: "Call Ana\\"}"#, json!([4])),
    ] {
        let found = ids(
            &backend,
            &format!("where: {{text: {filter}}}, order_by: {{id: asc}}"),
        )?;
        assert_eq!(found, wanted, "{filter}");
    }
    let delete =
        r#"mutation { delete_todos(where: {text: {_ilike: "CALL\\"}}) { affected_rows } }"#;
    let answer = ask(&backend, delete, &json!({}))?;
    assert_eq!(refusal(&answer), ("bad-request", "$"), "{answer}");
    Ok(())
}

#[test]
fn a_document_with_a_name_twice_or_nested_without_end_is_none() -> Outcome {
    let backend = backend(Shape::Full)?;
    let deep = 5_000;
    let chain = |number| format!("fragment F{number} on todos {{ ...F{} }} ", number + 1);
    let chain: String = (0..deep).map(chain).collect();
    for query in [
        "{ todos(limit: 1, limit: 2) { id } }".to_owned(),
        "{ todos(where: {id: {_eq: 1, _eq: 4}}) { id } }".to_owned(),
        "mutation { insert_todos_one(object: {text: \"a\", text: \"b\"}) { id } }".to_owned(),
        "{ todos { id @skip(if: true, if: false) } }".to_owned(),
        format!("{{ todos {{ ...F0 }} }} {chain} fragment F{deep} on todos {{ id }}"),
        format!(
            "{{ todos(where: {{_and: {}{}}}) {{ id }} }}",
            "[".repeat(deep),
            "]".repeat(deep)
        ),
    ] {
        let answer = ask(&backend, &query, &json!({}))?;
        let shown: String = query.chars().take(80).collect();
        assert_eq!(
            refusal(&answer),
            ("validation-failed", "$.query"),
            "{shown}"
        );
    }
    let twice = "query($n: Int, $n: Int) { todos(limit: $n) { id } }";
    let answer = ask(&backend, twice, &json!({}))?;
    assert_eq!(refusal(&answer), ("parse-failed", "$"), "{answer}");
    Ok(())
}

#[test]
fn an_operation_that_can_not_be_told_apart_is_not_run() -> Outcome {
    let backend = backend(Shape::Full)?;
    let twice = "query A { users { id } } query A { todos { id } }";
    let answer = ask(&backend, twice, &json!({}))?;
    assert_eq!(refusal(&answer), ("validation-failed", "$"), "{answer}");
    Ok(())
}

#[test]
fn a_key_in_capitals_is_the_same_key() -> Outcome {
    let backend = backend(Shape::Full)?;
    let add = "mutation($k: uuid!) { insert_todos_one(object: {client_id: $k}) { client_id } }";
    let answer = ask(&backend, add, &json!({"k": key(0xab).to_uppercase()}))?;
    assert_eq!(
        answer["data"]["insert_todos_one"]["client_id"],
        key(0xab),
        "{answer}"
    );
    Ok(())
}
