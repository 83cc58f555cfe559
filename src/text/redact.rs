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

/// As [`without`], for text: for a message that was decoded from the answer.
#[must_use]
pub fn text_without(text: &str, secret: &SecretString) -> String {
    String::from_utf8_lossy(&without(text.as_bytes(), secret)).into_owned()
}

/// `text` with everything that could be a secret replaced by `***`: long runs
/// that mix letters and digits (tokens, also in part), and the value after a
/// name such as `refresh_token` or `password`. UUIDs stay.
#[must_use]
pub fn secrets(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = rest.find(|c| !in_token(c)).unwrap_or(rest.len());
        if run == 0 {
            kept.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (token, after) = rest.split_at(run);
        kept.push_str(if is_random(token) || follows_secret_name(&kept) {
            "***"
        } else {
            token
        });
        rest = after;
    }
    kept
}

/// The characters of tokens, except those that also separate the parts of
/// addresses and paths.
const fn in_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '~')
}

/// Returns whether `token` looks random: long, and of letters and digits.
fn is_random(token: &str) -> bool {
    let has = |test: fn(&u8) -> bool| token.as_bytes().iter().any(test);
    if !has(u8::is_ascii_digit) || is_uuid(token) {
        return false;
    }
    match (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase)) {
        (true, true) => token.len() >= 16,
        (true, false) | (false, true) => token.len() >= 32,
        (false, false) => false,
    }
}

fn is_uuid(token: &str) -> bool {
    let parts: Vec<usize> = token.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && token.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Returns whether `before` ends with `refresh_token":"`, `password=` or the like.
fn follows_secret_name(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '"', '\'', '\\']);
    let Some(before) = before.strip_suffix([':', '=']) else {
        return false;
    };
    let name = before.trim_end_matches([' ', '"', '\'', '\\']);
    let name = name.to_ascii_lowercase();
    ["_token", "device_code", "secret", "password"]
        .iter()
        .any(|secret| name.ends_with(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_secret_is_replaced() {
        for (text, shown) in [
            ("bad token v1.MqXy7Kp2LmNo3Rst", "bad token v1.***"),
            (
                "no eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4",
                "no ***.***.***",
            ),
            (
                "{\"refresh_token\":\"short\"}",
                "{\"refresh_token\":\"***\"}",
            ),
            (
                "{\\\"access_token\\\": \\\"abc",
                "{\\\"access_token\\\": \\\"***",
            ),
            ("PASSWORD=hunter2 failed", "PASSWORD=*** failed"),
        ] {
            assert_eq!(secrets(text), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "Service not found: https://todos.example/api",
            "cannot reach dev-abc123xyz.eu.auth0.com: Connection refused (os error 111)",
            "Grant type 'urn:ietf:params:oauth:grant-type:device_code' not allowed",
            "todos_user_id_client_id_key violates a constraint",
            "no such todo: 0193f2a4-7c1e-7a52-9a3d-2f1c5e8b7d60",
            "the entry `home-0123456789ab.refresh` cannot be read",
            "Überraschung: 日本語",
            "",
        ] {
            assert_eq!(secrets(text), text);
        }
    }

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
