//! The tokio runtime.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Builds a runtime on the current thread, with timers, sockets and signals.
///
/// # Errors
///
/// When the system provides no event queue, usually due to too many open files.
pub fn current_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
