//! `tudone demo`: the whole product against a sandbox of its own.

mod chaos;
mod env;
mod page;
mod tour;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::app::Keymap;
use crate::auth::credential_store::CredentialStore;
use crate::auth::credential_store::memory::MemoryStore;
use crate::cli::commands::demo::chaos::Plan;
use crate::cli::commands::demo::env::DemoEnv;
use crate::cli::context::CommandContext;
use crate::cli::duration::duration;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::profile::ActiveProfile;
use crate::runtime::{self, TuiOptions};
use crate::sandbox::DEVELOPMENT_ONLY;
use crate::ui::ThemeName;

/// How to play.
#[derive(Debug, Default, Args)]
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
/// should, or the chaos left other todos than users made.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let on_terminal =
        io::stdin().is_terminal() && io::stdout().is_terminal() && !super::tui::is_dumb();
    let keep = arguments.keep.as_deref();
    if let Some(duration) = arguments.chaos {
        let plan = Plan {
            duration,
            seed: arguments.seed.unwrap_or_else(|| fastrand::u64(..)),
            json: arguments.json,
        };
        return chaos::play(context, &DemoEnv::start(keep, Vec::new())?, plan);
    }
    let ground = DemoEnv::start(keep, env::sample())?;
    if arguments.tour || !on_terminal {
        return tour::play(&ground);
    }
    DEVELOPMENT_ONLY.lines().for_each(output::notice);
    let credential_store: Arc<dyn CredentialStore> = Arc::new(MemoryStore::default());
    let profile = ActiveProfile::with_credential_store(
        ground.profile()?,
        ground.paths("client"),
        credential_store,
    );
    let options = TuiOptions {
        keymap: Keymap::default(),
        themes: super::tui::themes(context),
        theme: ThemeName::Terminal,
        offline: false,
        mouse: false,
        views: Vec::new(),
        week_start: jiff::civil::Weekday::Monday,
        groups: true,
        demo: true,
        open_page: page::open,
        edit_text: super::tui::edit_text,
    };
    // What could have been said is about directories that are thrown away.
    runtime::run(profile, &options)?;
    Ok(())
}
