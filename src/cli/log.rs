//! Logging: off by default.
//!
//! `TUDONE_LOG` (in the syntax of `RUST_LOG`) selects what is logged to a file in
//! the state directory; `-v` logs to stderr instead.

use std::io::{self, Write};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::cli::error::CliError;
use crate::config::{Paths, environment};
use crate::os::private_file;
use crate::text::redact;

/// Starts logging if it is enabled.
///
/// # Errors
///
/// When the file cannot be written.
pub(crate) fn start(verbose: u8) -> Result<(), CliError> {
    let selected = std::env::var(environment::LOG)
        .ok()
        .filter(|filter| !filter.is_empty());
    if verbose > 0 {
        let level = if verbose == 1 {
            "tudone=info"
        } else {
            "tudone=debug"
        };
        let filter = EnvFilter::new(selected.as_deref().unwrap_or(level));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(Mutex::new(Redacting(io::stderr())))
            .init();
        return Ok(());
    }
    let Some(selected) = selected else {
        return Ok(());
    };
    let paths = Paths::find(&environment::process())?;
    let path = paths.state.join("tudone.log");
    let failed = || CliError::io(format!("write the log {}", path.display()));
    let file = private_file::append(&path).map_err(failed())?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(selected))
        .with_ansi(false)
        .with_writer(Mutex::new(Redacting(file)))
        .init();
    Ok(())
}

/// Redacts what could be a secret. Each record comes in one piece.
struct Redacting<W>(W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = redact::secrets(&String::from_utf8_lossy(record));
        self.0.write_all(text.as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_a_server_repeats_does_not_reach_the_log() -> io::Result<()> {
        let mut log = Redacting(Vec::new());
        log.write_all(b"DEBUG tudone: reply=Error(\"bad v1.MqXy7Kp2LmNo3RstUv\")\n")?;
        assert_eq!(log.0, b"DEBUG tudone: reply=Error(\"bad v1.***\")\n");
        Ok(())
    }
}
