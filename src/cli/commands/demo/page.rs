//! The sandbox's page on which a user approves a login.

use reqwest::{Client, Url};

use crate::browser;
use crate::cli::commands::demo::env::answered;
use crate::cli::error::CliError;
use crate::http;
use crate::os::runtime;

/// The user who logs in without typing a name.
const EMAIL: &str = "ann@example.test";

/// Opens the page in a browser. Without a browser, approves the login itself, so that
/// the demo also works on a machine without a display.
pub(super) fn open(page: &str) -> Result<(), String> {
    let Err(no_browser) = browser::open(page) else {
        return Ok(());
    };
    approve_without_browser(page).map_err(|problem| format!("{no_browser}; {problem}"))
}

/// Approves the login of `page`. Blocks.
fn approve_without_browser(page: &str) -> Result<(), CliError> {
    let no_page = |_| CliError::demo("the page has an address");
    let mut activate: Url = page.parse().map_err(no_page)?;
    let user_code = activate
        .query_pairs()
        .find_map(|(name, value)| (name == "user_code").then(|| value.into_owned()));
    activate.set_query(None);
    let client = http::client(&activate)?;
    let runtime = runtime::current_thread().map_err(CliError::io("start the network"))?;
    let user_code = user_code.unwrap_or_default();
    runtime.block_on(approve(&client, activate.as_str(), &user_code, EMAIL))
}

/// Submits the form of the page.
pub(super) async fn approve(
    client: &Client,
    activate: &str,
    user_code: &str,
    email: &str,
) -> Result<(), CliError> {
    let form = [
        ("user_code", user_code),
        ("email", email),
        ("action", "approve"),
    ];
    answered(client.post(activate).form(&form)).await.map(drop)
}
