//! The arguments of `tudone`.

use std::ops::Deref;
use std::path::PathBuf;

use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches, Parser, Subcommand};

use crate::cli::color::When;
use crate::cli::commands::{
    add, completions, config, doctor, done, edit, export, help, import, list, login, logout, man,
    queue, rm, setup, show, status, sync, undo, whoami,
};

/// What was typed.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) options: Options,
    pub(crate) command: Option<Command>,
}

impl Arguments {
    /// Returns the parser. The arguments of a command are defined when the parser meets
    /// it.
    pub(crate) fn parser() -> clap::Command {
        Command::augment_subcommands(Options::command())
    }

    /// Returns the parser with all arguments of all commands: for help, completions and
    /// man pages.
    pub(crate) fn whole_parser() -> clap::Command {
        Command::augment_subcommands_for_update(Options::command())
    }

    /// Returns what was parsed.
    ///
    /// # Errors
    ///
    /// The parser's.
    pub(crate) fn of(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        let options = Options::from_arg_matches_mut(matches)?;
        let command = match matches.subcommand_name() {
            Some(_) => Some(Command::from_arg_matches_mut(matches)?),
            None => None,
        };
        Ok(Self { options, command })
    }
}

/// A todo list for the terminal: Auth0 login, Hasura behind it, works offline.
#[derive(Debug, Parser)]
#[command(
    name = "tudone",
    version = env!("TUDONE_VERSION"),
    disable_help_subcommand = true
)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) global: Global,

    /// Log in by device code: the same as `tudone login --device-code`
    #[arg(long)]
    pub(crate) device_code: bool,

    /// With `--device-code`
    #[arg(long, hide = true, requires = "device_code")]
    pub(crate) json: bool,
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
    List(Deferred<list::Arguments>),
    /// Show all details of todos
    Show(Deferred<show::Arguments>),
    /// Add a todo, or one for each line of standard input
    Add(Deferred<add::Arguments>),
    /// Complete todos
    Done(Deferred<done::Arguments>),
    /// Reopen done todos
    Reopen(Deferred<done::Arguments>),
    /// Change a todo's text, or tags, due dates and priorities
    Edit(Deferred<edit::Arguments>),
    /// Delete todos
    Rm(Deferred<rm::Arguments>),
    /// Undo what the last command changed on this device
    Undo(Deferred<undo::Arguments>),
    /// Redo what `undo` undid last on this device
    Redo(Deferred<undo::RedoArguments>),
    /// Push and pull now
    Sync(Deferred<sync::Arguments>),
    /// Show, retry or drop the changes that are not on the server
    Queue(Deferred<queue::Arguments>),
    /// Add the todos of a file that are not there yet
    Import(Deferred<import::Arguments>),
    /// Write all todos to a file
    Export(Deferred<export::Arguments>),
    /// Log in with a code shown here and approved in a browser
    Login(Deferred<login::Arguments>),
    /// Log out
    Logout(Deferred<logout::Arguments>),
    /// Show who is logged in
    Whoami(Deferred<whoami::Arguments>),
    /// Show the account, the store and the counts, without using the network
    Status(Deferred<status::Arguments>),
    /// Check everything from the configuration to live updates, and show what is wrong
    Doctor(Deferred<doctor::Arguments>),
    /// Make your own backend ready for tudone
    Setup(Deferred<setup::Arguments>),
    /// Show the configuration
    Config(Deferred<config::Arguments>),
    /// Print completions for a shell
    Completions(Deferred<completions::Arguments>),
    /// Print the man page, or write the pages of all commands
    Man(Deferred<man::Arguments>),
    /// Try everything without an account, in a sandbox
    #[cfg(feature = "sandbox")]
    Demo(Deferred<crate::cli::commands::demo::Arguments>),
    /// Run a development Auth0 and Hasura on this machine
    #[cfg(feature = "sandbox")]
    Sandbox(Deferred<crate::cli::commands::sandbox::Arguments>),
    /// Explain a command or a topic
    Help(Deferred<help::Arguments>),
    /// Refresh the login in the background
    #[command(hide = true)]
    RefreshLogin,
}

/// The arguments of a command, which [`Arguments::parser`] defines late and
/// [`Arguments::whole_parser`] at once.
#[derive(Debug)]
pub(crate) struct Deferred<T>(pub(crate) T);

impl<T> Deref for Deferred<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.defer(T::augment_args)
    }

    // The derive's only second tree; no value is ever updated here.
    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        T::augment_args(command)
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

#[cfg(all(test, feature = "sandbox"))]
mod tests {
    use std::error::Error;
    use std::fs;
    use std::path::Path;

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
        let known = Arguments::parser();
        words.retain(|word| !word.is_empty() && !word.starts_with('-'));
        assert!(words.len() > 50);
        words.retain(|word| known.find_subcommand(word).is_none());
        assert!(words.is_empty(), "{words:?}");
        Ok(())
    }
}
