//! Users: every e-mail address can log in.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest address SMTP carries, in bytes (RFC 5321, section 4.5.3.1.3).
const LONGEST: usize = 254;

/// A user who logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct User {
    /// Made from the address, so the same address is the same person always.
    pub(super) sub: String,
    /// The address, without surrounding spaces.
    pub(super) email: String,
    /// A name derived from the address.
    pub(super) name: String,
}

impl User {
    /// Returns the user with the address `typed`; `None` if it is not an address.
    pub(super) fn from_email(typed: &str) -> Option<Self> {
        let email = typed.trim();
        let (local, domain) = email.rsplit_once('@')?;
        let clean = |part: &str| {
            !part.is_empty() && !part.chars().any(|c| c.is_control() || c.is_whitespace())
        };
        if email.len() > LONGEST || !clean(local) || !clean(domain) {
            return None;
        }
        let hash = Sha256::digest(email.to_lowercase());
        let id = hash
            .iter()
            .take(12)
            .fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
        Some(Self {
            sub: format!("auth0|{id}"),
            email: email.to_owned(),
            name: name_in(local),
        })
    }
}

/// `ada.lovelace+todo` → `Ada Lovelace Todo`.
fn name_in(local: &str) -> String {
    let words: Vec<String> = local
        .split(['.', '_', '-', '+'])
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect()
            })
        })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::User;

    #[test]
    fn the_same_address_is_the_same_person_however_it_is_typed() {
        let typed = User::from_email(" Ada.Lovelace@Example.test ");
        let again = User::from_email("ada.lovelace@example.test");
        assert_eq!(
            typed.as_ref().map(|person| &person.sub),
            again.as_ref().map(|person| &person.sub)
        );
        assert_eq!(
            again.map(|person| person.name),
            Some("Ada Lovelace".to_owned())
        );
    }

    #[test]
    fn an_invalid_address_is_no_user() {
        for typed in ["", "ada", "@example.test", "ada@", "a b@c", "a\u{0}@b"] {
            assert_eq!(User::from_email(typed), None, "{typed:?}");
        }
    }
}
