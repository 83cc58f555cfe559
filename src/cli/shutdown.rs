//! Signals that end a command.

use crate::cli::error::CliError;

/// The origin of the signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The user, with Ctrl-C.
    Interrupted,
    /// The system.
    Terminated,
}

/// Listens for Ctrl-C and SIGTERM, so that a long-running command can end
/// cleanly.
#[derive(Debug)]
pub(crate) struct Shutdown {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: Option<tokio::signal::unix::Signal>,
}

impl Shutdown {
    /// Starts listening; must be called inside the runtime.
    ///
    /// # Errors
    ///
    /// When the system rejects the handler.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self, CliError> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(CliError::io("listen for signals"));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: None,
        })
    }

    /// As [`Shutdown::listen`], and for SIGHUP: for commands that must restore the
    /// terminal.
    ///
    /// # Errors
    ///
    /// When the system rejects the handler.
    #[cfg(unix)]
    pub(crate) fn listen_at_a_terminal() -> Result<Self, CliError> {
        use tokio::signal::unix::{SignalKind, signal};
        let hang_up = signal(SignalKind::hangup()).map_err(CliError::io("listen for signals"))?;
        Ok(Self {
            hang_up: Some(hang_up),
            ..Self::listen()?
        })
    }

    /// Waits for a signal. Cancel-safe.
    #[cfg(unix)]
    pub(crate) async fn wait(&mut self) -> End {
        tokio::select! {
            _ = self.interrupt.recv() => End::Interrupted,
            _ = self.terminate.recv() => End::Terminated,
            () = hung_up(self.hang_up.as_mut()) => End::Terminated,
        }
    }

    /// Starts listening.
    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail here")]
    pub(crate) fn listen() -> Result<Self, CliError> {
        Ok(Self {})
    }

    /// Starts listening.
    #[cfg(not(unix))]
    pub(crate) fn listen_at_a_terminal() -> Result<Self, CliError> {
        Self::listen()
    }

    /// Waits for a signal. Cancel-safe.
    #[cfg(not(unix))]
    pub(crate) async fn wait(&mut self) -> End {
        // Without a handler there is nothing to wait for.
        let _ = tokio::signal::ctrl_c().await;
        End::Interrupted
    }
}

/// Waits for SIGHUP; forever without a handler.
#[cfg(unix)]
async fn hung_up(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
