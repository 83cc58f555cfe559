//! The login screen's state.

use jiff::Timestamp;

use crate::auth::device::{PollEvent, Prompt};
use crate::domain::account::{Account, Identity};

/// Names one login; news of another one is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginId(pub u64);

/// A login under way, or one that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Which.
    pub id: LoginId,
    /// How far it is.
    pub stage: Stage,
    /// Whether the QR code is shown.
    pub qr: bool,
    /// What the last key did, or could not do.
    pub remark: Option<String>,
}

/// How far a login is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Somebody is logged in already; another login is only begun when asked
    /// for again.
    LoggedIn {
        /// The user.
        name: String,
    },
    /// A code has been asked for.
    Starting,
    /// The credential store waits to be unlocked.
    Unlocking,
    /// The user must approve.
    Code {
        /// What to show.
        prompt: Prompt,
        /// Whether the page may be opened from here.
        openable: bool,
        /// Why the last poll failed, if it did.
        trouble: Option<String>,
        /// How long the code still lives, in whole seconds.
        seconds_left: u64,
    },
    /// Approved; the server is asked whether it takes the login.
    Verifying,
    /// It came to nothing.
    Failed {
        /// The reason.
        message: String,
        /// What to do, as one sentence.
        help: String,
    },
}

/// What happens while a login is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginNews {
    /// The credential store does not answer yet: it may wait to be unlocked.
    Unlocking,
    /// The user must approve.
    Code {
        /// What to show.
        prompt: Prompt,
        /// Whether the page may be opened from here: it is on a host that the
        /// configuration names, over https or on this machine.
        openable: bool,
    },
    /// Waiting.
    Progress(PollEvent),
    /// Approved; the server is asked whether it takes the login.
    Verifying,
    /// Logged in, and the login is kept.
    Done {
        /// Whose todos these are.
        account: Account,
        /// Who that is.
        identity: Identity,
        /// What is not quite right all the same.
        warning: Option<String>,
    },
    /// It came to nothing; nothing is kept.
    Failed {
        /// The reason.
        message: String,
        /// What to do, as one sentence.
        help: String,
    },
}

impl Login {
    /// One that has just been asked for.
    #[must_use]
    pub const fn new(id: LoginId) -> Self {
        Self {
            id,
            stage: Stage::Starting,
            qr: false,
            remark: None,
        }
    }

    /// Returns whether a countdown is on the screen.
    #[must_use]
    pub const fn counts_down(&self) -> bool {
        matches!(self.stage, Stage::Code { .. })
    }

    /// Brings the countdown to `now`.
    pub fn count_down(&mut self, now: Timestamp) {
        if let Stage::Code {
            prompt,
            seconds_left,
            ..
        } = &mut self.stage
        {
            *seconds_left = left(prompt, now);
        }
    }
}

/// Whole seconds until the code of `prompt` ends.
#[must_use]
pub fn left(prompt: &Prompt, now: Timestamp) -> u64 {
    prompt.life_left(now).as_secs()
}
