//! `tudone whoami`.

use std::io::Write as _;

use clap::Args;
use serde_json::json;

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::text::sanitize::plain;

/// The arguments of `whoami`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints who is logged in; does not use the network.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let known = context.known()?;
    if let Some(Err(error)) = known.profile.external_token() {
        return Err(CliError::Login(error.into()));
    }
    if !known.profile.clone().with_short_timeout().is_logged_in()? {
        return Err(CliError::LoggedOut);
    }
    let identity = &known.known.identity;
    let account = &known.known.account;
    let mut out = output::stdout();
    if arguments.json {
        let answer = json!({
            "sub": identity.sub,
            "email": identity.email,
            "name": identity.name,
            "profile": known.profile.config.name,
            "issuer": account.issuer,
            "endpoint": account.endpoint,
        });
        output::json(&mut out, &answer)?;
    } else {
        let fields = [
            ("name", identity.name.as_deref()),
            ("email", identity.email.as_deref()),
            ("sub", Some(identity.sub.as_str())),
            ("profile", Some(known.profile.config.name.as_str())),
            ("issuer", Some(account.issuer.as_str())),
            ("endpoint", Some(account.endpoint.as_str())),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                writeln!(out, "{name:<9} {}", plain(value))?;
            }
        }
    }
    Ok(out.flush()?)
}
