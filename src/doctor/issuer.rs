//! The issuer: discovery, keys, clock, application, audience.

use jiff::SignedDuration;
use reqwest::Url;

use crate::auth::connection::Connection;
use crate::auth::device::DeviceFlow;
use crate::auth::error::AuthError;
use crate::auth::signature::KeySet;
use crate::auth::time_scale::TimeScale;
use crate::doctor::ask;
use crate::doctor::report::DoctorReport;
use crate::finding::Finding;

/// The checks of this part, in order.
pub(super) const CHECKS: [&str; 5] = ["issuer", "keys", "clock", "application", "audience"];

/// The accepted difference between two clocks.
pub(super) const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// Facts about the issuer that later checks use.
#[derive(Debug, Default)]
pub(super) struct IssuerFacts {
    /// Whether its endpoints were discovered.
    pub(super) is_reachable: bool,
    /// The address of its keys.
    pub(super) jwks: Option<Url>,
    /// Its keys.
    pub(super) keys: Option<KeySet>,
    /// The difference of its clock to this machine's; positive when ahead.
    pub(super) ahead: Option<SignedDuration>,
}

/// Runs the checks of the issuer.
pub(super) async fn examine(connection: &Connection, report: &mut DoctorReport<'_>) -> IssuerFacts {
    let flow = match DeviceFlow::discover(connection, TimeScale::REAL).await {
        Ok(flow) => flow,
        Err(error) => {
            report.add(undiscovered(connection, &error));
            report.skip(&CHECKS[1..], "needs the issuer");
            return IssuerFacts::default();
        }
    };
    let found = format!("{} as configured", connection.issuer);
    report.add(Finding::ok("issuer", found));
    let mut facts = IssuerFacts {
        is_reachable: true,
        jwks: flow.issuer().jwks.clone(),
        ..IssuerFacts::default()
    };
    keys(&mut facts, report).await;
    clock(facts.ahead, report);
    application(connection, &flow, report).await;
    facts
}

fn discovery_url(connection: &Connection) -> String {
    let issuer = connection.issuer.trim_end_matches('/');
    format!("GET {issuer}/.well-known/openid-configuration")
}

fn undiscovered(connection: &Connection, error: &AuthError) -> Finding {
    let finding = error.finding();
    Finding {
        check: "issuer",
        received: Some(finding.message.clone()),
        sent: Some(discovery_url(connection)),
        ..finding
    }
}

async fn keys(facts: &mut IssuerFacts, report: &mut DoctorReport<'_>) {
    let Some(url) = facts.jwks.clone() else {
        let finding = Finding::failed(
            "keys-missing",
            "the discovery document contains no `jwks_uri`",
        );
        report.add(finding.help("Use an issuer that publishes its signing keys."));
        return;
    };
    let sent = format!("GET {url}");
    let unreachable = |received: String| {
        Finding::failed("keys-unreachable", "the issuer's keys cannot be fetched")
            .exchange(sent.clone(), received)
            .help("Try again; if it still fails, check the network and any proxy.")
    };
    let answer = match ask::get(&url).await {
        Ok(answer) => answer,
        Err(error) => {
            report.add(unreachable(error.reason));
            return;
        }
    };
    facts.ahead = answer.ahead;
    let keys = Some(&answer)
        .filter(|answer| answer.status == 200)
        .and_then(|answer| KeySet::parse(&answer.body));
    match keys {
        Some(keys) if keys.is_empty() => report.add(
            Finding::failed("keys-missing", "the issuer publishes no signing key")
                .exchange(sent, "a key set without a usable key")
                .help("Rotate the tenant's signing key (Auth0: Settings > Signing Keys)."),
        ),
        Some(keys) => {
            let plural = if keys.len() == 1 { "key" } else { "keys" };
            let found = format!("{} signing {plural} published", keys.len());
            facts.keys = Some(keys);
            report.add(Finding::ok("keys", found));
        }
        None => report.add(unreachable(answer.description())),
    }
}

fn clock(ahead: Option<SignedDuration>, report: &mut DoctorReport<'_>) {
    let Some(ahead) = ahead else {
        report.skip(&["clock"], "the issuer sends no `Date`");
        return;
    };
    if ahead.abs() <= CLOCK_TOLERANCE {
        report.add(Finding::ok("clock", "agrees with the issuer's"));
        return;
    }
    let relation = if ahead.is_positive() {
        "behind"
    } else {
        "ahead of"
    };
    let finding = Finding::failed(
        "token-clock",
        format!(
            "this machine's clock is {} s {relation} the issuer's",
            ahead.abs().as_secs()
        ),
    );
    report.add(
        finding
            .help("Correct the clock of this machine.")
            .fix("timedatectl set-ntp true"),
    );
}

/// Requests a device code and discards it.
async fn application(connection: &Connection, flow: &DeviceFlow, report: &mut DoctorReport<'_>) {
    let device = flow.issuer().device_authorization.as_ref();
    let sent = device.map(|url| {
        format!(
            "POST {url} client_id={} audience={}",
            connection.client_id, connection.audience
        )
    });
    let Err(error) = flow.start().await else {
        let found = format!("{} may use the device flow", connection.client_id);
        report.add(Finding::ok("application", found));
        report.add(audience(connection));
        return;
    };
    let finding = error.finding();
    let finding = Finding {
        received: Some(finding.message.clone()),
        sent,
        ..finding
    };
    if finding.check == "audience" {
        let found = format!("{} may use the device flow", connection.client_id);
        report.add(Finding::ok("application", found));
        report.add(finding);
    } else {
        report.add_as("application", finding);
        report.skip(&["audience"], "needs the application");
    }
}

/// Checks that the configured audience is not Auth0's Management API.
fn audience(connection: &Connection) -> Finding {
    let management = format!("{}/api/v2/", connection.issuer.trim_end_matches('/'));
    if connection.audience != management {
        return Finding::ok("audience", connection.audience.clone());
    }
    Finding::failed(
        "audience-management-api",
        "the audience is Auth0's own Management API",
    )
    .help(
        "Create an API of your own (Auth0: Applications > APIs; `tudone setup auth0` does) and set \
         `audience` to its identifier.",
    )
}
