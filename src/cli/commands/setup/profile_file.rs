//! Writes the profile of a setup to `config.toml`.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::config::write::{ProfileValues, with_profile};
use crate::config::{Paths, environment};
use crate::os::private_file;

/// The name of the profile if neither flag nor file names one.
const DEFAULT_NAME: &str = "home";

/// Writes `values` to the current profile. Asks first on a terminal; if it cannot ask, it adds a
/// profile, but changes an existing one only with `yes`. Returns the file that has the profile
/// now, `None` if nothing was written.
///
/// # Errors
///
/// When the file cannot be read or written, or the user says no to a change.
pub(super) fn write(
    context: &CommandContext,
    values: &ProfileValues,
    yes: bool,
) -> Result<Option<PathBuf>, CliError> {
    let path = path(context)?;
    let before = match fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(CliError::io(format!("read {}", path.display()))(error)),
    };
    let name = name(context);
    let written = with_profile(before.as_deref(), &name, values)?;
    if before.as_deref() == Some(written.text.as_str()) {
        return Ok(Some(path));
    }
    if !yes {
        let question = format!("Write the profile `{name}` to {}?", path.display());
        if context.can_ask() {
            match context.confirm(&question) {
                Ok(()) => {}
                Err(CliError::Cancelled) => {
                    context.notice("no profile written");
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        } else if !written.replaced.is_empty() {
            let names: Vec<&str> = written.replaced.iter().map(|(name, ..)| *name).collect();
            context.notice(format!(
                "no profile written: `{name}` has a different {}; add --yes to replace it",
                names.join(", ")
            ));
            return Ok(None);
        }
    }
    // A symbolic link is kept; its target is written.
    let target = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
    if let Some(folder) = target.parent() {
        private_file::create_directory(folder)
            .map_err(CliError::io(format!("create {}", folder.display())))?;
    }
    private_file::replace(&target, written.text.as_bytes())
        .map_err(CliError::io(format!("write {}", path.display())))?;
    context.notice(format!("wrote the profile `{name}` to {}", path.display()));
    Ok(Some(path))
}

fn path(context: &CommandContext) -> Result<PathBuf, CliError> {
    match &context.flags.config {
        Some(path) => Ok(path.clone()),
        None => Ok(Paths::find(&environment::process())?.config_file()),
    }
}

/// The name of the profile: from the flag, the configuration, or the default.
fn name(context: &CommandContext) -> String {
    let variable = std::env::var(environment::PROFILE).ok();
    let named = context.flags.profile.clone();
    named
        .or(variable.filter(|name| !name.is_empty()))
        .or_else(|| Some(context.config().ok()?.profile.name))
        .filter(|name| name != "default")
        .unwrap_or_else(|| DEFAULT_NAME.to_owned())
}
