//! Quits the event loop when a worker thread panics.

use std::thread;

use tokio::sync::mpsc;

use crate::app::{Action, Msg};

/// Held by a worker thread: a panic of the thread quits the event loop. (The
/// panic hook has restored the terminal before.)
#[derive(Debug)]
pub(super) struct PanicGuard(pub(super) mpsc::Sender<Msg>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            // The loop may have ended already.
            let _ = self.0.blocking_send(Msg::Act(Action::Quit));
        }
    }
}
