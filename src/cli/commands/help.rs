//! `tudone help`: needs neither login nor network.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args;

use crate::app::Keymap;
use crate::cli::arguments;
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::examples;
use crate::cli::pager::Paged;
use crate::cli::topics::{self, TOPICS};
use crate::finding::{CHECKS, codes, find, setup_codes};
use crate::text::suggest::nearest;

/// The arguments of `help`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A command or a topic
    topic: Option<String>,

    /// After `doctor`: one of its codes; after a command: its subcommand
    code: Option<String>,
}

/// Explains a command or a topic.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let mut command = examples::with_examples(arguments::Arguments::whole_parser());
    command.build();
    let topic = |name: &str| TOPICS.iter().find(|topic| topic.name == name);
    let text = match arguments.topic.as_deref() {
        None => command.render_long_help().to_string(),
        Some("doctor") => doctor(&mut command, arguments.code.as_deref())?,
        // With the user's own keys, if there are any.
        Some("keys") => topics::keys(&keymap(context)),
        Some(name) => match (topic(name), &arguments.code) {
            (Some(topic), None) => (topic.text)(),
            (_, code) => {
                let Some(found) = command.find_subcommand_mut(name) else {
                    return Err(unknown(&command, name));
                };
                subcommand(found, code.as_deref())?
            }
        },
    };
    let mut out = Paged::new(!context.flags.no_input);
    let written = out.write_all(text.as_bytes());
    out.finish()?;
    Ok(written?)
}

/// Returns the key bindings: the configured ones, or the defaults.
fn keymap(context: &CommandContext) -> Keymap {
    let Ok(config) = context.config() else {
        return Keymap::default();
    };
    let keys = config.keys.iter();
    let keys = keys.map(|(name, keys)| (name.as_str(), keys.as_str()));
    Keymap::configured(keys).unwrap_or_default()
}

/// The help on a command, or on its subcommand.
fn subcommand(command: &mut clap::Command, name: Option<&str>) -> Result<String, CliError> {
    let Some(name) = name else {
        return Ok(command.render_long_help().to_string());
    };
    if let Some(found) = command.find_subcommand_mut(name) {
        return Ok(found.render_long_help().to_string());
    }
    let of = command.get_name();
    Err(CliError::usage(
        format!("`{of}` has no subcommand `{name}`"),
        format!("Run `tudone help {of}`."),
    ))
}

fn unknown(command: &clap::Command, name: &str) -> CliError {
    let names = command.get_subcommands().map(clap::Command::get_name);
    let topics = TOPICS.iter().map(|topic| topic.name);
    let help = match nearest(name, names.chain(topics)) {
        Some(near) => format!("Did you mean `tudone help {near}`?"),
        None => "Run `tudone help` to see the commands.".to_owned(),
    };
    CliError::usage(format!("no help topic `{name}`"), help)
}

/// The help on `doctor`, or on one of its codes.
fn doctor(command: &mut clap::Command, code: Option<&str>) -> Result<String, CliError> {
    let Some(code) = code else {
        let help = command
            .find_subcommand_mut("doctor")
            .map(|doctor| doctor.render_long_help().to_string())
            .unwrap_or_default();
        let mut text = format!("{help}\nChecks, in order, with the codes of their findings:\n");
        for (check, meaning) in &CHECKS {
            let _ = writeln!(text, "\n{check}: {meaning}");
            let of_check = codes::CODES.iter().filter(|known| known.check == *check);
            for known in of_check {
                let _ = writeln!(text, "  {}", known.code);
            }
        }
        text.push_str("\nCodes of `tudone setup`:\n");
        for known in setup_codes::SETUP_CODES {
            let _ = writeln!(text, "  {} ({})", known.code, known.check);
        }
        return Ok(text);
    };
    let check = CHECKS.iter().find(|(check, _)| *check == code);
    match (find(code), check) {
        (Some(known), _) => {
            let kind = if known.check.starts_with("setup ") {
                ""
            } else {
                "check "
            };
            Ok(format!(
                "{} ({kind}`{}`)\n\n{}\n",
                known.code, known.check, known.meaning
            ))
        }
        (None, Some((check, meaning))) => Ok(format!("{check}\n\n{meaning}\n")),
        (None, None) => {
            let all = codes::CODES.iter().chain(setup_codes::SETUP_CODES);
            let names = all.map(|known| known.code);
            let help = match nearest(code, names) {
                Some(near) => format!("Did you mean `tudone help doctor {near}`?"),
                None => "Run `tudone help doctor` for the codes.".to_owned(),
            };
            Err(CliError::usage(format!("no code `{code}`"), help))
        }
    }
}
