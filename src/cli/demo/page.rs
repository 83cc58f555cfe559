//! The sandbox's page on which a person approves a login.

use std::time::Duration;

use reqwest::Url;

use crate::browser;
use crate::http;

/// Who logs in where nobody types a name.
const EMAIL: &str = "ann@example.test";

/// How long the sandbox may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens the page in a browser. Where there is none, its button is pressed
/// here, so that nobody is stuck on a machine without a display.
pub(super) fn open(page: &str) -> Result<(), String> {
    let Err(no_browser) = browser::open(page) else {
        return Ok(());
    };
    approve(page).map_err(|problem| format!("{no_browser}; {problem}"))
}

/// Sends what the form on `page` sends when its button is pressed. Blocks.
fn approve(page: &str) -> Result<(), String> {
    let mut activate: Url = page.parse().map_err(|_| "the page has no address")?;
    let user_code = activate
        .query_pairs()
        .find_map(|(name, value)| (name == "user_code").then(|| value.into_owned()));
    activate.set_query(None);
    let form = [
        ("user_code", user_code.unwrap_or_default()),
        ("email", EMAIL.to_owned()),
        ("action", "approve".to_owned()),
    ];
    let client = http::client(&activate).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let request = client.post(activate).form(&form).timeout(PATIENCE);
    let answer = runtime.block_on(async { request.send().await?.error_for_status() });
    answer.map(drop).map_err(|error| error.to_string())
}
