//! The key that signs tokens.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1v15;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Why the signing key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// No two primes were found.
    #[error("cannot make an RSA key")]
    Make(#[source] rsa::Error),
    /// The kept key is damaged.
    #[error("the kept key is not a PKCS #8 private key")]
    Read(#[source] rsa::pkcs8::Error),
    /// The key cannot be written down.
    #[error("cannot encode the key")]
    Write(#[source] rsa::pkcs8::Error),
}

/// An RS256 key with its `kid`. Generated locally, never shipped.
///
/// Cheap to clone. `Debug` shows the `kid` only.
#[derive(Clone)]
pub struct SigningKey {
    private: Arc<pkcs1v15::SigningKey<Sha256>>,
    public: RsaPublicKey,
    kid: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Generates a 2048-bit key. Takes about half a second of CPU time:
    /// call it from a thread that may block.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Make`], which a healthy machine never sees.
    pub fn generate() -> Result<Self, SigningKeyError> {
        RsaPrivateKey::new(&mut OsRng, 2048)
            .map(Self::from_private)
            .map_err(SigningKeyError::Make)
    }

    /// Reads a key kept as PKCS #8 PEM.
    pub(in crate::sandbox) fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        RsaPrivateKey::from_pkcs8_pem(pem)
            .map(Self::from_private)
            .map_err(SigningKeyError::Read)
    }

    /// The key as PKCS #8 PEM, to be kept in a private file.
    pub(in crate::sandbox) fn to_pem(&self) -> Result<SecretString, SigningKeyError> {
        let private: &RsaPrivateKey = self.private.as_ref().as_ref();
        let pem = private
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(SigningKeyError::Write)?;
        Ok(SecretString::from(pem.as_str()))
    }

    fn from_private(private: RsaPrivateKey) -> Self {
        let public = private.to_public_key();
        let thumb = Sha256::digest(public.n().to_bytes_be());
        Self {
            private: Arc::new(pkcs1v15::SigningKey::new(private)),
            kid: URL_SAFE_NO_PAD.encode(thumb).chars().take(21).collect(),
            public,
        }
    }

    /// The name of the key in token headers and in the JWKS.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The half that verifies.
    #[must_use]
    pub fn public(&self) -> &RsaPublicKey {
        &self.public
    }

    /// The public half as a JSON Web Key.
    pub(in crate::sandbox) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": URL_SAFE_NO_PAD.encode(self.public.n().to_bytes_be()),
            "e": URL_SAFE_NO_PAD.encode(self.public.e().to_bytes_be()),
        })
    }

    /// Returns a compact JWS of `claims` under `header`, even if the header is wrong.
    pub(in crate::sandbox) fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.private.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// The claims of `token` if this key signed it. Checks no claim.
    pub(in crate::sandbox) fn verified(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = pkcs1v15::Signature::try_from(signature.as_slice()).ok()?;
        pkcs1v15::VerifyingKey::<Sha256>::new(self.public.clone())
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

/// Header and claims of a compact JWS, without its signature.
pub(in crate::sandbox) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encoded(header), encoded(claims))
}

/// Encodes one JSON part of a token.
pub(super) fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::SigningKey;

    #[test]
    fn a_kept_key_is_the_same_key_and_changed_claims_are_not_its_own() -> Result<(), Box<dyn Error>>
    {
        let key = SigningKey::generate()?;
        let kept = SigningKey::from_pem(key.to_pem()?.expose_secret())?;
        assert_eq!(key.kid(), kept.kid());

        let token = key.sign(&json!({"alg": "RS256"}), &json!({"sub": "a"}));
        assert_eq!(kept.verified(&token), Some(json!({"sub": "a"})));

        let forged = super::unsigned(&json!({"alg": "RS256"}), &json!({"sub": "b"}));
        let signature = token.rsplit('.').next().unwrap_or_default();
        assert_eq!(kept.verified(&format!("{forged}.{signature}")), None);
        assert!(!format!("{key:?}").contains("PRIVATE"));
        Ok(())
    }
}
