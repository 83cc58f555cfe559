//! What the recordings do not say case by case: arguments, coercions, upserts.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tudone::sandbox::backend::{Backend, Shape};

use crate::hasura::tokens::{self, Outcome};

pub(crate) fn backend(shape: Shape) -> Outcome<Backend> {
    let backend = Backend::open(None, shape)?;
    backend.set_jwt(tokens::config()?);
    backend.reset(Some(&json!({
        "users": [
            {"id": 1, "auth0_id": "auth0|aaa", "email": "peter@example.test"},
            {"id": 2, "auth0_id": "auth0|bbb"},
        ],
        "todos": [
            {"id": 1, "user_id": 1, "text": "buy milk", "client_id": key(1)},
            {"id": 2, "user_id": 1, "text": null, "client_id": key(2)},
            {"id": 3, "user_id": 2, "text": "of mary", "client_id": key(3)},
            {"id": 4, "user_id": 1, "text": "Call Ana", "client_id": key(4)},
            {"id": 5, "user_id": 1, "text": "buy milk", "client_id": key(5)},
        ],
    })))?;
    Ok(backend)
}

pub(crate) fn key(number: u8) -> String {
    format!("00000000-0000-7000-8000-0000000000{number:02x}")
}

pub(crate) fn bearer(token: &str) -> Outcome<HeaderMap> {
    headers(&[("authorization", &format!("Bearer {token}"))])
}

pub(crate) fn headers(pairs: &[(&str, &str)]) -> Outcome<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_str(value)?,
        );
    }
    Ok(headers)
}

pub(crate) fn ask(backend: &Backend, query: &str, variables: &Value) -> Outcome<Value> {
    let body = json!({"query": query, "variables": variables}).to_string();
    let headers = bearer(&tokens::named("user1")?)?;
    Ok(backend.answer(&headers, body.as_bytes()).body)
}

/// The ids of the todos that a list's arguments select.
pub(crate) fn ids(backend: &Backend, arguments: &str) -> Outcome<Value> {
    let answer = ask(
        backend,
        &format!("{{ todos({arguments}) {{ id }} }}"),
        &json!({}),
    )?;
    let rows = answer.pointer("/data/todos").and_then(Value::as_array);
    let rows = rows.ok_or_else(|| answer.to_string())?;
    Ok(rows.iter().map(|row| row["id"].clone()).collect())
}

/// Code and path of a refusal.
pub(crate) fn refusal(answer: &Value) -> (&str, &str) {
    let text = |pointer| answer.pointer(pointer).and_then(Value::as_str);
    (
        text("/errors/0/extensions/code").unwrap_or("no error"),
        text("/errors/0/extensions/path").unwrap_or_default(),
    )
}

#[test]
fn every_argument_of_a_list_selects_as_postgres_does() -> Outcome {
    let backend = backend(Shape::Full)?;
    for (arguments, wanted) in [
        ("order_by: {id: desc}, limit: 2", json!([5, 4])),
        ("order_by: [{text: asc}, {id: desc}]", json!([4, 5, 1, 2])),
        ("order_by: [{text: desc}, {id: asc}]", json!([2, 1, 5, 4])),
        (
            "order_by: [{text: asc_nulls_first}, {id: asc}]",
            json!([2, 4, 1, 5]),
        ),
        (
            "order_by: [{text: desc_nulls_last}, {id: asc}]",
            json!([1, 5, 4, 2]),
        ),
        (
            "order_by: {id: asc}, limit: null, offset: 1",
            json!([2, 4, 5]),
        ),
        ("order_by: {id: asc}, offset: \"2\"", json!([4, 5])),
        (
            "distinct_on: text, order_by: [{text: asc}, {id: desc}]",
            json!([4, 5, 2]),
        ),
        ("distinct_on: [text]", json!([4, 1, 2])),
        ("where: {}, order_by: {id: asc}", json!([1, 2, 4, 5])),
        ("where: null, order_by: {id: asc}", json!([1, 2, 4, 5])),
        ("where: {text: {_is_null: true}}", json!([2])),
        (
            "where: {text: {_is_null: false, _neq: \"buy milk\"}}",
            json!([4]),
        ),
        ("where: {text: {_neq: \"buy milk\"}}", json!([4])),
        ("where: {_not: {text: {_eq: \"buy milk\"}}}", json!([4])),
        ("where: {_or: []}", json!([])),
        (
            "where: {_and: []}, order_by: {id: asc}",
            json!([1, 2, 4, 5]),
        ),
        ("where: {_and: {id: {_gt: 1}}, id: {_lte: 2}}", json!([2])),
        ("where: {id: {_in: []}}", json!([])),
        (
            "where: {id: {_nin: [1, 2]}}, order_by: {id: asc}",
            json!([4, 5]),
        ),
        ("where: {id: {_in: 4}}", json!([4])),
        ("where: {id: {_eq: \"4\"}}", json!([4])),
        ("where: {text: {_similar: \"(Call|buy) A%\"}}", json!([4])),
        ("where: {text: {_iregex: \"^call\"}}", json!([4])),
        ("where: {text: {_nilike: \"%MILK%\"}}", json!([4])),
        (
            "where: {revision: {_gte: \"4\"}, user_id: {_eq: 2}}",
            json!([]),
        ),
        (
            "where: {created_at: {_gt: \"2001-01-01\"}, id: {_lt: 2}}",
            json!([1]),
        ),
        (
            "where: {client_id: {_eq: \"{00000000-0000-7000-8000-000000000004}\"}}",
            json!([4]),
        ),
    ] {
        assert_eq!(ids(&backend, arguments)?, wanted, "{arguments}");
    }
    Ok(())
}

#[test]
fn variables_stand_where_their_declared_type_may() -> Outcome {
    let backend = backend(Shape::Full)?;
    let one = json!({"todos": [{"id": 1}]});
    for (query, variables, wanted) in [
        (
            "query($w: todos_bool_exp!) { todos(where: $w) { id } }",
            json!({"w": {"id": {"_eq": 1}}}),
            Ok(&one),
        ),
        (
            "query($i: Int = 1) { todos(where: {id: {_eq: $i}}) { id } }",
            json!({}),
            Ok(&one),
        ),
        (
            "query($i: [Int!]) { todos(where: {id: {_in: $i}}) { id } }",
            json!({"i": 1}),
            Ok(&one),
        ),
        (
            "query($i: Int) { todos(where: {id: {_eq: $i}}) { id } }",
            json!({"i": 1.0}),
            Ok(&one),
        ),
        (
            "query($i: Int) { todos(where: {id: {_eq: $i}}) { id } }",
            json!({}),
            Err("validation-failed"),
        ),
        (
            "query($i: Int) { todos(where: {id: {_in: $i}}) { id } }",
            json!({"i": 1}),
            Err("validation-failed"),
        ),
        (
            "query($o: order_by) { todos(order_by: {id: $o}, limit: 1) { id } }",
            json!({"o": "asc"}),
            Ok(&one),
        ),
        (
            "query($o: order_by) { todos(order_by: {id: $o}, limit: 1) { id } }",
            json!({"o": "up"}),
            Err("validation-failed"),
        ),
        (
            "query($y: Boolean!) { todos(limit: 1) { id text @include(if: $y) } }",
            json!({"y": false}),
            Ok(&one),
        ),
        (
            "query($y: Boolean!) { todos(limit: 1) { id text @skip(if: $y) } }",
            json!({"y": true}),
            Ok(&one),
        ),
        (
            "query($u: Int) { todos(limit: 1) { id } }",
            json!({"u": 1}),
            Err("validation-failed"),
        ),
        (
            "query { todos(limit: 1) { ...F } } fragment F on todos { ... on todos { id } ... on users { email } }",
            json!({}),
            Ok(&one),
        ),
    ] {
        let answer = ask(&backend, query, &variables)?;
        match wanted {
            Ok(data) => assert_eq!(answer.get("data"), Some(data), "{query}: {answer}"),
            Err(code) => assert_eq!(refusal(&answer).0, code, "{query}: {answer}"),
        }
    }
    Ok(())
}

#[test]
fn an_upsert_updates_the_named_columns_where_it_may() -> Outcome {
    let backend = backend(Shape::Full)?;
    let upsert = "mutation($o: [todos_insert_input!]!, $w: todos_bool_exp) { insert_todos(objects: \
                  $o, on_conflict: {constraint: todos_user_id_client_id_key, update_columns: \
                  [text], where: $w}) { affected_rows returning { id text } } }";
    let objects = json!([{"client_id": key(1), "text": "buy tea"}]);
    let answer = ask(&backend, upsert, &json!({"o": objects, "w": {}}))?;
    let wanted = json!({"affected_rows": 1, "returning": [{"id": 1, "text": "buy tea"}]});
    assert_eq!(
        answer.pointer("/data/insert_todos"),
        Some(&wanted),
        "{answer}"
    );
    let never = json!({"o": objects, "w": {"text": {"_eq": "other"}}});
    let answer = ask(&backend, upsert, &never)?;
    let wanted = json!({"affected_rows": 0, "returning": []});
    assert_eq!(
        answer.pointer("/data/insert_todos"),
        Some(&wanted),
        "{answer}"
    );
    let twice = json!({"o": [objects[0], objects[0]], "w": {}});
    assert_eq!(refusal(&ask(&backend, upsert, &twice)?).0, "unexpected");
    Ok(())
}

#[test]
fn rows_that_nothing_orders_come_as_they_were_last_changed() -> Outcome {
    let backend = backend(Shape::Full)?;
    let edit = "mutation { update_todos_by_pk(pk_columns: {id: 2}, _set: {text: \"e\"}) { id } }";
    ask(&backend, edit, &json!({}))?;
    assert_eq!(ids(&backend, "limit: 9")?, json!([1, 4, 5, 2]));
    let all = "mutation { update_todos(where: {id: {_lt: 5}}, _set: {text: \"all\"}) { returning \
               { id revision } } }";
    let answer = ask(&backend, all, &json!({}))?;
    let rows = answer.pointer("/data/update_todos/returning");
    let wanted = json!([
        {"id": 1, "revision": 7}, {"id": 4, "revision": 8}, {"id": 2, "revision": 9},
    ]);
    assert_eq!(rows, Some(&wanted), "{answer}");
    let remove = "mutation { delete_todos(where: {id: {_in: [1, 2, 5]}}) { returning { id } } }";
    let answer = ask(&backend, remove, &json!({}))?;
    let rows = answer.pointer("/data/delete_todos/returning");
    assert_eq!(rows, Some(&json!([{"id": 5}, {"id": 1}, {"id": 2}])));
    let feed = ask(&backend, "{ todo_changes { id deleted } }", &json!({}))?;
    let wanted = json!([
        {"id": 4, "deleted": false}, {"id": 5, "deleted": true},
        {"id": 1, "deleted": true}, {"id": 2, "deleted": true},
    ]);
    assert_eq!(feed["data"]["todo_changes"], wanted, "{feed}");
    Ok(())
}

#[test]
fn a_failing_field_rolls_the_whole_mutation_back() -> Outcome {
    let backend = backend(Shape::Full)?;
    let before = backend.todos(None)?;
    let query = "mutation { a: delete_todos(where: {}) { affected_rows } b: \
                 insert_todos_one(object: {client_id: \"no\"}) { id } }";
    assert_eq!(
        refusal(&ask(&backend, query, &json!({}))?).0,
        "data-exception"
    );
    assert_eq!(backend.todos(None)?, before);
    Ok(())
}

#[test]
fn a_bare_backend_knows_the_tutorials_columns_only() -> Outcome {
    let backend = backend(Shape::Bare)?;
    for (query, path) in [
        ("{ todo_changes { id } }", "$.selectionSet.todo_changes"),
        (
            "{ todos { client_id } }",
            "$.selectionSet.todos.selectionSet.client_id",
        ),
        (
            "{ users { revision } }",
            "$.selectionSet.users.selectionSet.revision",
        ),
    ] {
        assert_eq!(
            refusal(&ask(&backend, query, &json!({}))?),
            ("validation-failed", path)
        );
    }
    let add = "mutation { insert_todos_one(object: {text: \"x\"}) { id user_id text } }";
    let answer = ask(&backend, add, &json!({}))?;
    let wanted = json!({"id": 6, "user_id": 1, "text": "x"});
    assert_eq!(answer.pointer("/data/insert_todos_one"), Some(&wanted));
    assert_eq!(
        ids(
            &backend,
            "where: {id: {_gt: 4}}, order_by: {id: asc}, limit: 10"
        )?,
        json!([5, 6])
    );
    backend.upgrade()?;
    let query = "{ todo_changes(order_by: {revision: asc}) { id revision deleted } }";
    let answer = ask(&backend, query, &json!({}))?;
    let ids: Vec<_> = answer["data"]["todo_changes"]
        .as_array()
        .ok_or("no rows")?
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(ids, [1, 2, 4, 5, 6]);
    Ok(())
}

#[test]
fn a_reader_by_pages_sees_every_change_of_large_requests_once() -> Outcome {
    const COUNT: usize = 2_500;
    let backend = backend(Shape::Full)?;
    let keys: Vec<_> = (0..COUNT)
        .map(|at| format!("00000000-0000-7000-9000-{at:012x}"))
        .collect();
    let objects: Vec<_> = keys
        .iter()
        .map(|key| json!({"client_id": key, "text": "t"}))
        .collect();
    let add =
        "mutation($o: [todos_insert_input!]!) { insert_todos(objects: $o) { affected_rows } }";
    let answer = ask(&backend, add, &json!({"o": objects}))?;
    assert_eq!(answer["data"]["insert_todos"]["affected_rows"], COUNT);
    let either: Vec<_> = keys
        .iter()
        .map(|key| json!({"client_id": {"_eq": key}}))
        .collect();
    let remove = "mutation($w: todos_bool_exp!) { delete_todos(where: $w) { affected_rows } }";
    let answer = ask(&backend, remove, &json!({"w": {"_or": either[..1_500]}}))?;
    assert_eq!(answer["data"]["delete_todos"]["affected_rows"], 1_500);
    let pull = "query($since: bigint!) { todo_changes(where: {revision: {_gt: $since}, client_id: \
                {_in: $keys}}, order_by: [{revision: asc}, {id: asc}], limit: 1000) { client_id \
                revision deleted } }";
    let pull = pull.replace("$keys", &json!(keys).to_string());
    let (mut since, mut seen, mut removed) = (json!(0), Vec::new(), 0);
    loop {
        let answer = ask(&backend, &pull, &json!({"since": since}))?;
        let page = answer["data"]["todo_changes"].as_array().ok_or("no page")?;
        let Some(last) = page.last() else { break };
        since = last["revision"].clone();
        removed += page.iter().filter(|row| row["deleted"] == true).count();
        seen.extend(page.iter().map(|row| row["client_id"].to_string()));
    }
    assert_eq!(removed, 1_500);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), COUNT);
    Ok(())
}
