//! Findings of checks, for `doctor`, `login` and `setup`.

mod checks;
pub mod codes;
pub mod setup_codes;

use serde::Serialize;

pub use checks::CHECKS;
pub use codes::{FindingCode, find};

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Passed.
    Ok,
    /// Works, with a limitation.
    Warning,
    /// Failed.
    Failed,
    /// Not checked: it depends on a failed check, or was not requested.
    Skipped,
}

impl Status {
    /// The sign in front of the printed line.
    #[must_use]
    pub const fn sign(self) -> char {
        match self {
            Self::Ok => '✓',
            Self::Warning => '!',
            Self::Failed => '✗',
            Self::Skipped => '·',
        }
    }
}

/// The result of a check. Contains no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable name of the check.
    pub check: &'static str,
    /// The outcome.
    pub status: Status,
    /// The stable code of the cause; the check's name where nothing is wrong.
    pub code: &'static str,
    /// The message, a lower-case fragment.
    pub message: String,
    /// The request.
    pub sent: Option<String>,
    /// The answer.
    pub received: Option<String>,
    /// The next step, one imperative sentence.
    pub help: Option<String>,
    /// The text to paste, as `help` explains.
    pub fix: Option<String>,
}

impl Finding {
    /// Creates the finding of a passed check.
    #[must_use]
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, check, Status::Ok, message.into())
    }

    /// Creates the finding of a skipped check.
    #[must_use]
    pub fn skipped(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, check, Status::Skipped, why.into())
    }

    /// Creates the finding of a failed check. The check is found by its code in
    /// [`codes`].
    #[must_use]
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        let check = find(code).map_or(code, |known| known.check);
        Self::new(check, code, Status::Failed, message.into())
    }

    /// Like [`Finding::failed`], for a limitation.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: Status::Warning,
            ..Self::failed(code, message)
        }
    }

    fn new(check: &'static str, code: &'static str, status: Status, message: String) -> Self {
        Self {
            check,
            status,
            code,
            message,
            sent: None,
            received: None,
            help: None,
            fix: None,
        }
    }

    /// Adds the request and the answer.
    #[must_use]
    pub fn exchange(mut self, sent: impl Into<String>, received: impl Into<String>) -> Self {
        self.sent = Some(sent.into());
        self.received = Some(received.into());
        self
    }

    /// Adds the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds text to paste.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Returns whether any of `findings` has failed.
#[must_use]
pub fn has_failed(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.status == Status::Failed)
}
