//! Whether there is a browser to open, and opening it.

use reqwest::Url;

/// Whether a browser that this person sees can be expected: not over SSH, not
/// without a display, and not where `BROWSER` is set to nothing.
pub(super) fn is_here() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let remote = ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"]
        .into_iter()
        .any(set);
    let refused = std::env::var_os("BROWSER").is_some_and(|value| value.is_empty());
    let display = !cfg!(all(unix, not(target_os = "macos")))
        || set("DISPLAY")
        || set("WAYLAND_DISPLAY")
        || set("BROWSER");
    !remote && !refused && display
}

/// Opens `page` without waiting for it.
///
/// # Errors
///
/// That no browser could be started: the address is on the screen already.
pub(super) fn open(page: &Url) -> std::io::Result<()> {
    open::that_detached(page.as_str())
}
