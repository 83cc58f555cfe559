//! Durations as people write them: `500ms`, `2s`, `5m`, `1h`.

use std::time::Duration;

/// Reads a whole number with its unit.
///
/// # Errors
///
/// What was expected.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration: expected one like 500ms, 2s, 5m or 1h");
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match text.get(digits.len()..) {
        Some("ms") => Some(Duration::from_millis(number)),
        Some("s") => Some(Duration::from_secs(number)),
        Some("m") => seconds(60),
        Some("h") => seconds(3600),
        Some("d") => seconds(86_400),
        Some(_) | None => None,
    }
    .ok_or_else(wrong)
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
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "2",
            "s",
            "-1s",
            "1.5s",
            "2 s",
            "99999999999999999999s",
            "99999999999999999h",
            "2é",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
