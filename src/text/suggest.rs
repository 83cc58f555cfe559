//! “Did you mean …?” suggestions.

/// Returns the one of `names` that is nearest to `typed`, if at most a third of
/// the letters differ. A swap of two neighbours counts as one difference; case
/// does not count.
#[must_use]
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let allowed = (typed.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (strsim::osa_distance(&typed, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const NAMES: [&str; 4] = ["issuer", "client_id", "audience", "endpoint"];

    #[test]
    fn a_typing_error_finds_the_name() {
        for (typed, meant) in [
            ("isuer", "issuer"),
            ("audeince", "audience"),
            ("Endpoint", "endpoint"),
            ("clientid", "client_id"),
        ] {
            assert_eq!(nearest(typed, NAMES), Some(meant), "{typed}");
        }
    }

    #[test]
    fn a_different_word_finds_nothing() {
        assert_eq!(nearest("secret", NAMES), None);
        assert_eq!(nearest("", NAMES), None);
    }
}
