//! The role: its permissions, the rows it reads, and the kind of backend.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::auth::connection::Connection;
use crate::auth::diagnosis::Diagnosis;
use crate::auth::session::AuthSession;
use crate::doctor::ask::{self, GraphqlOutcome};
use crate::doctor::login::LoginFacts;
use crate::doctor::report::DoctorReport;
use crate::domain::feed::Capabilities;
use crate::finding::Finding;
use crate::graphql::Hasura;
use crate::graphql::live::LiveError;
use crate::sync::remote::Remote;

const FOREIGN_TODOS: &str = include_str!("../../queries/foreign_todos.graphql");
const FOREIGN_USERS: &str = include_str!("../../queries/foreign_users.graphql");
const OWN_USER: &str = include_str!("../../queries/own_user.graphql");
/// Not in `queries/`: the schema does not describe introspection.
const TYPE_OF_TODOS: &str = "query TypeOfTodos { __type(name: \"todos\") { name } }";

/// The time limit for the first ring of a live subscription.
const RING_LIMIT: Duration = Duration::from_secs(10);

/// The help for a missing permission.
const SETUP_HELP: &str = "Run `tudone setup hasura`, which creates the tables and permissions.";

/// Sends requests as the role.
struct RoleClient<'a> {
    connection: &'a Connection,
    token: SecretString,
}

impl RoleClient<'_> {
    async fn ask(&self, query: &str, variables: &Value) -> GraphqlOutcome {
        let answer = ask::graphql(
            &self.connection.endpoint,
            query,
            variables,
            Some(&self.token),
        )
        .await;
        answer.map_or(GraphqlOutcome::NotGraphql, |answer| answer.outcome())
    }
}

/// Runs the checks of the role. `outcome` is the answer to the first query with the token.
pub(super) async fn examine(
    connection: &Connection,
    login: LoginFacts,
    outcome: &GraphqlOutcome,
    report: &mut DoctorReport<'_>,
) {
    let Some(token) = login.token else {
        report.skip_rest("needs a login");
        return;
    };
    let role = RoleClient { connection, token };
    let finding = select(outcome, &role.token, connection);
    let may_select = finding.check == "select" && finding.code == "select";
    report.add_as("select", finding);
    if !may_select {
        report.skip_rest("needs the permission to read todos");
        return;
    }
    let user = user(&role, login.user_id).await;
    report.add(user);
    let hasura = Hasura::new(
        connection.endpoint.clone(),
        AuthSession::fixed(role.token.clone()),
    );
    let Ok(hasura) = hasura else {
        report.skip_rest("needs TLS");
        return;
    };
    let capabilities = match hasura.capabilities().await {
        Ok(capabilities) => capabilities,
        Err(error) => {
            report.skip_rest(&format!("undecided: {error}"));
            return;
        }
    };
    permissions(capabilities, report);
    report.add(rows(&role, login.user_id).await);
    report.add(introspection(&role).await);
    report.add(backend(capabilities));
    report.add(live(&hasura, capabilities, connection).await);
}

fn select(outcome: &GraphqlOutcome, token: &SecretString, connection: &Connection) -> Finding {
    match outcome {
        GraphqlOutcome::Data(_) => Finding::ok("select", "may read todos"),
        GraphqlOutcome::Refused { code, message } => {
            let sent = format!("POST {} query Verify, Bearer token", connection.endpoint);
            let finding = match Diagnosis::of_user_id(token) {
                Some(diagnosis) => diagnosis.finding(connection, None),
                None => Finding::failed(
                    "backend-refused",
                    "the role may not read `todos`, or the table does not exist",
                )
                .help(SETUP_HELP),
            };
            finding.exchange(sent, format!("{code}: {message}"))
        }
        GraphqlOutcome::NotGraphql => Finding::skipped("select", "no answer"),
    }
}

/// Returns whether the answer's only field has rows.
fn has_rows(data: &Value) -> bool {
    let mut fields = data.as_object().into_iter().flatten();
    let rows = fields.next().and_then(|(_, rows)| rows.as_array());
    rows.is_some_and(|rows| !rows.is_empty())
}

async fn user(role: &RoleClient<'_>, me: Option<i64>) -> Finding {
    let Some(me) = me else {
        return Finding::skipped("user", "needs the user's id");
    };
    match role.ask(OWN_USER, &json!({"me": me})).await {
        GraphqlOutcome::Data(data) if has_rows(&data) => {
            Finding::ok("user", format!("row {me} of `users`"))
        }
        GraphqlOutcome::Data(_) => Finding::failed("no-user", format!("`users` has no row {me}"))
            .exchange(format!("query OwnUser me={me}"), "no row")
            .help("Run `tudone login`: the post-login Action creates the row."),
        GraphqlOutcome::Refused { .. } => Finding::skipped("user", "the role may not read `users`"),
        GraphqlOutcome::NotGraphql => Finding::skipped("user", "no answer"),
    }
}

fn permissions(capabilities: Capabilities, report: &mut DoctorReport<'_>) {
    for (check, code, verb, may) in [
        ("insert", "role-no-insert", "add", capabilities.insert),
        ("update", "role-no-update", "change", capabilities.update),
        ("delete", "role-no-delete", "delete", capabilities.delete),
    ] {
        report.add(if may {
            Finding::ok(check, format!("may {verb} todos"))
        } else {
            Finding::failed(code, format!("the role may not {verb} todos")).help(SETUP_HELP)
        });
    }
}

async fn rows(role: &RoleClient<'_>, me: Option<i64>) -> Finding {
    let Some(me) = me else {
        return Finding::skipped("rows", "needs the user's id");
    };
    let mut is_decided = false;
    for (query, table) in [(FOREIGN_TODOS, "todos"), (FOREIGN_USERS, "users")] {
        match role.ask(query, &json!({"me": me})).await {
            GraphqlOutcome::Data(data) if has_rows(&data) => {
                return Finding::failed(
                    "rows-unfiltered",
                    format!("the role reads `{table}` of other users"),
                )
                .exchange(
                    format!("rows of `{table}` that are not user {me}'s"),
                    "a row",
                )
                .help(SETUP_HELP)
                .fix(r#"filter: {"user_id": {"_eq": "X-Hasura-User-Id"}}"#);
            }
            GraphqlOutcome::Data(_) => is_decided = true,
            GraphqlOutcome::Refused { .. } | GraphqlOutcome::NotGraphql => {}
        }
    }
    if is_decided {
        Finding::ok("rows", "only the user's own")
    } else {
        Finding::skipped(
            "rows",
            "undecided: the role may not read the owner's column",
        )
    }
}

async fn introspection(role: &RoleClient<'_>) -> Finding {
    match role.ask(TYPE_OF_TODOS, &Value::Null).await {
        GraphqlOutcome::Data(_) => Finding::ok("introspection", "the role reads its schema"),
        GraphqlOutcome::Refused { code, message } => {
            Finding::failed("introspection-off", "the role may not read its schema")
                .exchange(TYPE_OF_TODOS, format!("{code}: {message}"))
                .help("Enable introspection for the role.")
                .fix(
                    r#"{"type": "set_graphql_schema_introspection_options", "args": {"disabled_for_roles": []}}"#,
                )
        }
        GraphqlOutcome::NotGraphql => Finding::skipped("introspection", "no answer"),
    }
}

fn backend(capabilities: Capabilities) -> Finding {
    if capabilities.full {
        return Finding::ok("backend", "full: with change feed");
    }
    Finding::warning(
        "bare",
        "bare: after a lost answer an add may be undecided, every sync reads all todos, and a \
         repeating todo gets at most one successor per device",
    )
    .help("Run `tudone setup hasura` to upgrade it in place.")
}

async fn live(hasura: &Hasura, capabilities: Capabilities, connection: &Connection) -> Finding {
    if !capabilities.full {
        return Finding::skipped("live", "a bare backend has nothing to subscribe to");
    }
    let ring = async {
        let mut doorbell = hasura.doorbell().await?;
        let rang = tokio::time::timeout(RING_LIMIT, doorbell.ring()).await;
        doorbell.close().await;
        rang.unwrap_or_else(|_| {
            Err(LiveError::ConnectionLost {
                message: "no first message within 10 s".to_owned(),
            })
        })
    };
    let error = match ring.await {
        Ok(()) => return Finding::ok("live", "a subscription opens"),
        Err(error) => error,
    };
    let (code, help) = match &error {
        LiveError::Rejected { .. } | LiveError::Unauthorized { .. } => (
            "live-refused",
            "Read Hasura's log; until then tudone polls every 30 s.",
        ),
        LiveError::Unreachable { .. }
        | LiveError::NoUpgrade { .. }
        | LiveError::NoToken { .. }
        | LiveError::ConnectionLost { .. }
        | LiveError::Renew
        | LiveError::InvalidResponse { .. } => (
            "live-blocked",
            "Configure the proxy in front of Hasura to pass websockets (`Upgrade`); until then \
             tudone polls every 30 s.",
        ),
    };
    Finding::failed(code, error.to_string())
        .exchange(
            format!(
                "a websocket to {}, subscription Doorbell",
                connection.endpoint
            ),
            error.to_string(),
        )
        .help(help)
}
