//! Authenticates a request: admin secret, JWT or unauthenticated role, in Hasura's order.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{
    answer::{ErrorCode, RequestError},
    document::json_name,
    policy::Policy,
    role::ADMIN,
};

/// The settings of `HASURA_GRAPHQL_JWT_SECRET`: the keys that sign tokens, and what
/// tokens must say.
#[derive(Debug, Clone, Default)]
pub struct JwtConfig {
    /// Key id and key. Like Hasura, every key is tried whatever `kid` says.
    pub keys: Vec<(String, RsaPublicKey)>,
    /// One of the token's audiences, unless not checked.
    pub audience: Option<String>,
    /// The token's issuer to the letter, unless not checked.
    pub issuer: Option<String>,
    /// Seconds by which this server's clock is ahead.
    pub clock_offset_s: i64,
}

/// The session of a request: a role with session variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestSession {
    pub(super) role: String,
    /// Lower-case names that begin with `x-hasura-`.
    pub(super) variables: BTreeMap<String, String>,
    /// The token's expiry, in seconds since 1970.
    pub(super) expires: Option<i64>,
}

/// Request headers; the first of a name counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Headers(Vec<(String, String)>);

impl Headers {
    /// The headers inside a `connection_init` payload, which win over those of
    /// the handshake.
    pub(super) fn with_payload(mut self, payload: Option<&Value>) -> Self {
        let headers = payload.and_then(|payload| payload.get("headers"));
        let given = headers.and_then(Value::as_object).into_iter().flatten();
        let mut first: Vec<_> = given
            .filter_map(|(name, value)| Some((name.to_lowercase(), value.as_str()?.to_owned())))
            .collect();
        first.append(&mut self.0);
        Self(first)
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut same = self.0.iter().filter(|(known, _)| known == name);
        same.next().map(|(_, value)| value.as_str())
    }

    /// The session variables that a trusted request brings in its headers.
    fn variables(&self) -> BTreeMap<String, String> {
        const OTHERS: [&str; 3] = [
            "x-hasura-admin-secret",
            "x-hasura-access-key",
            "x-hasura-role",
        ];
        let named = self.0.iter().rev();
        named
            .filter(|(name, _)| name.starts_with("x-hasura-") && !OTHERS.contains(&name.as_str()))
            .cloned()
            .collect()
    }
}

impl From<&HeaderMap> for Headers {
    fn from(map: &HeaderMap) -> Self {
        let lossy = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let pairs = map.iter();
        Self(
            pairs
                .map(|(name, value)| (name.as_str().to_lowercase(), lossy(value.as_bytes())))
                .collect(),
        )
    }
}

/// Decides who asks. `now` is in seconds since 1970.
pub(super) fn authenticate(
    headers: &Headers,
    config: &JwtConfig,
    policy: &Policy,
    admin_secret: &str,
    now: i64,
) -> Result<RequestSession, RequestError> {
    let secret = headers
        .get("x-hasura-admin-secret")
        .or_else(|| headers.get("x-hasura-access-key"));
    if let Some(secret) = secret {
        if secret != admin_secret {
            return Err(RequestError::new(
                ErrorCode::AccessDenied,
                "invalid \"x-hasura-admin-secret\"/\"x-hasura-access-key\"",
            ));
        }
        let role = headers.get("x-hasura-role").unwrap_or(ADMIN);
        return Ok(trusted(role, headers));
    }
    let authorization = headers.get("authorization").filter(|_| policy.jwt_mode);
    match (authorization, &policy.unauthorized_role) {
        (Some(authorization), _) => {
            let token = bearer(authorization)?;
            check_issuer(token, config, policy)?;
            let claims = verified(token, config, policy)?;
            check_claims(&claims, config, policy, now + config.clock_offset_s)?;
            let role = headers.get("x-hasura-role").filter(|role| !role.is_empty());
            session(&claims, role, policy)
        }
        (None, Some(role)) => Ok(trusted(role, headers)),
        (None, None) if policy.jwt_mode => Err(RequestError::new(
            ErrorCode::InvalidHeaders,
            "Missing 'Authorization' or 'Cookie' header in JWT authentication mode",
        )),
        (None, None) => Err(RequestError::new(
            ErrorCode::AccessDenied,
            "\"x-hasura-admin-secret\"/\"x-hasura-access-key\" required, but not found",
        )),
    }
}

/// A request that is trusted without a token.
fn trusted(role: &str, headers: &Headers) -> RequestSession {
    RequestSession {
        role: role.to_owned(),
        variables: headers.variables(),
        expires: None,
    }
}

fn bearer(authorization: &str) -> Result<&str, RequestError> {
    let mut words = authorization.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("Bearer"), Some(token), None) => Ok(token),
        _ => Err(RequestError::new(
            ErrorCode::InvalidHeaders,
            "Malformed Authorization header",
        )),
    }
}

fn refuse(detail: &str) -> RequestError {
    RequestError::new(
        ErrorCode::InvalidJwt,
        format!("Could not verify JWT: {detail}"),
    )
}

/// A part of a token as the object it encodes.
fn decoded(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Hasura chooses among its JWT secrets by the token's issuer, so it looks at
/// that before anything is verified.
fn check_issuer(token: &str, config: &JwtConfig, policy: &Policy) -> Result<(), RequestError> {
    let claims = token.split('.').nth(1).and_then(decoded);
    let issuer = policy.issuer.as_deref().or(config.issuer.as_deref());
    match (issuer, claims.as_ref().and_then(|claims| claims.get("iss"))) {
        (Some(wanted), Some(found)) if found.as_str() != Some(wanted) => {
            Err(refuse("JWTNotInIssuer"))
        }
        (_, _) => Ok(()),
    }
}

/// The claims of a token whose signature is ours.
fn verified(
    token: &str,
    config: &JwtConfig,
    policy: &Policy,
) -> Result<Map<String, Value>, RequestError> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Err(refuse(&format!(
            "JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got {})",
            parts.len()
        )));
    };
    let undecodable = || refuse("JWSError (JSONDecodeError \"JWS is not valid\")");
    let header_fields = decoded(header).ok_or_else(undecodable)?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| undecodable())?;
    let signed = format!("{header}.{payload}");
    let (scheme, digest) = match header_fields.get("alg").and_then(Value::as_str) {
        Some("RS256") => (
            Pkcs1v15Sign::new::<Sha256>(),
            Sha256::digest(signed).to_vec(),
        ),
        Some("RS384") => (
            Pkcs1v15Sign::new::<Sha384>(),
            Sha384::digest(signed).to_vec(),
        ),
        Some("RS512") => (
            Pkcs1v15Sign::new::<Sha512>(),
            Sha512::digest(signed).to_vec(),
        ),
        Some("none") => return Err(refuse("JWSError JWSNoSignatures")),
        Some(_) => return Err(refuse("JWSError JWSInvalidSignature")),
        None => return Err(undecodable()),
    };
    if config.keys.is_empty() {
        return Err(refuse("JWSError NoUsableKeys"));
    }
    let ours = config
        .keys
        .iter()
        .any(|(_, key)| key.verify(scheme.clone(), &digest, &signature).is_ok());
    if policy.wrong_secret || !ours {
        return Err(refuse("JWSError JWSInvalidSignature"));
    }
    decoded(payload).ok_or_else(|| refuse("JWTClaimsSetDecodeError \"claims are no object\""))
}

fn check_claims(
    claims: &Map<String, Value>,
    config: &JwtConfig,
    policy: &Policy,
    now: i64,
) -> Result<(), RequestError> {
    let skew = i64::from(policy.allowed_skew_s);
    let instant = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(claim) => seconds(claim)
            .map(Some)
            .ok_or_else(|| refuse(&format!("JWTClaimsSetDecodeError \"{name} is no date\""))),
    };
    if instant("exp")?.is_some_and(|exp| now >= exp.saturating_add(skew)) {
        return Err(refuse("JWTExpired"));
    }
    if instant("iat")?.is_some_and(|iat| iat.saturating_sub(skew) > now) {
        return Err(refuse("JWTIssuedAtFuture"));
    }
    if instant("nbf")?.is_some_and(|nbf| now < nbf.saturating_sub(skew)) {
        return Err(refuse("JWTNotYetValid"));
    }
    let audience = policy.audience.as_deref().or(config.audience.as_deref());
    let audience = audience.filter(|_| policy.audience_checked);
    if let (Some(wanted), Some(found)) = (audience, claims.get("aud")) {
        let mut named = match found.as_array() {
            Some(all) => all.iter(),
            None => std::slice::from_ref(found).iter(),
        };
        if !named.any(|one| one.as_str() == Some(wanted)) {
            return Err(refuse("JWTNotInAudience"));
        }
    }
    Ok(())
}

/// A numeric date in whole seconds.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a date beyond i64's range saturates, which keeps its order"
)]
fn seconds(claim: &Value) -> Option<i64> {
    claim
        .as_i64()
        .or_else(|| claim.as_f64().map(|float| float.floor() as i64))
}

/// Reads the claims that are Hasura's.
fn session(
    claims: &Map<String, Value>,
    requested_role: Option<&str>,
    policy: &Policy,
) -> Result<RequestSession, RequestError> {
    let invalid = |message: String| RequestError::new(ErrorCode::JwtInvalidClaims, message);
    let namespace = &policy.claims_namespace;
    let Some(ours) = claims.get(namespace) else {
        return Err(invalid(format!("claims key: '{namespace}' not found")));
    };
    let Value::Object(ours) = ours else {
        let message = "expecting a json object when claims_format is json";
        return Err(invalid(message.to_owned()));
    };
    let mut ours: BTreeMap<String, &Value> = ours
        .iter()
        .map(|(name, value)| (name.to_lowercase(), value))
        .filter(|(name, _)| name.starts_with("x-hasura-"))
        .collect();
    let mut take = |name: &str| {
        let missing = format!("JWT claim does not contain \"{name}\"");
        ours.remove(name)
            .ok_or_else(|| RequestError::new(ErrorCode::JwtMissingRoleClaims, missing))
    };
    let allowed = allowed_roles(take("x-hasura-allowed-roles")?)?;
    let default = take("x-hasura-default-role")?;
    let Value::String(default) = default else {
        let found = json_name(default);
        return Err(invalid(format!(
            "invalid \"x-hasura-default-role\"; should be a single role name: parsing Text failed, \
             expected String, but encountered {found}"
        )));
    };
    let role = requested_role.unwrap_or(default);
    if !allowed.contains(&role) {
        return Err(RequestError::new(
            ErrorCode::AccessDenied,
            "Your requested role is not in allowed roles",
        ));
    }
    let variables = ours
        .into_iter()
        .map(|(name, value)| {
            let text = value.as_str().ok_or_else(|| {
                let found = json_name(value);
                invalid(format!(
                    "x-hasura-* claims: parsing Text failed, expected String, but encountered \
                     {found}"
                ))
            })?;
            Ok((name, text.to_owned()))
        })
        .collect::<Result<_, _>>()?;
    Ok(RequestSession {
        role: role.to_owned(),
        variables,
        expires: claims.get("exp").and_then(seconds),
    })
}

fn allowed_roles(claim: &Value) -> Result<Vec<&str>, RequestError> {
    let invalid = |detail: String| {
        RequestError::new(
            ErrorCode::JwtInvalidClaims,
            format!(
                "invalid \"x-hasura-allowed-roles\"; should be a list of roles: parsing {detail}"
            ),
        )
    };
    let Value::Array(roles) = claim else {
        let found = json_name(claim);
        return Err(invalid(format!(
            "[] failed, expected Array, but encountered {found}"
        )));
    };
    let names = roles.iter().map(|role| {
        let found = json_name(role);
        role.as_str().ok_or_else(|| {
            invalid(format!(
                "Text failed, expected String, but encountered {found}"
            ))
        })
    });
    names.collect()
}
