//! Which tokens the double takes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use tudone::auth::signature::KeySet;

use super::graphql::{Refusal, refuse};

/// `HASURA_GRAPHQL_JWT_SECRET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JwtMode {
    /// Every token: who signed it is not what the test is about.
    Unchecked,
    /// Not set: only the admin secret opens.
    Off,
    /// Set to this.
    Secret(String),
}

fn invalid<T>(reason: &str) -> Result<T, Refusal> {
    refuse(
        "invalid-jwt",
        format!("Could not verify JWT: {reason}"),
        "$",
    )
}

/// Returns the claims of `token`, once they are what `secret` wants.
pub(super) fn verified(token: &str, secret: &str) -> Result<Value, Refusal> {
    let parts = token.split('.').count();
    if parts != 3 {
        return invalid(&format!(
            "JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got {parts})"
        ));
    }
    let settings: Value = serde_json::from_str(secret).unwrap_or_default();
    let keys = settings["jwk_url"].as_str().and_then(fetched);
    let is_signed = keys.is_some_and(|keys| keys.verify(&SecretString::from(token)).is_ok());
    if !is_signed {
        return invalid("JWSError JWSInvalidSignature");
    }
    let claims = claims(token);
    let ends = claims["exp"].as_i64().unwrap_or(i64::MAX);
    if ends <= Timestamp::now().as_second() {
        return invalid("JWTExpired");
    }
    let wanted = &settings["audience"];
    let is_for_us = claims["aud"] == *wanted
        || claims["aud"]
            .as_array()
            .is_some_and(|all| all.contains(wanted));
    if !wanted.is_null() && !is_for_us {
        return invalid("JWTNotInAudience");
    }
    if !settings["issuer"].is_null() && settings["issuer"] != claims["iss"] {
        return invalid("JWTNotInIssuer");
    }
    Ok(claims)
}

/// What a token says, whoever signed it.
pub(super) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn fetched(address: &str) -> Option<KeySet> {
    let url: reqwest::Url = address.parse().ok()?;
    let request = async {
        let answer = tudone::http::client(&url)
            .ok()?
            .get(url)
            .send()
            .await
            .ok()?;
        KeySet::parse(&answer.bytes().await.ok()?)
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?
        .block_on(request)
}
