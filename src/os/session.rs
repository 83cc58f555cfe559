//! The terminal session of the process.

/// Puts the process into a session of its own, without terminal. SIGHUP is
/// ignored while the return value lives. Needs a tokio runtime.
#[cfg(unix)]
#[must_use]
pub fn leave_terminal() -> Option<tokio::signal::unix::Signal> {
    use tokio::signal::unix::{SignalKind, signal};

    // Fails only where the process leads a session already.
    let _ = rustix::process::setsid();
    signal(SignalKind::hangup()).ok()
}

/// Does nothing: other systems have no sessions of this kind.
#[cfg(not(unix))]
#[must_use]
pub const fn leave_terminal() -> Option<()> {
    None
}
