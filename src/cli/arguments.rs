//! The arguments of `tudone`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::color::When;
use crate::cli::commands::{
    add, completions, config, doctor, done, edit, export, help, import, list, login, logout, man,
    queue, rm, setup, show, status, sync, undo, whoami,
};

/// A todo list for the terminal: Auth0 login, Hasura behind it, works offline.
#[derive(Debug, Parser)]
#[command(
    name = "tudone",
    version = env!("TUDONE_VERSION"),
    disable_help_subcommand = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,

    /// Log in by device code: the same as `tudone login --device-code`
    #[arg(long)]
    pub(crate) device_code: bool,

    /// With `--device-code`
    #[arg(long, hide = true, requires = "device_code")]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The heading of [`Global`] in the help.
const GLOBAL: &str = "Global options";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Use this profile of the configuration
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Read this configuration file
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Do not use the network
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) offline: bool,

    /// Never prompt
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) no_input: bool,

    /// When to use colours
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: When,

    /// Print only errors on stderr
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) quiet: bool,

    /// Print more on stderr; twice for even more
    #[arg(short, long, global = true, help_heading = GLOBAL, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List todos
    #[command(visible_alias = "ls")]
    List(list::Arguments),
    /// Show all details of todos
    Show(show::Arguments),
    /// Add a todo, or one for each line of standard input
    Add(add::Arguments),
    /// Complete todos
    Done(done::Arguments),
    /// Reopen done todos
    Reopen(done::Arguments),
    /// Change a todo's text, or tags, due dates and priorities
    Edit(edit::Arguments),
    /// Delete todos
    Rm(rm::Arguments),
    /// Undo what the last command changed on this device
    Undo(undo::Arguments),
    /// Redo what `undo` undid last on this device
    Redo(undo::RedoArguments),
    /// Push and pull now
    Sync(sync::Arguments),
    /// Show, retry or drop the changes that are not on the server
    Queue(queue::Arguments),
    /// Add the todos of a file that are not there yet
    Import(import::Arguments),
    /// Write all todos to a file
    Export(export::Arguments),
    /// Log in with a code shown here and approved in a browser
    Login(login::Arguments),
    /// Log out
    Logout(logout::Arguments),
    /// Show who is logged in
    Whoami(whoami::Arguments),
    /// Show the account, the store and the counts, without using the network
    Status(status::Arguments),
    /// Check everything from the configuration to live updates, and show what is wrong
    Doctor(doctor::Arguments),
    /// Make your own backend ready for tudone
    Setup(setup::Arguments),
    /// Show the configuration
    Config(config::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
    /// Print the man page, or write the pages of all commands
    Man(man::Arguments),
    /// Try everything without an account, in a sandbox
    #[cfg(feature = "sandbox")]
    Demo(crate::cli::commands::demo::Arguments),
    /// Run a development Auth0 and Hasura on this machine
    #[cfg(feature = "sandbox")]
    Sandbox(crate::cli::commands::sandbox::Arguments),
    /// Explain a command or a topic
    Help(help::Arguments),
    /// Refresh the login in the background
    #[command(hide = true)]
    RefreshLogin,
}

#[cfg(all(test, feature = "sandbox"))]
mod tests {
    use std::error::Error;
    use std::fs;
    use std::path::Path;

    use clap::CommandFactory as _;

    use super::Arguments;

    /// Collects the words after `` `tudone `` anywhere below `folder`.
    fn read(folder: &Path, words: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
        for found in fs::read_dir(folder)? {
            let path = found?.path();
            if path.is_dir() {
                read(&path, words)?;
            } else {
                let text = fs::read_to_string(&path)?;
                let rests = text.split("`tudone ").skip(1);
                words.extend(rests.map(|rest| {
                    let is_part = |letter: &char| letter.is_ascii_lowercase() || *letter == '-';
                    rest.chars().take_while(is_part).collect()
                }));
            }
        }
        Ok(())
    }

    #[test]
    fn every_command_named_in_a_text_exists() -> Result<(), Box<dyn Error>> {
        let mut words = Vec::new();
        read(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut words,
        )?;
        let known = Arguments::command();
        words.retain(|word| !word.is_empty() && !word.starts_with('-'));
        assert!(words.len() > 50);
        words.retain(|word| known.find_subcommand(word).is_none());
        assert!(words.is_empty(), "{words:?}");
        Ok(())
    }
}
