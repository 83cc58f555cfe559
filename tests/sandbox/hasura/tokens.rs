//! Tokens as an identity provider would sign them, good and broken.

use std::{error::Error, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, rand_core::OsRng};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tudone::sandbox::backend::JwtConfig;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const NAMESPACE: &str = "https://hasura.io/jwt/claims";

/// The key that the backend trusts, and one it does not. They are small, since
/// making a large one takes seconds.
static KEYS: LazyLock<Result<[RsaPrivateKey; 2], rsa::Error>> = LazyLock::new(|| {
    Ok([
        RsaPrivateKey::new(&mut OsRng, 1024)?,
        RsaPrivateKey::new(&mut OsRng, 1024)?,
    ])
});

fn key(index: usize) -> Outcome<&'static RsaPrivateKey> {
    let keys = KEYS.as_ref().map_err(ToString::to_string)?;
    Ok(keys.get(index).ok_or("no such key")?)
}

pub(crate) fn config() -> Outcome<JwtConfig> {
    Ok(JwtConfig {
        keys: vec![("one".to_owned(), key(0)?.to_public_key())],
        audience: Some("https://todos.example.test/".to_owned()),
        issuer: Some("https://tenant.example.test/".to_owned()),
        clock_offset_s: 0,
    })
}

/// Claims of a user, `x-hasura-user-id` being a number in text form.
pub(crate) fn claims(user: &str) -> Value {
    let now = Timestamp::now().as_second();
    json!({
        "iss": "https://tenant.example.test/",
        "aud": ["https://todos.example.test/", "https://tenant.example.test/userinfo"],
        "sub": "auth0|aaa",
        "iat": now - 5,
        "exp": now + 3600,
        NAMESPACE: {
            "x-hasura-allowed-roles": ["user"],
            "x-hasura-default-role": "user",
            "x-hasura-user-id": user,
        },
    })
}

pub(crate) fn sign(claims: &Value) -> Outcome<String> {
    signed_by(claims, 0, "RS256")
}

pub(crate) fn signed_by(claims: &Value, with: usize, algorithm: &str) -> Outcome<String> {
    let header = json!({"alg": algorithm, "typ": "JWT", "kid": "one"});
    let parts = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = parts.join(".");
    let digest = Sha256::digest(&text);
    let signature = key(with)?.sign(Pkcs1v15Sign::new::<Sha256>(), &digest)?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Changes Hasura's own claims of user 1.
fn changed(change: impl FnOnce(&mut Map<String, Value>)) -> Outcome<String> {
    let mut claims = claims("1");
    let ours = claims.get_mut(NAMESPACE).and_then(Value::as_object_mut);
    change(ours.ok_or("no claims")?);
    sign(&claims)
}

fn with(name: &str, value: Value) -> Outcome<String> {
    let mut claims = claims("1");
    claims
        .as_object_mut()
        .ok_or("no claims")?
        .insert(name.to_owned(), value);
    sign(&claims)
}

/// The token a recording names.
pub(crate) fn named(name: &str) -> Outcome<String> {
    let now = Timestamp::now().as_second();
    match name {
        "user1" => sign(&claims("1")),
        "user2" => sign(&claims("2")),
        "expired" => with("exp", json!(now - 60)),
        "expires in 4 s" => with("exp", json!(now + 4)),
        "not before in the future" => with("nbf", json!(now + 600)),
        "bad signature" => signed_by(&claims("1"), 1, "RS256"),
        "opaque" => Ok("v1.opaque".replace('.', "-")),
        "five parts (JWE look)" => Ok("a.b.c.d.e".to_owned()),
        "no claims namespace" => {
            let mut claims = claims("1");
            claims.as_object_mut().ok_or("no claims")?.remove(NAMESPACE);
            sign(&claims)
        }
        "claims as string" => with(NAMESPACE, json!("{}")),
        "no allowed roles" => changed(|ours| drop(ours.remove("x-hasura-allowed-roles"))),
        "allowed roles a string" => changed(|ours| {
            ours.insert("x-hasura-allowed-roles".to_owned(), json!("user"));
        }),
        "user id a number" => changed(|ours| {
            ours.insert("x-hasura-user-id".to_owned(), json!(1));
        }),
        "no user id" => changed(|ours| drop(ours.remove("x-hasura-user-id"))),
        "default role not allowed" => changed(|ours| {
            ours.insert("x-hasura-default-role".to_owned(), json!("editor"));
        }),
        other => Err(format!("no token is called '{other}'").into()),
    }
}
