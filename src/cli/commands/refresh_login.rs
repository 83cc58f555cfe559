//! `tudone refresh-login` (hidden): a command runs it to refresh the login.
//!
//! It goes on when the command has answered, was interrupted or was killed: an
//! answer of the issuer that is not stored may cost the login.

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
        // Before anything is sent: from here on no terminal ends this process.
        let _hangups = session::leave_terminal();
        profile.refresh_login().await
    })?
    .map_err(CliError::io("record the outcome of a refresh"))
}
