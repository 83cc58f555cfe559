//! Hasura's JWT secret: its errors when it rejects a valid token, and the correct line.

use std::fmt;

use reqwest::Url;
use serde_json::json;

use crate::auth::connection::Connection;
use crate::auth::diagnosis::{Diagnosis, is_not_yet_valid};
use crate::finding::Finding;

/// The part of Hasura's JWT secret that does not match the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtSecretPart {
    /// There is no JWT secret: only the admin secret is accepted.
    Absent,
    /// `issuer`.
    Issuer,
    /// `audience`.
    Audience,
    /// `jwk_url` or `key`.
    Key,
    /// `claims_namespace`.
    Namespace,
}

impl fmt::Display for JwtSecretPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Hasura has no JWT secret, so it accepts only its admin secret",
            Self::Issuer => "`issuer` in Hasura's JWT secret does not match the token",
            Self::Audience => "`audience` in Hasura's JWT secret does not match the token",
            Self::Key => "the key in Hasura's JWT secret does not match the issuer's",
            Self::Namespace => "Hasura's JWT secret expects the claims under another name",
        })
    }
}

impl Diagnosis {
    /// Finds the cause in Hasura's message when it rejects a token that is valid here.
    #[must_use]
    pub fn of_rejection(message: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let part = if is_not_yet_valid(message) || says(&["JWTExpired"]) {
            return Self::BackendClock {
                is_behind: is_not_yet_valid(message),
            };
        } else if says(&["JWTNotInIssuer"]) {
            JwtSecretPart::Issuer
        } else if says(&["JWTNotInAudience"]) {
            JwtSecretPart::Audience
        } else if says(&["JWSInvalidSignature", "NoUsableKeys", "KeyMismatch"]) {
            JwtSecretPart::Key
        } else if says(&["claims key:"]) {
            JwtSecretPart::Namespace
        } else if says(&["x-hasura-admin-secret"]) {
            JwtSecretPart::Absent
        } else {
            return Self::LooksRight;
        };
        Self::JwtSecret { part }
    }

    /// Converts the diagnosis to a finding, with the complete JWT secret where that is wrong.
    #[must_use]
    pub fn finding(&self, connection: &Connection, jwks: Option<&Url>) -> Finding {
        let finding = Finding::failed(self.code(), self.to_string()).help(self.help());
        match self {
            Self::JwtSecret { .. } | Self::LooksRight => finding.fix(jwt_secret_line(
                &connection.issuer,
                &connection.audience,
                jwks,
            )),
            Self::OtherIssuer { found, .. } => finding.fix(format!("issuer = \"{found}\"")),
            Self::NoAudience
            | Self::Encrypted
            | Self::OtherAudience { .. }
            | Self::Algorithm { .. }
            | Self::NoClaim
            | Self::ClaimShape { .. }
            | Self::PartMissing { .. }
            | Self::PartShape { .. }
            | Self::RoleNotAllowed { .. }
            | Self::Expired { .. }
            | Self::IssuedInFuture { .. }
            | Self::BackendClock { .. } => finding,
        }
    }
}

/// Formats the setting with which Hasura accepts tokens of `issuer` for `audience`, for an
/// environment file. `jwks` is the address of the issuer's keys; default: Auth0's.
#[must_use]
pub fn jwt_secret_line(issuer: &str, audience: &str, jwks: Option<&Url>) -> String {
    format!(
        "HASURA_GRAPHQL_JWT_SECRET='{}'",
        jwt_secret(issuer, audience, jwks)
    )
}

/// The value of `HASURA_GRAPHQL_JWT_SECRET`; see [`jwt_secret_line`].
#[must_use]
pub fn jwt_secret(issuer: &str, audience: &str, jwks: Option<&Url>) -> String {
    let keys = jwks.map_or_else(
        || format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')),
        Url::to_string,
    );
    // Not a serde_json map: that would sort the names.
    format!(
        r#"{{"type":"RS256","jwk_url":{},"audience":{},"issuer":{}}}"#,
        json!(keys),
        json!(audience),
        json!(issuer)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_valid_json_and_keeps_the_issuers_slash() -> Result<(), serde_json::Error> {
        let value = jwt_secret("https://t.eu.auth0.com/", "https://todos.example/\"x", None);

        let read: serde_json::Value = serde_json::from_str(&value)?;

        assert_eq!(
            read,
            json!({
                "type": "RS256",
                "jwk_url": "https://t.eu.auth0.com/.well-known/jwks.json",
                "audience": "https://todos.example/\"x",
                "issuer": "https://t.eu.auth0.com/",
            })
        );
        Ok(())
    }

    #[test]
    fn hasuras_message_names_the_wrong_part() {
        let jwt = |rest: &str| Diagnosis::of_rejection(&format!("Could not verify JWT: {rest}"));
        let part = |part| Diagnosis::JwtSecret { part };
        for (diagnosis, expected) in [
            (jwt("JWTNotInIssuer"), part(JwtSecretPart::Issuer)),
            (jwt("JWTNotInAudience"), part(JwtSecretPart::Audience)),
            (
                jwt("JWSError JWSInvalidSignature"),
                part(JwtSecretPart::Key),
            ),
            (
                jwt("JWTIssuedAtFuture"),
                Diagnosis::BackendClock { is_behind: true },
            ),
            (
                jwt("JWTExpired"),
                Diagnosis::BackendClock { is_behind: false },
            ),
            (jwt("something new"), Diagnosis::LooksRight),
            (
                Diagnosis::of_rejection("claims key: 'https://other.example/' not found"),
                part(JwtSecretPart::Namespace),
            ),
            (
                Diagnosis::of_rejection("\"x-hasura-admin-secret\" required, but not found"),
                part(JwtSecretPart::Absent),
            ),
        ] {
            assert_eq!(diagnosis, expected);
        }
    }
}
