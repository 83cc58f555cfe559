//! The commands, one file each: its arguments and `run`.

use crate::cli::arguments::Command;
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;

pub(crate) mod add;
pub(crate) mod completions;
pub(crate) mod config;
#[cfg(feature = "sandbox")]
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod done;
pub(crate) mod edit;
pub(crate) mod export;
pub(crate) mod help;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod queue;
pub(crate) mod refresh_login;
pub(crate) mod rm;
#[cfg(feature = "sandbox")]
pub(crate) mod sandbox;
pub(crate) mod setup;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod tui;
pub(crate) mod undo;
pub(crate) mod whoami;

/// Runs one command.
///
/// # Errors
///
/// The command's.
pub(crate) fn run(context: &CommandContext, command: &Command) -> Result<(), CliError> {
    match command {
        Command::List(arguments) => list::run(context, arguments),
        Command::Show(arguments) => show::run(context, arguments),
        Command::Add(arguments) => add::run(context, arguments),
        Command::Done(arguments) => done::done(context, arguments),
        Command::Reopen(arguments) => done::reopen(context, arguments),
        Command::Edit(arguments) => edit::run(context, arguments),
        Command::Rm(arguments) => rm::run(context, arguments),
        Command::Undo(arguments) => undo::run(context, arguments),
        Command::Redo(arguments) => undo::redo(context, arguments),
        Command::Sync(arguments) => sync::run(context, arguments),
        Command::Import(arguments) => import::run(context, arguments),
        Command::Export(arguments) => export::run(context, arguments),
        Command::Queue(arguments) => queue::run(context, arguments),
        Command::Login(arguments) => login::run(context, arguments),
        Command::Logout(arguments) => logout::run(context, arguments),
        Command::Whoami(arguments) => whoami::run(context, arguments),
        Command::Status(arguments) => status::run(context, arguments),
        Command::Doctor(arguments) => doctor::run(context, arguments),
        Command::Setup(arguments) => setup::run(context, arguments),
        Command::Config(arguments) => config::run(context, arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::run(context, arguments),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(context, arguments),
        Command::Help(arguments) => help::run(context, arguments),
        Command::RefreshLogin => refresh_login::run(context),
    }
}
