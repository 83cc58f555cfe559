//! Compares texts ignoring case; search also ignores accents.
//!
//! Folding is Unicode's full case folding: `ß` is `ss`, `ﬁ` is `fi`, `ς` is `σ`.

use std::borrow::Cow;

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Returns the text with case and accents folded, for search and the order by text.
#[must_use]
pub fn search_key(text: &str) -> Cow<'_, str> {
    ascii(text).unwrap_or_else(|| {
        let folded = text
            .nfd()
            .filter(|letter| !is_combining_mark(*letter))
            .default_case_fold()
            .nfd()
            .filter(|letter| !is_combining_mark(*letter));
        Cow::Owned(folded.collect())
    })
}

/// Returns a key that is equal for equal tags (Unicode's canonical caseless match):
/// `+Work` and `+work`, but not `+Café` and `+cafe`.
#[must_use]
pub fn tag_key(tag: &str) -> Cow<'_, str> {
    ascii(tag).unwrap_or_else(|| Cow::Owned(tag.nfd().default_case_fold().nfc().collect()))
}

/// Returns whether two tags are the same.
#[must_use]
pub fn same_tag(one: &str, other: &str) -> bool {
    one == other || tag_key(one) == tag_key(other)
}

/// A fast path for ASCII.
fn ascii(text: &str) -> Option<Cow<'_, str>> {
    if !text.is_ascii() {
        None
    } else if text.bytes().any(|letter| letter.is_ascii_uppercase()) {
        Some(Cow::Owned(text.to_ascii_lowercase()))
    } else {
        Some(Cow::Borrowed(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{same_tag, search_key, tag_key};

    #[test]
    fn search_ignores_case_and_accents() {
        for (text, folded) in [
            ("Ärger MIT Crème", "arger mit creme"),
            ("e\u{301}", "e"),
            ("İstanbul", "istanbul"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("σίσυφος", "σισυφοσ"),
            ("Große Straße", "grosse strasse"),
            ("GROSSE STRASSE", "grosse strasse"),
            ("ﬁne", "fine"),
            ("ŉ", "\u{2bc}n"),
            ("ᾳ", "α"),
            ("plain", "plain"),
            ("日本", "日本"),
        ] {
            assert_eq!(search_key(text), folded, "{text}");
        }
    }

    #[test]
    fn tags_are_equal_ignoring_case_but_not_accents() {
        assert!(same_tag("+Work", "+work"));
        assert!(same_tag("+STRASSE", "+straße"));
        assert!(same_tag("@cafe\u{301}", "@CAFÉ"), "composed or not");
        assert!(!same_tag("@cafe", "@café"));
        assert!(!same_tag("+work", "@work"));
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let key = search_key(&text).into_owned();
            prop_assert_eq!(search_key(&key), key.as_str());
            let key = tag_key(&text).into_owned();
            prop_assert_eq!(tag_key(&key), key.as_str());
        }
    }
}
