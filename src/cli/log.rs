//! Logging: off by default.
//!
//! `TUDONE_LOG` (in the syntax of `RUST_LOG`) selects what is logged to a file in
//! the state directory; `-v` logs to stderr instead.

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::cli::error::CliError;
use crate::config::{Paths, environment};

/// Starts logging if it is enabled.
///
/// # Errors
///
/// When the file cannot be written.
pub(crate) fn start(verbose: u8) -> Result<(), CliError> {
    let wanted = std::env::var(environment::LOG)
        .ok()
        .filter(|filter| !filter.is_empty());
    if verbose > 0 {
        let level = if verbose == 1 {
            "tudone=info"
        } else {
            "tudone=debug"
        };
        let filter = EnvFilter::new(wanted.as_deref().unwrap_or(level));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(std::io::stderr)
            .init();
        return Ok(());
    }
    let Some(wanted) = wanted else { return Ok(()) };
    let paths = Paths::find(&environment::process())?;
    let path = paths.state.join("tudone.log");
    let failed = || CliError::io(format!("write the log {}", path.display()));
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(&paths.state).map_err(failed())?;
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(failed())?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(wanted))
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .init();
    Ok(())
}
