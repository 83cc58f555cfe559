//! `tudone completions`: needs neither login nor network.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use std::io::Write as _;

use crate::cli::error::CliError;
use crate::cli::output;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints a completion script.
pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let mut script = Vec::new();
    let mut command = crate::cli::arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "tudone", &mut script);
    let mut out = output::stdout();
    out.write_all(&script)?;
    Ok(out.flush()?)
}
