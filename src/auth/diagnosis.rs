//! Diagnosis of a token that a backend rejects: the error and the step of the
//! set-up that corrects it.

mod secret;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::auth::connection::Connection;
use crate::auth::inspect::{HASURA_CLAIM, Inspected};
use crate::text::sanitize::one_line;

pub use secret::{JwtSecretPart, jwt_secret, jwt_secret_line};

/// The accepted difference between a token and the local clock.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// An error in a token, or in the settings it is checked against.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Diagnosis {
    /// A token for no API, as Auth0 issues without an audience.
    #[error("the token is for no API: the issuer does not know the configured audience")]
    NoAudience,
    /// The API encrypts its tokens.
    #[error("the token is encrypted")]
    Encrypted,
    /// A token for another API.
    #[error("the token is for {}, not for `{expected}`", quoted(found))]
    OtherAudience {
        /// As configured.
        expected: String,
        /// The token's audiences.
        found: Vec<String>,
    },
    /// A token from another issuer.
    #[error("the token's issuer is `{found}`, the configured one is `{expected}`")]
    OtherIssuer {
        /// As configured.
        expected: String,
        /// The token's issuer.
        found: String,
    },
    /// Signed with a shared secret, which a JWKS cannot contain.
    #[error("the token is signed with {algorithm}, not RS256")]
    Algorithm {
        /// The header's `alg`.
        algorithm: String,
    },
    /// No Hasura claim.
    #[error("the token has no claim `{HASURA_CLAIM}`")]
    NoClaim,
    /// A Hasura claim that is not an object.
    #[error("the claim `{HASURA_CLAIM}` is not an object but {found}")]
    ClaimShape {
        /// The actual type.
        found: &'static str,
    },
    /// A part of the Hasura claim is missing.
    #[error("`{name}` is missing from the claim `{HASURA_CLAIM}`")]
    PartMissing {
        /// The part.
        name: &'static str,
    },
    /// A part of the Hasura claim has the wrong type.
    #[error("`{name}` in the claim `{HASURA_CLAIM}` is not {expected}")]
    PartShape {
        /// The part.
        name: &'static str,
        /// The expected type.
        expected: &'static str,
    },
    /// The default role is not among the allowed ones.
    #[error("the default role `{role}` is not among the allowed roles")]
    RoleNotAllowed {
        /// The default role.
        role: String,
    },
    /// The token has expired.
    #[error("the token expired at {at}")]
    Expired {
        /// The time.
        at: Timestamp,
    },
    /// The token was issued in the future: a clock is wrong.
    #[error("the token was issued {} s in the future", ahead.as_secs())]
    IssuedInFuture {
        /// The time until then.
        ahead: SignedDuration,
    },
    /// The backend's clock differs from the issuer's.
    #[error("the backend's clock is {} the issuer's", if *.is_behind { "behind" } else { "ahead of" })]
    BackendClock {
        /// Behind it; otherwise ahead.
        is_behind: bool,
    },
    /// The backend's JWT secret does not match the token.
    #[error("{part}")]
    JwtSecret {
        /// The part of the JWT secret.
        part: JwtSecretPart,
    },
    /// No error in the token: the backend's key, audience or issuer is wrong.
    #[error("the token is correct, so the backend checks it against other settings")]
    LooksRight,
}

/// A step of the set-up tutorial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TutorialStep {
    /// The API in Auth0.
    Api,
    /// The Native application in Auth0.
    Application,
    /// The post-login Action in Auth0.
    Action,
    /// `HASURA_GRAPHQL_JWT_SECRET`.
    JwtSecret,
    /// Tables and permissions in Hasura.
    Permissions,
    /// tudone's own configuration.
    Configuration,
    /// This machine's clock.
    Clock,
}

impl fmt::Display for TutorialStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api => "create the API in Auth0",
            Self::Application => "create the Native application in Auth0",
            Self::Action => "deploy and bind the post-login Action in Auth0",
            Self::JwtSecret => "set Hasura's JWT secret",
            Self::Permissions => "create the tables and permissions in Hasura",
            Self::Configuration => "configure tudone",
            Self::Clock => "correct the clock of this machine",
        })
    }
}

impl Diagnosis {
    /// Finds the first error in `token`, causes before consequences;
    /// [`Diagnosis::LooksRight`] when there is none.
    #[must_use]
    pub fn of(token: &SecretString, connection: &Connection, now: Timestamp) -> Self {
        let read = Inspected::read(token);
        let Inspected::Jwt { header, .. } = &read else {
            return match read {
                Inspected::Encrypted {
                    without_audience: false,
                } => Self::Encrypted,
                Inspected::Jwt { .. } | Inspected::Encrypted { .. } | Inspected::Opaque => {
                    Self::NoAudience
                }
            };
        };
        let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or("");
        audience_and_issuer(&read, connection)
            .or_else(|| shared_secret(algorithm))
            .or_else(|| claim(&read))
            .or_else(|| times(&read, now))
            .unwrap_or(Self::LooksRight)
    }

    /// Finds an error in the user id by which rows are filtered: the only error
    /// that appears after the backend has accepted a token.
    #[must_use]
    pub fn of_user_id(token: &SecretString) -> Option<Self> {
        let read = Inspected::read(token);
        let parts = read.claim(HASURA_CLAIM)?.as_object()?;
        user_id(parts).err()
    }

    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::NoAudience => {
                "Set `audience` to the identifier of an API created under Applications > APIs."
            }
            Self::Encrypted => "Disable JSON Web Encryption in the settings of the API.",
            Self::OtherAudience { .. } => {
                "Set `audience` to the identifier of your own API (not Auth0's Management API)."
            }
            Self::OtherIssuer { found, .. } => {
                return format!("Set `issuer = \"{found}\"`, exactly as written here.");
            }
            Self::Algorithm { .. } => "Set the Signing Algorithm of the API to RS256.",
            Self::NoClaim => {
                "Deploy the post-login Action and add it to the Login flow; it must set the claim \
                 on the access token, not the ID token."
            }
            Self::ClaimShape { .. } => {
                "Set the claim to an object in the Action, or set \
                 `\"claims_format\": \"stringified_json\"` in Hasura's JWT secret."
            }
            Self::PartMissing { .. } | Self::PartShape { .. } | Self::RoleNotAllowed { .. } => {
                "Correct the claim in the post-login Action and deploy it."
            }
            Self::Expired { .. } | Self::IssuedInFuture { .. } => {
                "Correct the clock of this machine (and of the server)."
            }
            Self::BackendClock { .. } => {
                "Correct the clock of Hasura's machine, or add `\"allowed_skew\": 60` to its JWT secret."
            }
            Self::JwtSecret { .. } | Self::LooksRight => {
                "Set HASURA_GRAPHQL_JWT_SECRET to the line that `tudone doctor` prints, and restart \
                 Hasura."
            }
        };
        help.to_owned()
    }

    /// The step of the set-up to repeat.
    #[must_use]
    pub const fn tutorial_step(&self) -> TutorialStep {
        match self {
            Self::NoAudience | Self::Encrypted | Self::Algorithm { .. } => TutorialStep::Api,
            Self::OtherAudience { .. } | Self::OtherIssuer { .. } => TutorialStep::Configuration,
            Self::NoClaim
            | Self::ClaimShape { .. }
            | Self::PartMissing { .. }
            | Self::PartShape { .. }
            | Self::RoleNotAllowed { .. } => TutorialStep::Action,
            Self::Expired { .. } | Self::IssuedInFuture { .. } => TutorialStep::Clock,
            Self::BackendClock { .. } | Self::JwtSecret { .. } | Self::LooksRight => {
                TutorialStep::JwtSecret
            }
        }
    }

    /// The stable code for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAudience => "token-no-audience",
            Self::Encrypted => "token-encrypted",
            Self::OtherAudience { .. } => "token-other-audience",
            Self::OtherIssuer { .. } => "token-other-issuer",
            Self::Algorithm { .. } => "token-algorithm",
            Self::NoClaim => "token-no-claim",
            Self::ClaimShape { .. } | Self::PartShape { .. } => "token-claim-shape",
            Self::PartMissing { .. } => "token-claim-incomplete",
            Self::RoleNotAllowed { .. } => "token-role",
            Self::Expired { .. } => "token-expired",
            Self::IssuedInFuture { .. } => "token-clock",
            Self::BackendClock { .. } => "backend-clock",
            Self::JwtSecret { .. } | Self::LooksRight => "jwt-secret",
        }
    }
}

/// Returns whether `code` is one of Hasura, or of a gateway, for a rejected token.
#[must_use]
pub fn is_token_error(code: &str) -> bool {
    code.starts_with("jwt")
        || matches!(
            code,
            "invalid-jwt" | "invalid-headers" | "access-denied" | "http-401"
        )
}

/// Returns whether `message` is Hasura's for a token that is not valid yet.
#[must_use]
pub fn is_not_yet_valid(message: &str) -> bool {
    let words = ["JWTIssuedAtFuture", "JWTNotYetValid"];
    words.iter().any(|word| message.contains(word))
}

fn audience_and_issuer(read: &Inspected, connection: &Connection) -> Option<Diagnosis> {
    let found = read.audiences();
    if !found.contains(&connection.audience.as_str()) {
        return Some(Diagnosis::OtherAudience {
            expected: connection.audience.clone(),
            found: found.into_iter().map(one_line).collect(),
        });
    }
    let issuer = read.text("iss").unwrap_or("");
    (issuer != connection.issuer).then(|| Diagnosis::OtherIssuer {
        expected: connection.issuer.clone(),
        found: one_line(issuer),
    })
}

fn shared_secret(algorithm: &str) -> Option<Diagnosis> {
    (algorithm.starts_with("HS") || algorithm == "none" || algorithm.is_empty()).then(|| {
        Diagnosis::Algorithm {
            algorithm: one_line(algorithm),
        }
    })
}

fn claim(read: &Inspected) -> Option<Diagnosis> {
    match read.claim(HASURA_CLAIM) {
        None | Some(Value::Null) => Some(Diagnosis::NoClaim),
        Some(Value::Object(parts)) => claim_parts(parts),
        Some(Value::String(_)) => Some(Diagnosis::ClaimShape { found: "a string" }),
        Some(Value::Array(_)) => Some(Diagnosis::ClaimShape { found: "a list" }),
        Some(Value::Bool(_) | Value::Number(_)) => Some(Diagnosis::ClaimShape {
            found: "a number or boolean",
        }),
    }
}

fn claim_parts(parts: &Map<String, Value>) -> Option<Diagnosis> {
    let check = || {
        let name = "x-hasura-allowed-roles";
        let shape = Diagnosis::PartShape {
            name,
            expected: "a list of strings",
        };
        let roles = part(parts, name)?.as_array().ok_or(shape.clone())?;
        if !roles.iter().all(Value::is_string) {
            return Err(shape);
        }
        let role = text(parts, "x-hasura-default-role")?;
        if !roles.iter().any(|allowed| allowed == role) {
            return Err(Diagnosis::RoleNotAllowed {
                role: one_line(role),
            });
        }
        user_id(parts)
    };
    check().err()
}

fn user_id(parts: &Map<String, Value>) -> Result<(), Diagnosis> {
    let name = "x-hasura-user-id";
    match text(parts, name)?.parse::<i64>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Diagnosis::PartShape {
            name,
            expected: "the id of a row of `users`",
        }),
    }
}

fn text<'a>(parts: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, Diagnosis> {
    part(parts, name)?.as_str().ok_or(Diagnosis::PartShape {
        name,
        expected: "a string",
    })
}

fn part<'a>(parts: &'a Map<String, Value>, name: &'static str) -> Result<&'a Value, Diagnosis> {
    // Hasura reads these names in any case.
    parts
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .ok_or(Diagnosis::PartMissing { name })
}

fn times(read: &Inspected, now: Timestamp) -> Option<Diagnosis> {
    if let Some(issued) = read.issued_at() {
        let ahead = issued.duration_since(now);
        if ahead > CLOCK_TOLERANCE {
            return Some(Diagnosis::IssuedInFuture { ahead });
        }
    }
    let at = read.expires_at()?;
    (at <= now).then_some(Diagnosis::Expired { at })
}

fn quoted(audiences: &[String]) -> String {
    if audiences.is_empty() {
        return "no audience".to_owned();
    }
    let quoted: Vec<String> = audiences.iter().map(|one| format!("`{one}`")).collect();
    quoted.join(" and ")
}

#[cfg(test)]
mod tests;
