//! Documents, variables and bodies that no recording has, answered by the
//! rules of Hasura's own source.

use serde_json::{Value, json};
use tudone::sandbox::backend::{Backend, Shape};

use crate::hasura::{
    rules::{ask, backend, bearer, ids, key, refusal},
    tokens::{self, Outcome},
};

fn message(answer: &Value) -> &str {
    let message = answer.pointer("/errors/0/message").and_then(Value::as_str);
    message.unwrap_or_default()
}

/// The answer to a body as it is.
fn send(backend: &Backend, body: &str) -> Outcome<Value> {
    let headers = bearer(&tokens::named("user1")?)?;
    Ok(backend.answer(&headers, body.as_bytes()).body)
}

/// Query, path and message of a validation that fails.
fn fails(backend: &Backend, rows: &[(&str, &str, &str)]) -> Outcome {
    for (query, path, text) in rows {
        let answer = ask(backend, query, &json!({}))?;
        let found = (refusal(&answer), message(&answer));
        assert_eq!(found, (("validation-failed", *path), *text), "{query}");
    }
    Ok(())
}

#[test]
fn a_directive_is_known_in_its_place_once_and_with_its_argument() -> Outcome {
    let backend = backend(Shape::Full)?;
    for (query, wanted) in [
        (
            "query @cached { todos_by_pk(id: 1) { id } }",
            json!({"id": 1}),
        ),
        (
            "query @cached(ttl: 5, refresh: true) { todos_by_pk(id: 1) { id } }",
            json!({"id": 1}),
        ),
        (
            "{ todos_by_pk(id: 1) { id text @skip(if: true) @include(if: true) } }",
            json!({"id": 1}),
        ),
        (
            "{ todos_by_pk(id: 1) { id ... @include(if: false) { text } ...F @skip(if: true) } } \
             fragment F on todos { text }",
            json!({"id": 1}),
        ),
    ] {
        let answer = ask(&backend, query, &json!({}))?;
        assert_eq!(answer["data"]["todos_by_pk"], wanted, "{query}: {answer}");
    }
    let inside = "$.selectionSet.todos.selectionSet";
    fails(
        &backend,
        &[
            (
                "query @nope { todos { id } }",
                "$",
                "directive 'nope' is not defined in the schema",
            ),
            (
                "query @include(if: true) { todos { id } }",
                "$",
                "directive 'include' is not allowed on a query",
            ),
            (
                "mutation @cached { delete_todos(where: {id: {_eq: 0}}) { affected_rows } }",
                "$",
                "directive 'cached' is not allowed on a mutation",
            ),
            (
                "{ todos { id @cached } }",
                inside,
                "directive 'cached' is not allowed on a field",
            ),
            (
                "{ todos { ... @cached { id } } }",
                inside,
                "directive 'cached' is not allowed on an inline fragment",
            ),
            (
                "{ todos { id @include(if: true) @include(if: true) } }",
                inside,
                "the following directives are used more than once: ['include']",
            ),
            (
                "{ todos { id @include } }",
                "$.selectionSet.todos.selectionSet.include.args.if",
                "missing required field 'if'",
            ),
            (
                "{ todos { id @skip(if: \"true\") } }",
                "$.selectionSet.todos.selectionSet.skip.args.if",
                "expected a boolean for type 'Boolean', but found a string",
            ),
            (
                "{ todos { id @include(if: true, unless: true) } }",
                "$.selectionSet.todos.selectionSet.include",
                "'include' has no argument named 'unless'",
            ),
        ],
    )
}

#[test]
fn fragments_are_followed_before_anything_else_is_checked() -> Outcome {
    let backend = backend(Shape::Full)?;
    fails(
        &backend,
        &[
            (
                "{ todos { ...F } nope }",
                "$.selectionSet.todos.selectionSet",
                "reference to undefined fragment \"F\"",
            ),
            (
                "query($x: Int!) { ...F } fragment F on query_root { todos { ...G } } \
                 fragment G on todos { ...H } fragment H on todos { ...G }",
                "$.selectionSet.F.selectionSet.todos.selectionSet.G.selectionSet.H.selectionSet",
                "the fragment definition(s) G and H form a cycle",
            ),
            (
                "fragment F on todos { id }",
                "$",
                "exactly one operation has to be present in the document when operationName is \
                 not specified",
            ),
        ],
    )?;
    let twice = "{ todos { ...F } } fragment F on todos { id } fragment F on todos { text }";
    let answer = ask(&backend, twice, &json!({}))?;
    assert_eq!(refusal(&answer), ("parse-failed", "$"));
    assert_eq!(message(&answer), "multiple definitions for fragment \"F\"");
    let unused = "{ todos_by_pk(id: 1) { ...F id } } fragment F on nosuch { x } \
                  fragment G on todos { nope }";
    let answer = ask(&backend, unused, &json!({}))?;
    assert_eq!(
        answer["data"],
        json!({"todos_by_pk": {"id": 1}}),
        "{answer}"
    );
    Ok(())
}

#[test]
fn every_declared_variable_counts_even_if_nothing_uses_it() -> Outcome {
    let backend = backend(Shape::Full)?;
    for (query, variables, wanted) in [
        (
            "query($a: Int!) { todos { id } }",
            json!({}),
            "expecting a value for non-nullable variable: \"a\"",
        ),
        (
            "query($a: Int!) { todos { id } }",
            json!({"a": null}),
            "null value found for non-nullable type: \"Int!\"",
        ),
        (
            "query($a: Int, $a: Int) { todos { id } }",
            json!({}),
            "multiple definitions for variable \"a\"",
        ),
        (
            "query($a: Int = 1) { todos(limit: $b) { id } }",
            json!({}),
            "unbound variable \"b\"",
        ),
        (
            "query($a: Int = 1) { todos { id } }",
            json!({"a": 1, "b": 2}),
            "unexpected variables in variableValues: a, b",
        ),
        (
            "query($y: Boolean!) @cached(refresh: $y) { todos { id } }",
            json!({"y": true}),
            "",
        ),
        (
            "query($a: Int! = 1) { todos(where: {id: {_eq: $a}}) { id } }",
            json!({}),
            "",
        ),
        (
            "query($a: nosuch) { todos(limit: $a) { id } }",
            json!({}),
            "variable 'a' is declared as 'nosuch', but used where 'Int' is expected",
        ),
        (
            "mutation($a: Int) { delete_todos(where: {id: {_eq: $a}}) { affected_rows } }",
            json!({}),
            "unexpected null value for type 'Int'",
        ),
        (
            "mutation($w: todos_bool_exp) { delete_todos(where: $w) { affected_rows } }",
            json!({}),
            "variable 'w' is declared as 'todos_bool_exp', but used where 'todos_bool_exp!' is \
             expected",
        ),
    ] {
        let answer = ask(&backend, query, &variables)?;
        assert_eq!(message(&answer), wanted, "{query} {variables}: {answer}");
    }
    Ok(())
}

#[test]
fn a_list_is_null_one_value_or_a_list_and_never_holds_null() -> Outcome {
    let backend = backend(Shape::Full)?;
    let null = "expected a list, but found null";
    let object = "expected an object for type 'todos_bool_exp', but found null";
    fails(
        &backend,
        &[
            (
                "{ todos(where: {id: {_in: null}}) { id } }",
                "$.selectionSet.todos.args.where.id._in",
                null,
            ),
            (
                "{ todos(where: {_or: null}) { id } }",
                "$.selectionSet.todos.args.where._or",
                null,
            ),
            (
                "{ todos(where: {_and: [null]}) { id } }",
                "$.selectionSet.todos.args.where._and[0]",
                object,
            ),
            (
                "{ todos(where: {_not: null}) { id } }",
                "$.selectionSet.todos.args.where._not",
                object,
            ),
            (
                "mutation { insert_todos(objects: null) { affected_rows } }",
                "$.selectionSet.insert_todos.args.objects",
                null,
            ),
            (
                "{ todos(where: {_or: {id: {_ne: 1}}}) { id } }",
                "$.selectionSet.todos.args.where._or[0].id._ne",
                "field '_ne' not found in type: 'Int_comparison_exp'",
            ),
        ],
    )?;
    for (arguments, wanted) in [
        ("where: {_or: {id: {_eq: 1}}}", json!([1])),
        ("where: {_not: {}}", json!([])),
        (
            "where: {_or: [{}, {id: {_eq: 9}}], id: {_lt: 3}}",
            json!([1, 2]),
        ),
        (
            "where: {id: {}}, order_by: [], distinct_on: []",
            json!([1, 2, 4, 5]),
        ),
        ("order_by: {id: null}", json!([1, 2, 4, 5])),
        ("limit: 0", json!([])),
    ] {
        assert_eq!(ids(&backend, arguments)?, wanted, "{arguments}");
    }
    Ok(())
}

#[test]
fn limit_and_offset_read_numbers_as_hasura_does() -> Outcome {
    let backend = backend(Shape::Full)?;
    let refused = |field: &str, text: &str, variables: &Value| -> Outcome<String> {
        let query = if variables.is_null() {
            format!("{{ todos({field}: {text}) {{ id }} }}")
        } else {
            format!("query($n: Int) {{ todos({field}: $n) {{ id }} }}")
        };
        let answer = ask(&backend, &query, &json!(variables))?;
        Ok(refusal(&answer).0.to_owned())
    };
    for (field, text, code) in [
        ("limit", "1", "no error"),
        ("limit", "1.0", "validation-failed"),
        ("limit", "-1", "validation-failed"),
        ("limit", "\"1\"", "validation-failed"),
        ("limit", "3000000000", "parse-failed"),
        ("offset", "3000000000", "no error"),
        ("offset", "99999999999999999999", "parse-failed"),
        ("offset", "1.0", "validation-failed"),
        ("offset", "-1", "data-exception"),
        ("offset", "\"1\"", "no error"),
        ("offset", "\"-1\"", "validation-failed"),
        ("offset", "\"1.5\"", "validation-failed"),
    ] {
        assert_eq!(refused(field, text, &json!(null))?, code, "{field}: {text}");
    }
    for (field, number, code) in [
        ("limit", json!(1.0), "no error"),
        ("limit", json!(1.5), "parse-failed"),
        ("limit", json!(-1), "validation-failed"),
        ("limit", json!("1"), "validation-failed"),
        ("offset", json!(1.5), "parse-failed"),
        ("offset", json!("1"), "no error"),
    ] {
        let variables = json!({"n": number});
        assert_eq!(refused(field, "", &variables)?, code, "{field}: {number}");
    }
    Ok(())
}

#[test]
fn a_body_is_read_whole_before_any_of_it_runs() -> Outcome {
    let backend = backend(Shape::Full)?;
    let add = r#"{"query": "mutation { insert_todos(objects: {}) { affected_rows } }"}"#;
    let gql = "parsing Hasura.GraphQL.Transport.HTTP.Protocol.GQLReq(GQLReq) failed, ";
    for (body, code, path, text) in [
        (
            String::new(),
            "invalid-json",
            "$",
            "Unexpected end-of-input, expecting JSON value".into(),
        ),
        (
            " \n".into(),
            "invalid-json",
            "$",
            "Unexpected end-of-input, expecting JSON value".into(),
        ),
        (
            format!("[{add},"),
            "invalid-json",
            "$",
            "Unexpected end-of-input, expecting JSON value".into(),
        ),
        (
            format!("[{add}, {{}}]"),
            "parse-failed",
            "$[1]",
            format!("{gql}key \"query\" not found"),
        ),
        (
            format!("[{add}, 5]"),
            "parse-failed",
            "$[1]",
            format!("{gql}expected Object, but encountered Number"),
        ),
        (
            r#"{"query": 5}"#.into(),
            "parse-failed",
            "$.query",
            "parsing Text failed, expected String, but encountered Number".into(),
        ),
        (
            r#"{"query": "{users{id}}", "variables": []}"#.into(),
            "parse-failed",
            "$.variables",
            "parsing HashMap failed, expected Object, but encountered Array".into(),
        ),
        (
            r#"{"query": "{users{id}}", "variables": {"a-b": 1}}"#.into(),
            "parse-failed",
            "$.variables['a-b']",
            "a-b is not valid GraphQL name".into(),
        ),
        (
            r#"{"query": "{users{id}}", "operationName": ""}"#.into(),
            "parse-failed",
            "$.operationName",
            " is not valid GraphQL name".into(),
        ),
    ] {
        let answer = send(&backend, &body)?;
        assert_eq!(refusal(&answer), (code, path), "{body}: {answer}");
        assert_eq!(message(&answer), text, "{body}");
    }
    assert_eq!(
        ids(&backend, "where: {id: {_gt: 5}}")?,
        json!([]),
        "nothing ran"
    );
    assert_eq!(send(&backend, "[]")?, json!([]));
    let users = r#"{"query": "{users{id}}", "variables": null, "operationName": null}"#;
    let data = json!({"data": {"users": [{"id": 1}]}});
    assert_eq!(send(&backend, users)?, data);
    assert_eq!(send(&backend, &format!("[{users}]"))?, json!([data]));
    Ok(())
}

#[test]
fn an_answer_is_written_in_the_order_of_its_selection() -> Outcome {
    let backend = backend(Shape::Full)?;
    let headers = bearer(&tokens::named("user1")?)?;
    let fragment = "fragment F on todos { user_id client: client_id }";
    for (query, text) in [
        (
            format!("{{ z: todos_by_pk(id: 1) {{ text id ...F __typename }} a: __typename }} {fragment}"),
            format!(
                r#"{{"data":{{"z":{{"text":"buy milk","id":1,"user_id":1,"client":"{}","__typename":"todos"}},"a":"query_root"}}}}"#,
                key(1)
            ),
        ),
        (
            "{ __type(name: \"order_by\") { name kind } todos(where: {id: {_lt: 3}}) { text id } }"
                .to_owned(),
            r#"{"data":{"__type":{"name":"order_by","kind":"ENUM"},"todos":[{"text":"buy milk","id":1},{"text":null,"id":2}]}}"#.to_owned(),
        ),
        (
            "mutation { delete_todos(where: {}) { returning { text id } affected_rows } nope }".to_owned(),
            r#"{"errors":[{"message":"field 'nope' not found in type: 'mutation_root'","extensions":{"path":"$.selectionSet.nope","code":"validation-failed"}}]}"#.to_owned(),
        ),
    ] {
        let body = json!({ "query": query }).to_string();
        assert_eq!(backend.answer(&headers, body.as_bytes()).text, text);
    }
    Ok(())
}

#[test]
fn an_operation_is_chosen_by_its_name() -> Outcome {
    let backend = backend(Shape::Full)?;
    let both =
        "query A { a: users { id } } mutation B { delete_todos(where: {}) { affected_rows } }";
    for (query, name, wanted) in [
        (both, "A", ""),
        (both, "C", "no such operation found in the document: \"C\""),
        (
            "{ users { id } }",
            "A",
            "operationName cannot be used when an anonymous operation exists in the document",
        ),
        ("query A { a: users { id } }", "A", ""),
    ] {
        let body = json!({"query": query, "operationName": name}).to_string();
        let answer = send(&backend, &body)?;
        assert_eq!(message(&answer), wanted, "{query} {name}: {answer}");
    }
    assert_eq!(backend.todos(None)?.as_array().map(Vec::len), Some(5));
    Ok(())
}

#[test]
fn an_update_that_sets_nothing_answers_as_hasura_does() -> Outcome {
    let backend = backend(Shape::Full)?;
    let before = backend.todos(None)?;
    let nothing = json!({"affected_rows": 0});
    for (query, wanted) in [
        ("update_todos(where: {}) { affected_rows }", nothing.clone()),
        (
            "update_todos(where: {}, _set: {}) { affected_rows }",
            nothing.clone(),
        ),
        ("update_todos_by_pk(pk_columns: {id: 1}) { id }", json!({})),
        (
            "update_todos_many(updates: []) { affected_rows }",
            nothing.clone(),
        ),
        (
            "update_todos_many(updates: {where: {}}) { affected_rows }",
            nothing,
        ),
    ] {
        let answer = ask(&backend, &format!("mutation {{ a: {query} }}"), &json!({}))?;
        assert_eq!(answer["data"]["a"], wanted, "{query}: {answer}");
    }
    assert_eq!(backend.todos(None)?, before);
    let partial = format!(
        "mutation {{ update_todos_many(updates: [{{where: {{client_id: {{_eq: \"{}\"}}}}, _set: \
         {{text: \"new\"}}}}, {{where: {{id: {{_eq: 3}}}}, _set: {{text: \"hers\"}}}}, {{where: \
         {{id: {{_eq: 4}}}}}}]) {{ affected_rows returning {{ id text }} }} }}",
        key(1)
    );
    let answer = ask(&backend, &partial, &json!({}))?;
    assert_eq!(
        answer["data"]["update_todos_many"],
        json!([
            {"affected_rows": 1, "returning": [{"id": 1, "text": "new"}]},
            {"affected_rows": 0, "returning": []},
            {"affected_rows": 0, "returning": []},
        ]),
        "{answer}"
    );
    Ok(())
}
