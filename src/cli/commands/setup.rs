//! `tudone setup`: prepares a backend.

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

/// The arguments of `setup`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<SetupCommand>,
}

#[derive(Debug, Subcommand)]
enum SetupCommand {
    /// Create tables and permissions in Hasura, or show what is missing
    Hasura(hasura::Arguments),
    /// Create the API, the application and the Action in Auth0, or show what is missing
    Auth0(auth0::Arguments),
    /// Write the files that setup applies to a directory
    Export(export::Arguments),
}

/// Runs one part of the setup.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let Some(command) = &arguments.command else {
        return guided::run(context);
    };
    match command {
        SetupCommand::Hasura(arguments) => hasura::run(context, arguments),
        SetupCommand::Auth0(arguments) => auth0::run(context, arguments),
        SetupCommand::Export(arguments) => export::run(context, arguments),
    }
}

/// Options of a repair. Without a file, a secret is read from a hidden prompt.
#[derive(Debug, Clone, Default)]
pub(crate) struct RepairOptions {
    /// A file with Hasura's admin secret.
    pub(crate) admin_secret_file: Option<PathBuf>,
    /// A file with the token for Auth0's Management API.
    pub(crate) token_file: Option<PathBuf>,
    /// Whether to apply the plans without asking.
    pub(crate) yes: bool,
}

/// Runs the parts of the setup that fix `findings`. Returns false if none does.
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
