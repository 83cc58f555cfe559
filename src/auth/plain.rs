//! What a server says, made safe to print.

use secrecy::{ExposeSecret, SecretString};

/// Longest text taken over from a server, in Unicode scalar values.
const LONGEST: usize = 500;

/// `text` on one line, without control characters (terminal escapes) and
/// without the characters that turn the writing direction, at most 500
/// characters long.
#[must_use]
pub fn plain(text: &str) -> String {
    let shown: String = text
        .chars()
        .map(|c| {
            if matches!(c, '\n' | '\t' | '\r') {
                ' '
            } else {
                c
            }
        })
        .filter(|&c| !c.is_control() && !turns_direction(c))
        .take(LONGEST)
        .collect();
    shown.trim().to_owned()
}

/// `answer` with `secret` blanked out wherever it stands: for what a server says
/// of a request that carried the secret, before any of it is shown or logged.
#[must_use]
pub fn without(answer: &[u8], secret: &SecretString) -> Vec<u8> {
    let secret = secret.expose_secret().as_bytes();
    let mut kept = Vec::with_capacity(answer.len());
    let mut rest = answer;
    while let Some((first, others)) = rest.split_first() {
        rest = match rest.strip_prefix(secret) {
            Some(after) if !secret.is_empty() => {
                kept.extend_from_slice(b"***");
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

const fn turns_direction(c: char) -> bool {
    matches!(
        c,
        '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::{plain, without};

    #[test]
    fn escapes_and_direction_marks_are_left_out() {
        assert_eq!(plain("a\u{1b}[31mb\u{202E}c\u{7}\nd "), "a[31mbc d");
    }

    #[test]
    fn a_secret_is_blanked_out_wherever_it_stands() {
        for (answer, shown) in [
            ("bad aab", "bad ***"),
            ("aabaab, aaab", "******, a***"),
            ("aa b", "aa b"),
            ("", ""),
        ] {
            let blanked = without(answer.as_bytes(), &SecretString::from("aab"));
            assert_eq!(String::from_utf8_lossy(&blanked), shown, "{answer}");
        }
        assert_eq!(without(b"a", &SecretString::from("")), b"a");
    }

    #[test]
    fn a_page_of_text_is_cut() {
        assert_eq!(plain(&"x".repeat(10_000)).len(), 500);
    }
}
