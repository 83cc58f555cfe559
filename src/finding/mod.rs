//! What a check found: one type for `doctor`, `login` and `setup`.

pub mod codes;

use serde::Serialize;

pub use codes::{Code, find};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it must be.
    Ok,
    /// Works, with a limitation.
    Warning,
    /// Wrong.
    Failed,
    /// Not checked: an earlier check decides it, or it was not asked for.
    Skipped,
}

impl Status {
    /// The sign in front of a line.
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

/// What a check found. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's name, stable.
    pub check: &'static str,
    /// How it ended.
    pub status: Status,
    /// The cause, stable; the check's name where nothing is wrong.
    pub code: &'static str,
    /// A lower-case fragment.
    pub message: String,
    /// What was sent.
    pub sent: Option<String>,
    /// What came back.
    pub received: Option<String>,
    /// One imperative sentence.
    pub help: Option<String>,
    /// Text to paste where `help` says.
    pub fix: Option<String>,
}

impl Finding {
    /// A check that found nothing wrong.
    #[must_use]
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, check, Status::Ok, message.into())
    }

    /// A check that was not made.
    #[must_use]
    pub fn skipped(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, check, Status::Skipped, why.into())
    }

    /// A cause that is wrong. Its check is the one that [`codes`] names.
    #[must_use]
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        let check = find(code).map_or(code, |known| known.check);
        Self::new(check, code, Status::Failed, message.into())
    }

    /// As [`Finding::failed`], for what works with a limitation.
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

    /// With what was sent and what came back.
    #[must_use]
    pub fn exchange(mut self, sent: impl Into<String>, received: impl Into<String>) -> Self {
        self.sent = Some(sent.into());
        self.received = Some(received.into());
        self
    }

    /// With the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With text to paste.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Returns whether any of `findings` is wrong.
#[must_use]
pub fn has_failed(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.status == Status::Failed)
}
