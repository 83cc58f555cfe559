//! The endpoint: whether it is GraphQL, requires a token and accepts this one.

use jiff::SignedDuration;
use reqwest::Url;
use serde_json::Value;

use crate::auth::connection::Connection;
use crate::auth::diagnosis::{Diagnosis, JwtSecretPart, is_token_error, jwt_secret_line};
use crate::doctor::ask::{self, GraphqlOutcome, HttpAnswer, NoAnswer};
use crate::doctor::issuer::{CLOCK_TOLERANCE, IssuerFacts};
use crate::doctor::login::LoginFacts;
use crate::doctor::report::DoctorReport;
use crate::doctor::role;
use crate::finding::Finding;
use crate::http;

/// The smallest query that a working login can send.
pub(super) const VERIFY: &str = include_str!("../../queries/verify.graphql");

/// Whether Hasura accepts the token.
enum Acceptance {
    /// Hasura accepted the token and answered or rejected the query.
    Accepted(GraphqlOutcome),
    /// The token was rejected or not sent.
    NotAccepted,
}

/// Runs the checks of the endpoint and, if the token is accepted, of the role.
pub(super) async fn examine(
    connection: &Connection,
    issuer: &IssuerFacts,
    login: LoginFacts,
    report: &mut DoctorReport<'_>,
) {
    let Some((answer, outcome)) = reach(&connection.endpoint, report).await else {
        report.skip_rest("needs the endpoint");
        return;
    };
    clock(answer.ahead, issuer.ahead, report);
    match accepted(connection, issuer, &login, &outcome, report).await {
        Acceptance::Accepted(outcome) => {
            audience(connection, issuer, &login, report).await;
            role::examine(connection, login, &outcome, report).await;
        }
        Acceptance::NotAccepted => report.skip_rest("needs a token that Hasura accepts"),
    }
}

/// Runs the checks that need no token; `None` if the endpoint does not answer GraphQL.
pub(super) async fn reach(
    endpoint: &Url,
    report: &mut DoctorReport<'_>,
) -> Option<(HttpAnswer, GraphqlOutcome)> {
    let sent = format!("POST {endpoint} query Verify, no token");
    let answer = match ask::graphql(endpoint, VERIFY, &Value::Null, None).await {
        Ok(answer) => answer,
        Err(error) => {
            report.add(unreachable(endpoint, &sent, error));
            return None;
        }
    };
    match usable(endpoint, &sent, &answer) {
        Ok(outcome) => {
            report.add(Finding::ok("endpoint", "answers GraphQL"));
            report.add(anonymous(&sent, &answer, &outcome));
            Some((answer, outcome))
        }
        Err(finding) => {
            report.add(*finding);
            None
        }
    }
}

fn unreachable(endpoint: &Url, sent: &str, error: NoAnswer) -> Finding {
    let code = if error.is_tls {
        "tls"
    } else {
        "endpoint-unreachable"
    };
    let help = error
        .help
        .unwrap_or_else(|| "Check `endpoint`, that Hasura is running, and the network.".to_owned());
    let host = http::authority(endpoint);
    let finding = Finding::failed(code, format!("cannot reach {host}"));
    Finding {
        check: "endpoint",
        ..finding.exchange(sent, error.reason).help(help)
    }
}

/// Parses a GraphQL answer; returns a finding for any other answer.
fn usable(endpoint: &Url, sent: &str, answer: &HttpAnswer) -> Result<GraphqlOutcome, Box<Finding>> {
    let outcome = answer.outcome();
    if outcome != GraphqlOutcome::NotGraphql {
        return Ok(outcome);
    }
    if answer.status >= 500 || answer.status == 429 {
        let broken = Finding::failed("endpoint-broken", "the server returned an error")
            .exchange(sent, answer.description())
            .help("Read the log of Hasura and of the proxy in front of it, then try again.");
        return Err(Box::new(broken));
    }
    let finding = Finding::failed("endpoint-path", "the endpoint does not answer GraphQL")
        .exchange(sent, answer.description());
    let mut expected = endpoint.clone();
    expected.set_path("/v1/graphql");
    expected.set_query(None);
    Err(Box::new(if expected == *endpoint {
        finding.help(
            "Check that Hasura is running at this host, and the rules of any proxy in front of it.",
        )
    } else {
        finding
            .help("Set `endpoint` to Hasura's address; it ends with /v1/graphql.")
            .fix(format!("endpoint = \"{expected}\""))
    }))
}

/// Checks that a request without a token is rejected.
fn anonymous(sent: &str, answer: &HttpAnswer, outcome: &GraphqlOutcome) -> Finding {
    match outcome {
        GraphqlOutcome::Data(_) => {
            Finding::failed("endpoint-open", "todos are readable without a token")
                .exchange(sent, answer.description())
                .help(
                    "Set HASURA_GRAPHQL_ADMIN_SECRET, and give the role in \
                 HASURA_GRAPHQL_UNAUTHORIZED_ROLE no permission on `todos`.",
                )
        }
        GraphqlOutcome::Refused { code, .. } => {
            Finding::ok("anonymous", format!("rejected without a token ({code})"))
        }
        GraphqlOutcome::NotGraphql => Finding::skipped("anonymous", "needs the endpoint"),
    }
}

fn clock(
    backend: Option<SignedDuration>,
    issuer: Option<SignedDuration>,
    report: &mut DoctorReport<'_>,
) {
    let Some(backend) = backend else {
        report.skip(&["backend-clock"], "the endpoint sends no `Date`");
        return;
    };
    let ahead = backend - issuer.unwrap_or_default();
    if ahead.abs() <= CLOCK_TOLERANCE {
        report.add(Finding::ok("backend-clock", "agrees with the issuer's"));
        return;
    }
    let diagnosis = Diagnosis::BackendClock {
        is_behind: ahead.is_negative(),
    };
    let message = format!("{diagnosis}, by {} s", ahead.abs().as_secs());
    report.add(Finding::failed("backend-clock", message).help(diagnosis.help()));
}

/// Creates the finding for a token that Hasura rejects, with the line to paste.
fn with_jwt_secret(
    diagnosis: &Diagnosis,
    connection: &Connection,
    issuer: &IssuerFacts,
) -> Finding {
    let finding = diagnosis.finding(connection, issuer.jwks.as_ref());
    if finding.fix.is_some() {
        finding.help("Set HASURA_GRAPHQL_JWT_SECRET to this line and restart Hasura.")
    } else {
        finding
    }
}

/// Sends the token to Hasura, unless it is known to be invalid.
async fn accepted(
    connection: &Connection,
    issuer: &IssuerFacts,
    login: &LoginFacts,
    anonymous: &GraphqlOutcome,
    report: &mut DoctorReport<'_>,
) -> Acceptance {
    if let GraphqlOutcome::Refused { message, .. } = anonymous {
        let absent = Diagnosis::JwtSecret {
            part: JwtSecretPart::Absent,
        };
        if Diagnosis::of_rejection(message) == absent {
            report.add(with_jwt_secret(&absent, connection, issuer));
            return Acceptance::NotAccepted;
        }
    }
    let Some(token) = login.token.as_ref() else {
        report.skip(&["accepted"], "needs a login");
        return Acceptance::NotAccepted;
    };
    if !login.is_valid {
        report.skip(&["accepted"], "the token is invalid");
        return Acceptance::NotAccepted;
    }
    let sent = format!("POST {} query Verify, Bearer token", connection.endpoint);
    let answer = ask::graphql(&connection.endpoint, VERIFY, &Value::Null, Some(token)).await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            report.add_as("accepted", unreachable(&connection.endpoint, &sent, error));
            return Acceptance::NotAccepted;
        }
    };
    match usable(&connection.endpoint, &sent, &answer) {
        Ok(GraphqlOutcome::Refused { code, message }) if is_token_error(&code) => {
            let diagnosis = Diagnosis::of_rejection(&message);
            let finding = with_jwt_secret(&diagnosis, connection, issuer);
            report.add_as(
                "accepted",
                finding.exchange(sent, format!("{code}: {message}")),
            );
            Acceptance::NotAccepted
        }
        Ok(outcome) => {
            report.add(Finding::ok("accepted", "Hasura accepts the token"));
            Acceptance::Accepted(outcome)
        }
        Err(finding) => {
            report.add_as("accepted", *finding);
            Acceptance::NotAccepted
        }
    }
}

/// Sends the ID token to Hasura: it has the same issuer and key but another audience, so only a
/// JWT secret without an audience accepts it.
async fn audience(
    connection: &Connection,
    issuer: &IssuerFacts,
    login: &LoginFacts,
    report: &mut DoctorReport<'_>,
) {
    let Some(token) = &login.id_token else {
        report.skip(
            &["jwt-audience"],
            "needs an ID token, which comes with a refresh",
        );
        return;
    };
    let answer = ask::graphql(&connection.endpoint, VERIFY, &Value::Null, Some(token)).await;
    let finding = match answer.map(|answer| answer.outcome()) {
        Ok(GraphqlOutcome::Refused { message, .. }) if message.contains("JWTNotInAudience") => {
            Finding::ok("jwt-audience", "a token for another audience is rejected")
        }
        Ok(GraphqlOutcome::Refused { code, message }) if code == "invalid-jwt" => {
            Finding::skipped("jwt-audience", format!("undecided: {message}"))
        }
        Ok(outcome @ (GraphqlOutcome::Refused { .. } | GraphqlOutcome::Data(_))) => {
            let received = match outcome {
                GraphqlOutcome::Refused { code, message } => format!("{code}: {message}"),
                GraphqlOutcome::Data(_) | GraphqlOutcome::NotGraphql => "data".to_owned(),
            };
            let line = jwt_secret_line(
                &connection.issuer,
                &connection.audience,
                issuer.jwks.as_ref(),
            );
            Finding::failed(
                "jwt-secret-open",
                "Hasura's JWT secret contains no audience",
            )
            .exchange(
                format!("POST {} query Verify, the ID token", connection.endpoint),
                received,
            )
            .help("Set HASURA_GRAPHQL_JWT_SECRET to this line and restart Hasura.")
            .fix(line)
        }
        Ok(GraphqlOutcome::NotGraphql) | Err(_) => Finding::skipped("jwt-audience", "no answer"),
    };
    report.add(finding);
}
