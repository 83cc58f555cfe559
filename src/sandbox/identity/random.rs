//! Unguessable random strings.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::rand_core::{OsRng, RngCore as _};
use sha2::{Digest, Sha256};

/// The letters of a user code: no vowels, so that no word comes out.
const BASE20: [char; 20] = [
    'B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X',
    'Z',
];

/// `bytes` random bytes in base64url without padding.
pub(super) fn text(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    OsRng.fill_bytes(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

/// Eight letters of [`BASE20`] as `XXXX-XXXX`.
pub(super) fn user_code() -> String {
    let mut code = String::with_capacity(9);
    while code.len() < 9 {
        if code.len() == 4 {
            code.push('-');
        }
        // 240 is the largest multiple of 20 in a byte: every letter is as likely.
        let byte = OsRng.next_u32().to_le_bytes()[0];
        if byte < 240
            && let Some(letter) = BASE20.get(usize::from(byte % 20))
        {
            code.push(*letter);
        }
    }
    code
}

/// Normalises a typed user code to what counts: letters and digits in upper
/// case (RFC 8628, section 6.1).
pub(super) fn folded(typed: &str) -> String {
    typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// Returns the stored form of a secret: its SHA-256 in base64url.
pub(super) fn hashed(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

#[cfg(test)]
mod tests {
    use super::{folded, text, user_code};

    #[test]
    fn a_user_code_is_two_groups_of_four_consonants() {
        for _ in 0..200 {
            let code = user_code();
            let (left, right) = code.split_once('-').unwrap_or_default();
            assert_eq!((left.len(), right.len()), (4, 4), "{code}");
            assert!(
                (left.chars().chain(right.chars())).all(|c| "BCDFGHJKLMNPQRSTVWXZ".contains(c)),
                "{code}"
            );
        }
    }

    #[test]
    fn a_code_typed_in_lower_case_without_hyphen_is_the_same_code() {
        assert_eq!(folded(" sxqcrtpd "), folded("SXQC-RTPD"));
    }

    #[test]
    fn thirty_two_bytes_are_43_characters() {
        assert_eq!(text(32).len(), 43);
    }
}
