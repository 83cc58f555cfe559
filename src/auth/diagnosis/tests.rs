use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

fn connection() -> Result<Connection, Box<dyn Error>> {
    Ok(Connection {
        issuer: "https://t.example/".to_owned(),
        client_id: "c".to_owned(),
        audience: "api".to_owned(),
        endpoint: Url::parse("https://h.example/v1/graphql")?,
    })
}

fn good() -> Value {
    json!({
        "iss": "https://t.example/", "sub": "auth0|1", "aud": ["api", "https://t.example/userinfo"],
        "iat": NOW, "exp": NOW + 3600,
        HASURA_CLAIM: {
            "x-hasura-allowed-roles": ["user"],
            "x-hasura-default-role": "user",
            "X-Hasura-User-Id": "1",
        }
    })
}

fn of_parts(header: &Value, claims: &Value) -> Result<Diagnosis, Box<dyn Error>> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let token = SecretString::from(format!("{}.{}.c2ln", part(header), part(claims)));
    Ok(Diagnosis::of(
        &token,
        &connection()?,
        Timestamp::from_second(NOW)?,
    ))
}

/// The diagnosis of a good token in which `change` made a difference.
fn of(change: impl FnOnce(&mut Value)) -> Result<Diagnosis, Box<dyn Error>> {
    let mut claims = good();
    change(&mut claims);
    of_parts(&json!({"alg": "RS256"}), &claims)
}

fn part<'a>(claims: &'a mut Value, name: &str) -> &'a mut Value {
    claims
        .get_mut(HASURA_CLAIM)
        .and_then(Value::as_object_mut)
        .map(|claim| claim.entry(name).or_insert(Value::Null))
        .expect("the good token has the claim")
}

#[test]
fn a_good_token_puts_the_blame_on_the_server() -> Result<(), Box<dyn Error>> {
    let diagnosis = of(|_| ())?;
    assert_eq!(diagnosis, Diagnosis::LooksRight);
    assert_eq!(diagnosis.tutorial_step(), TutorialStep::JwtSecret);
    Ok(())
}

#[test]
fn tokens_that_are_no_jwt_are_named() -> Result<(), Box<dyn Error>> {
    let now = Timestamp::from_second(NOW)?;
    let dir = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let rsa = URL_SAFE_NO_PAD.encode(r#"{"alg":"RSA-OAEP"}"#);
    for (token, expected) in [
        (format!("{dir}..iv.text.tag"), Diagnosis::NoAudience),
        ("k3yQ9bX0vG4mT7w2".to_owned(), Diagnosis::NoAudience),
        (format!("{rsa}.key.iv.text.tag"), Diagnosis::Encrypted),
    ] {
        let token = SecretString::from(token);
        assert_eq!(Diagnosis::of(&token, &connection()?, now), expected);
    }
    Ok(())
}

#[test]
fn a_token_for_another_api_or_issuer_is_named() -> Result<(), Box<dyn Error>> {
    let diagnosis = of(|c| *c = json!({"aud": "https://t.example/api/v2/"}))?;
    assert_eq!(
        diagnosis.to_string(),
        "the token is for `https://t.example/api/v2/`, not for `api`"
    );
    assert!(matches!(
        of(|c| c["iss"] = json!("https://t.example"))?,
        Diagnosis::OtherIssuer { found, .. } if found == "https://t.example"
    ));
    Ok(())
}

#[test]
fn a_token_signed_with_a_shared_secret_is_named() -> Result<(), Box<dyn Error>> {
    for algorithm in ["HS256", "none"] {
        let diagnosis = of_parts(&json!({"alg": algorithm}), &good())?;
        assert_eq!(
            diagnosis,
            Diagnosis::Algorithm {
                algorithm: algorithm.to_owned()
            }
        );
    }
    Ok(())
}

#[test]
fn a_missing_or_misshapen_claim_is_named() -> Result<(), Box<dyn Error>> {
    assert_eq!(of(|c| c[HASURA_CLAIM] = Value::Null)?, Diagnosis::NoClaim);
    assert_eq!(
        of(|c| c[HASURA_CLAIM] = json!("{}"))?,
        Diagnosis::ClaimShape { found: "a string" }
    );
    assert_eq!(
        of(|c| *part(c, "X-Hasura-User-Id") = json!(1))?,
        Diagnosis::PartShape {
            name: "x-hasura-user-id",
            expected: "a string"
        }
    );
    assert_eq!(
        of(|c| *part(c, "X-Hasura-User-Id") = json!("auth0|eve"))?,
        Diagnosis::PartShape {
            name: "x-hasura-user-id",
            expected: "the id of a row of `users`"
        }
    );
    assert_eq!(
        of(|c| *part(c, "x-hasura-allowed-roles") = json!("user"))?.code(),
        "token-claim-shape"
    );
    assert_eq!(
        of(|c| *part(c, "x-hasura-default-role") = json!("admin"))?,
        Diagnosis::RoleNotAllowed {
            role: "admin".to_owned()
        }
    );
    assert_eq!(
        of(|c| c[HASURA_CLAIM] = json!({"x-hasura-allowed-roles": ["user"]}))?,
        Diagnosis::PartMissing {
            name: "x-hasura-default-role"
        }
    );
    Ok(())
}

#[test]
fn a_clock_that_is_off_is_named() -> Result<(), Box<dyn Error>> {
    assert!(matches!(
        of(|c| c["exp"] = json!(NOW))?,
        Diagnosis::Expired { .. }
    ));
    assert!(matches!(
        of(|c| c["iat"] = json!(NOW + 3600))?,
        Diagnosis::IssuedInFuture { ahead } if ahead.as_secs() == 3600
    ));
    assert_eq!(of(|c| c["iat"] = json!(NOW + 59))?, Diagnosis::LooksRight);
    Ok(())
}
