//! `tudone demo`: the whole product against a sandbox of its own.

mod ground;
mod page;
mod tour;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::app::Keymap;
use crate::auth::vault::Vault;
use crate::auth::vault::memory::MemoryVault;
use crate::cli::call::Call;
use crate::cli::demo::ground::Ground;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::runtime::{self, Options};
use crate::sandbox::DEVELOPMENT_ONLY;
use crate::workspace::Workspace;

/// How to play.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Play the main job as text and check each step, instead of opening the TUI
    #[arg(long)]
    tour: bool,
    /// Keep the demo's files in this directory, and go on with them the next time
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Plays the demo: the TUI on a terminal, else the tour.
///
/// # Errors
///
/// When the sandbox cannot start, or a step of the tour did not do what it should.
pub(crate) fn run(call: &Call, arguments: &Arguments) -> Result<(), CliError> {
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let ground = Ground::start(arguments.keep.as_deref())?;
    if arguments.tour || !on_terminal {
        return tour::play(&ground);
    }
    DEVELOPMENT_ONLY.lines().for_each(output::notice);
    let vault: Arc<dyn Vault> = Arc::new(MemoryVault::default());
    let workspace = Workspace::with_vault(ground.profile()?, ground.paths(), vault);
    let options = Options {
        keymap: Keymap::default(),
        colours: call.paint().is_on(),
        offline: false,
        open_page: page::open,
    };
    Ok(runtime::run(workspace, &options)?)
}
