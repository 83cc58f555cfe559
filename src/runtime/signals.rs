//! Signals of the operating system.

use std::io;

use super::event_loop::{Signal, SignalSource};

/// Listens for the signals that end or continue a program.
#[derive(Debug)]
#[cfg(unix)]
pub(super) struct SystemSignals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    resume: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl SystemSignals {
    /// Starts to listen; must be called inside the runtime.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            resume: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }
}

#[cfg(unix)]
impl SignalSource for SystemSignals {
    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Quit,
            _ = self.hang_up.recv() => Signal::Quit,
            _ = self.interrupt.recv() => Signal::Quit,
            _ = self.resume.recv() => Signal::Continued,
        }
    }
}

/// Listens for Ctrl-C from outside the terminal.
#[derive(Debug)]
#[cfg(not(unix))]
pub(super) struct SystemSignals;

#[cfg(not(unix))]
impl SystemSignals {
    /// Starts to listen.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }
}

#[cfg(not(unix))]
impl SignalSource for SystemSignals {
    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Quit,
            Err(_) => std::future::pending().await,
        }
    }
}
