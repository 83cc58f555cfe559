//! Builds tokens.

use serde_json::{Map, Value, json};

use super::super::settings::{Claims, Dialect};
use super::device::RequestedGrant;
use super::random;
use super::user::User;

/// The claim Hasura reads. Only a name: nothing is fetched from there.
const NAMESPACE: &str = "https://hasura.io/jwt/claims";

/// The claim without a namespace, as a wrong Action sets it.
const OTHER_NAMESPACE: &str = "https://todos.example/claims";

/// Lifetime of an ID token at Auth0, in seconds.
const ID_TTL_S: i64 = 36_000;

/// The settings that tokens are built from.
#[derive(Debug, Clone)]
pub(super) struct Mint<'a> {
    pub(super) dialect: Dialect,
    pub(super) claims: Claims,
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) kid: &'a str,
    /// Unix seconds.
    pub(super) now_s: i64,
    /// Lifetime of the access token, in seconds.
    pub(super) ttl_s: i64,
}

impl Mint<'_> {
    /// The header of an access token.
    pub(super) fn access_header(&self) -> Value {
        let typ = match self.dialect {
            Dialect::Auth0 => "JWT",
            Dialect::Rfc => "at+jwt",
        };
        json!({"alg": "RS256", "typ": typ, "kid": self.kid})
    }

    /// The header of an ID token.
    pub(super) fn id_header(&self) -> Value {
        json!({"alg": "RS256", "typ": "JWT", "kid": self.kid})
    }

    /// The claims of an access token for `audience`. With `openid` in the
    /// scope `aud` is a list that holds the userinfo endpoint as well.
    pub(super) fn access_claims(
        &self,
        sub: &str,
        user_id: i64,
        audience: &str,
        asked: &RequestedGrant,
    ) -> Value {
        let aud = if asked.has("openid") {
            json!([audience, format!("{}userinfo", slashed(self.issuer))])
        } else {
            json!(audience)
        };
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), json!(self.issuer));
        claims.insert("sub".to_owned(), json!(sub));
        claims.insert("aud".to_owned(), aud);
        claims.insert("iat".to_owned(), json!(self.now_s));
        claims.insert(
            "exp".to_owned(),
            json!(self.now_s.saturating_add(self.ttl_s)),
        );
        claims.insert("scope".to_owned(), json!(asked.scope));
        match self.dialect {
            Dialect::Auth0 => {
                claims.insert("azp".to_owned(), json!(self.client_id));
            }
            Dialect::Rfc => {
                claims.insert("client_id".to_owned(), json!(self.client_id));
                claims.insert("jti".to_owned(), json!(random::text(16)));
            }
        }
        if self.claims != Claims::OnIdToken
            && let Some(hasura) = hasura_claims(self.claims, sub, user_id)
        {
            let namespace = if self.claims == Claims::OtherNamespace {
                OTHER_NAMESPACE
            } else {
                NAMESPACE
            };
            claims.insert(namespace.to_owned(), hasura);
        }
        Value::Object(claims)
    }

    /// The claims of an ID token: profile and address as far as asked for.
    pub(super) fn id_claims(&self, person: &User, user_id: i64, asked: &RequestedGrant) -> Value {
        let mut claims = profile(person, asked);
        claims.insert("iss".to_owned(), json!(self.issuer));
        claims.insert("aud".to_owned(), json!(self.client_id));
        claims.insert("iat".to_owned(), json!(self.now_s));
        claims.insert("exp".to_owned(), json!(self.now_s.saturating_add(ID_TTL_S)));
        if self.claims == Claims::OnIdToken
            && let Some(hasura) = hasura_claims(Claims::Good, &person.sub, user_id)
        {
            claims.insert(NAMESPACE.to_owned(), hasura);
        }
        Value::Object(claims)
    }

    /// What Auth0 gives when no API was asked for: five parts, the second
    /// empty, readable by its issuer only.
    pub(super) fn opaque(&self) -> String {
        match self.dialect {
            Dialect::Auth0 => self.sealed("dir", ""),
            Dialect::Rfc => random::text(32),
        }
    }

    /// A token that only the API can read: five parts, its key in the second.
    pub(super) fn encrypted(&self) -> String {
        self.sealed("RSA-OAEP-256", &random::text(256))
    }

    /// Looks like a JWE; there is nothing in it.
    fn sealed(&self, algorithm: &str, key: &str) -> String {
        let header = json!({"alg": algorithm, "enc": "A256GCM", "iss": self.issuer});
        let header = super::key::encoded(&header);
        let (iv, text, tag) = (random::text(12), random::text(160), random::text(16));
        format!("{header}.{key}.{iv}.{text}.{tag}")
    }
}

/// `sub`, and what the scopes `profile` and `email` add.
pub(super) fn profile(person: &User, asked: &RequestedGrant) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), json!(person.sub));
    if asked.has("profile") {
        let nickname = person.email.split('@').next().unwrap_or_default();
        claims.insert("name".to_owned(), json!(person.name));
        claims.insert("nickname".to_owned(), json!(nickname));
    }
    if asked.has("email") {
        claims.insert("email".to_owned(), json!(person.email));
        claims.insert("email_verified".to_owned(), json!(true));
    }
    claims
}

fn slashed(issuer: &str) -> String {
    format!("{}/", issuer.trim_end_matches('/'))
}

fn hasura_claims(shape: Claims, sub: &str, user_id: i64) -> Option<Value> {
    let mut claims = json!({
        "x-hasura-default-role": "user",
        "x-hasura-allowed-roles": ["user"],
        "x-hasura-user-id": user_id.to_string(),
    });
    let patch = match shape {
        Claims::Good | Claims::OtherNamespace => return Some(claims),
        Claims::Missing | Claims::OnIdToken => return None,
        Claims::AsString => return Some(Value::String(claims.to_string())),
        Claims::NumberId => json!({"x-hasura-user-id": user_id}),
        Claims::NoId => json!({"x-hasura-user-id": null}),
        Claims::SubAsId => json!({"x-hasura-user-id": sub}),
        Claims::RolesAsString => json!({"x-hasura-allowed-roles": "user"}),
        Claims::NoRoles => {
            json!({"x-hasura-allowed-roles": null, "x-hasura-default-role": null})
        }
        Claims::RoleNotAllowed => json!({"x-hasura-default-role": "reader"}),
        Claims::OtherRole => {
            json!({"x-hasura-allowed-roles": ["reader"], "x-hasura-default-role": "reader"})
        }
    };
    merge(&mut claims, &patch);
    Some(claims)
}

/// Lays `patch` over `target`; `null` removes (RFC 7396).
pub(in crate::sandbox) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(target) = target {
        for (name, value) in patch {
            if value.is_null() {
                target.remove(name);
            } else {
                merge(target.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Claims, hasura_claims, merge};

    #[test]
    fn a_patch_replaces_adds_and_removes_at_any_depth() {
        let mut claims = json!({"sub": "a", "exp": 1, "ns": {"id": "1", "role": "user"}});
        merge(
            &mut claims,
            &json!({"exp": null, "new": [null], "ns": {"id": 7, "role": null}}),
        );
        assert_eq!(claims, json!({"sub": "a", "new": [null], "ns": {"id": 7}}));
    }

    #[test]
    fn each_wrong_shape_is_wrong_in_its_own_way() {
        let wrong = [
            Claims::Missing,
            Claims::OnIdToken,
            Claims::NumberId,
            Claims::NoId,
            Claims::SubAsId,
            Claims::AsString,
            Claims::RolesAsString,
            Claims::NoRoles,
            Claims::RoleNotAllowed,
            Claims::OtherRole,
        ];
        let good = hasura_claims(Claims::Good, "auth0|a", 1);
        for shape in wrong {
            assert_ne!(hasura_claims(shape, "auth0|a", 1), good, "{shape:?}");
        }
    }
}
