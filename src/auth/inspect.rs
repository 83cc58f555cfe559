//! Reading of a token's claims, which are not trusted: no signature is checked
//! here, and only the backend decides whether a token is valid.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::domain::account::Identity;
use crate::text::sanitize::one_line;

/// The claim that Hasura reads.
pub const HASURA_CLAIM: &str = "https://hasura.io/jwt/claims";

/// A token, as far as it can be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Inspected {
    /// A JWT: three parts, of which header and payload are JSON objects.
    Jwt {
        /// The header.
        header: Map<String, Value>,
        /// The claims.
        claims: Map<String, Value>,
    },
    /// An encrypted token: five parts.
    Encrypted {
        /// Whether it has Auth0's form for a token without an audience: an empty
        /// second part and `alg: dir`.
        without_audience: bool,
    },
    /// Any other string.
    Opaque,
}

impl Inspected {
    /// Reads `token`. Never fails: an unreadable one is opaque.
    #[must_use]
    pub fn read(token: &SecretString) -> Self {
        let parts: Vec<&str> = token.expose_secret().split('.').collect();
        match parts.as_slice() {
            [header, payload, _signature] => match (object(header), object(payload)) {
                (Some(header), Some(claims)) => Self::Jwt { header, claims },
                _ => Self::Opaque,
            },
            [header, key, ..] if parts.len() == 5 => match object(header) {
                Some(header) => Self::Encrypted {
                    without_audience: key.is_empty()
                        && header.get("alg").and_then(Value::as_str) == Some("dir"),
                },
                None => Self::Opaque,
            },
            _ => Self::Opaque,
        }
    }

    /// The claim `name` of a JWT.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Jwt { claims, .. } => claims.get(name),
            Self::Encrypted { .. } | Self::Opaque => None,
        }
    }

    /// The string claim `name` of a JWT, verbatim.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claim(name)?.as_str()
    }

    /// The audiences, from a string or a list.
    #[must_use]
    pub fn audiences(&self) -> Vec<&str> {
        match self.claim("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The expiry (`exp`).
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.instant("exp")
    }

    /// The time of issue (`iat`).
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.instant("iat")
    }

    /// The user, sanitised for display; `None` without a `sub`.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let display = |name| {
            self.text(name)
                .map(one_line)
                .filter(|text| !text.is_empty())
        };
        Some(Identity {
            sub: self.text("sub").filter(|sub| !sub.is_empty())?.to_owned(),
            email: display("email"),
            name: display("name"),
        })
    }

    /// Reads a claim in seconds since 1970; some issuers add a fraction.
    fn instant(&self, name: &str) -> Option<Timestamp> {
        let claim = self.claim(name)?;
        let seconds = claim.as_i64().or_else(|| {
            let seconds = claim.as_f64().filter(|s| s.abs() < 1e12)?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "checked to be below 10^12; the fraction is dropped"
            )]
            Some(seconds as i64)
        })?;
        Timestamp::from_second(seconds).ok()
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value, middle: &str, rest: &str) -> SecretString {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        SecretString::from(format!("{header}.{middle}{rest}"))
    }

    fn jwt(claims: &Value) -> Inspected {
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        Inspected::read(&token(&json!({"alg": "RS256"}), &claims, ".sig"))
    }

    #[test]
    fn a_token_without_audience_differs_from_an_encrypted_one() {
        let dir = json!({"alg": "dir", "enc": "A256GCM", "iss": "https://t.auth0.com/"});
        let rsa = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM"});
        let read = |header, middle| Inspected::read(&token(&header, middle, ".iv.text.tag"));
        assert_eq!(
            read(dir.clone(), ""),
            Inspected::Encrypted {
                without_audience: true
            }
        );
        assert_eq!(
            read(rsa, "key"),
            Inspected::Encrypted {
                without_audience: false
            }
        );
        assert_eq!(
            Inspected::read(&token(&dir, "", "")),
            Inspected::Opaque,
            "two parts"
        );
    }

    #[test]
    fn audiences_are_a_string_or_a_list() {
        assert_eq!(jwt(&json!({"aud": "a"})).audiences(), ["a"]);
        assert_eq!(jwt(&json!({"aud": ["a", 1, "b"]})).audiences(), ["a", "b"]);
        assert!(jwt(&json!({"aud": 5})).audiences().is_empty());
    }

    #[test]
    fn an_unreadable_token_is_opaque() {
        for unreadable in ["", ".", "..", "a.b.c", "....", "bm8.bm8.", "é.é.é", "x y z"] {
            let read = Inspected::read(&SecretString::from(unreadable));
            assert_eq!(read, Inspected::Opaque, "{unreadable}");
        }
    }

    #[test]
    fn an_invalid_expiry_is_ignored() {
        assert!(jwt(&json!({"exp": 1_800_000_000})).expires_at().is_some());
        assert!(jwt(&json!({"exp": 1_800_000_000.5})).expires_at().is_some());
        for invalid in [json!(1e300), json!(i64::MAX), json!("soon"), json!(null)] {
            assert_eq!(jwt(&json!({"exp": invalid})).expires_at(), None);
        }
    }

    #[test]
    fn escape_sequences_are_removed_from_a_name() {
        let read = jwt(&json!({"sub": "auth0|1", "name": "E\u{1b}[2Jve", "email": ""}));
        assert_eq!(
            read.identity(),
            Some(Identity {
                sub: "auth0|1".to_owned(),
                email: None,
                name: Some("E[2Jve".to_owned()),
            })
        );
        assert_eq!(jwt(&json!({"name": "Eve"})).identity(), None);
    }
}
