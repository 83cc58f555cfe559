//! Why a backend does not take a token: what is wrong with it, and the step of
//! the set-up that makes it right.

mod secret;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::auth::connection::Connection;
use crate::auth::inspect::{HASURA_CLAIM, Inspected};
use crate::text::sanitize::one_line;

pub use secret::{JwtSecretPart, jwt_secret, jwt_secret_line};

/// How far a token may be from the local clock before it is worth a word.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// What is wrong with a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Diagnosis {
    /// Auth0's token for no API at all.
    #[error("the token is for no API: the issuer was given no audience it knows")]
    NoAudience,
    /// The API encrypts its tokens.
    #[error("the token is encrypted")]
    Encrypted,
    /// A token for another API.
    #[error("the token is for {}, not for `{expected}`", quoted(found))]
    OtherAudience {
        /// As configured.
        expected: String,
        /// The audiences it names.
        found: Vec<String>,
    },
    /// A token of another issuer.
    #[error("the token's issuer is `{found}`, configured is `{expected}`")]
    OtherIssuer {
        /// As configured.
        expected: String,
        /// As the token says.
        found: String,
    },
    /// Signed with a shared secret, which no JWKS has.
    #[error("the token is signed with {algorithm}, not RS256")]
    Algorithm {
        /// The header's `alg`.
        algorithm: String,
    },
    /// No Hasura claim.
    #[error("the token has no claim `{HASURA_CLAIM}`")]
    NoClaim,
    /// A Hasura claim that is no object.
    #[error("the claim `{HASURA_CLAIM}` is not an object but {found}")]
    ClaimShape {
        /// The actual value.
        found: &'static str,
    },
    /// A part of the Hasura claim is missing.
    #[error("`{name}` is missing from the claim `{HASURA_CLAIM}`")]
    PartMissing {
        /// The part.
        name: &'static str,
    },
    /// A part of the Hasura claim has another type.
    #[error("`{name}` in the claim `{HASURA_CLAIM}` is not {expected}")]
    PartShape {
        /// The part.
        name: &'static str,
        /// The expected value.
        expected: &'static str,
    },
    /// The default role is not among the allowed ones.
    #[error("the default role `{role}` is not among the allowed roles")]
    RoleNotAllowed {
        /// The default role.
        role: String,
    },
    /// The token's time is up.
    #[error("the token ended at {at}")]
    Expired {
        /// The time.
        at: Timestamp,
    },
    /// The token is from the future: a clock is wrong.
    #[error("the token was made {} s from now by the issuer's clock", ahead.as_secs())]
    FromTheFuture {
        /// The progress.
        ahead: SignedDuration,
    },
    /// The backend's clock is not the issuer's.
    #[error("the backend's clock is {} the issuer's", if *.is_behind { "behind" } else { "ahead of" })]
    BackendClock {
        /// Behind it, or ahead.
        is_behind: bool,
    },
    /// The backend checks it against something else, and says against what.
    #[error("{part}")]
    JwtSecret {
        /// The part of its JWT secret.
        part: JwtSecretPart,
    },
    /// Nothing: so the backend's key, audience or issuer is wrong.
    #[error("the token itself looks right, so the backend checks it against something else")]
    LooksRight,
}

/// A step of the set-up, as the tutorial names it.
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
            Self::JwtSecret => "give Hasura the JWT secret",
            Self::Permissions => "create the tables and permit the role in Hasura",
            Self::Configuration => "configure tudone",
            Self::Clock => "set this machine's clock",
        })
    }
}

impl Diagnosis {
    /// The first thing wrong with `token`, in the order in which one causes
    /// the next; [`Diagnosis::LooksRight`] when nothing is.
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
        names(&read, connection)
            .or_else(|| shared_secret(algorithm))
            .or_else(|| claim(&read))
            .or_else(|| times(&read, now))
            .unwrap_or(Self::LooksRight)
    }

    /// What is wrong with the id by which rows are filtered: the only fault of
    /// a token that a backend which took it can still stumble over.
    #[must_use]
    pub fn of_the_user_id(token: &SecretString) -> Option<Self> {
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
            Self::Encrypted => "Switch off JSON Web Encryption in the API's settings.",
            Self::OtherAudience { .. } => {
                "Set `audience` to the identifier of your own API (not Auth0's Management API)."
            }
            Self::OtherIssuer { found, .. } => {
                return format!("Set `issuer = \"{found}\"`, exactly so.");
            }
            Self::Algorithm { .. } => "Set the API's Signing Algorithm to RS256.",
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
            Self::Expired { .. } | Self::FromTheFuture { .. } => {
                "Set this machine's clock (and the server's)."
            }
            Self::BackendClock { .. } => {
                "Set the clock of Hasura's machine, or add `\"allowed_skew\": 60` to its JWT secret."
            }
            Self::JwtSecret { .. } | Self::LooksRight => {
                "Set HASURA_GRAPHQL_JWT_SECRET to the line that `tudone doctor` prints, and restart \
                 Hasura."
            }
        };
        help.to_owned()
    }

    /// The step of the set-up to go back to.
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
            Self::Expired { .. } | Self::FromTheFuture { .. } => TutorialStep::Clock,
            Self::BackendClock { .. } | Self::JwtSecret { .. } | Self::LooksRight => {
                TutorialStep::JwtSecret
            }
        }
    }

    /// A stable word for scripts.
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
            Self::FromTheFuture { .. } => "token-clock",
            Self::BackendClock { .. } => "backend-clock",
            Self::JwtSecret { .. } | Self::LooksRight => "jwt-secret",
        }
    }
}

/// Returns whether `code` is one of Hasura's, or of a gateway, for a token it does not take.
#[must_use]
pub fn concerns_token(code: &str) -> bool {
    code.starts_with("jwt")
        || matches!(
            code,
            "invalid-jwt" | "invalid-headers" | "access-denied" | "http-401"
        )
}

/// Returns whether Hasura refuses a token with these words because its time has not
/// come yet.
#[must_use]
pub fn finds_too_new(refusal: &str) -> bool {
    let words = ["JWTIssuedAtFuture", "JWTNotYetValid"];
    words.iter().any(|word| refusal.contains(word))
}

fn names(read: &Inspected, connection: &Connection) -> Option<Diagnosis> {
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
        Some(Value::String(_)) => Some(Diagnosis::ClaimShape { found: "text" }),
        Some(Value::Array(_)) => Some(Diagnosis::ClaimShape { found: "a list" }),
        Some(Value::Bool(_) | Value::Number(_)) => Some(Diagnosis::ClaimShape {
            found: "a number or truth value",
        }),
    }
}

fn claim_parts(parts: &Map<String, Value>) -> Option<Diagnosis> {
    let check = || {
        let name = "x-hasura-allowed-roles";
        let shape = Diagnosis::PartShape {
            name,
            expected: "a list of texts",
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
        expected: "text",
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
    if let Some(made) = read.issued_at() {
        let ahead = made.duration_since(now);
        if ahead > CLOCK_TOLERANCE {
            return Some(Diagnosis::FromTheFuture { ahead });
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
