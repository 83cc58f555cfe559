//! A thread that dies must not leave the loop waiting for it.

use std::thread;

use tokio::sync::mpsc;

use crate::app::{Action, Msg};

/// Held by a thread; when the thread panics, the loop is told to leave. (The
/// panic hook has given the terminal back by then.)
#[derive(Debug)]
pub(super) struct PanicGuard(pub(super) mpsc::Sender<Msg>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            // A loop that is gone needs no telling.
            let _ = self.0.blocking_send(Msg::Act(Action::Quit));
        }
    }
}
