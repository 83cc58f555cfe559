//! `tudone logout`.

use std::io::Write as _;

use clap::Args;
use serde_json::json;

use crate::auth::revoke::Revocation;
use crate::browser;
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::{network, output};
use crate::domain::account::Account;
use crate::domain::list::Totals;
use crate::profile::ActiveProfile;
use crate::profile::logout::Leaving;
use crate::store::Store;

/// What `logout` takes.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line"
)]
pub(crate) struct Arguments {
    /// Delete the local todos too
    #[arg(long)]
    purge: bool,

    /// Purge changes that were never sent, too
    #[arg(short, long, requires = "purge")]
    yes: bool,

    /// End the session in the browser too: else the next login is the same user
    #[arg(long)]
    browser: bool,

    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

/// Revokes the login and forgets it; the todos stay unless purged.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let profile = context.profile()?;
    let known = profile.known_account();
    let counted = known.as_ref().map_or_else(
        || Ok(Totals::default()),
        |known| totals(&profile, &known.account),
    );
    let totals = match counted {
        Err(error) if arguments.purge && !arguments.yes => return Err(error),
        // A store that cannot be read is no reason to stay logged in.
        counted => counted.unwrap_or_default(),
    };
    let unsent = totals.pending + totals.sent;
    let lost = unsent + totals.rejected;
    if arguments.purge && !arguments.yes && lost > 0 {
        context.confirm(&format!("{}. Delete them?", never_sent(lost)))?;
    }
    let leaving = Leaving {
        purge: arguments.purge,
        offline: context.flags.offline,
        browser: arguments.browser,
    };
    let ended = network::wait(None, profile.logout(leaving))?;
    let Some(ended) = ended else {
        return Err(CliError::Interrupted);
    };
    let done = ended?;
    if let Some(warning) = done.warning() {
        context.notice(format!("warning: {warning}"));
    }
    if unsent > 0 && done.purged.is_none() {
        context.notice(format!(
            "{}; the next login as the same person sends what waits",
            never_sent(unsent)
        ));
    }
    let mut out = output::stdout();
    if let Some(page) = &done.page
        && !(context.can_ask() && browser::open(page.as_str()).is_ok())
        && !arguments.json
    {
        writeln!(
            out,
            "Open this page in the browser to end its session:\n  {page}"
        )?;
    }
    if arguments.json {
        let answer = json!({
            "logged_out": true,
            "unsent": unsent,
            "revoked": matches!(done.revocation, Ok(Revocation::Revoked)),
            "purged": done.purged.is_some(),
            "page": done.page.as_ref().map(ToString::to_string),
        });
        output::json(&mut out, &answer)?;
    } else if done.purged.is_some() {
        writeln!(out, "Logged out; the local todos are deleted")?;
    } else if known.is_none() {
        writeln!(out, "Nobody was logged in")?;
    } else {
        writeln!(out, "Logged out; the local todos stay readable")?;
    }
    Ok(out.flush()?)
}

/// That so many changes were never sent, as the begin of a sentence.
pub(super) fn never_sent(unsent: u64) -> String {
    match unsent {
        1 => "1 change was never sent".to_owned(),
        many => format!("{many} changes were never sent"),
    }
}

/// How many changes of `account` wait, in which state.
///
/// # Errors
///
/// The store's.
pub(super) fn totals(profile: &ActiveProfile, account: &Account) -> Result<Totals, CliError> {
    let path = profile.database(account);
    let Some(store) = Store::open_to_read(&path, &account.endpoint)? else {
        return Ok(Totals::default());
    };
    Ok(store.totals()?)
}
