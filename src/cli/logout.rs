//! `tudone logout`.

use std::io::Write as _;

use clap::Args;
use serde_json::json;

use crate::auth::revoke::Revocation;
use crate::cli::call::Call;
use crate::cli::error::CliError;
use crate::cli::{network, output};
use crate::store::Store;
use crate::workspace::Workspace;
use crate::workspace::logout::Leaving;

/// What `logout` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Delete the local todos too
    #[arg(long)]
    purge: bool,

    /// Purge changes that were never sent, too
    #[arg(short, long, requires = "purge")]
    yes: bool,

    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// Revokes the login and forgets it; the todos stay unless purged.
pub(crate) fn run(call: &Call, arguments: &Arguments) -> Result<(), CliError> {
    let workspace = call.workspace()?;
    if arguments.purge && !arguments.yes {
        let unsent = unsent(&workspace)?;
        if unsent > 0 {
            call.confirm(&format!("{unsent} changes were never sent. Delete them?"))?;
        }
    }
    let leaving = Leaving {
        purge: arguments.purge,
        offline: call.flags.offline,
    };
    let ended = network::wait(None, workspace.logout(leaving))?;
    let Some(ended) = ended else {
        return Err(CliError::Interrupted);
    };
    let done = ended?;
    if let Some(warning) = done.warning() {
        call.notice(format!("warning: {warning}"));
    }
    let mut out = output::stdout();
    if arguments.json {
        let answer = json!({
            "logged_out": true,
            "revoked": matches!(done.revocation, Ok(Revocation::Revoked)),
            "purged": done.purged.is_some(),
        });
        output::json(&mut out, &answer)?;
    } else if done.purged.is_some() {
        writeln!(out, "Logged out; the local todos are deleted")?;
    } else {
        writeln!(out, "Logged out; the local todos stay readable")?;
    }
    Ok(out.flush()?)
}

/// How many changes the server may not have.
fn unsent(workspace: &Workspace) -> Result<u64, CliError> {
    let Some(known) = workspace.known_account() else {
        return Ok(0);
    };
    let path = workspace.database(&known.account);
    let Some(store) = Store::open_to_read(&path, &known.account.endpoint)? else {
        return Ok(0);
    };
    let totals = store.totals()?;
    Ok(totals.pending + totals.sent + totals.rejected)
}
