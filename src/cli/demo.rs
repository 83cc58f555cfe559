//! `tudone demo`: the whole product against a sandbox of its own.

mod chaos;
mod ground;
mod page;
mod tour;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::app::Keymap;
use crate::auth::vault::Vault;
use crate::auth::vault::memory::MemoryVault;
use crate::cli::call::Call;
use crate::cli::demo::chaos::Plan;
use crate::cli::demo::ground::Ground;
use crate::cli::duration::duration;
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
    /// For this long, let several devices work while the network fails in every way,
    /// then count what is left
    #[arg(long, value_name = "D", value_parser = duration, conflicts_with = "tour")]
    chaos: Option<Duration>,
    /// Play the chaos of this number again
    #[arg(long, value_name = "N", requires = "chaos")]
    seed: Option<u64>,
    /// Print what came of the chaos as JSON
    #[arg(long, requires = "chaos")]
    json: bool,
    /// Keep the demo's files in this directory, and go on with them the next time
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Plays the demo: the chaos where it is asked for, the TUI on a terminal,
/// else the tour.
///
/// # Errors
///
/// When the sandbox cannot start, a step of the tour did not do what it
/// should, or the chaos left other todos than people made.
pub(crate) fn run(call: &Call, arguments: &Arguments) -> Result<(), CliError> {
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let keep = arguments.keep.as_deref();
    if let Some(duration) = arguments.chaos {
        let plan = Plan {
            duration,
            seed: arguments.seed.unwrap_or_else(|| fastrand::u64(..)),
            json: arguments.json,
        };
        return chaos::play(call, &Ground::start(keep, Vec::new())?, plan);
    }
    let ground = Ground::start(keep, ground::sample())?;
    if arguments.tour || !on_terminal {
        return tour::play(&ground);
    }
    DEVELOPMENT_ONLY.lines().for_each(output::notice);
    let vault: Arc<dyn Vault> = Arc::new(MemoryVault::default());
    let workspace = Workspace::with_vault(ground.profile()?, ground.paths("client"), vault);
    let options = Options {
        keymap: Keymap::default(),
        colours: call.paint().is_on(),
        offline: false,
        open_page: page::open,
    };
    // What could have been said is about directories that are thrown away.
    runtime::run(workspace, &options)?;
    Ok(())
}
