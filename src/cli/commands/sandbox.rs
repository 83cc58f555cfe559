//! `tudone sandbox`: a development Auth0 and Hasura on this machine.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::shutdown::Shutdown;
use crate::os::runtime;
use crate::sandbox::{Addresses, DEVELOPMENT_ONLY, Dialect, Sandbox, SandboxOptions};

/// The arguments of `sandbox`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Listen on this port of 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N")]
    port: Option<u16>,

    /// Keep port, signing key, users, logins and rows in this directory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Only the tutorial's tables
    #[arg(long)]
    bare: bool,

    /// Seconds between polls of a device login
    #[arg(long, value_name = "S", default_value_t = SandboxOptions::default().interval_s)]
    interval: u32,

    /// Lifetime of a device code in seconds
    #[arg(long, value_name = "S", default_value_t = SandboxOptions::default().code_ttl_s)]
    code_ttl: u32,

    /// Lifetime of an access token in seconds
    #[arg(long, value_name = "S", default_value_t = SandboxOptions::default().access_ttl_s)]
    access_ttl: u32,

    /// Seconds for which the previous refresh token is still accepted
    #[arg(long, value_name = "S", default_value_t = SandboxOptions::default().leeway_s)]
    leeway: u32,

    /// The identity provider to imitate
    #[arg(long, value_enum, default_value_t)]
    dialect: DialectName,

    /// Print the addresses as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum DialectName {
    /// Auth0, with its deviations
    #[default]
    Auth0,
    /// Strictly as the RFCs
    Rfc,
}

/// Serves until SIGINT or SIGTERM; both end with exit code 0.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    for line in DEVELOPMENT_ONLY.lines() {
        context.notice(line);
    }
    let options = SandboxOptions {
        port: arguments.port,
        data: arguments.data.clone(),
        bare: arguments.bare,
        interval_s: arguments.interval,
        code_ttl_s: arguments.code_ttl,
        access_ttl_s: arguments.access_ttl,
        leeway_s: arguments.leeway,
        dialect: match arguments.dialect {
            DialectName::Auth0 => Dialect::Auth0,
            DialectName::Rfc => Dialect::Rfc,
        },
        ..SandboxOptions::default()
    };
    let runtime = runtime::current_thread().map_err(CliError::io("start the network"))?;
    runtime.block_on(serve(arguments, options))
}

async fn serve(arguments: &Arguments, options: SandboxOptions) -> Result<(), CliError> {
    let mut shutdown = Shutdown::listen()?;
    let mut sandbox = Sandbox::start(options).await?;
    let printed = print(arguments, sandbox.addresses());
    if printed.is_ok() {
        tokio::select! {
            _ = shutdown.wait() => {}
            () = sandbox.wait() => {}
        }
    }
    sandbox.stop().await;
    printed
}

fn print(arguments: &Arguments, addresses: &Addresses) -> Result<(), CliError> {
    let mut out = output::stdout();
    if arguments.json {
        output::json(&mut out, addresses)?;
    } else {
        let Addresses {
            issuer,
            client_id,
            audience,
            endpoint,
            admin_secret,
            activate,
            control,
        } = addresses;
        writeln!(out, "export TUDONE_ISSUER={issuer}")?;
        writeln!(out, "export TUDONE_CLIENT_ID={client_id}")?;
        writeln!(out, "export TUDONE_AUDIENCE={audience}")?;
        writeln!(out, "export TUDONE_ENDPOINT={endpoint}")?;
        writeln!(out, "# admin secret: {admin_secret}")?;
        writeln!(out, "# to approve a login: {activate}")?;
        writeln!(out, "# control: {control}")?;
    }
    Ok(out.flush()?)
}
