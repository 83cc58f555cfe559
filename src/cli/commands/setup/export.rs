//! `tudone setup export`: needs neither login nor network.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::setup::export::{FileState, compare, write};
use crate::text::sanitize::plain;

/// The arguments of `setup export`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to write the files; created if missing
    directory: PathBuf,

    /// Overwrite files that differ without asking
    #[arg(short, long)]
    yes: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Writes a Hasura CLI project, the Auth0 Action and a compose file.
pub(super) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let targets = compare(&arguments.directory)?;
    let different: Vec<&str> = targets
        .iter()
        .filter(|target| target.state == FileState::Different)
        .map(|target| target.asset.path)
        .collect();
    if !arguments.yes && !different.is_empty() {
        context.confirm(&format!("{} differ. Overwrite?", different.join(", ")))?;
    }
    write(&targets)?;
    let mut out = output::stdout();
    if arguments.json {
        let file = |target: &crate::setup::export::Target| {
            let written = target.state != FileState::Unchanged;
            json!({"path": target.asset.path, "written": written})
        };
        let files: Vec<_> = targets.iter().map(file).collect();
        let answer = json!({"directory": arguments.directory, "files": files});
        output::json(&mut out, &answer)?;
    } else {
        for target in &targets {
            let mark = match target.state {
                FileState::Missing => '+',
                FileState::Different => '~',
                FileState::Unchanged => '=',
            };
            writeln!(out, "{mark} {}", plain(&target.path.display().to_string()))?;
        }
    }
    Ok(out.flush()?)
}
