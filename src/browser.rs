//! The user's browser: whether one can be expected, and opening a page in it.

use std::env;
use std::ffi::OsString;
use std::io;

/// Why a page was not opened. The user reads its address on the screen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// A browser would open on a screen that this person does not see.
    #[error("not opened: this is a remote shell")]
    Remote,
    /// There is no screen to open one on.
    #[error("not opened: there is no display")]
    NoDisplay,
    /// `BROWSER` is set to nothing.
    #[error("not opened: $BROWSER is empty")]
    Unwanted,
    /// It is there, but did not start.
    #[error("the browser did not start: {0}")]
    Failed(#[source] io::Error),
}

/// Returns whether a browser that this person sees can be expected.
///
/// # Errors
///
/// The reason.
pub fn expected() -> Result<(), BrowserError> {
    let browser = env::var_os("BROWSER");
    if browser.as_ref().is_some_and(|name| name.is_empty()) {
        return Err(BrowserError::Unwanted);
    }
    if ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"]
        .into_iter()
        .any(is_set)
    {
        return Err(BrowserError::Remote);
    }
    let has_display = !cfg!(all(unix, not(target_os = "macos")))
        || ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(is_set);
    if browser.is_none() && !has_display {
        return Err(BrowserError::NoDisplay);
    }
    Ok(())
}

/// Opens `page` in `$BROWSER`, or in the system's browser, without waiting for
/// the user to close it. Blocks for a moment.
///
/// # Errors
///
/// Why it was not opened.
pub fn open(page: &str) -> Result<(), BrowserError> {
    expected()?;
    match env::var_os("BROWSER").map(OsString::into_string) {
        Some(Ok(browser)) => open::with_detached(page, browser),
        Some(Err(_)) | None => open::that_detached(page),
    }
    .map_err(BrowserError::Failed)
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}
