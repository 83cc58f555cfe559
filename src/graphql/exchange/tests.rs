use std::cell::RefCell;
use std::error::Error;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::auth::connection::Connection;
use crate::auth::credential_store::memory::MemoryStore;
use crate::auth::session::AuthSession;
use crate::auth::stored_login::{StoredAccessToken, StoredLogin, StoredRefreshToken};
use crate::auth::time_scale::TimeScale;
use crate::domain::key::Key;

type TestResult = Result<(), Box<dyn Error>>;

/// A server that answers as `play` says, which is given each request.
#[derive(Clone)]
struct Played {
    play: fn(&Value) -> (u16, Value),
    requests: Rc<RefCell<Vec<Value>>>,
}

impl Transport for Played {
    fn endpoint(&self) -> &'static str {
        "https://hasura.example/v1/graphql"
    }

    fn host(&self) -> &'static str {
        "hasura.example"
    }

    async fn post(
        &self,
        body: Vec<u8>,
        _: &AccessToken,
        _: usize,
    ) -> Result<Received, RemoteError> {
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (status, answer) = (self.play)(&request);
        self.requests.borrow_mut().push(request);
        Ok(Received {
            status,
            retry_after: None,
            body: answer.to_string().into_bytes(),
        })
    }
}

fn client(play: fn(&Value) -> (u16, Value)) -> (HasuraClient<Played>, Rc<RefCell<Vec<Value>>>) {
    client_of(AuthSession::fixed("a token".to_owned().into()), play)
}

fn client_of(
    session: AuthSession,
    play: fn(&Value) -> (u16, Value),
) -> (HasuraClient<Played>, Rc<RefCell<Vec<Value>>>) {
    let requests = Rc::default();
    let played = Played {
        play,
        requests: Rc::clone(&requests),
    };
    (HasuraClient::new(played, session), requests)
}

/// Returns a session with an access token, whose issuer cannot be reached.
fn session_that_cannot_renew(lock: PathBuf) -> Result<AuthSession, Box<dyn Error>> {
    let connection = Connection {
        issuer: "http://127.0.0.1:1/".to_owned(),
        client_id: "a client".to_owned(),
        audience: "an API".to_owned(),
        endpoint: "https://hasura.example/v1/graphql".parse()?,
    };
    let stored = StoredLogin::new(Arc::new(MemoryStore::new()), "login".to_owned());
    let sub = "eve".to_owned();
    stored.set_refresh(&StoredRefreshToken {
        token: "a refresh token".to_owned().into(),
        sub: sub.clone(),
    })?;
    let token = AccessToken::issued("a token".to_owned().into(), Timestamp::now(), None);
    stored.set_access(&StoredAccessToken { token, sub })?;
    let real = TimeScale::REAL;
    Ok(AuthSession::for_user(connection, stored, lock, None, real))
}

const ASKED: PageRequest = PageRequest {
    since: 0,
    limit: 9,
    single_operations: false,
};

fn batches() -> [Batch; 2] {
    let key = |n| Key::new(Uuid::from_u128(n));
    [
        Batch::Add(vec![(key(1), "a".to_owned())]),
        Batch::Remove(vec![key(2)]),
    ]
}

fn refused(code: &str) -> Value {
    json!({"errors": [{"message": "no", "extensions": {"path": "$", "code": code}}]})
}

/// The answer to one operation, of a server that does everything.
fn done(operation: &Value) -> Value {
    match operation["operationName"].as_str() {
        Some("AddTodos") => json!({"data": {"insert_todos": {"returning": []}}}),
        Some("RemoveTodos") => json!({"data": {"delete_todos": {"returning": []}}}),
        Some("Mark") => json!({"data": {
            "users": [{"id": 1, "revision": 4, "purged_revision": 0}],
        }}),
        _ => json!({"data": {
            "todo_changes": [],
            "users": [{"id": 1, "revision": 5, "purged_revision": 0}],
        }}),
    }
}

fn each(request: &Value) -> (u16, Value) {
    match request.as_array() {
        Some(list) => (200, list.iter().map(done).collect()),
        None => (200, done(request)),
    }
}

#[tokio::test]
async fn writes_and_the_page_are_one_request() {
    let (client, requests) = client(each);
    let [add, remove] = &batches();
    let exchanged = client.exchange(&[add, remove], ASKED).await;
    let no_row = Some(vec![PushAnswer::NoRow]);
    let pushed: Vec<_> = exchanged.pushed.into_iter().map(Result::ok).collect();
    assert_eq!(pushed, [no_row.clone(), no_row]);
    assert!(exchanged.mark_before.is_some_and(|mark| mark.revision == 4));
    assert!(exchanged.page.is_ok_and(|page| page.mark.revision == 5));
    assert!(!exchanged.single_operations);
    let sizes: Vec<_> = requests
        .borrow()
        .iter()
        .map(|request| request.as_array().map(Vec::len))
        .collect();
    assert_eq!(sizes, [Some(4)]);
}

#[tokio::test]
async fn one_rejected_operation_does_not_affect_the_others() {
    let (client, _) = client(|request| match request.as_array().map(Vec::as_slice) {
        Some([mark, add, _, page]) => (
            200,
            json!([
                done(mark),
                done(add),
                refused("permission-error"),
                done(page)
            ]),
        ),
        _ => (500, Value::Null),
    });
    let [add, remove] = &batches();
    let exchanged = client.exchange(&[add, remove], ASKED).await;
    assert!(
        matches!(exchanged.pushed.as_slice(), [Ok(_), Err(RemoteError::Rejected { code, .. })]
            if code == "permission-error"),
        "{exchanged:?}"
    );
    assert!(exchanged.page.is_ok());
}

#[tokio::test]
async fn a_server_that_rejects_lists_gets_one_operation_per_request_and_that_is_reported() {
    for (refusal, status) in [("parse-failed", 200), ("unexpected-payload", 400)] {
        let play: fn(&Value) -> (u16, Value) = match status {
            200 => |request| match request.as_array() {
                Some(_) => (200, refused("parse-failed")),
                None => each(request),
            },
            _ => |request| match request.as_array() {
                Some(_) => (400, json!("<html>")),
                None => each(request),
            },
        };
        let (client, requests) = client(play);
        let [add, remove] = &batches();
        let exchanged = client.exchange(&[add, remove], ASKED).await;
        assert!(exchanged.pushed.iter().all(Result::is_ok), "{refusal}");
        assert!(exchanged.page.is_ok() && exchanged.single_operations);
        assert_eq!(requests.borrow().len(), 5, "{refusal}");

        let known = PageRequest {
            single_operations: true,
            ..ASKED
        };
        let exchanged = client.exchange(&[add, remove], known).await;
        assert!(exchanged.page.is_ok() && exchanged.single_operations);
        assert_eq!(requests.borrow().len(), 9, "no list any more");
    }
}

#[tokio::test]
async fn a_failure_of_the_whole_request_is_not_mistaken_for_a_rejection_of_lists() {
    for play in [
        |_: &Value| (503, json!("busy")),
        |_: &Value| (200, refused("unexpected")),
        |_: &Value| (200, refused("invalid-jwt")),
        |_: &Value| (200, json!("<html>")),
        |_: &Value| (200, json!([])),
    ] {
        let (client, requests) = client(play);
        let [add, remove] = &batches();
        let exchanged = client.exchange(&[add, remove], ASKED).await;
        assert!(exchanged.page.is_err() && !exchanged.single_operations);
        assert!(exchanged.pushed.iter().all(Result::is_err));
        assert_eq!(exchanged.pushed.len(), 2, "{exchanged:?}");
        assert_eq!(requests.borrow().len(), 1, "{exchanged:?}");
    }
}

#[tokio::test]
async fn an_answer_counts_although_the_token_is_rejected_afterwards_and_cannot_be_renewed()
-> TestResult {
    let folder = tempfile::tempdir()?;
    let session = session_that_cannot_renew(folder.path().join("lock"))?;
    let (client, requests) = client_of(session, |operation| {
        match operation["operationName"].as_str() {
            Some("RemoveTodos") => (200, refused("invalid-jwt")),
            _ => (200, done(operation)),
        }
    });
    let [add, remove] = &batches();
    let single = PageRequest {
        single_operations: true,
        ..ASKED
    };
    let exchanged = client.exchange(&[add, remove], single).await;
    assert!(
        matches!(
            exchanged.pushed.as_slice(),
            [Ok(_), Err(RemoteError::NoToken { .. })]
        ),
        "{exchanged:?}"
    );
    assert!(exchanged.page.is_err() && exchanged.mark_before.is_some());
    assert_eq!(requests.borrow().len(), 3);
    Ok(())
}

#[test]
fn with_a_renewed_token_only_what_is_unanswered_is_sent_again() {
    let mark = Mark {
        user_id: 1,
        revision: 4,
        purged_revision: 0,
    };
    let error = |code: &str| {
        let (code, message) = (code.to_owned(), String::new());
        RemoteError::Unauthorized { code, message }
    };
    let outcome = |mark_before| {
        let rejected = RemoteError::Rejected {
            code: "constraint-violation".to_owned(),
            message: String::new(),
        };
        ExchangeOutcome {
            mark_before: Ok(mark_before),
            pushed: vec![Ok(Vec::new()), Err(rejected), Err(error("invalid-jwt"))],
            page: Err(error("invalid-jwt")),
            single_operations: true,
        }
    };
    // An unknown user has no rows: a deletion has deleted none.
    assert_eq!(outcome(None).answered(), 0);
    assert_eq!(outcome(Some(mark)).answered(), 2);

    let rest = ExchangeOutcome {
        mark_before: Ok(Some(Mark {
            revision: 5,
            ..mark
        })),
        pushed: vec![Ok(vec![PushAnswer::NoRow])],
        page: Ok((Vec::new(), Some(mark))),
        single_operations: true,
    };
    let whole = outcome(Some(mark)).continued_by(rest);
    assert!(matches!(
        whole.pushed.as_slice(),
        [Ok(_), Err(RemoteError::Rejected { .. }), Ok(answers)] if answers.len() == 1
    ));
    assert!(whole.page.is_ok() && whole.mark_before.is_ok_and(|it| it == Some(mark)));
}

#[tokio::test]
async fn nothing_is_rejected_because_the_server_does_not_know_the_user() -> TestResult {
    let (client, _) = client(|request| match request.as_array() {
        Some(_) => (
            200,
            json!([
                {"data": {"users": []}},
                refused("constraint-violation"),
                refused("constraint-violation"),
                {"data": {"todo_changes": [], "users": []}},
            ]),
        ),
        None => (500, Value::Null),
    });
    let [add, remove] = &batches();
    let exchanged = client.exchange(&[add, remove], ASKED).await;
    let error = exchanged.page.err().ok_or("no error")?;
    assert_eq!(error.code(), "no-user");
    for pushed in exchanged.pushed {
        assert_eq!(pushed.err().ok_or("no error")?.code(), "no-user");
    }
    Ok(())
}
