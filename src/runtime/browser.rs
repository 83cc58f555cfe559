//! Opening a page in the person's browser.

use std::env;
use std::process::{Command, Stdio};

/// Asks the system to open `url`. Blocks for a moment: not for the loop.
///
/// # Errors
///
/// What to tell the person when there is no browser to open.
pub(super) fn open(url: &str) -> Result<(), String> {
    if let Some(browser) = env::var_os("BROWSER").filter(|browser| !browser.is_empty()) {
        let started = Command::new(&browser)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        return match started {
            Ok(mut child) => {
                let _ = child.wait();
                Ok(())
            }
            Err(error) => Err(format!("$BROWSER did not start: {error}")),
        };
    }
    if env::var_os("SSH_CONNECTION").is_some() {
        return Err("not opened: this is a remote shell".to_owned());
    }
    if cfg!(target_os = "linux")
        && env::var_os("DISPLAY").is_none()
        && env::var_os("WAYLAND_DISPLAY").is_none()
    {
        return Err("not opened: there is no display".to_owned());
    }
    open::that_detached(url).map_err(|error| format!("the browser did not open: {error}"))
}
