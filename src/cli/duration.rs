//! Durations: `500ms`, `2s`, `5m`, `1h`.

use std::time::Duration;

use jiff::SignedDuration;

/// Parses a duration that is not negative.
///
/// # Errors
///
/// The expected form.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|parsed| Duration::try_from(parsed).ok())
        .ok_or_else(|| format!("`{text}` is not a duration: expected one like 500ms, 2s, 5m or 1h"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, millis) in [
            ("500ms", 500),
            ("2s", 2000),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("1h30m", 5_400_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "2",
            "s",
            "-1s",
            "99999999999999999999s",
            "99999999999999999h",
            "2é",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
