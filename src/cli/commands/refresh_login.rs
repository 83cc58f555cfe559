//! `tudone refresh-login` (hidden): a command runs it to refresh the login.
//!
//! It continues when the command has ended or was killed: losing the issuer's answer
//! may cost the login.

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::network;
use crate::os::session;
use crate::profile::ActiveProfile;

/// Refreshes the stored login if necessary, and records the outcome.
pub(crate) fn run(context: &CommandContext) -> Result<(), CliError> {
    let config = context.config()?;
    let profile = ActiveProfile::new(config.profile, config.paths);
    network::block_on(async {
        // Before the request: closing the terminal must not end this process.
        let _hangups = session::leave_terminal();
        profile.refresh_login().await
    })?
    .map_err(CliError::io("record the outcome of a refresh"))
}
