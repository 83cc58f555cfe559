//! `tudone man`: needs neither login nor network.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use crate::cli::error::CliError;
use crate::cli::output;

/// The arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tudone man | man -l -\n  tudone man ~/.local/share/man/man1")]
pub(crate) struct Arguments {
    /// Write one page a command into this directory
    directory: Option<PathBuf>,
}

/// Prints the page of `tudone`, or writes the pages of all commands.
pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let command = crate::cli::arguments::Arguments::command();
    if let Some(directory) = &arguments.directory {
        let write = || {
            std::fs::create_dir_all(directory)?;
            clap_mangen::generate_to(command, directory)
        };
        let what = format!("write man pages into {}", directory.display());
        return write().map_err(CliError::io(what));
    }
    let mut out = output::stdout();
    clap_mangen::Man::new(command).render(&mut out)?;
    Ok(out.flush()?)
}
