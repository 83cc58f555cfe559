//! Who asks, what a role may do, and what outlives a restart.

use axum::http::HeaderMap;
use serde_json::{Value, json};
use tudone::sandbox::backend::{Backend, Policy, Shape};

use crate::hasura::{
    rules::{ask, backend, bearer, headers, ids, refusal},
    tokens::{self, Outcome},
};

#[test]
fn every_mistake_of_the_policy_can_be_seen_by_a_client() -> Outcome {
    let backend = backend(Shape::Full)?;
    let policy = |change: fn(&mut Policy)| {
        let mut policy = Policy::default();
        change(&mut policy);
        backend.set_policy(policy);
    };
    let code = |query: &str| -> Outcome<String> {
        Ok(refusal(&ask(&backend, query, &json!({}))?).0.to_owned())
    };
    let add = "mutation { insert_todos_one(object: {text: \"x\"}) { id } }";
    policy(|policy| policy.insert = false);
    assert_eq!(code(add)?, "validation-failed");
    policy(|policy| policy.select = false);
    let answer = ask(&backend, "{ todos { id } }", &json!({}))?;
    assert_eq!(refusal(&answer).1, "$.selectionSet.todos");
    let answer = ask(&backend, "{ no_queries_available }", &json!({}))?;
    assert!(answer["data"]["no_queries_available"].is_string());
    let blind = "mutation { insert_todos(objects: {text: \"x\"}) { affected_rows } }";
    let answer = ask(&backend, blind, &json!({}))?;
    assert_eq!(answer["data"]["insert_todos"]["affected_rows"], 1);
    policy(|policy| (policy.insert, policy.update, policy.delete) = (false, false, false));
    let answer = ask(&backend, add, &json!({}))?;
    assert_eq!(answer["errors"][0]["message"], "no mutations exist");
    policy(|policy| policy.rows_filtered = false);
    assert_eq!(ids(&backend, "where: {user_id: {_eq: 2}}")?, json!([3]));
    policy(|policy| policy.row_limit = Some(1));
    assert_eq!(ids(&backend, "order_by: {id: asc}, limit: 5")?, json!([1]));
    policy(|policy| policy.introspection = false);
    let answer = ask(&backend, "{ __type(name: \"todos\") { name } }", &json!({}))?;
    assert_eq!(
        refusal(&answer),
        ("validation-failed", "$.selectionSet.__type")
    );
    policy(|policy| policy.wrong_secret = true);
    assert_eq!(code("{ todos { id } }")?, "invalid-jwt");
    policy(|policy| policy.issuer = Some("https://tenant.example.test".to_owned()));
    assert_eq!(code("{ todos { id } }")?, "invalid-jwt");
    policy(|policy| policy.audience = Some("other".to_owned()));
    assert_eq!(code("{ todos { id } }")?, "invalid-jwt");
    policy(|policy| policy.claims_namespace = "https://other/".to_owned());
    assert_eq!(code("{ todos { id } }")?, "jwt-invalid-claims");
    policy(|policy| policy.unauthorized_role = Some("anonymous".to_owned()));
    let body = json!({"query": "{ todos { id } }"}).to_string();
    let open = backend.answer(&HeaderMap::new(), body.as_bytes()).body;
    assert_eq!(open["data"]["todos"].as_array().map(Vec::len), Some(6));
    let bad = backend.answer(&bearer("x")?, body.as_bytes()).body;
    assert_eq!(refusal(&bad).0, "invalid-jwt");
    Ok(())
}

#[test]
fn tokens_are_refused_in_hasuras_order_of_checks() -> Outcome {
    let backend = backend(Shape::Full)?;
    let now = jiff::Timestamp::now().as_second();
    let changed = |name: &str, value: Value| -> Outcome<String> {
        let mut claims = tokens::claims("1");
        claims[name] = value;
        tokens::sign(&claims)
    };
    let mut elsewhere_and_late = tokens::claims("1");
    elsewhere_and_late["iss"] = json!("https://tenant.example.test");
    elsewhere_and_late["exp"] = json!(now - 1);
    for (token, message) in [
        (changed("iat", json!(now + 600))?, "JWTIssuedAtFuture"),
        (changed("aud", json!("other"))?, "JWTNotInAudience"),
        (
            changed("iss", json!("https://tenant.example.test"))?,
            "JWTNotInIssuer",
        ),
        (changed("exp", json!(now - 1))?, "JWTExpired"),
        (
            tokens::signed_by(&elsewhere_and_late, 1, "RS256")?,
            "JWTNotInIssuer",
        ),
        (
            tokens::signed_by(&tokens::claims("1"), 0, "none")?,
            "JWSError JWSNoSignatures",
        ),
        (
            tokens::signed_by(&tokens::claims("1"), 0, "HS256")?,
            "JWSError JWSInvalidSignature",
        ),
    ] {
        let answer = backend.answer(&bearer(&token)?, b"{nope").body;
        let wanted = format!("Could not verify JWT: {message}");
        assert_eq!(answer["errors"][0]["message"], wanted.as_str());
        assert_eq!(refusal(&answer), ("invalid-jwt", "$"));
    }
    let not_a_number = tokens::sign(&tokens::claims("auth0|aaa"))?;
    let body = json!({"query": "{ todos { id } }"}).to_string();
    let answer = backend
        .answer(&bearer(&not_a_number)?, body.as_bytes())
        .body;
    assert_eq!(refusal(&answer), ("data-exception", "$"));
    Ok(())
}

#[test]
fn the_admin_secret_sees_every_row_and_may_be_any_user() -> Outcome {
    let backend = backend(Shape::Full)?;
    let body = json!({"query": "{ todos { id } }"}).to_string();
    let count = |pairs: &[(&str, &str)]| -> Outcome<Value> {
        let answer = backend.answer(&headers(pairs)?, body.as_bytes()).body;
        Ok(match answer["data"]["todos"].as_array() {
            Some(rows) => json!(rows.len()),
            None => answer["errors"][0]["extensions"]["code"].clone(),
        })
    };
    let secret = ("x-hasura-admin-secret", backend.admin_secret());
    assert_eq!(count(&[secret])?, 5);
    let as_mary = [secret, ("x-hasura-role", "user"), ("x-hasura-user-id", "2")];
    assert_eq!(count(&as_mary)?, 1);
    assert_eq!(
        count(&[("x-hasura-admin-secret", "wrong")])?,
        "access-denied"
    );
    Ok(())
}

#[test]
fn a_row_given_to_another_user_leaves_a_tombstone() -> Outcome {
    let backend = backend(Shape::Full)?;
    let give = "mutation { update_todos(where: {id: {_eq: 1}}, _set: {user_id: 2}) { \
                affected_rows } }";
    let body = json!({"query": give}).to_string();
    let admin = headers(&[("x-hasura-admin-secret", backend.admin_secret())])?;
    assert!(backend.answer(&admin, body.as_bytes()).committed);
    let feed = "{ todo_changes(where: {deleted: {_eq: true}}) { id } users { revision \
                purged_revision } }";
    let answer = ask(&backend, feed, &json!({}))?;
    assert_eq!(answer["data"]["todo_changes"], json!([{"id": 1}]));
    assert_eq!(answer["data"]["users"][0]["revision"], 7);
    assert_eq!(backend.purge_tombstones()?, 1);
    let answer = ask(&backend, feed, &json!({}))?;
    assert_eq!(answer["data"]["todo_changes"], json!([]));
    assert_eq!(answer["data"]["users"][0]["purged_revision"], 7);
    Ok(())
}

#[test]
fn a_database_file_keeps_rows_shape_and_secret() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sandbox.sqlite");
    let first = Backend::open(Some(&file), Shape::Bare)?;
    let id = first.upsert_user("auth0|aaa", Some("peter@example.test"))?;
    let secret = first.admin_secret().to_owned();
    drop(first);
    let again = Backend::open(Some(&file), Shape::Full)?;
    assert_eq!(again.shape(), Shape::Bare);
    assert_eq!(again.admin_secret(), secret);
    assert_eq!(again.upsert_user("auth0|aaa", None)?, id);
    assert_ne!(again.upsert_user("auth0|bbb", None)?, id);
    Ok(())
}
