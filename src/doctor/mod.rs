//! Checks a profile from its configuration to its live updates, in the tutorial's order.
//!
//! Works by elimination: a check that depends on a failed one is skipped, and the token's form,
//! claims and signature are verified here before it is sent to Hasura, so that a rejection has one
//! possible cause.

mod ask;
mod backend;
mod issuer;
mod login;
mod report;
mod role;

use std::time::Duration;

use reqwest::Url;

use crate::auth::session::AuthSession;
use crate::config::ConfigError;
use crate::finding::Finding;
use crate::profile::ActiveProfile;

pub use report::DoctorReport;

use issuer::IssuerFacts;

/// The options of a run.
#[derive(Debug, Clone, Copy)]
pub struct DoctorOptions {
    /// Whether to work without network.
    pub offline: bool,
    /// The time for the user to unlock the credential store.
    pub unlock_limit: Duration,
}

/// Reports an invalid configuration; all other checks are skipped.
pub fn without_config(error: &ConfigError, report: &mut DoctorReport<'_>) {
    report.add(Finding::failed("config", error.to_string()).help(error.help()));
    report.skip_rest("needs the configuration");
}

/// Runs the checks of an endpoint that need neither a profile nor a login.
pub async fn examine_endpoint(endpoint: &Url, report: &mut DoctorReport<'_>) {
    backend::reach(endpoint, report).await;
}

/// Runs all checks of `profile` and adds their findings to `report`.
///
/// The login is refreshed once by `session`, a session of `profile` that refreshes in this
/// process, so that the token examined is a current one. Nothing else is changed.
pub async fn examine(
    profile: &ActiveProfile,
    session: &AuthSession,
    options: &DoctorOptions,
    report: &mut DoctorReport<'_>,
) {
    let connection = &profile.config.connection;
    report.add(Finding::ok(
        "config",
        format!(
            "profile `{}`: {} at {}",
            profile.config.name, connection.issuer, connection.endpoint
        ),
    ));
    login::credential_store(profile, options, report).await;
    if options.offline {
        report.skip(&issuer::CHECKS, "offline");
    }
    let issuer = if options.offline {
        IssuerFacts::default()
    } else {
        issuer::examine(connection, report).await
    };
    let login = login::examine(profile, session, &issuer, options, report).await;
    if options.offline {
        report.skip_rest("offline");
        return;
    }
    backend::examine(connection, &issuer, login, report).await;
}
