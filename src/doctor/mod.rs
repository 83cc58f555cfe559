//! Checks a profile from its configuration to its live updates, in the tutorial's order.
//!
//! Works by elimination: a check that an earlier one decides is left out, and what can be verified
//! here (the token's form, claims and signature) is verified before Hasura is asked, so that a
//! refusal has one possible cause.

mod ask;
mod backend;
mod issuer;
mod login;
mod report;
mod role;

use std::time::Duration;

use crate::config::ConfigError;
use crate::finding::Finding;
use crate::profile::ActiveProfile;

pub use report::Report;

/// How a profile is examined.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether to leave the network alone.
    pub offline: bool,
    /// How long the credential store may wait to be unlocked.
    pub patience: Duration,
}

/// The finding for a configuration that cannot be used: nothing else can be checked then.
pub fn without_config(error: &ConfigError, report: &mut Report<'_>) {
    report.add(Finding::failed("config", error.to_string()).help(error.help()));
    report.skip_rest("needs the configuration");
}

/// Makes every check of `profile` and adds what each finds to `report`.
///
/// A login is renewed once, under the usual lock, so that the token examined is one that the
/// issuer makes now. Nothing else is changed.
pub async fn examine(profile: &ActiveProfile, options: &Options, report: &mut Report<'_>) {
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
        issuer::Known::default()
    } else {
        issuer::examine(connection, report).await
    };
    let login = login::examine(profile, &issuer, options, report).await;
    if options.offline {
        report.skip_rest("offline");
        return;
    }
    backend::examine(connection, &issuer, login, report).await;
}
