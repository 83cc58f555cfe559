//! The steps of a setup that findings call for.

use crate::finding::{Finding, Status};

/// The steps, in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one step, independent of the others"
)]
pub(crate) struct Steps {
    /// Tables and permissions in Hasura.
    pub(crate) hasura: bool,
    /// API, application and Action in Auth0.
    pub(crate) auth0: bool,
    /// The JWT secret in Hasura's environment.
    pub(crate) jwt_secret: bool,
    /// A login.
    pub(crate) login: bool,
}

impl Steps {
    /// The steps that put right what `findings` found.
    pub(crate) fn of(findings: &[Finding]) -> Self {
        let mut steps = Self::default();
        let wrong = |it: &&Finding| matches!(it.status, Status::Failed | Status::Warning);
        for finding in findings.iter().filter(wrong) {
            steps.add(finding);
        }
        steps
    }

    fn add(&mut self, finding: &Finding) {
        match (finding.check, finding.code) {
            ("config", _) => {
                *self = Self {
                    hasura: true,
                    auth0: true,
                    jwt_secret: true,
                    login: true,
                };
            }
            // The Action holds another admin secret, or Hasura does not serve `users`.
            (_, "denied") => {
                self.hasura = true;
                self.auth0 = true;
            }
            (_, "client-unknown" | "grant-not-allowed" | "audience-unknown") => {
                self.auth0 = true;
            }
            ("audience" | "refresh-token" | "token" | "claims", _) => self.auth0 = true,
            ("accepted" | "jwt-audience", _) => self.jwt_secret = true,
            ("login", _) => self.login = true,
            ("select" | "insert" | "update" | "delete" | "rows" | "backend", _) => {
                self.hasura = true;
            }
            _ => {}
        }
    }

    /// Returns whether `setup` can put anything right.
    pub(crate) const fn is_any(self) -> bool {
        self.hasura || self.auth0 || self.jwt_secret || self.login
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_calls_for_the_step_that_puts_it_right() {
        let of = |code: &'static str| Steps::of(&[Finding::failed(code, "")]);
        for code in [
            "grant-not-allowed",
            "denied",
            "token-no-claim",
            "no-refresh-token",
        ] {
            assert!(of(code).auth0, "{code}");
        }
        for code in [
            "denied",
            "backend-refused",
            "role-no-insert",
            "rows-unfiltered",
        ] {
            assert!(of(code).hasura, "{code}");
        }
        assert!(of("jwt-secret").jwt_secret);
        let bare = Steps::of(&[Finding::warning("bare", "")]);
        assert!(bare.hasura && !bare.auth0);
        assert!(!of("issuer-unreachable").is_any());
        assert!(!Steps::of(&[Finding::ok("config", "")]).is_any());
    }
}
