//! The report of a run.

use crate::finding::CHECKS;
use crate::finding::{Finding, Status};

/// Collects findings and passes each on immediately.
pub struct DoctorReport<'a> {
    findings: Vec<Finding>,
    on_finding: &'a mut dyn FnMut(&Finding),
}

impl std::fmt::Debug for DoctorReport<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DoctorReport")
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}

impl<'a> DoctorReport<'a> {
    /// Creates an empty report that passes each finding to `on_finding`.
    pub fn new(on_finding: &'a mut dyn FnMut(&Finding)) -> Self {
        Self {
            findings: Vec::new(),
            on_finding,
        }
    }

    /// The findings so far.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings.
    #[must_use]
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Adds a finding.
    pub fn add(&mut self, finding: Finding) {
        (self.on_finding)(&finding);
        self.findings.push(finding);
    }

    /// Adds a finding under `check` instead of the check of its code.
    pub fn add_as(&mut self, check: &'static str, finding: Finding) {
        self.add(Finding { check, ..finding });
    }

    /// Skips these checks.
    pub fn skip(&mut self, checks: &[&'static str], why: &str) {
        for check in checks {
            self.add(Finding::skipped(check, why));
        }
    }

    /// Skips every check that is not in the report yet.
    pub fn skip_rest(&mut self, why: &str) {
        for (check, _) in &CHECKS {
            if !self.has(check) {
                self.add(Finding::skipped(check, why));
            }
        }
    }

    /// Returns whether `check` has failed.
    #[must_use]
    pub fn has_failed(&self, check: &str) -> bool {
        let mut of_check = self.findings.iter().filter(|it| it.check == check);
        of_check.any(|finding| finding.status == Status::Failed)
    }

    fn has(&self, check: &str) -> bool {
        self.findings.iter().any(|finding| finding.check == check)
    }
}
