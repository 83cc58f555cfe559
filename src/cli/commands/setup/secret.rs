//! Reads a secret from standard input, a file or a hidden prompt, never from the
//! arguments: those are visible to every user of the machine.

use std::io::{self, Read as _};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::prompt;

/// The longest secret, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Where a secret comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum SecretSource<'a> {
    /// Standard input, to its end.
    Stdin,
    /// A file.
    File(&'a Path),
    /// A prompt that does not show it.
    Prompt,
}

impl<'a> SecretSource<'a> {
    /// The source that the flags name; a prompt if they name none.
    pub(super) fn new(stdin: bool, file: Option<&'a Path>) -> Self {
        match (stdin, file) {
            (true, _) => Self::Stdin,
            (false, Some(file)) => Self::File(file),
            (false, None) => Self::Prompt,
        }
    }
}

/// Reads the secret called `name` (`admin secret`), whose flag is `flag`
/// (`--admin-secret-stdin`). Line ends around it are removed.
///
/// # Errors
///
/// When it cannot be read, is empty, or there is no terminal to ask on.
pub(super) fn read(
    context: &CommandContext,
    source: SecretSource<'_>,
    name: &str,
    flag: &str,
) -> Result<SecretString, CliError> {
    let text = match source {
        SecretSource::Stdin => text(io::stdin().lock(), "standard input")?,
        SecretSource::File(path) => {
            let file = std::fs::File::open(path)
                .map_err(CliError::io(format!("read {}", path.display())))?;
            text(file, &path.display().to_string())?
        }
        SecretSource::Prompt if context.can_ask() => {
            let secret = prompt::hidden(&format!("{name} (not shown): "))?;
            secret.expose_secret().to_owned()
        }
        SecretSource::Prompt => {
            return Err(CliError::usage(
                format!("no {name}: cannot prompt, not a terminal"),
                format!("Pass it with {flag}."),
            ));
        }
    };
    let trimmed = text.trim_matches(['\r', '\n']);
    if trimmed.is_empty() {
        return Err(CliError::usage(
            format!("the {name} is empty"),
            format!("Pass it with {flag}."),
        ));
    }
    Ok(SecretString::from(trimmed))
}

fn text(source: impl io::Read, place: &str) -> Result<String, CliError> {
    let mut text = String::new();
    let read = source.take(LIMIT).read_to_string(&mut text);
    read.map_err(CliError::io(format!("read {place}")))?;
    Ok(text)
}
