//! Keeps secrets out of what is printed and logged.

use secrecy::{ExposeSecret, SecretString};

/// Stands where a secret stood.
const REDACTED: &[u8] = b"***";

/// `text` with every occurrence of `secret` replaced by `***`: for an answer to
/// a request that carried the secret, before any of it is shown or logged.
#[must_use]
pub fn without(text: &[u8], secret: &SecretString) -> Vec<u8> {
    let secret = secret.expose_secret().as_bytes();
    let mut kept = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, others)) = rest.split_first() {
        rest = match rest.strip_prefix(secret) {
            Some(after) if !secret.is_empty() => {
                kept.extend_from_slice(REDACTED);
                after
            }
            Some(_) | None => {
                kept.push(*first);
                others
            }
        };
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_wherever_it_stands() {
        for (text, shown) in [
            ("bad aab", "bad ***"),
            ("aabaab, aaab", "******, a***"),
            ("aa b", "aa b"),
            ("", ""),
        ] {
            let redacted = without(text.as_bytes(), &SecretString::from("aab"));
            assert_eq!(String::from_utf8_lossy(&redacted), shown, "{text}");
        }
        assert_eq!(without(b"a", &SecretString::from("")), b"a");
    }
}
