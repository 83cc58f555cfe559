//! `tudone config`: needs neither login nor network.

use std::io::Write as _;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::config::{DEFAULT_FILE, Paths, environment};
use crate::text::sanitize::plain;

/// The arguments of `config`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to print
    #[arg(value_enum, default_value_t)]
    what: ConfigAction,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ConfigAction {
    /// The settings, with the origin of each
    #[default]
    Show,
    /// The path of the configuration file
    Path,
    /// A configuration file that explains every setting
    Default,
}

/// Prints the settings, the path of the file, or a default file.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let mut out = output::stdout();
    match arguments.what {
        ConfigAction::Default if arguments.json => {
            output::json(&mut out, &json!({ "default": DEFAULT_FILE }))?;
        }
        ConfigAction::Default => out.write_all(DEFAULT_FILE.as_bytes())?,
        ConfigAction::Path => {
            let paths = Paths::find(&environment::process())?;
            let file = context
                .flags
                .config
                .clone()
                .unwrap_or_else(|| paths.config_file());
            if arguments.json {
                let answer = json!({
                    "config": file,
                    "data": paths.data,
                    "state": paths.state,
                });
                output::json(&mut out, &answer)?;
            } else {
                writeln!(out, "{}", file.display())?;
            }
        }
        ConfigAction::Show => show(context, arguments, &mut out)?,
    }
    Ok(out.flush()?)
}

fn show(
    context: &CommandContext,
    arguments: &Arguments,
    out: &mut output::Out,
) -> Result<(), CliError> {
    let config = context.config()?;
    if arguments.json {
        let setting = |origin: &crate::config::Origin| {
            let value = json!({"value": origin.value, "from": origin.from});
            (origin.setting.to_owned(), value)
        };
        let settings: Map<String, Value> = config.origins.iter().map(setting).collect();
        let answer = json!({
            "file": config.file,
            "settings": settings,
            "data": config.paths.data,
            "state": config.paths.state,
        });
        output::json(out, &answer)?;
        return Ok(());
    }
    for origin in &config.origins {
        let (value, from) = (plain(&origin.value), plain(&origin.from));
        writeln!(out, "{:<16} {value}  ({from})", origin.setting)?;
    }
    writeln!(out, "{:<16} {}", "data", config.paths.data.display())?;
    writeln!(out, "{:<16} {}", "state", config.paths.state.display())?;
    Ok(())
}
