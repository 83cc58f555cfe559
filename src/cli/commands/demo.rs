//! `tudone demo`: the whole product against its own sandbox.

mod chaos;
mod conflict;
mod device;
mod env;
mod page;
mod tour;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::app::Keymap;
use crate::auth::credential_store::CredentialStore;
use crate::auth::credential_store::memory::MemoryStore;
use crate::cli::commands::demo::chaos::ChaosOptions;
use crate::cli::commands::demo::env::DemoEnv;
use crate::cli::context::CommandContext;
use crate::cli::duration::duration;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::profile::ActiveProfile;
use crate::runtime::{self, TuiOptions};
use crate::sandbox::DEVELOPMENT_ONLY;
use crate::ui::ThemeName;

/// The arguments of `demo`.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Run the main job as text and check each step, instead of opening the TUI
    #[arg(long)]
    tour: bool,
    /// For this long, let several devices work while the network fails in every way,
    /// then verify the result
    #[arg(long, value_name = "D", value_parser = duration, conflicts_with = "tour")]
    chaos: Option<Duration>,
    /// Repeat the run with this seed
    #[arg(long, value_name = "N", requires = "chaos")]
    seed: Option<u64>,
    /// Print the report of the chaos run as JSON
    #[arg(long, requires = "chaos")]
    json: bool,
    /// Keep the demo's files in this directory, and continue with them next time
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Runs the demo: the chaos run if requested, the TUI on a terminal, otherwise the
/// tour.
///
/// # Errors
///
/// When the sandbox cannot start, a step of the tour fails, or the chaos run ends
/// with other todos than expected.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let on_terminal =
        io::stdin().is_terminal() && io::stdout().is_terminal() && !super::tui::is_dumb();
    let keep = arguments.keep.as_deref();
    if let Some(duration) = arguments.chaos {
        let options = ChaosOptions {
            duration,
            seed: arguments.seed.unwrap_or_else(|| fastrand::u64(..)),
            json: arguments.json,
        };
        return chaos::run(context, &DemoEnv::start(keep, Vec::new())?, options);
    }
    let env = DemoEnv::start(keep, env::sample())?;
    if arguments.tour || !on_terminal {
        return tour::run(&env);
    }
    DEVELOPMENT_ONLY.lines().for_each(output::notice);
    let credential_store: Arc<dyn CredentialStore> = Arc::new(MemoryStore::default());
    let profile =
        ActiveProfile::with_credential_store(env.profile()?, env.paths("client"), credential_store);
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
    let second = ActiveProfile::new(env.profile()?, env.paths("client"));
    let (stop, stopped) = mpsc::channel();
    thread::scope(|scope| {
        let (env, second) = (&env, &second);
        scope.spawn(move || conflict::prepare(env, second, &stopped));
        // Its notices are about directories that are deleted.
        let ended = runtime::run(profile, &options).map(drop);
        drop(stop);
        Ok(ended?)
    })
}
