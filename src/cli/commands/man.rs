//! `tudone man`: needs neither login nor network.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::arguments;
use crate::cli::error::CliError;
use crate::cli::examples;
use crate::cli::output;
use crate::cli::topics::{TOPICS, Topic};

/// The arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Write all pages below this directory: commands into `man1`, topics into
    /// `man7`
    directory: Option<PathBuf>,
}

/// Prints the page of `tudone`, or writes the pages of all commands and topics.
pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let mut command = arguments::Arguments::whole_parser();
    command.build();
    if let Some(directory) = &arguments.directory {
        let what = format!("write man pages into {}", directory.display());
        return write_all(&command, directory).map_err(CliError::io(what));
    }
    let mut out = output::stdout();
    write_page(&command, &mut out)?;
    Ok(out.flush()?)
}

fn write_all(command: &Command, directory: &Path) -> io::Result<()> {
    let commands = directory.join("man1");
    fs::create_dir_all(&commands)?;
    write_commands(command, &commands)?;
    let topics = directory.join("man7");
    fs::create_dir_all(&topics)?;
    for topic in TOPICS {
        let path = topics.join(format!("tudone-{}.7", topic.name));
        write_topic(topic, &mut fs::File::create(path)?)?;
    }
    Ok(())
}

/// Writes the pages of a command and of its subcommands.
fn write_commands(command: &Command, directory: &Path) -> io::Result<()> {
    let name = Man::new(command.clone()).get_filename();
    write_page(command, &mut fs::File::create(directory.join(name))?)?;
    let shown = command.get_subcommands().filter(|it| !it.is_hide_set());
    shown
        .into_iter()
        .try_for_each(|command| write_commands(command, directory))
}

/// Writes the page of a command, its examples before its options as in the help.
fn write_page(command: &Command, out: &mut impl Write) -> io::Result<()> {
    let page = Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    // `tudone setup hasura` once the command is built.
    let path = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let examples = examples::of(path.strip_prefix("tudone ").unwrap_or(path));
    if !examples.is_empty() {
        let mut roff = Roff::new();
        roff.control("SH", ["EXAMPLES"]);
        for (line, about) in examples {
            roff.control("TP", []);
            roff.text([roman(*line)]);
            roff.text([roman(*about)]);
        }
        roff.to_writer(out)?;
    }
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    if command.has_subcommands() {
        page.render_subcommands_section(out)?;
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let names = TOPICS
        .iter()
        .map(|topic| format!("tudone-{}(7)", topic.name));
    let names: Vec<String> = ["tudone(1)".to_owned()].into_iter().chain(names).collect();
    roff.text([roman(names.join(", "))]);
    roff.to_writer(out)
}

fn write_topic(topic: &Topic, out: &mut impl Write) -> io::Result<()> {
    let mut roff = Roff::new();
    let title = format!("tudone-{}", topic.name);
    roff.control("TH", [title.as_str(), "7"]);
    roff.control("SH", ["NAME"]);
    roff.text([roman(format!("{title} - {}", topic.about))]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.control("nf", []);
    for line in (topic.text)().lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.to_writer(out)
}
