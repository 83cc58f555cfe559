use std::time::Duration;

use serde_json::{Value, json};

use super::*;

const HOST: &str = "hasura.example";

fn received(status: u16, body: impl Into<Vec<u8>>) -> Received {
    Received {
        status,
        retry_after: None,
        body: body.into(),
    }
}

fn outcome(status: u16, body: impl Into<Vec<u8>>) -> Result<Value, RemoteError> {
    read(&received(status, body), HOST)
}

fn hasura(code: &str) -> Result<Value, RemoteError> {
    let body = json!({"errors": [{"message": "no", "extensions": {"path": "$", "code": code}}]});
    outcome(200, body.to_string())
}

#[test]
fn data_is_read_whatever_surrounds_it() -> Result<(), RemoteError> {
    let data = outcome(200, r#"{"extensions": {"x": [1]}, "data" : {"todos": []}}"#)?;
    assert_eq!(data, json!({"todos": []}));
    Ok(())
}

#[test]
fn failures_come_with_status_200_and_are_recognised_by_their_code() {
    for code in [
        "permission-error",
        "constraint-violation",
        "data-exception",
        "validation-failed",
        "parse-failed",
    ] {
        assert!(
            matches!(hasura(code), Err(RemoteError::Rejected { code: c, .. }) if c == code),
            "{code}"
        );
    }
    for code in [
        "invalid-jwt",
        "jwt-invalid-claims",
        "jwt-missing-role-claims",
        "invalid-headers",
        "access-denied",
        "not-found",
    ] {
        assert!(
            matches!(hasura(code), Err(RemoteError::Unauthorized { code: c, .. }) if c == code),
            "{code}"
        );
    }
    for (code, arrived) in [
        ("unexpected", true),
        ("postgres-error", true),
        ("postgres-max-connections-error", false),
        ("concurrent-update", false),
        ("a code of next year", true),
    ] {
        assert!(
            matches!(
                hasura(code),
                Err(RemoteError::ServerError { code: c, may_have_arrived, .. })
                    if c == code && may_have_arrived == arrived
            ),
            "{code}"
        );
    }
}

#[test]
fn an_error_takes_precedence_over_data() {
    let body = r#"{"data": {"todos": []}, "errors": [{"message": "half done"}]}"#;
    assert!(matches!(
        outcome(200, body),
        Err(RemoteError::ServerError { code, message, .. }) if code == "unknown" && message == "half done"
    ));
}

#[test]
fn a_busy_server_is_recognised_by_its_status() {
    for status in [500, 502, 503, 504] {
        let error = outcome(status, "<html>Bad gateway</html>");
        assert!(
            matches!(
                &error,
                Err(RemoteError::ServerError {
                    may_have_arrived: true,
                    ..
                })
            ),
            "{error:?}"
        );
    }
    let limited = Received {
        retry_after: Some(Duration::from_secs(7)),
        ..received(429, "slow down")
    };
    let error = read::<Value>(&limited, HOST);
    assert!(
        matches!(
            &error,
            Err(RemoteError::ServerError {
                code,
                message,
                retry_after: Some(pause),
                may_have_arrived: false,
            }) if code == "http-429" && pause.as_secs() == 7 && message == "HTTP status 429"
        ),
        "{error:?}"
    );
    for (status, code, expected, arrived) in [
        (429, "rate-limit-exceeded", "http-429", false),
        (429, "unexpected", "http-429", false),
        (503, "service-unavailable", "http-503", true),
        (500, "unexpected", "unexpected", true),
    ] {
        let body = json!({"errors": [{"message": "no", "extensions": {"code": code}}]});
        let error = outcome(status, body.to_string());
        assert!(
            matches!(
                &error,
                Err(RemoteError::ServerError { code, may_have_arrived, .. })
                    if code == expected && *may_have_arrived == arrived
            ),
            "{error:?}"
        );
    }
    assert!(matches!(
        outcome(503, r#"{"data": {"todos": []}}"#),
        Err(RemoteError::ServerError { .. })
    ));
}

#[test]
fn hostile_bodies_are_invalid_responses_and_never_panic() {
    let deep = "[".repeat(100_000);
    let nested = format!(r#"{{"data": {}"#, "{\"a\":".repeat(100_000));
    let bodies: [&[u8]; 14] = [
        b"",
        b"   ",
        b"<!doctype html><title>login</title>",
        b"{\"data\": {\"todos\": [{\"id\": 1",
        b"null",
        b"[]",
        b"\"data\"",
        b"{}",
        b"{\"data\": null}",
        b"{\"data\": {}, \"data\": {}}",
        b"{\"errors\": {}}",
        b"\xff\xfe\x00",
        deep.as_bytes(),
        nested.as_bytes(),
    ];
    for body in bodies {
        let answer = outcome(200, body);
        assert!(
            matches!(answer, Err(RemoteError::InvalidResponse { .. })),
            "{:?}: {answer:?}",
            String::from_utf8_lossy(body.get(..20).unwrap_or(body))
        );
    }
}

#[test]
fn data_of_another_shape_is_an_invalid_response() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Todos {
        todos: Vec<i64>,
    }
    let answer = read::<Todos>(&received(200, r#"{"data": {"todos": "none"}}"#), HOST);
    assert!(
        matches!(answer, Err(RemoteError::InvalidResponse { .. })),
        "{answer:?}"
    );
}

#[test]
fn an_empty_list_of_errors_is_no_error() -> Result<(), RemoteError> {
    assert_eq!(outcome(200, r#"{"errors": [], "data": {}}"#)?, json!({}));
    Ok(())
}

#[test]
fn an_error_without_a_message_is_named_by_its_code() {
    for body in [
        r#"{"errors": [{"extensions": {"code": "unexpected"}}]}"#,
        r#"{"errors": [{"message": " ", "extensions": {"code": "unexpected"}}]}"#,
    ] {
        let error = outcome(200, body).err().map(|error| error.to_string());
        let told = "the server failed: unexpected, without a message";
        assert_eq!(error.as_deref(), Some(told));
    }
}

#[test]
fn a_message_cannot_steer_the_terminal() {
    let body = json!({"errors": [{
        "message": "\u{1b}[2Jgone\r\n\u{202e}txt\u{7}\u{9b}31m",
        "extensions": {"code": "permission-error\u{1b}[0m"},
    }]});
    let error = outcome(200, body.to_string())
        .err()
        .map(|e| (e.code().to_owned(), e.to_string()));
    assert_eq!(
        error,
        Some((
            "permission-error[0m".to_owned(),
            "the server failed: [2Jgone txt31m".to_owned()
        ))
    );
}
