//! The login screen's state.

use jiff::Timestamp;

use crate::auth::device::{PollEvent, Prompt};
use crate::domain::account::{Account, Identity};

/// Id of a login; events of another one are stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginId(pub u64);

/// A login under way, or one that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Its stage.
    pub stage: Stage,
    /// Whether the QR code is shown.
    pub qr: bool,
    /// The result of the last key.
    pub remark: Option<String>,
}

/// Stages of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The user is logged in already; another login starts only on request.
    LoggedIn {
        /// The user.
        name: String,
    },
    /// Requesting a code.
    Starting,
    /// Waiting for the credential store to be unlocked.
    Unlocking,
    /// The user must approve.
    Code {
        /// What to show.
        prompt: Prompt,
        /// Whether the page may be opened from here.
        openable: bool,
        /// Why the last poll failed, if it did.
        poll_error: Option<String>,
        /// Seconds until the code expires.
        seconds_left: u64,
    },
    /// Approved; checking that the server accepts the login.
    Verifying,
    /// The login failed.
    Failed {
        /// The reason.
        message: String,
        /// What to do, as one sentence.
        help: String,
    },
}

/// Events of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginEvent {
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
    /// Approved; checking that the server accepts the login.
    Verifying,
    /// Logged in, and the login is stored.
    Done {
        /// The account.
        account: Account,
        /// The user.
        identity: Identity,
        /// A problem that does not stop the login.
        warning: Option<String>,
    },
    /// The login failed; nothing is stored.
    Failed {
        /// The reason.
        message: String,
        /// What to do, as one sentence.
        help: String,
    },
}

impl Login {
    /// A login that has just been requested.
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

    /// Updates the countdown.
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

/// Whole seconds until the code of `prompt` expires.
#[must_use]
pub fn left(prompt: &Prompt, now: Timestamp) -> u64 {
    prompt.life_left(now).as_secs()
}
