//! `tudone setup`: makes a backend ready.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::finding::Finding;
use crate::setup::hasura::HasuraAddress;

mod answers;
mod auth0;
mod export;
pub(crate) mod guided;
mod hasura;
mod profile_file;
mod secret;
mod steps;

use steps::SetupStep;

/// What `setup` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Make tables and permissions in Hasura, or show what is missing
    Hasura(hasura::Arguments),
    /// Make the API, the application and the Action in Auth0, or show what is missing
    Auth0(auth0::Arguments),
    /// Write the files that setup applies to a directory
    Export(export::Arguments),
}

/// Runs one part of the setup.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let Some(part) = &arguments.part else {
        return guided::run(context);
    };
    match part {
        Part::Hasura(arguments) => hasura::run(context, arguments),
        Part::Auth0(arguments) => auth0::run(context, arguments),
        Part::Export(arguments) => export::run(context, arguments),
    }
}

/// Where the secrets of a repair come from; a hidden prompt where there is no file.
#[derive(Debug, Clone, Default)]
pub(crate) struct RepairOptions {
    /// A file with Hasura's admin secret.
    pub(crate) admin_secret_file: Option<PathBuf>,
    /// A file with the token for Auth0's Management API.
    pub(crate) token_file: Option<PathBuf>,
    /// Whether to apply the plans without asking.
    pub(crate) yes: bool,
}

/// Runs the parts of the setup that put right what `findings` found; returns whether there were any.
///
/// # Errors
///
/// The parts'.
pub(crate) fn repair(
    context: &CommandContext,
    findings: &[Finding],
    options: &RepairOptions,
) -> Result<bool, CliError> {
    let due = SetupStep::due(findings);
    let (hasura, auth0) = (
        due.contains(&SetupStep::Hasura),
        due.contains(&SetupStep::Auth0),
    );
    if !(hasura || auth0) {
        return Ok(false);
    }
    let connection = context.config()?.profile.connection;
    let address: HasuraAddress =
        connection.endpoint.as_str().parse().map_err(|error| {
            CliError::usage(format!("the endpoint {error}"), "Correct `endpoint`.")
        })?;
    if hasura {
        hasura::run(
            context,
            &hasura::Arguments::repairing(address.clone(), options),
        )?;
    }
    if auth0 {
        let secrets_are_wrong = findings.iter().any(|finding| finding.code == "denied");
        let arguments =
            auth0::Arguments::repairing(&connection, address, options, secrets_are_wrong);
        auth0::run(context, &arguments)?;
    }
    Ok(true)
}
