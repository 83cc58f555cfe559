//! `tudone setup`: makes a backend ready.

use clap::{Args, Subcommand};

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;

mod export;
mod hasura;
mod secret;

/// What `setup` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Make tables and permissions in Hasura, or show what is missing
    Hasura(hasura::Arguments),
    /// Write the files that setup applies to a directory
    Export(export::Arguments),
}

/// Runs one part of the setup.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    match &arguments.part {
        Part::Hasura(arguments) => hasura::run(context, arguments),
        Part::Export(arguments) => export::run(context, arguments),
    }
}
