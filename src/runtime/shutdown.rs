//! The end of the TUI: finishes running work, and keeps typed text.

use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::account_files::AccountFiles;
use super::workers::Workers;
use crate::app::unfinished::UnfinishedLine;
use crate::app::{Model, Msg, Stamp, update};

/// Whether the changes and the open line were saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Saved {
    /// Every change is on the disk.
    #[error("your changes are saved")]
    Changes,
    /// Every change and the open line are on the disk.
    #[error("your changes and the line you were typing are saved")]
    ChangesAndLine,
    /// Something was not saved.
    #[error("not saved: {0}")]
    Failed(String),
}

impl Saved {
    /// Suggests the next step, as one imperative sentence.
    pub(super) const fn help(&self) -> &'static str {
        match self {
            Self::Changes | Self::ChangesAndLine => "Start tudone again to continue.",
            Self::Failed(_) => "Start tudone again and check what is missing.",
        }
    }
}

/// What is left to report when the user has quit.
#[derive(Debug)]
pub struct Exit {
    /// Notices to print in full: that a damaged store was moved aside, and where; which
    /// changes were not saved, or may not be sent.
    pub notices: Vec<String>,
    /// The number of changes that the next connection sends.
    pub unsent: u64,
    /// Whether they need a login first.
    pub logged_out: bool,
}

impl Exit {
    pub(super) fn new(model: Model, unsent: u64, saved: &Saved) -> Self {
        let logged_out = model.is_logged_out();
        let blocked = model.blocked().filter(|_| unsent > 0).map(str::to_owned);
        let mut notices = model.into_exit_notices();
        if let Saved::Failed(_) = saved {
            notices.push(saved.to_string());
        }
        let unsent = if blocked.is_some() { 0 } else { unsent };
        notices.extend(blocked);
        Self {
            notices,
            unsent,
            logged_out,
        }
    }
}

/// Result of the workers' last work.
#[derive(Debug)]
pub(super) struct Finished {
    /// Whether a thread panicked.
    pub(super) panicked: bool,
    /// Why changes were not saved.
    unsaved: Vec<String>,
}

/// Lets the workers finish, and applies their last messages to the model.
pub(super) async fn finish(
    workers: Workers,
    mut messages: mpsc::Receiver<Msg>,
    model: &mut Model,
    now: impl Fn() -> Stamp,
) -> Finished {
    let mut unsaved = Vec::new();
    let mut apply = |msg: Msg| {
        if let Msg::CommitFailed { reason, .. } = &msg {
            unsaved.push(reason.clone());
        }
        // New effects are not started any more.
        drop(update(model, msg, now()));
    };
    let (sender, mut finished) = oneshot::channel();
    thread::spawn(move || sender.send(workers.finish()));
    let ok = loop {
        tokio::select! {
            biased;
            Some(msg) = messages.recv() => apply(msg),
            ok = &mut finished => break ok.unwrap_or(false),
        }
    };
    while let Ok(msg) = messages.try_recv() {
        apply(msg);
    }
    Finished {
        panicked: !ok,
        unsaved,
    }
}

impl Finished {
    /// Stores the typed lines that are not saved in the `files` of the account, and
    /// deletes those that are `stored` but no longer needed.
    pub(super) fn saved(
        &self,
        files: Option<&AccountFiles>,
        model: &Model,
        stored: &[UnfinishedLine],
    ) -> Saved {
        let lines = model.unfinished_lines();
        let kept = match files {
            Some(files) => files.keep_lines(&lines, stored),
            None => Ok(()),
        };
        let reasons: Vec<String> = self.unsaved.iter().cloned().chain(kept.err()).collect();
        match reasons.as_slice() {
            [] if lines.is_empty() => Saved::Changes,
            [] => Saved::ChangesAndLine,
            reasons => Saved::Failed(reasons.join("; ")),
        }
    }
}
