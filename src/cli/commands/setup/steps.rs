//! The steps of the guided setup, and which of them findings need.

use std::collections::BTreeSet;

use crate::finding::{Finding, Status};

/// The steps of the guided setup, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SetupStep {
    /// Tables and permissions in Hasura.
    Hasura,
    /// API, application and Action in Auth0.
    Auth0,
    /// The JWT secret in Hasura's environment.
    JwtSecret,
    /// A login.
    Login,
}

impl SetupStep {
    /// All steps, in order.
    pub(crate) const ALL: [Self; 4] = [Self::Hasura, Self::Auth0, Self::JwtSecret, Self::Login];

    /// Its title in the guided setup.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Hasura => "Hasura: tables and permissions",
            Self::Auth0 => "Auth0: API, application and Action",
            Self::JwtSecret => "Hasura's environment: the JWT secret",
            Self::Login => "Log in",
        }
    }

    /// The checks of `doctor` that show whether it worked.
    pub(crate) const fn checks(self) -> &'static [&'static str] {
        match self {
            Self::Hasura => &["endpoint", "anonymous"],
            Self::Auth0 => &["issuer", "keys", "clock", "application", "audience"],
            Self::JwtSecret => &["accepted"],
            Self::Login => &["login"],
        }
    }

    /// The steps that fix `findings`.
    pub(crate) fn due(findings: &[Finding]) -> BTreeSet<Self> {
        let wrong = |it: &&Finding| matches!(it.status, Status::Failed | Status::Warning);
        let wrong = findings.iter().filter(wrong);
        wrong.flat_map(Self::for_finding).copied().collect()
    }

    fn for_finding(finding: &Finding) -> &'static [Self] {
        match finding.code {
            // The Action holds another admin secret, or Hasura does not serve `users`.
            "denied" => &[Self::Hasura, Self::Auth0],
            "client-unknown" | "grant-not-allowed" | "audience-unknown" => &[Self::Auth0],
            _ => match finding.check {
                "config" => &Self::ALL,
                "audience" | "refresh-token" | "token" | "claims" => &[Self::Auth0],
                "accepted" | "jwt-audience" => &[Self::JwtSecret],
                "login" => &[Self::Login],
                "select" | "insert" | "update" | "delete" | "rows" | "backend" => &[Self::Hasura],
                _ => &[],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_needs_the_step_that_fixes_it() {
        let of = |code: &'static str| SetupStep::due(&[Finding::failed(code, "")]);
        for code in [
            "grant-not-allowed",
            "denied",
            "token-no-claim",
            "no-refresh-token",
        ] {
            assert!(of(code).contains(&SetupStep::Auth0), "{code}");
        }
        for code in [
            "denied",
            "backend-refused",
            "role-no-insert",
            "rows-unfiltered",
        ] {
            assert!(of(code).contains(&SetupStep::Hasura), "{code}");
        }
        assert_eq!(of("jwt-secret"), BTreeSet::from([SetupStep::JwtSecret]));
        assert_eq!(of("config"), BTreeSet::from(SetupStep::ALL));
        let bare = SetupStep::due(&[Finding::warning("bare", "")]);
        assert_eq!(bare, BTreeSet::from([SetupStep::Hasura]));
        assert!(of("issuer-unreachable").is_empty());
        assert!(SetupStep::due(&[Finding::ok("config", "")]).is_empty());
    }
}
