//! The endpoint: what answers there, whom it lets in and whose token it takes.

use jiff::SignedDuration;
use serde_json::Value;

use crate::auth::connection::Connection;
use crate::auth::diagnosis::{Diagnosis, JwtSecretPart, concerns_token, jwt_secret_line};
use crate::doctor::ask::{self, Answer, NoAnswer, Said};
use crate::doctor::issuer::{CLOCK_TOLERANCE, Known};
use crate::doctor::login::Login;
use crate::doctor::report::Report;
use crate::doctor::role;
use crate::finding::Finding;

/// The least that a working login can read.
pub(super) const VERIFY: &str = include_str!("../../queries/verify.graphql");

/// What a request with the token brought.
enum Taken {
    /// Hasura took the token and answered or refused the query.
    Yes(Said),
    /// It did not, or was not asked.
    No,
}

/// Makes the checks of the endpoint and, where the token is taken, of the role.
pub(super) async fn examine(
    connection: &Connection,
    issuer: &Known,
    login: Login,
    report: &mut Report<'_>,
) {
    let sent = format!("POST {} query Verify, no token", connection.endpoint);
    let answer = ask::graphql(&connection.endpoint, VERIFY, &Value::Null, None).await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            report.add(unreachable(connection, &sent, error));
            report.skip_rest("needs the endpoint");
            return;
        }
    };
    let said = match usable(connection, &sent, &answer) {
        Ok(said) => said,
        Err(finding) => {
            report.add(*finding);
            report.skip_rest("needs the endpoint");
            return;
        }
    };
    report.add(Finding::ok("endpoint", "answers GraphQL"));
    report.add(anonymous(&sent, &answer, &said));
    clock(answer.ahead, issuer.ahead, report);
    match accepted(connection, issuer, &login, &said, report).await {
        Taken::Yes(said) => {
            audience(connection, issuer, &login, report).await;
            role::examine(connection, login, &said, report).await;
        }
        Taken::No => report.skip_rest("needs a token that Hasura takes"),
    }
}

fn unreachable(connection: &Connection, sent: &str, error: NoAnswer) -> Finding {
    let host = connection.endpoint.host_str().unwrap_or("the endpoint");
    let (code, help) = if error.is_tls {
        let help = "Set SSL_CERT_FILE to a file with the certificate authority to trust, if it is \
                    yours or your proxy's.";
        ("tls", help)
    } else {
        let help = "Check `endpoint`, that Hasura runs, and the network.";
        ("endpoint-unreachable", help)
    };
    let finding = Finding::failed(code, format!("cannot reach {host}"));
    Finding {
        check: "endpoint",
        ..finding.exchange(sent, error.reason).help(help)
    }
}

/// What a GraphQL server said, or the finding where none answers.
fn usable(connection: &Connection, sent: &str, answer: &Answer) -> Result<Said, Box<Finding>> {
    let said = answer.said();
    if said != Said::NotGraphql {
        return Ok(said);
    }
    if answer.status >= 500 || answer.status == 429 {
        let broken = Finding::failed("endpoint-broken", "the server reports an error of its own")
            .exchange(sent, answer.described())
            .help("Look at the log of Hasura and of the proxy in front of it, then try again.");
        return Err(Box::new(broken));
    }
    let finding = Finding::failed(
        "endpoint-path",
        "what answers at the endpoint is not GraphQL",
    )
    .exchange(sent, answer.described());
    let mut right = connection.endpoint.clone();
    right.set_path("/v1/graphql");
    right.set_query(None);
    Err(Box::new(if right == connection.endpoint {
        finding.help("Check that Hasura runs at this host, and what a proxy in front does with it.")
    } else {
        finding
            .help("Set `endpoint` to Hasura's address; it ends with /v1/graphql.")
            .fix(format!("endpoint = \"{right}\""))
    }))
}

/// Returns whether a request without a token was kept out.
fn anonymous(sent: &str, answer: &Answer, said: &Said) -> Finding {
    match said {
        Said::Data(_) => Finding::failed("endpoint-open", "todos are readable without a token")
            .exchange(sent, answer.described())
            .help(
                "Set HASURA_GRAPHQL_ADMIN_SECRET, and give the role in \
                 HASURA_GRAPHQL_UNAUTHORIZED_ROLE no permission on `todos`.",
            ),
        Said::Refused { code, .. } => {
            Finding::ok("anonymous", format!("kept out without a token ({code})"))
        }
        Said::NotGraphql => Finding::skipped("anonymous", "needs the endpoint"),
    }
}

fn clock(backend: Option<SignedDuration>, issuer: Option<SignedDuration>, report: &mut Report<'_>) {
    let Some(backend) = backend else {
        report.skip(&["backend-clock"], "the endpoint tells no time");
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

/// The finding for a token that Hasura refuses, with the line to paste.
fn repaired(diagnosis: &Diagnosis, connection: &Connection, issuer: &Known) -> Finding {
    let finding = diagnosis.finding(connection, issuer.jwks.as_ref());
    if finding.fix.is_some() {
        finding.help("Set HASURA_GRAPHQL_JWT_SECRET to this line and restart Hasura.")
    } else {
        finding
    }
}

/// Shows the token to Hasura, unless it is known to be bad.
async fn accepted(
    connection: &Connection,
    issuer: &Known,
    login: &Login,
    anonymous: &Said,
    report: &mut Report<'_>,
) -> Taken {
    if let Said::Refused { message, .. } = anonymous {
        let absent = Diagnosis::JwtSecret {
            part: JwtSecretPart::Absent,
        };
        if Diagnosis::of_refusal(message) == absent {
            report.add(repaired(&absent, connection, issuer));
            return Taken::No;
        }
    }
    let Some(token) = login.token.as_ref() else {
        report.skip(&["accepted"], "needs a login");
        return Taken::No;
    };
    if !login.is_good {
        report.skip(&["accepted"], "the token itself is wrong");
        return Taken::No;
    }
    let sent = format!("POST {} query Verify, Bearer token", connection.endpoint);
    let answer = ask::graphql(&connection.endpoint, VERIFY, &Value::Null, Some(token)).await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            report.add_as("accepted", unreachable(connection, &sent, error));
            return Taken::No;
        }
    };
    match usable(connection, &sent, &answer) {
        Ok(Said::Refused { code, message }) if concerns_token(&code) => {
            let diagnosis = Diagnosis::of_refusal(&message);
            let finding = repaired(&diagnosis, connection, issuer);
            report.add_as(
                "accepted",
                finding.exchange(sent, format!("{code}: {message}")),
            );
            Taken::No
        }
        Ok(said) => {
            report.add(Finding::ok("accepted", "Hasura takes the token"));
            Taken::Yes(said)
        }
        Err(finding) => {
            report.add_as("accepted", *finding);
            Taken::No
        }
    }
}

/// Shows the ID token to Hasura: it is of the same issuer and key for another audience, so a
/// secret without an audience lets it pass.
async fn audience(connection: &Connection, issuer: &Known, login: &Login, report: &mut Report<'_>) {
    let Some(token) = &login.id_token else {
        report.skip(
            &["jwt-audience"],
            "needs an ID token, which comes with a renewal",
        );
        return;
    };
    let answer = ask::graphql(&connection.endpoint, VERIFY, &Value::Null, Some(token)).await;
    let finding = match answer.map(|answer| answer.said()) {
        Ok(Said::Refused { message, .. }) if message.contains("JWTNotInAudience") => {
            Finding::ok("jwt-audience", "a token for another audience is refused")
        }
        Ok(Said::Refused { code, message }) if code == "invalid-jwt" => {
            Finding::skipped("jwt-audience", format!("undecided: {message}"))
        }
        Ok(said @ (Said::Refused { .. } | Said::Data(_))) => {
            let received = match said {
                Said::Refused { code, message } => format!("{code}: {message}"),
                Said::Data(_) | Said::NotGraphql => "data".to_owned(),
            };
            let line = jwt_secret_line(
                &connection.issuer,
                &connection.audience,
                issuer.jwks.as_ref(),
            );
            Finding::failed("jwt-secret-open", "Hasura's JWT secret names no audience")
                .exchange(
                    format!("POST {} query Verify, the ID token", connection.endpoint),
                    received,
                )
                .help("Set HASURA_GRAPHQL_JWT_SECRET to this line and restart Hasura.")
                .fix(line)
        }
        Ok(Said::NotGraphql) | Err(_) => Finding::skipped("jwt-audience", "no answer"),
    };
    report.add(finding);
}
