//! The sandbox's backend answers what a real Hasura v2.48 over `PostgreSQL`
//! answered, case by case.

mod documents;
mod inputs;
mod permissions;
mod refusals;
mod rules;
mod sdl;
mod sockets;
mod tokens;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokens::Outcome;
use tudone::sandbox::backend::{Backend, Shape};

fn recordings() -> Outcome<Value> {
    Ok(serde_json::from_str(include_str!(
        "../../recordings/http.json"
    ))?)
}

/// Compares JSON; `<uuid v4>` and `<timestamp>` stand for generated values.
fn same(recorded: &Value, answered: &Value) -> bool {
    match (recorded, answered) {
        (Value::String(mark), Value::String(text)) if mark == "<uuid v4>" => {
            uuid::Uuid::parse_str(text).is_ok_and(|key| key.get_version_num() == 4)
        }
        (Value::String(mark), Value::String(text)) if mark == "<timestamp>" => {
            text.parse::<jiff::Timestamp>().is_ok()
        }
        (Value::Array(recorded), Value::Array(answered)) => {
            recorded.len() == answered.len()
                && recorded.iter().zip(answered).all(|(a, b)| same(a, b))
        }
        (Value::Object(recorded), Value::Object(answered)) => {
            recorded.len() == answered.len()
                && recorded
                    .iter()
                    .all(|(key, value)| answered.get(key).is_some_and(|found| same(value, found)))
        }
        (recorded, answered) => recorded == answered,
    }
}

fn headers(step: &Value) -> Outcome<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(name) = step.get("token").and_then(Value::as_str) {
        let value = format!("Bearer {}", tokens::named(name)?);
        headers.insert("authorization", HeaderValue::from_str(&value)?);
    }
    let given = step.get("headers").and_then(Value::as_object);
    for (name, value) in given.into_iter().flatten() {
        let user1 = tokens::named("user1")?;
        let value = value
            .as_str()
            .ok_or("a header is no text")?
            .replace("<user1>", &user1);
        headers.insert(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_str(&value)?,
        );
    }
    Ok(headers)
}

#[test]
fn every_recorded_request_is_answered_as_hasura_answered_it() -> Outcome {
    let recordings = recordings()?;
    let cases = recordings.get("cases").and_then(Value::as_array);
    let cases = cases.ok_or("no cases")?;
    assert_eq!(cases.len(), 71);
    let backend = Backend::open(None, Shape::Full)?;
    backend.set_jwt(tokens::config()?);
    let mut different = Vec::new();
    for case in cases {
        backend.reset(recordings.get("fixture"))?;
        let name = case.get("name").and_then(Value::as_str).unwrap_or_default();
        let steps = case.get("steps").and_then(Value::as_array);
        for step in steps.ok_or("no steps")? {
            let body = match (step.get("raw").and_then(Value::as_str), step.get("request")) {
                (Some(raw), _) => raw.to_owned(),
                (None, Some(request)) => request.to_string(),
                (None, None) => return Err("a step without a request".into()),
            };
            let answer = backend.answer(&headers(step)?, body.as_bytes());
            let recorded = step.get("answer").ok_or("no answer")?;
            assert_eq!(recorded.get("status"), Some(&Value::from(answer.status)));
            let wanted = recorded.get("body").ok_or("no body")?;
            if !same(wanted, &answer.body) {
                different.push(format!(
                    "{name}\n  recorded {wanted}\n  answered {}",
                    answer.body
                ));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}

#[test]
fn a_token_without_a_required_role_claim_is_refused_whatever_role_is_asked_for() -> Outcome {
    let backend = Backend::open(None, Shape::Full)?;
    backend.set_jwt(tokens::config()?);
    for missing in ["x-hasura-default-role", "x-hasura-allowed-roles"] {
        let mut claims = tokens::claims("1");
        let ours = claims["https://hasura.io/jwt/claims"].as_object_mut();
        ours.ok_or("no claims")?.remove(missing);
        let bearer = format!("Bearer {}", tokens::sign(&claims)?);
        for role in [None, Some("user")] {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", HeaderValue::from_str(&bearer)?);
            if let Some(role) = role {
                headers.insert("x-hasura-role", HeaderValue::from_static(role));
            }

            let answer = backend.answer(&headers, br#"{"query": "{ todos { id } }"}"#);

            let error = &answer.body["errors"][0];
            assert_eq!(error["extensions"]["code"], "jwt-missing-role-claims");
            let message = format!("JWT claim does not contain \"{missing}\"");
            assert_eq!(error["message"], message, "role {role:?}");
        }
    }
    Ok(())
}
