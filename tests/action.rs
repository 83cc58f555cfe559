//! The post-login Action, run by Node as Auth0 runs it, against a server that answers like Hasura.
//!
//! Needs `node`. Without it the tests say so and pass, or fail if `TUDONE_TEST_REQUIRE_REAL` is
//! `1`. Auth0 runs Node 22: an older one proves syntax and behaviour only.

use std::env;
use std::error::Error;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Value, json};

type Checked<T = ()> = Result<T, Box<dyn Error>>;

const AUDIENCE: &str = "https://todos.example/api";
const SECRET: &str = "the-admin-secret";
const USER: &str = "auth0|5f7c8ec7c33c6c004bbafe82";

/// The part of the schema of role `admin` that the Action uses, as Hasura makes it.
const ADMIN_SCHEMA: &str = "
  schema { query: query_root mutation: mutation_root }
  type query_root { users: [users!]! }
  type users { id: Int! auth0_id: String email: String }
  input users_insert_input { auth0_id: String email: String }
  enum users_constraint { users_auth0_id_key users_pkey }
  enum users_update_column { auth0_id created_at email id updated_at }
  input users_bool_exp { _and: [users_bool_exp!] }
  input users_on_conflict {
    constraint: users_constraint!
    update_columns: [users_update_column!]! = []
    where: users_bool_exp
  }
  type mutation_root {
    insert_users_one(object: users_insert_input!, on_conflict: users_on_conflict): users
  }
";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A login for our API, as the trigger describes it.
fn login() -> Value {
    json!({
        "user": {"user_id": USER, "email": "ada@example.test"},
        "resource_server": {"identifier": AUDIENCE},
        "transaction": {"protocol": "oauth2-device-code"},
        "secrets": {"API_AUDIENCE": AUDIENCE, "HASURA_ADMIN_SECRET": SECRET},
    })
}

/// Runs the Action; `None` without Node.
fn run(event: &Value, server: &Value) -> Checked<Option<Value>> {
    let mut case = server.clone();
    case["action"] = json!(file("assets/auth0/actions/hasura-sync/code.js"));
    case["event"] = event.clone();
    let started = Command::new("node")
        .arg(file("tests/action/harness.js"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut node = match started {
        Ok(node) => node,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let required = env::var("TUDONE_TEST_REQUIRE_REAL").is_ok_and(|value| value == "1");
            assert!(!required, "needs node");
            writeln!(std::io::stderr(), "skipped: needs node")?;
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let mut stdin = node.stdin.take().ok_or("no stdin")?;
    stdin.write_all(case.to_string().as_bytes())?;
    drop(stdin);
    let output = node.wait_with_output()?;
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}

/// A server that answers with this row id.
fn row(id: &Value) -> Value {
    json!({"answer": json!({"data": {"insert_users_one": {"id": id}}}).to_string()})
}

fn claims(user_id: &str) -> Value {
    json!({"https://hasura.io/jwt/claims": {
        "x-hasura-default-role": "user",
        "x-hasura-allowed-roles": ["user"],
        "x-hasura-user-id": user_id,
        "x-auth0-user-id": USER,
    }})
}

#[test]
fn a_login_makes_the_row_and_sets_the_claims_in_one_request() -> Checked {
    let Some(done) = run(&login(), &row(&json!(42)))? else {
        return Ok(());
    };

    assert_eq!(done["claims"], claims("42"));
    assert_eq!(done["denied"], json!([]));
    let [request] = done["requests"].as_array().ok_or("no requests")?.as_slice() else {
        return Err(format!("not one request: {done}").into());
    };
    assert_eq!(request["method"], "POST");
    assert_eq!(request["url"], "/v1/graphql");
    assert_eq!(request["headers"]["x-hasura-admin-secret"], SECRET);
    let variables = json!({"auth0_id": USER, "email": "ada@example.test", "update": ["email"]});
    assert_eq!(request["body"]["variables"], variables);
    Ok(())
}

#[test]
fn the_request_is_one_that_hasura_understands() -> Checked {
    let Some(done) = run(&login(), &row(&json!(1)))? else {
        return Ok(());
    };
    let query = done["requests"][0]["body"]["query"].as_str();
    let schema = Schema::parse_and_validate(ADMIN_SCHEMA, "admin.graphql")
        .map_err(|error| error.to_string())?;

    ExecutableDocument::parse_and_validate(&schema, query.ok_or("no query")?, "action.graphql")
        .map_err(|error| error.to_string())?;
    Ok(())
}

#[test]
fn the_claims_are_set_again_at_every_refresh() -> Checked {
    let mut event = login();
    event["transaction"]["protocol"] = json!("oauth2-refresh-token");
    let Some(done) = run(&event, &row(&json!(7)))? else {
        return Ok(());
    };

    assert_eq!(done["claims"], claims("7"));
    Ok(())
}

#[test]
fn an_id_that_comes_as_text_stays_text() -> Checked {
    let Some(done) = run(&login(), &row(&json!("9007199254740993")))? else {
        return Ok(());
    };

    assert_eq!(done["claims"], claims("9007199254740993"));
    Ok(())
}

#[test]
fn a_user_without_an_address_keeps_the_one_that_is_known() -> Checked {
    let mut event = login();
    event["user"] = json!({"user_id": USER});
    let Some(done) = run(&event, &row(&json!(3)))? else {
        return Ok(());
    };

    assert_eq!(done["claims"], claims("3"));
    let variables = &done["requests"][0]["body"]["variables"];
    assert_eq!(variables["update"], json!(["auth0_id"]));
    Ok(())
}

#[test]
fn a_login_for_another_api_is_left_alone() -> Checked {
    let mut events = vec![login(), login(), login()];
    events[0]["resource_server"]["identifier"] = json!("https://other.example/");
    events[1]["resource_server"] = Value::Null;
    // A login without an API, while the secret is missing: nothing equals nothing.
    events[2]["resource_server"] = Value::Null;
    events[2]["secrets"] = json!({"HASURA_ADMIN_SECRET": SECRET});
    for event in &events {
        let Some(done) = run(event, &row(&json!(1)))? else {
            return Ok(());
        };
        for what in ["claims", "denied", "requests"] {
            let nothing = done[what].as_array().is_some_and(Vec::is_empty)
                || done[what]
                    .as_object()
                    .is_some_and(serde_json::Map::is_empty);
            assert!(nothing, "{what} of {event}: {done}");
        }
    }
    Ok(())
}

#[test]
fn a_hasura_that_gives_no_row_denies_the_login_without_internals() -> Checked {
    let refusal = json!({"errors": [{
        "message": "invalid \"x-hasura-admin-secret\"/\"x-hasura-access-key\"",
        "extensions": {"code": "access-denied", "path": "$"},
    }]});
    for server in [
        json!({"server": "down"}),
        json!({"server": "slow"}),
        json!({"server": "cut"}),
        json!({"server": "redirect"}),
        json!({"answer": refusal.to_string()}),
        json!({"answer": "<html>502 Bad Gateway</html>", "status": 502}),
        json!({"answer": "null"}),
        json!({"answer": json!({"data": {"insert_users_one": null}}).to_string()}),
        row(&json!({"not": "an id"})),
        row(&json!("")),
    ] {
        let Some(done) = run(&login(), &server)? else {
            return Ok(());
        };
        assert_eq!(
            done["denied"],
            json!(["The todo list is not available right now. Try again in a minute."]),
            "{server}: {done}"
        );
        assert_eq!(done["claims"], json!({}), "{server}");
        assert_eq!(done["thrown"], Value::Null, "{server}");
        // The tenant's log says why, without the secret.
        let log = done["logs"][0].as_str().ok_or("no log")?;
        assert!(
            log.starts_with("hasura-sync: no row for the user: "),
            "{log}"
        );
        assert!(!log.contains(SECRET), "{log}");
    }
    Ok(())
}

#[test]
fn the_admin_secret_does_not_follow_a_redirect() -> Checked {
    let Some(done) = run(&login(), &json!({"server": "redirect"}))? else {
        return Ok(());
    };

    let requests = done["requests"].as_array().ok_or("no requests")?;
    assert_eq!(requests.len(), 1, "{done}");
    Ok(())
}

#[test]
fn the_request_ends_long_before_the_triggers_time_limit() -> Checked {
    let Some(done) = run(&login(), &row(&json!(1)))? else {
        return Ok(());
    };

    let limit = done["limits"][0].as_u64().ok_or("no limit")?;
    assert!(
        limit <= 10_000,
        "{limit} ms of the 20 s that all Actions share"
    );
    Ok(())
}
