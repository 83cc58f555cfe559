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
use crate::profile::logout::LogoutOptions;
use crate::store::Store;

/// The arguments of `logout`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line"
)]
pub(crate) struct Arguments {
    /// Delete the local todos too
    #[arg(long)]
    purge: bool,

    /// Do not ask before deleting unsent changes
    #[arg(short, long)]
    yes: bool,

    /// End the session in the browser too, so that another user can log in
    #[arg(long)]
    browser: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Revokes and deletes the login; the todos stay unless purged.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let profile = context.profile()?;
    let known = profile.known_account();
    let counted = known.as_ref().map_or_else(
        || Ok(Totals::default()),
        |known| totals(&profile, &known.account),
    );
    let totals = match counted {
        Err(error) if arguments.purge && !arguments.yes => return Err(error),
        // An unreadable store must not prevent the logout.
        counted => counted.unwrap_or_default(),
    };
    let unsent = totals.pending + totals.sent;
    let lost = unsent + totals.rejected;
    if arguments.purge && !arguments.yes && lost > 0 {
        context.confirm(&format!("{}. Delete them?", never_sent(lost)))?;
    }
    let options = LogoutOptions {
        purge: arguments.purge,
        offline: context.flags.offline,
        browser: arguments.browser,
    };
    let issuer = format!("the issuer {}", profile.config.connection.issuer);
    let logged_out = network::wait_saying(context, &issuer, profile.logout(options))??;
    if let Some(warning) = logged_out.warning() {
        context.notice(format!("warning: {warning}"));
    }
    if unsent > 0 && logged_out.purged.is_none() {
        context.notice(format!(
            "{}; the next login as the same user sends them",
            never_sent(unsent)
        ));
    }
    let mut out = output::stdout();
    if let Some(page) = &logged_out.page
        && !(context.can_ask() && browser::open(page.as_str()).is_ok())
        && !arguments.json
    {
        writeln!(
            out,
            "Open this page in a browser to end its session:\n  {page}"
        )?;
    }
    if arguments.json {
        let answer = json!({
            "logged_out": true,
            "unsent": unsent,
            "revoked": matches!(logged_out.revocation, Ok(Revocation::Revoked)),
            "purged": logged_out.purged.is_some(),
            "page": logged_out.page.as_ref().map(ToString::to_string),
        });
        output::json(&mut out, &answer)?;
    } else if logged_out.purged.is_some() {
        writeln!(out, "Logged out; the local todos are deleted")?;
    } else if known.is_none() {
        writeln!(out, "You were not logged in")?;
    } else {
        writeln!(out, "Logged out; the local todos stay readable")?;
    }
    Ok(out.flush()?)
}

/// Formats the number of unsent changes, as the start of a sentence.
pub(super) fn never_sent(unsent: u64) -> String {
    match unsent {
        1 => "1 change was never sent".to_owned(),
        many => format!("{many} changes were never sent"),
    }
}

/// Counts the changes of `account` by state.
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
