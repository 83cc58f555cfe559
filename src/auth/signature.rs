//! Verification of a token's signature with the issuer's published keys (RFC 7515, 7517, 7518).
//!
//! For diagnosis only: a backend that rejects a signature which is valid here has a wrong key.
//! The backend alone decides what a token permits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::auth::inspect::Inspected;
use crate::text::sanitize::one_line;

/// The signing keys of an issuer.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

#[derive(Debug, Clone)]
struct PublicKey {
    kid: Option<String>,
    material: Material,
}

#[derive(Debug, Clone)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, point: Vec<u8> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
}

/// Why a signature is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The token is not a signed JWT.
    #[error("the token is not a signed JWT")]
    NotSigned,
    /// The algorithm has no public key, or is not supported.
    #[error("the token is signed with `{algorithm}`")]
    Algorithm {
        /// The header's `alg`.
        algorithm: String,
    },
    /// The key set does not contain the key.
    #[error("the issuer publishes no key `{kid}`")]
    UnknownKey {
        /// The header's `kid`.
        kid: String,
    },
    /// The key does not verify it.
    #[error("the issuer's key does not verify the signature")]
    Mismatch,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Parses a JWK set; `None` if it is not one. Ignores keys for other uses and of unknown
    /// types.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let set: JwkSet = serde_json::from_slice(body).ok()?;
        let keys = set.keys.into_iter();
        Some(Self {
            keys: keys.filter_map(public_key).collect(),
        })
    }

    /// The number of usable keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether there is no usable key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Verifies the signature of `token`. Claims and times are not checked.
    ///
    /// # Errors
    ///
    /// See [`SignatureError`].
    pub fn verify(&self, token: &SecretString) -> Result<(), SignatureError> {
        let Inspected::Jwt { header, .. } = Inspected::read(token) else {
            return Err(SignatureError::NotSigned);
        };
        let (signed, signature) = token
            .expose_secret()
            .rsplit_once('.')
            .ok_or(SignatureError::NotSigned)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| SignatureError::NotSigned)?;
        let named = |name| header.get(name).and_then(Value::as_str);
        let algorithm = named("alg").unwrap_or("");
        let kid = named("kid");
        let candidates: Vec<&PublicKey> = self
            .keys
            .iter()
            .filter(|key| kid.is_none() || key.kid.is_none() || key.kid.as_deref() == kid)
            .collect();
        if !is_supported(algorithm) {
            return Err(SignatureError::Algorithm {
                algorithm: one_line(algorithm),
            });
        }
        if candidates.is_empty() {
            return Err(SignatureError::UnknownKey {
                kid: one_line(kid.unwrap_or("")),
            });
        }
        let verified = candidates
            .iter()
            .any(|key| key.verifies(algorithm, signed.as_bytes(), &signature));
        if verified {
            Ok(())
        } else {
            Err(SignatureError::Mismatch)
        }
    }
}

impl PublicKey {
    fn verifies(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, _) => rsa(algorithm).is_some_and(|scheme| {
                RsaPublicKeyComponents { n, e }
                    .verify(scheme, signed, signature)
                    .is_ok()
            }),
            (
                Material::Ec {
                    curve: Curve::P256,
                    point,
                },
                "ES256",
            ) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(signed, signature)
                .is_ok(),
            (
                Material::Ec {
                    curve: Curve::P384,
                    point,
                },
                "ES384",
            ) => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
                .verify(signed, signature)
                .is_ok(),
            (Material::Ec { .. }, _) => false,
        }
    }
}

fn is_supported(algorithm: &str) -> bool {
    rsa(algorithm).is_some() || matches!(algorithm, "ES256" | "ES384")
}

fn rsa(algorithm: &str) -> Option<&'static RsaParameters> {
    match algorithm {
        "RS256" => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Some(&signature::RSA_PSS_2048_8192_SHA256),
        _ => None,
    }
}

fn public_key(value: Value) -> Option<PublicKey> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return None;
    }
    let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok();
    let material = match jwk.kty.as_str() {
        "RSA" => Material::Rsa {
            n: bytes(jwk.n)?,
            e: bytes(jwk.e)?,
        },
        "EC" => {
            let curve = match jwk.crv.as_deref()? {
                "P-256" => Curve::P256,
                "P-384" => Curve::P384,
                _ => return None,
            };
            // The uncompressed form of a point: 0x04, x, y.
            let point = [vec![4], bytes(jwk.x)?, bytes(jwk.y)?].concat();
            Material::Ec { curve, point }
        }
        _ => return None,
    };
    Some(PublicKey {
        kid: jwk.kid,
        material,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Checked = Result<(), Box<dyn std::error::Error>>;

    fn token(text: &str) -> SecretString {
        SecretString::from(text)
    }

    /// The key and token of RFC 7515, appendix A.3 (ES256).
    const RFC_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogI\
                             mh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6\
                             -Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn rfc_keys() -> Option<KeySet> {
        let jwk = json!({"keys": [{
            "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }]});
        KeySet::parse(jwk.to_string().as_bytes())
    }

    #[test]
    fn the_token_of_the_rfc_verifies_and_a_changed_one_does_not() -> Checked {
        let keys = rfc_keys().ok_or("no key set")?;

        assert_eq!(keys.verify(&token(RFC_TOKEN)), Ok(()));
        let changed = RFC_TOKEN.replace("Dt", "Du");
        assert_eq!(keys.verify(&token(&changed)), Err(SignatureError::Mismatch));
        Ok(())
    }

    #[test]
    fn an_unsupported_algorithm_is_named() -> Checked {
        let keys = rfc_keys().ok_or("no key set")?;
        let signed = |header: Value| {
            let header = URL_SAFE_NO_PAD.encode(header.to_string());
            keys.verify(&token(&format!("{header}.e30.c2ln")))
        };

        let algorithm = |name: &str| {
            Err(SignatureError::Algorithm {
                algorithm: name.to_owned(),
            })
        };
        assert_eq!(signed(json!({"alg": "HS256"})), algorithm("HS256"));
        assert_eq!(signed(json!({"alg": "none"})), algorithm("none"));
        assert_eq!(
            keys.verify(&token("opaque")),
            Err(SignatureError::NotSigned)
        );
        Ok(())
    }

    #[test]
    fn a_key_id_that_is_not_published_is_named() -> Checked {
        let jwk = json!({"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]});
        let keys = KeySet::parse(jwk.to_string().as_bytes()).ok_or("no key set")?;
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "kid": "b"}).to_string());

        let refused = keys.verify(&token(&format!("{header}.e30.c2ln")));

        let kid = "b".to_owned();
        assert_eq!(refused, Err(SignatureError::UnknownKey { kid }));
        Ok(())
    }

    #[test]
    fn keys_for_other_uses_are_ignored() {
        let odd = json!({"keys": [
            {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"},
            {"kty": "oct", "k": "AQAB"},
            {"kty": "EC", "crv": "P-521", "x": "AQAB", "y": "AQAB"},
            "invalid",
        ]});
        let keys = KeySet::parse(odd.to_string().as_bytes());
        assert!(keys.is_some_and(|keys| keys.is_empty()));
        assert!(KeySet::parse(b"<html>").is_none());
    }
}
