//! Hasura's JWT secret: what is wrong with it when it refuses a good token, and the line that
//! would be right.

use std::fmt;

use reqwest::Url;
use serde_json::json;

use crate::auth::connection::Connection;
use crate::auth::diagnosis::{Diagnosis, finds_too_new};
use crate::finding::Finding;

/// The part of Hasura's JWT secret that does not match the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtSecretPart {
    /// There is no JWT secret: only the admin secret opens.
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
            Self::Absent => "Hasura has no JWT secret: only its admin secret opens it",
            Self::Issuer => "`issuer` in Hasura's JWT secret is not the token's",
            Self::Audience => "`audience` in Hasura's JWT secret is not the token's",
            Self::Key => "the key in Hasura's JWT secret is not the issuer's",
            Self::Namespace => "Hasura's JWT secret looks for the claims under another name",
        })
    }
}

impl Diagnosis {
    /// The cause that Hasura's words name when it refuses a token that is good here.
    #[must_use]
    pub fn of_refusal(message: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let part = if finds_too_new(message) || says(&["JWTExpired"]) {
            return Self::BackendClock {
                is_behind: finds_too_new(message),
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

    /// The diagnosis with its next step and, where it is Hasura's JWT secret, the whole line.
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
            | Self::FromTheFuture { .. }
            | Self::BackendClock { .. } => finding,
        }
    }
}

/// The setting of Hasura that makes it take tokens of `issuer` for `audience`, ready to paste
/// into an environment file. `jwks` is the address of the issuer's keys; without it, Auth0's.
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
    // Text by text: a map of serde_json would order the names.
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
    fn hasuras_words_name_the_part_that_is_wrong() {
        let jwt = |rest: &str| Diagnosis::of_refusal(&format!("Could not verify JWT: {rest}"));
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
                Diagnosis::of_refusal("claims key: 'https://other.example/' not found"),
                part(JwtSecretPart::Namespace),
            ),
            (
                Diagnosis::of_refusal("\"x-hasura-admin-secret\" required, but not found"),
                part(JwtSecretPart::Absent),
            ),
        ] {
            assert_eq!(diagnosis, expected);
        }
    }
}
